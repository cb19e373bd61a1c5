/** Keeps revocations in Redis: what one process revokes, every process refuses from the next request on. */
import { systemClock } from '../core/time/steady-clock';
import type { Claims } from '../core/tokens/claims';
import { checkedTtl, denylistEntries, denylistKey, isIssuedBefore } from '../core/tokens/revocation';
import type { Denylist, RevokedTokens } from '../core/settings/denylist';
import { RedisConnection, type RedisClient, type RedisOptions } from './client';
import type { TokenSubject } from '../core/tokens/token-subject';
import { DenylistNames, type TokenNames } from './denylist-names';
import { LocalCopy, type LocalCopyOptions } from './local-copy';
import { appendFunction, newNonce, streamName } from './revocation-stream';

/** Options of {@link RedisDenylist}. */
export interface RedisDenylistOptions extends RedisOptions {
  /**
   * How long a revocation without `expiresAt` is kept, in seconds; default 7 days. It must not be shorter than the
   * lifetime of an access token.
   */
  readonly ttl?: number | undefined;
  /**
   * Lets this process answer from a copy of the denylist in its memory, without asking Redis for each request. `{}`
   * sets the default values. Default: every request asks Redis.
   *
   * Another process's revocation takes effect here after at most `maxStaleness`, also during an outage, when Redis
   * restarts or fails over, and when a clock jumps. A revocation by this process takes effect immediately. If the copy is
   * too old, too small or has a gap, requests ask Redis, and get 503 if Redis does not answer.
   *
   * The copy reads a Redis Stream for each issuer (Redis 5 or later), which keeps the last 10,000 revocations in about
   * 1 MB, and expires a day after the last read. At the first request and after a gap it reads the keys of the whole
   * database (`SCAN`), so do not keep millions of other keys there. The first 100 issuers are copied.
   *
   * Every process that revokes tokens needs a version of this library with this option, but may leave it out: an older
   * version does not write to the stream. A cluster cannot be copied; a failover with Sentinel is noticed.
   */
  readonly localCopy?: LocalCopyOptions | undefined;
}

/**
 * A `denylist` that servers share. Checking a token takes one round trip, or none with a `localCopy`, and Redis drops
 * expired revocations. While Redis is unavailable, requests with a token get 503. Keys are hashes, and those of an issuer
 * share a slot of a cluster. Configure Redis with `maxmemory-policy
 * noeviction`: an evicted revocation is lost.
 *
 * @example
 * const denylist = new RedisDenylist(new Redis('redis://localhost'));
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, denylist } });
 * await denylist.revoke({ iss: 'https://auth.example.com', sid: 'session-7' });
 */
export class RedisDenylist implements Denylist {
  /**
   * Measures the age of the local copy, in milliseconds since 1970. Default: the system's clock, and beside it one that
   * cannot be set. The longer time counts.
   */
  clock: () => number = systemClock;
  readonly #connection: RedisConnection;
  readonly #names: DenylistNames;
  readonly #ttl: number;
  readonly #copy: LocalCopy | undefined;

  /** @throws ImproperlyConfigured for a wrong client or option, and for a local copy of a cluster */
  constructor(
    client: RedisClient,
    { ttl = 7 * 86_400, prefix = 'axioms:denylist:', timeout, localCopy }: RedisDenylistOptions = {},
  ) {
    this.#connection = new RedisConnection(client, { timeout });
    this.#names = new DenylistNames(prefix);
    this.#ttl = checkedTtl(ttl);
    if (localCopy !== undefined) this.#copy = new LocalCopy(client, timeout, localCopy, () => this.clock);
  }

  /** The time limit for an answer, in seconds. */
  get timeout(): number {
    return this.#connection.timeout;
  }

  /** Whether a shard did not answer the last command. */
  get isAway(): boolean {
    return this.#connection.isAway;
  }

  /**
   * Revokes tokens.
   *
   * @throws TypeError if it is unclear which tokens are meant
   * @throws Error if Redis did not answer; the tokens may or may not be revoked, so revoke them again
   */
  async revoke(which: RevokedTokens): Promise<void> {
    // Counted from 0, the end is a duration where none is given.
    const { keys, before, expiresAt } = denylistEntries(which, this.#ttl, 0);
    const from = which.expiresAt === undefined ? 'now' : '1970';
    const home = this.#names.homeOf(which.iss);
    const values = [milliseconds(expiresAt), from, Math.min(before, Number.MAX_SAFE_INTEGER), newNonce()];
    const stored = [...keys.map(key => home + this.#names.nameOf(key)), home + streamName];
    try {
      await this.#connection.eval(revokeScript, stored, values);
    } finally {
      this.#copy?.distrust(home);
    }
  }

  /** Returns a promise, or at once what the local copy says. */
  isRevoked(
    claims: Claims,
    subject?: Pick<TokenSubject, 'claim' | 'value'>,
    clockTolerance?: number,
  ): boolean | Promise<boolean> {
    const token = this.#names.ofToken(claims, subject);
    if (token.names.length === 0) return false;
    const isMet = (before: number): boolean => isIssuedBefore(claims, before, clockTolerance);
    const answer = this.#copy?.answer(token.home, token.names, isMet) ?? this.#askRedis(token, isMet);
    this.#copy?.readOn(token.home);
    return answer;
  }

  async useOnce(iss: string, jti: string, expiresAt: number): Promise<boolean> {
    const key = this.#names.homeOf(iss) + this.#names.nameOf(denylistKey(iss, 'once', jti));
    return Number(await this.#connection.eval(onceScript, [key], [milliseconds(expiresAt), '1970'])) === 1;
  }

  async #askRedis({ home, names }: TokenNames, isMet: (before: number) => boolean): Promise<boolean> {
    const found = await this.#connection.mget(names.map(name => home + name));
    if (!Array.isArray(found) || found.length !== names.length)
      throw new Error('Redis answered something else than was asked');
    return found.some(before => before !== null && isMet(Number(before)));
  }
}

function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), Number.MAX_SAFE_INTEGER);
}

// Lifetimes end by the clock of Redis, which all processes share, within what Redis accepts: at least a millisecond, and at
// most ten years.
const lifetime = `
local lifetime = tonumber(ARGV[1])
if ARGV[2] == '1970' then
  local clock = redis.call('TIME')
  lifetime = lifetime - clock[1] * 1000 - math.floor(clock[2] / 1000)
end
lifetime = math.max(1, math.min(lifetime, 315360000000))
`;

// Merges two revocations: the later `before`, which refuses more tokens, and the longer lifetime. The stream comes first: a
// revocation that only a local copy has is harmless, and one that only the key has would be missing there.
const revokeScript = `
${lifetime}
${appendFunction}
for index = 1, #KEYS - 1 do
  local key, before = KEYS[index], ARGV[3]
  local known = redis.call('GET', key)
  if known and tonumber(known) > tonumber(before) then before = known end
  local rest = string.format('%.0f', math.max(lifetime, redis.call('PTTL', key)))
  append(key, before, rest, ARGV[4])
  redis.call('SET', key, before, 'PX', rest)
end
return 1
`;

const onceScript = `
${lifetime}
if redis.call('SET', KEYS[1], 1, 'PX', string.format('%.0f', lifetime), 'NX') then return 1 end
return 0
`;
