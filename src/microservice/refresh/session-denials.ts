/** Denies the access tokens of sessions that have ended, in a bounded number of entries for each user. */
import { LRUCache } from 'lru-cache';
import type { Denylist } from '../../core/settings/denylist';
import type { SessionDenylist } from './refresh-families';

export interface SessionDenialOptions {
  /** Seconds; a session is denied for as long as its last access token could still be used. */
  readonly accessTokenLifetime: number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

interface Recent {
  /** Seconds since 1970; by then what was denied first may be forgotten. */
  readonly end: number;
  last: string | undefined;
  count: number;
}

/** Seconds; more than any verifier's `clockTolerance` should be. */
const clockMargin = 60;

/**
 * Sessions of one user that are denied one by one, until the first of them is forgotten. A caller who signs in and logs off
 * in a loop must not fill a denylist: nobody could log off then.
 */
const mostSessions = 100;

/** Seconds by which the clocks of the microservice's processes may differ. */
const skew = 5;

export class SessionDenials implements SessionDenylist {
  /** By user. Only a flood of other users, each with an ended session, makes it forget one. */
  readonly #recent = new LRUCache<string, Recent>({ max: 20_000 });

  constructor(
    private readonly denylist: Denylist,
    private readonly options: SessionDenialOptions,
  ) {}

  async deny({ iss, sub, sid }: { iss: string; sub: string; sid: string }): Promise<void> {
    const now = Math.ceil(this.options.clock() / 1000);
    const expiresAt = now + this.options.accessTokenLifetime + clockMargin;
    // Beyond the limit one entry denies all tokens that the user has. Their other sessions go on with the next refresh.
    if (this.countOf(sub, sid, now, expiresAt) <= mostSessions) await this.denylist.revoke({ iss, sid, expiresAt });
    else await this.denylist.revoke({ iss, sub, before: now + skew, expiresAt });
  }

  private countOf(sub: string, sid: string, now: number, end: number): number {
    const known = this.#recent.get(sub);
    const recent = known !== undefined && now < known.end ? known : { end, last: undefined, count: 0 };
    this.#recent.set(sub, recent);
    // A log-off denies its session twice.
    if (recent.last !== sid) recent.count++;
    recent.last = sid;
    return recent.count;
  }
}
