/** Keeps revocations in Redis: what one process revokes, every process refuses from the next request on. */
import { hash } from 'node:crypto';
import type { Claims } from '../core/tokens/claims';
import { checkedTtl, denylistEntries, denylistKey, isIssuedBefore, keysOfToken } from '../core/tokens/revocation';
import type { Denylist, RevokedTokens } from '../core/settings/denylist';
import { RedisConnection, type RedisClient, type RedisOptions } from './client';
import type { TokenSubject } from '../core/tokens/token-subject';

/** Options of {@link RedisDenylist}. */
export interface RedisDenylistOptions extends RedisOptions {
  /**
   * How long a revocation without `expiresAt` is kept, in seconds; default 7 days. It must not be shorter than the
   * lifetime of an access token.
   */
  readonly ttl?: number | undefined;
}

/**
 * A `denylist` that servers share. Checking a token takes one round trip, and Redis drops expired revocations. While
 * Redis is unavailable, requests with a token get 503. Keys are hashes, and those of an issuer share
 * a slot of a cluster. Configure Redis with `maxmemory-policy
 * noeviction`: an evicted revocation is lost.
 *
 * @example
 * const denylist = new RedisDenylist(new Redis('redis://localhost'));
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, denylist } });
 * await denylist.revoke({ iss: 'https://auth.example.com', sid: 'session-7' });
 */
export class RedisDenylist implements Denylist {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #ttl: number;

  constructor(
    client: RedisClient,
    { ttl = 7 * 86_400, prefix = 'axioms:denylist:', timeout }: RedisDenylistOptions = {},
  ) {
    this.#connection = new RedisConnection(client, { timeout });
    this.#prefix = prefix;
    this.#ttl = checkedTtl(ttl);
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
    const values = [milliseconds(expiresAt), from, Math.min(before, Number.MAX_SAFE_INTEGER)];
    await this.#connection.eval(revokeScript, this.#named(which.iss, keys), values);
  }

  async isRevoked(
    claims: Claims,
    subject?: Pick<TokenSubject, 'claim' | 'value'>,
    clockTolerance?: number,
  ): Promise<boolean> {
    const keys = keysOfToken(claims, subject);
    if (keys.length === 0) return false;
    const found = await this.#connection.mget(this.#named(typeof claims.iss === 'string' ? claims.iss : '', keys));
    if (!Array.isArray(found) || found.length !== keys.length)
      throw new Error('Redis answered something else than was asked');
    return found.some(before => before !== null && isIssuedBefore(claims, Number(before), clockTolerance));
  }

  async useOnce(iss: string, jti: string, expiresAt: number): Promise<boolean> {
    const keys = this.#named(iss, [denylistKey(iss, 'once', jti)]);
    return Number(await this.#connection.eval(onceScript, keys, [milliseconds(expiresAt), '1970'])) === 1;
  }

  // The hash tag in braces keeps the keys of an issuer in one slot of a cluster, because one command reads several of
  // them.
  #named(iss: string, keys: readonly string[]): string[] {
    const issuer = hash('sha256', iss, 'base64url').slice(0, 16);
    return keys.map(key => `${this.#prefix}{${issuer}}:${hash('sha256', key, 'base64url')}`);
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

// Merges two revocations: the later `before`, which refuses more tokens, and the longer lifetime.
const revokeScript = `
${lifetime}
for _, key in ipairs(KEYS) do
  local before = ARGV[3]
  local known = redis.call('GET', key)
  if known and tonumber(known) > tonumber(before) then before = known end
  redis.call('SET', key, before, 'PX', string.format('%.0f', math.max(lifetime, redis.call('PTTL', key))))
end
return 1
`;

const onceScript = `
${lifetime}
if redis.call('SET', KEYS[1], 1, 'PX', string.format('%.0f', lifetime), 'NX') then return 1 end
return 0
`;
