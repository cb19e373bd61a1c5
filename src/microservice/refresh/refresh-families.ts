/** Families of refresh tokens: how one begins, is rotated, is found out, and ends (RFC 9700 §4.14.2). */
import { randomUUID } from 'node:crypto';
import { AuthenticationFailed } from '../../core/exceptions';
import type { Logger } from '../../core/setting-kinds';
import { tell, type EndReason, type SessionEvent } from '../events';
import { isSame, type Secrets } from '../secrets';
import { endOf, type FamilyStore, type RefreshFamily } from '../stores/store';
import { RefreshToken } from './refresh-token';

/** Where the access tokens of an ended family are denied. */
export interface SessionDenylist {
  deny(which: { iss: string; sid: string }): Promise<void>;
}

export interface RefreshOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly rotateRefreshTokens: boolean;
  /** Seconds without a refresh. */
  readonly refreshTokenLifetime: number;
  /** Seconds from the sign-in, however often it is refreshed. */
  readonly sessionLifetime: number;
  /** Seconds in which a token that was replaced still brings its successor, while that is unused. */
  readonly refreshGracePeriod: number;
  readonly maxSessionsPerUser: number;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export interface FamilyServices {
  readonly store: FamilyStore;
  readonly secrets: Secrets;
  readonly denylist: SessionDenylist | undefined;
}

/** A family, and the token of it that the client is to keep. */
export interface Issued {
  readonly family: RefreshFamily;
  readonly token: RefreshToken;
  /** Is the token new to the client? */
  readonly isNew: boolean;
}

/** The session is over, or never was: 401, and the client's cookies are of no use any more. */
export class SessionEnded extends AuthenticationFailed {}

type Standing = 'current' | 'replaced' | 'reused';

export class RefreshFamilies {
  constructor(
    private readonly options: RefreshOptions,
    private readonly services: FamilyServices,
  ) {}

  /**
   * A new family for a user who has just signed in; the user's least recently used ones end where they are too many.
   *
   * @param jkt thumbprint of the key that was shown; `null`: none was.
   */
  async begin(userId: string, jkt: string | null): Promise<Issued> {
    await this.makeRoom(userId);
    const token = RefreshToken.random();
    const family = this.newFamily(userId, jkt, token);
    await this.services.store.addFamily(family);
    this.tell('started', family);
    return { family, token, isNew: true };
  }

  /**
   * The family that a token is good for at the moment.
   *
   * @throws SessionEnded where it is for none: unknown, expired, another client's, or used again after its successor; in
   * the last case the whole family has ended.
   */
  async check(token: RefreshToken): Promise<RefreshFamily> {
    const family = await this.find(token);
    return this.standing(token, family) === 'reused' ? this.refuseReuse(family) : family;
  }

  /**
   * Replaces a token that was checked by its successor, in one atomic step. Who comes second, or again, gets the same.
   *
   * @throws SessionEnded where the family has ended or gone on meanwhile.
   */
  async rotate(token: RefreshToken, family: RefreshFamily): Promise<Issued> {
    const isReplaced = this.standing(token, family) === 'replaced';
    if (!isReplaced && !this.options.rotateRefreshTokens) return { family, token, isNew: false };
    const rotated = isReplaced ? family : await this.replace(token, family);
    this.tell('refreshed', rotated);
    return { family: rotated, token: this.successorOf(token, rotated), isNew: true };
  }

  /**
   * Ends a family. It is told first, so that nothing is lost unsaid, and removed next, so that whatever fails then nobody
   * refreshes it; what a refresh at the same time still issued is denied with the rest. Who logs off can do so again where
   * this fails: that session stays until its access tokens are denied.
   */
  async end(family: RefreshFamily, reason: EndReason): Promise<void> {
    this.tell(reason, family);
    if (reason === 'logged_off') await this.deny(family);
    await this.services.store.removeFamily(family.handle);
    await this.deny(family);
  }

  /** Ends all families of a user; the one that was shown comes last, so that its owner can ask again where one fails. */
  async endAll(userId: string, reason: EndReason, shown?: RefreshFamily): Promise<void> {
    const isShown = ({ handle }: RefreshFamily): number => Number(handle === shown?.handle);
    const all = await this.services.store.familiesOf(this.options.issuer, userId);
    for (const family of [...all].sort((one, other) => isShown(one) - isShown(other))) await this.end(family, reason);
  }

  private async deny({ issuer, id }: RefreshFamily): Promise<void> {
    await this.services.denylist?.deny({ iss: issuer, sid: id });
  }

  private newFamily(userId: string, jkt: string | null, token: RefreshToken): RefreshFamily {
    const { issuer, clientId, refreshTokenLifetime, sessionLifetime, clock } = this.options;
    const now = clock();
    return {
      id: randomUUID(),
      handle: token.handle,
      issuer,
      clientId,
      userId,
      jkt,
      current: token.hash,
      previous: null,
      generation: 0,
      signedInAt: now,
      rotatedAt: now,
      idleUntil: now + refreshTokenLifetime * 1000,
      expiresAt: now + sessionLifetime * 1000,
    };
  }

  private async makeRoom(userId: string): Promise<void> {
    const { issuer, maxSessionsPerUser, clock } = this.options;
    const families = await this.services.store.familiesOf(issuer, userId);
    const live = families.filter(family => endOf(family) > clock());
    const recent = live.sort((a, b) => b.rotatedAt - a.rotatedAt);
    for (const family of recent.slice(maxSessionsPerUser - 1)) await this.end(family, 'displaced');
  }

  private async find(token: RefreshToken): Promise<RefreshFamily> {
    const { issuer, clientId, clock } = this.options;
    const family = await this.services.store.findFamily(token.handle);
    if (family === undefined) throw unknownToken();
    // RFC 6749 §10.4: the binding between a refresh token and the client to whom it was issued.
    if (family.issuer !== issuer || family.clientId !== clientId) throw unknownToken();
    if (endOf(family) <= clock()) throw new SessionEnded('The session has expired: sign in again');
    return family;
  }

  private standing(token: RefreshToken, { current, previous, rotatedAt }: RefreshFamily): Standing {
    if (isSame(token.hash, current)) return 'current';
    const isPrevious = previous !== null && isSame(token.hash, previous);
    // The successor is unused as long as it is the current one: using it makes it the previous one.
    // A rotation that is yet to come is from before the clock was set back: that must not make the period longer. Clocks of
    // several processes may differ by as much as the period.
    const isInGrace = Math.abs(this.options.clock() - rotatedAt) <= this.options.refreshGracePeriod * 1000;
    return isPrevious && isInGrace ? 'replaced' : 'reused';
  }

  private async refuseReuse(family: RefreshFamily): Promise<never> {
    await this.end(family, 'reuse_detected');
    throw new SessionEnded('The refresh token was used before: sign in again');
  }

  private async replace(token: RefreshToken, family: RefreshFamily): Promise<RefreshFamily> {
    const { clock, refreshTokenLifetime } = this.options;
    const { handle, current: from, generation } = family;
    const to = token.successor(family.id, generation, this.services.secrets).hash;
    const at = clock();
    const idleUntil = at + refreshTokenLifetime * 1000;
    if (await this.services.store.rotateFamily({ handle, from, generation, to, at, idleUntil }))
      return { ...family, current: to, previous: from, generation: generation + 1, rotatedAt: at, idleUntil };
    return this.lostRace(token);
  }

  // Another request, of this process or another, was faster.
  private async lostRace(token: RefreshToken): Promise<RefreshFamily> {
    const family = await this.find(token);
    return this.standing(token, family) === 'replaced' ? family : this.refuseReuse(family);
  }

  private successorOf(token: RefreshToken, { id, generation }: RefreshFamily): RefreshToken {
    return token.successor(id, generation - 1, this.services.secrets);
  }

  private tell(kind: SessionEvent['kind'], { id, issuer, userId, clientId }: RefreshFamily): void {
    tell({ kind, sid: id, iss: issuer, sub: userId, client_id: clientId }, this.options.logger);
  }
}

// One answer for a token that never was and one whose session has ended.
function unknownToken(): SessionEnded {
  return new SessionEnded('The refresh token is not valid: sign in again');
}
