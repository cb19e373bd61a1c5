/** Families of refresh tokens: how a family starts, is rotated, is found to be reused, and ends (RFC 9700 §4.14.2). */
import { randomUUID } from 'node:crypto';
import { AuthenticationFailed } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { tell, type EndReason, type SessionEvent } from '../events';
import { isSame, type Secrets } from '../secrets';
import { endOf, type FamilyStore, type RefreshFamily } from '../stores/store';
import { RefreshToken } from './refresh-token';

/** Revokes the access tokens of an ended family. */
export interface SessionDenylist {
  /** @param which `sub` is the user whose session it was. */
  deny(which: { iss: string; sub: string; sid: string }): Promise<void>;
}

export interface RefreshOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly rotateRefreshTokens: boolean;
  /** Seconds without a refresh after which a session ends. */
  readonly refreshTokenLifetime: number;
  /** Seconds after sign-in when a session ends, even if it is refreshed. */
  readonly sessionLifetime: number;
  /** Seconds during which a replaced token still returns its successor, as long as that is unused. */
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

/** A family, and its token for the client. */
export interface Issued {
  readonly family: RefreshFamily;
  readonly token: RefreshToken;
  /** Whether the token is new to the client. */
  readonly isNew: boolean;
}

/** The session has ended or never existed: 401, and the client's cookies are useless. */
export class SessionEnded extends AuthenticationFailed {}

type Standing = 'current' | 'replaced' | 'reused';

export class RefreshFamilies {
  constructor(
    private readonly options: RefreshOptions,
    private readonly services: FamilyServices,
  ) {}

  /**
   * Starts a family for a user who has just signed in. If the user has too many, the least recently used ones end.
   *
   * @param jkt the thumbprint of the client's key; `null` without one
   * @param confirm checks the user again once the family is stored; if it throws, the family is removed. The sign-in may
   * have taken so long that the user has ended all sessions since: from the moment of storing they include this one.
   */
  async begin(userId: string, jkt: string | null, confirm: () => Promise<void>): Promise<Issued> {
    await this.makeRoom(userId);
    const token = RefreshToken.random();
    const family = this.newFamily(userId, jkt, token);
    await this.services.store.addFamily(family);
    await this.orRemoved(family, confirm);
    this.tell('started', family);
    return { family, token, isNew: true };
  }

  /**
   * Returns the family for which a token is currently valid.
   *
   * @throws SessionEnded for a token that is unknown, expired, issued to another client, or used after its successor;
   * in the last case the whole family ends
   */
  async check(token: RefreshToken): Promise<RefreshFamily> {
    const family = await this.find(token);
    return this.standing(token, family) === 'reused' ? this.refuseReuse(family) : family;
  }

  /**
   * Replaces a checked token by its successor, in one atomic step. A second or repeated request gets the same successor.
   *
   * @throws SessionEnded if the family has ended, or has been rotated further in the meantime
   */
  async rotate(token: RefreshToken, family: RefreshFamily): Promise<Issued> {
    const isReplaced = this.standing(token, family) === 'replaced';
    if (!isReplaced && !this.options.rotateRefreshTokens) return { family, token, isNew: false };
    const rotated = isReplaced ? family : await this.replace(token, family);
    this.tell('refreshed', rotated);
    return { family: rotated, token: this.successorOf(token, rotated), isNew: true };
  }

  /**
   * Ends a family. Publishes the event first and removes the family second, so that a failure leaves no session that
   * can be refreshed. Access tokens are revoked last, to include those of a simultaneous refresh. A logout revokes them
   * before the removal, too: if that fails, the session remains, and the user can log out again.
   */
  async end(family: RefreshFamily, reason: EndReason): Promise<void> {
    this.tell(reason, family);
    if (reason === 'logged_off') await this.deny(family);
    await this.services.store.removeFamily(family.handle);
    await this.deny(family);
  }

  /** Ends all families of a user. The presented one is last, so that the user can try again if another one fails. */
  async endAll(userId: string, reason: EndReason, shown?: RefreshFamily): Promise<void> {
    const isShown = ({ handle }: RefreshFamily): number => Number(handle === shown?.handle);
    const all = await this.services.store.familiesOf(this.options.issuer, userId);
    for (const family of [...all].sort((one, other) => isShown(one) - isShown(other))) await this.end(family, reason);
  }

  private async deny({ issuer, userId, id }: RefreshFamily): Promise<void> {
    await this.services.denylist?.deny({ iss: issuer, sub: userId, sid: id });
  }

  private newFamily(userId: string, jkt: string | null, token: RefreshToken): RefreshFamily {
    const { issuer, clientId, refreshTokenLifetime, sessionLifetime, clock } = this.options;
    const now = clock();
    const at = Math.floor(now);
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
      signedInAt: at,
      rotatedAt: at,
      idleUntil: Math.ceil(now + refreshTokenLifetime * 1000),
      expiresAt: Math.ceil(now + sessionLifetime * 1000),
    };
  }

  // The client has no token of the family yet, so there is nothing to deny and no event.
  private async orRemoved({ handle }: RefreshFamily, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      await this.services.store.removeFamily(handle);
      throw error;
    }
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
    // RFC 6749 §10.4: a refresh token is bound to the client that it was issued to.
    if (family.issuer !== issuer || family.clientId !== clientId) throw unknownToken();
    if (endOf(family) <= clock()) throw new SessionEnded('The session has expired: sign in again');
    return family;
  }

  private standing(token: RefreshToken, { current, previous, rotatedAt }: RefreshFamily): Standing {
    if (isSame(token.hash, current)) return 'current';
    const isPrevious = previous !== null && isSame(token.hash, previous);
    // The successor is unused while it is the current token, because its use makes it the previous one. A rotation in the
    // future is from before the clock was set back, and must not make the period longer. The clocks of several processes
    // may differ by as much as the period.
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
    const now = clock();
    const at = Math.floor(now);
    const idleUntil = Math.ceil(now + refreshTokenLifetime * 1000);
    if (await this.services.store.rotateFamily({ handle, from, generation, to, at, idleUntil }))
      return { ...family, current: to, previous: from, generation: generation + 1, rotatedAt: at, idleUntil };
    return this.lostRace(token);
  }

  // Another request, in this process or another, has rotated the family first.
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

// The answer is the same for a token that never existed and for one whose session has ended.
function unknownToken(): SessionEnded {
  return new SessionEnded('The refresh token is not valid: sign in again');
}
