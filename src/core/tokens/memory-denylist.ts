/** A denylist in the memory of a single process. */
import type { Claims } from '../jws/compact-jws';
import { checkedTtl, denylistEntries, denylistKey, isIssuedBefore, keysOfToken } from './revocation';
import type { Denylist, RevokedTokens } from '../settings/denylist';
import { ServiceUnavailable } from '../http/exceptions';
import type { TokenSubject } from './token-subject';

/** Options of {@link MemoryDenylist}. */
export interface MemoryDenylistOptions {
  /**
   * Seconds that a revocation without `expiresAt` lasts; default 604,800 (7 days). It must not be less than the
   * lifetime of an access token.
   */
  readonly ttl?: number;
  /** Most entries; default: 100,000. */
  readonly maxEntries?: number;
}

interface Entry {
  readonly before: number;
  readonly expiresAt: number;
}

/**
 * Stores revocations in the memory of this process; several processes need `RedisDenylist`. The memory is bounded, and
 * no revocation is evicted before it expires: when the denylist is full, `revoke` throws.
 *
 * @example
 * const denylist = new MemoryDenylist();
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, denylist } });
 * denylist.revoke({ iss: 'https://auth.example.com', sub: 'alice', before: Date.now() / 1000 });
 */
export class MemoryDenylist implements Denylist {
  /** Milliseconds since 1970; read at the moment of use. */
  clock: () => number = () => Date.now();
  readonly #ttl: number;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry>();

  constructor({ ttl = 7 * 86_400, maxEntries = 100_000 }: MemoryDenylistOptions = {}) {
    this.#ttl = checkedTtl(ttl);
    this.#maxEntries = maxEntries;
  }

  /**
   * Revokes tokens.
   *
   * @throws TypeError if it is not clear which tokens are meant.
   * @throws ServiceUnavailable if the denylist is full; nothing is revoked then.
   */
  revoke(which: RevokedTokens): void {
    const { keys, before, expiresAt } = denylistEntries(which, this.#ttl, this.#now);
    this.#makeRoom(keys);
    for (const key of keys) this.#entries.set(key, this.#widened(key, { before, expiresAt }));
  }

  isRevoked(claims: Claims, subject?: Pick<TokenSubject, 'claim' | 'value'>, clockTolerance?: number): boolean {
    return keysOfToken(claims, subject).some(key => {
      const entry = this.#find(key);
      return entry !== undefined && isIssuedBefore(claims, entry.before, clockTolerance);
    });
  }

  /**
   * Returns `true` the first time, and `false` until `expiresAt`.
   *
   * @throws ServiceUnavailable if the denylist is full.
   */
  useOnce(iss: string, jti: string, expiresAt: number): boolean {
    const key = denylistKey(iss, 'once', jti);
    if (this.#find(key) !== undefined) return false;
    this.#makeRoom([key]);
    this.#entries.set(key, { before: Infinity, expiresAt });
    return true;
  }

  get #now(): number {
    return this.clock() / 1000;
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresAt <= this.#now ? undefined : entry;
  }

  #widened(key: string, { before, expiresAt }: Entry): Entry {
    const known = this.#find(key);
    if (known === undefined) return { before, expiresAt };
    return { before: Math.max(known.before, before), expiresAt: Math.max(known.expiresAt, expiresAt) };
  }

  // Removes only expired entries: without an entry that still counts, a revoked token would be accepted.
  #makeRoom(keys: readonly string[]): void {
    const added = keys.filter(key => !this.#entries.has(key)).length;
    if (this.#entries.size + added <= this.#maxEntries) return;
    for (const key of this.#entries.keys()) if (this.#find(key) === undefined) this.#entries.delete(key);
    if (this.#entries.size + added > this.#maxEntries) throw new ServiceUnavailable('The denylist is full');
  }
}
