/** Caches the public keys of proofs: importing a key costs as much as verifying a signature. */
import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { JsonObject } from '../http/bounded-fetch';
import { publicKeyOf } from '../jws/public-key';
import { isPlain } from '../process/plain';

/** Most keys in the cache. An RSA key of 8192 bits takes about two kilobytes. */
const mostKeys = 5000;

/**
 * A bounded cache of keys by their thumbprint. Only keys that have verified a proof are kept, so that requests without a
 * valid proof evict nothing.
 */
export class ProofKeys {
  readonly #keys = new LRUCache<string, KeyObject>({ max: mostKeys });

  /** Returns the key of a JWK; `undefined` if it cannot be imported. */
  keyOf(thumbprint: string, jwk: JsonObject): KeyObject | undefined {
    const known = this.#keys.get(thumbprint);
    if (known !== undefined) return known;
    const key = publicKeyOf(jwk);
    return typeof key === 'string' ? undefined : key;
  }

  /** Keeps a key that has verified a proof. */
  keep(thumbprint: string, key: KeyObject): void {
    if (!isPlain && !this.#keys.has(thumbprint)) this.#keys.set(thumbprint, key);
  }
}
