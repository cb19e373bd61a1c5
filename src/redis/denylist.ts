/** Revoked tokens in Redis: what one process is told, the next request to any of them meets. */
import { hash } from 'node:crypto';
import type { Claims } from '../core/claims';
import {
  denylistEntries,
  denylistKey,
  isIssuedBefore,
  keysOfToken,
  type Denylist,
  type RevokedTokens,
} from '../core/denylist';
import { RedisConnection, type RedisClient, type RedisOptions } from './client';
import type { TokenSubject } from '../core/token-subject';

export interface RedisDenylistOptions extends RedisOptions {
  /**
   * Seconds that a revocation is remembered, where it does not say so itself; default 7 days. It must not be less than
   * an access token lives.
   */
  readonly ttl?: number | undefined;
}

/**
 * A `denylist` that servers share. A token costs one round trip, whatever it is looked up by; what expired Redis drops.
 * While Redis cannot be reached requests with a token are answered 503. Keys are hashes. Let Redis evict nothing
 * (`maxmemory-policy noeviction`): a revocation that is evicted is lost.
 *
 * @example
 * const denylist = new RedisDenylist(new Redis('redis://localhost'));
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, denylist } });
 * await denylist.revoke({ iss: 'https://auth.example.com', sid: 'session-7' });
 */
export class RedisDenylist implements Denylist {
  /** Milliseconds since 1970; read at the moment of use. */
  clock: () => number = () => Date.now();
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #ttl: number;

  constructor(
    client: RedisClient,
    { ttl = 7 * 86_400, prefix = 'axioms:denylist:', timeout }: RedisDenylistOptions = {},
  ) {
    this.#connection = new RedisConnection(client, { timeout });
    this.#prefix = prefix;
    this.#ttl = ttl;
  }

  /**
   * @throws TypeError where it is not clear which tokens are meant.
   * @throws Error where Redis did not answer: it may or may not be revoked; do it again.
   */
  async revoke(which: RevokedTokens): Promise<void> {
    const { keys, before, expiresAt } = denylistEntries(which, this.#ttl, this.#now);
    const values = [Math.min(before, Number.MAX_SAFE_INTEGER), this.#lifetime(expiresAt)];
    await this.#connection.eval(revokeScript, this.#named(which.iss, keys), values);
  }

  async isRevoked(claims: Claims, subject?: Pick<TokenSubject, 'claim' | 'value'>): Promise<boolean> {
    const keys = keysOfToken(claims, subject);
    if (keys.length === 0) return false;
    const found = await this.#connection.mget(this.#named(typeof claims.iss === 'string' ? claims.iss : '', keys));
    if (!Array.isArray(found) || found.length !== keys.length)
      throw new Error('Redis answered something else than was asked');
    return found.some(before => before !== null && isIssuedBefore(claims, Number(before)));
  }

  async useOnce(iss: string, jti: string, expiresAt: number): Promise<boolean> {
    const keys = this.#named(iss, [denylistKey(iss, 'once', jti)]);
    return (await this.#connection.eval(onceScript, keys, [this.#lifetime(expiresAt)])) === 1;
  }

  get #now(): number {
    return this.clock() / 1000;
  }

  /** Milliseconds from now; Redis takes no forever, and nothing that is over. */
  #lifetime(expiresAt: number): number {
    return Math.min(Math.max(1, Math.ceil((expiresAt - this.#now) * 1000)), longest);
  }

  // The part in braces keeps the keys of an issuer together in a cluster, where one command asks for several.
  #named(iss: string, keys: readonly string[]): string[] {
    const issuer = hash('sha256', iss, 'base64url').slice(0, 16);
    return keys.map(key => `${this.#prefix}{${issuer}}:${hash('sha256', key, 'base64url')}`);
  }
}

const longest = 10 * 365 * 86_400_000;

// Of two revocations the one that refuses more counts, and the one that lasts longer.
const revokeScript = `
for _, key in ipairs(KEYS) do
  local before = ARGV[1]
  local known = redis.call('GET', key)
  if known and tonumber(known) > tonumber(before) then before = known end
  redis.call('SET', key, before, 'PX', math.max(tonumber(ARGV[2]), redis.call('PTTL', key)))
end
return 1
`;

const onceScript = `
if redis.call('SET', KEYS[1], 1, 'PX', ARGV[1], 'NX') then return 1 end
return 0
`;
