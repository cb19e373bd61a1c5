/** Denies the access tokens of sessions that have ended, in a bounded number of entries for each user. */
import { LRUCache } from 'lru-cache';
import type { Denylist } from '../../core/settings/denylist';
import { longestClockTolerance } from '../../core/settings/kinds';
import type { SessionDenylist } from './refresh-families';

export interface SessionDenialOptions {
  /** In seconds. A session is denied for as long as its last access token could still be used. */
  readonly accessTokenLifetime: number;
}

interface Recent {
  /** When the count starts again, in seconds since 1970: the first denial that it includes is not needed by then. */
  readonly end: number;
  last: string | undefined;
  count: number;
}

/**
 * Seconds that a denial lasts after the last access token has expired: the longest `clockTolerance` of a server, and a
 * minute for clocks that differ. Included here, because the app's own denylist may forget at `expiresAt`.
 */
const clockMargin = longestClockTolerance + 60;

/**
 * The number of a user's sessions that are denied one by one, until the first denial expires. A caller who signs in and
 * logs out in a loop must not fill a denylist: no user could log out then.
 */
const mostSessions = 100;

/** Seconds by which the clocks of the microservice's processes may differ. */
const skew = 5;

export class SessionDenials implements SessionDenylist {
  /** The recent denials, by user. A user's count is lost only if very many other users end sessions. */
  readonly #recent = new LRUCache<string, Recent>({ max: 20_000 });

  constructor(
    private readonly denylist: Denylist,
    private readonly options: SessionDenialOptions,
  ) {}

  async deny({ iss, sub, sid }: { iss: string; sub: string; sid: string }, lastIssued: number): Promise<void> {
    const now = Math.ceil(lastIssued / 1000);
    const expiresAt = now + this.options.accessTokenLifetime + clockMargin;
    // Beyond the limit, one entry denies all current tokens of the user. The user's other sessions continue with their
    // next refresh.
    if (this.countOf(sub, sid, now, expiresAt) <= mostSessions) await this.denylist.revoke({ iss, sid, expiresAt });
    else await this.denylist.revoke({ iss, sub, before: now + skew, expiresAt });
  }

  private countOf(sub: string, sid: string, now: number, end: number): number {
    const known = this.#recent.get(sub);
    const recent = known !== undefined && now < known.end ? known : { end, last: undefined, count: 0 };
    this.#recent.set(sub, recent);
    // A logout denies its session twice.
    if (recent.last !== sid) recent.count++;
    recent.last = sid;
    return recent.count;
  }
}
