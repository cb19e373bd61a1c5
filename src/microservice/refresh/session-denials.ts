/** Denies the access tokens of sessions that have ended, in a bounded number of entries for each user. */
import { LRUCache } from 'lru-cache';
import type { Denylist } from '../../core/settings/denylist';
import { longestClockTolerance } from '../../core/settings/kinds';
import type { SessionDenylist } from './refresh-families';

export interface SessionDenialOptions {
  /** In seconds. A session is denied for as long as its last access token could still be used. */
  readonly accessTokenLifetime: number;
  readonly maxSessionsPerUser: number;
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
 * The number of a user's sessions that are denied one by one, until the first denial expires; more if a user may have
 * more sessions, so that a log-off everywhere denies each one. A caller who signs in and logs out in a loop must not fill
 * a denylist: no user could log out then.
 */
const mostSessions = 100;

export class SessionDenials implements SessionDenylist {
  /** The recent denials, by user. A user's count is lost only if very many other users end sessions. */
  readonly #recent = new LRUCache<string, Recent>({ max: 20_000 });

  constructor(
    private readonly denylist: Denylist,
    private readonly options: SessionDenialOptions,
  ) {}

  async deny({ iss, sub, sid }: { iss: string; sub: string; sid: string }, lastIssued: number): Promise<void> {
    const { accessTokenLifetime, maxSessionsPerUser } = this.options;
    const now = lastIssued / 1000;
    const expiresAt = Math.ceil(now) + accessTokenLifetime + clockMargin;
    const most = Math.max(mostSessions, 2 * maxSessionsPerUser);
    // Each session has its own `sid`: a new one is accepted at once, whatever the clocks of the processes say.
    if (this.countOf(sub, sid, now, expiresAt) <= most) await this.denylist.revoke({ iss, sid, expiresAt });
    // Beyond the limit, one entry denies all tokens of the user by their `iat`. The user's other sessions, and new ones,
    // continue with the first refresh after the `clockTolerance` of the resource servers.
    else await this.denylist.revoke({ iss, sub, before: now, expiresAt });
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
