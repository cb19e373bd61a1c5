/** Families of refresh tokens: how a family starts, is rotated, is found to be reused, and ends (RFC 9700 §4.14.2). */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AuthenticationFailed, ServiceUnavailable } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { SteadyClock } from '../../core/time/steady-clock';
import { globalTimers, startTimer, type Timers } from '../../core/time/timers';
import { tell, type EndReason, type SessionEvent } from '../events';
import { isSame, type Secrets } from '../secrets';
import { endOf, type FamilyStore, type RefreshFamily, type Rotation } from '../stores/store';
import { timeOf } from '../stores/store-time';
import { RefreshToken } from './refresh-token';

/** Revokes the access tokens of an ended family. */
export interface SessionDenylist {
  /**
   * @param which `sub` is the user whose session it was
   * @param lastIssued when the session's last token was issued, or later, in milliseconds since 1970
   */
  deny(which: { iss: string; sub: string; sid: string }, lastIssued: number): Promise<void>;
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
  /** Milliseconds since 1970. Only a store without a clock of its own goes by it. */
  readonly clock: () => number;
  readonly timers?: Timers;
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
  /** The time by the store's clock, in milliseconds since 1970. */
  readonly now: number;
}

/** A token that a client has shown, and its family. */
export interface Shown {
  readonly family: RefreshFamily;
  readonly token: RefreshToken;
  readonly standing: Standing;
  /** The time by the store's clock, in milliseconds since 1970. */
  readonly now: number;
}

/** The session has ended or never existed: 401, and the client's cookies are useless. */
export class SessionEnded extends AuthenticationFailed {}

/**
 * What a token is to its family. `replaced`: its successor is unused, and is returned again. `overdue`: the same after the
 * grace period; another successor takes its place. `lost`: the successor of the current token, which the store has
 * forgotten, as after a fail-over. `reused`: anything else, so that somebody has a copy.
 */
type Standing = 'current' | 'replaced' | 'overdue' | 'lost' | 'reused';

export class RefreshFamilies {
  readonly #steady = new SteadyClock(() => this.options.clock);
  /** Removed families whose access tokens could not be revoked, by user. Where an entry is evicted, its tokens live until they expire. */
  readonly #undenied = new LRUCache<string, readonly RefreshFamily[]>({ max: 1000 });

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
    const token = RefreshToken.random();
    const now = await this.time(token);
    const family = this.newFamily(userId, jkt, token, now);
    await this.services.store.addFamily(family);
    await this.orRemoved(family, async () => {
      await confirm();
      await this.makeRoom(family, now);
    });
    this.tell('started', family);
    return { family, token, isNew: true, now };
  }

  /**
   * Returns the family for which a token is currently valid.
   *
   * @throws SessionEnded for a token that is unknown, expired, issued to another client, or used after its successor;
   * in the last case the whole family ends
   */
  async check(token: RefreshToken): Promise<Shown> {
    const shown = await this.find(token);
    return shown.standing === 'reused' ? this.refuseReuse(shown.family) : shown;
  }

  /**
   * Replaces a checked token by its successor, in one atomic step. A second or repeated request gets the same successor.
   *
   * @throws SessionEnded if the family has ended, or has been rotated further in the meantime
   * @throws ServiceUnavailable if it is not certain that the token was replaced. It is not replaced any more then.
   */
  async rotate(shown: Shown): Promise<Issued> {
    const { token, family, standing, now } = shown;
    if (standing === 'current' && !this.options.rotateRefreshTokens) return { family, token, isNew: false, now };
    const issued = standing === 'replaced' ? this.again(shown) : await this.replace(shown);
    this.tell('refreshed', issued.family);
    return issued;
  }

  /**
   * Ends a family. Publishes the event first and removes the family second, so that a failure leaves no session that
   * can be refreshed. Access tokens are revoked last, to include those of a simultaneous refresh. A logout revokes them
   * before the removal, too: if that fails, the session remains, and the user can log out again.
   */
  async end(family: RefreshFamily, reason: EndReason): Promise<void> {
    this.tell(reason, family);
    const now = await this.denialTime(family);
    if (reason === 'logged_off') await this.deny(family, now);
    await this.services.store.removeFamily(family.handle);
    await this.deny(family, now);
  }

  /** Logs all families of a user off. The presented one is last, so that the user can try again if another one fails. */
  async logOffAll({ userId, handle: shown }: RefreshFamily): Promise<void> {
    const isShown = ({ handle }: RefreshFamily): number => Number(handle === shown);
    const all = await this.familiesOf(userId);
    for (const family of [...all].sort((one, other) => isShown(one) - isShown(other)))
      await this.end(family, 'logged_off');
  }

  /**
   * Logs all families of a user off for the app, which may not try again: every family is removed, even if its access tokens
   * cannot be revoked. Another call revokes them, also where no family is left.
   *
   * @throws the first failure, after everything was tried
   */
  async removeAll(userId: string): Promise<void> {
    const families = await this.familiesOf(userId);
    const removals = await Promise.allSettled(families.map(family => this.remove(family)));
    const removed = families.filter((_, place) => removals[place]?.status === 'fulfilled');
    const toDeny = [...(this.#undenied.get(userId) ?? []), ...removed];
    const denials = await Promise.allSettled(toDeny.map(async one => this.deny(one, await this.denialTime(one))));
    const undenied = toDeny.filter((_, place) => denials[place]?.status === 'rejected');
    if (undenied.length > 0) this.#undenied.set(userId, undenied.slice(-this.options.maxSessionsPerUser));
    else this.#undenied.delete(userId);
    for (const one of [...removals, ...denials]) if (one.status === 'rejected') throw one.reason;
  }

  /** Ends the family of a token, if there is one: its browser has signed in again, and forgets the token. */
  async endReplaced(token: RefreshToken): Promise<void> {
    const { issuer, clientId } = this.options;
    const family = await this.services.store.findFamily(token.handle);
    if (family?.issuer === issuer && family.clientId === clientId) await this.end(family, 'signed_in_again');
  }

  private familiesOf(userId: string): Promise<readonly RefreshFamily[]> {
    return this.services.store.familiesOf(this.options.issuer, userId);
  }

  private async remove(family: RefreshFamily): Promise<void> {
    this.tell('logged_off', family);
    await this.services.store.removeFamily(family.handle);
  }

  private time({ handle }: RefreshToken): Promise<number> {
    return timeOf(this.services.store, this.options.clock, handle);
  }

  // By the clock by which tokens are issued: a denial that ends by the clock of this process might end too early.
  private async denialTime({ handle, rotatedAt }: RefreshFamily): Promise<number> {
    if (this.services.denylist === undefined) return rotatedAt;
    return Math.max(await timeOf(this.services.store, this.options.clock, handle), rotatedAt);
  }

  private async deny({ issuer, userId, id }: RefreshFamily, lastIssued: number): Promise<void> {
    await this.services.denylist?.deny({ iss: issuer, sub: userId, sid: id }, lastIssued);
  }

  private newFamily(userId: string, jkt: string | null, token: RefreshToken, now: number): RefreshFamily {
    const { issuer, clientId, refreshTokenLifetime, sessionLifetime } = this.options;
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

  // Counts once the family is stored: of sign-ins at the same time each sees all those that were stored before, and all
  // agree on which ones stay.
  private async makeRoom(added: RefreshFamily, now: number): Promise<void> {
    const families = await this.familiesOf(added.userId);
    const live = families.filter(family => endOf(family) > now).sort(byLastUse);
    const excess = live.slice(this.options.maxSessionsPerUser);
    if (excess.some(({ handle }) => handle === added.handle))
      throw new SessionEnded('The user has signed in elsewhere at the same time: sign in again');
    for (const family of excess) await this.end(family, 'displaced');
  }

  private async find(token: RefreshToken): Promise<Shown> {
    const { issuer, clientId } = this.options;
    const [family, now] = await Promise.all([this.services.store.findFamily(token.handle), this.time(token)]);
    if (family === undefined) throw unknownToken();
    // RFC 6749 §10.4: a refresh token is bound to the client that it was issued to.
    if (family.issuer !== issuer || family.clientId !== clientId) throw unknownToken();
    if (endOf(family) <= now) throw new SessionEnded('The session has expired: sign in again');
    return { family, token, standing: this.standing(token, family, now), now };
  }

  private standing(token: RefreshToken, family: RefreshFamily, now: number): Standing {
    const { current, previous, rotatedAt } = family;
    if (isSame(token.hash, current)) return 'current';
    if (previous === null || !isSame(token.hash, previous)) return this.isLost(token, family) ? 'lost' : 'reused';
    // The successor is unused while it is the current token, because its use makes it the previous one. A rotation in the
    // future is from before the clock was set back, and must not make the period longer.
    return Math.abs(now - rotatedAt) <= this.options.refreshGracePeriod * 1000 ? 'replaced' : 'overdue';
  }

  // A fail-over may have lost the last rotation.
  private isLost(token: RefreshToken, { id, current, previous, generation }: RefreshFamily): boolean {
    const next = (hash: string): string => token.successor(hash, id, generation, this.services.secrets).hash;
    return [current, previous].some(hash => hash !== null && isSame(token.hash, next(hash)));
  }

  private async refuseReuse(family: RefreshFamily): Promise<never> {
    await this.end(family, 'reuse_detected');
    throw new SessionEnded('The refresh token was used before: sign in again');
  }

  private async replace({ token, family }: Shown): Promise<Issued> {
    const { handle, id, current: from, generation } = family;
    const next = token.successor(token.hash, id, generation, this.services.secrets);
    const now = await this.time(token);
    const at = Math.floor(now);
    const idleUntil = Math.ceil(now + this.options.refreshTokenLifetime * 1000);
    const rotation = { handle, from, generation, to: next.hash, previous: token.hash, at, idleUntil };
    if (!(await this.carryOut(rotation, now))) return this.lostRace(token);
    const changed = { current: next.hash, previous: token.hash, generation: generation + 1, rotatedAt: at, idleUntil };
    return { family: { ...family, ...changed }, token: next, isNew: true, now };
  }

  // What fails must not be carried out later, as by a database that hangs: the client shows the old token again.
  private async carryOut(rotation: Rotation, now: number): Promise<boolean> {
    const { store } = this.services;
    if (store.now === undefined) return store.rotateFamily(rotation);
    const { patience = 5000 } = store;
    const end = this.#steady.now() + patience;
    try {
      return await store.rotateFamily({ ...rotation, deadline: Math.floor(now) + patience });
    } catch (error) {
      const rest = end - this.#steady.now();
      if (rest > 0) await new Promise<void>(done => startTimer(this.options.timers ?? globalTimers, done, rest));
      throw error;
    }
  }

  // Another request, in this process or another, has rotated the family first, or the deadline has passed.
  private async lostRace(token: RefreshToken): Promise<Issued> {
    const shown = await this.find(token);
    if (shown.standing === 'reused') return this.refuseReuse(shown.family);
    if (shown.standing === 'replaced') return this.again(shown);
    throw new ServiceUnavailable('The session could not be refreshed in time', 1);
  }

  private again({ token, family, now }: Shown): Issued {
    const { secrets } = this.services;
    const { id, current, generation } = family;
    const next = token.successor(token.hash, id, generation - 1, secrets);
    const isOurs = isSame(next.hash, current);
    return { family, token: isOurs ? next : token.formerSuccessor(id, generation - 1, secrets), isNew: true, now };
  }

  private tell(kind: SessionEvent['kind'], { id, issuer, userId, clientId }: RefreshFamily): void {
    tell({ kind, sid: id, iss: issuer, sub: userId, client_id: clientId }, this.options.logger);
  }
}

// The last comparison makes the order the same for every process.
function byLastUse(one: RefreshFamily, other: RefreshFamily): number {
  return other.rotatedAt - one.rotatedAt || (one.handle < other.handle ? -1 : 1);
}

// The answer is the same for a token that never existed and for one whose session has ended.
function unknownToken(): SessionEnded {
  return new SessionEnded('The refresh token is not valid: sign in again');
}
