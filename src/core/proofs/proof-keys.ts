/**
 * Caches what each proof of a key repeats: its header, and its public key. To import a key costs as much as to verify a
 * signature.
 */
import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { JsonObject } from '../http/bounded-fetch';
import { copyOfPart, type TokenHeader, type UnverifiedToken } from '../jws/compact-jws';
import { publicKeyOf } from '../jws/public-key';
import { isPlain } from '../process/plain';
import { requiredMembers } from './thumbprint';

/** Most keys in the cache, and most headers. */
const mostKeys = 5000;

/** Most bytes of keys in the cache. A key takes about twelve times the bytes of its modulus, and at least two kilobytes. */
const mostKeyBytes = 16 * 1024 * 1024;

function sizeCalculation({ asymmetricKeyDetails: { modulusLength = 0 } = {} }: KeyObject): number {
  return Math.max(2048, Math.ceil(1.5 * modulusLength));
}

/** Most characters of a header in the cache. With an RSA key of 2048 bits it has about 550. */
const longestHeader = 1024;

/** The key that a header names, once the header has passed its checks. */
export interface NamedKey {
  readonly jwk: JsonObject;
  /** Its thumbprint (RFC 7638). */
  readonly thumbprint: string;
}

interface KnownHeader extends NamedKey {
  /** Only `alg`: the other members were checked, and the client could fill the memory with them. */
  readonly header: TokenHeader;
}

/**
 * A bounded cache of keys by their thumbprint, and of headers by their spelling. Only what has verified a proof is kept, so
 * that requests without a valid proof evict nothing.
 */
export class ProofKeys {
  readonly #keys = new LRUCache<string, KeyObject>({ max: mostKeys, maxSize: mostKeyBytes, sizeCalculation });
  readonly #headers = new LRUCache<string, KnownHeader>({ max: mostKeys });

  /** Returns the header that is spelled like this, if it is known. */
  get(headerPart: string): TokenHeader | undefined {
    return this.#headers.get(headerPart)?.header;
  }

  /** Returns the key that a known header names; `undefined` for a header that must be checked. */
  namedBy({ isHeaderKnown, headerPart }: UnverifiedToken): NamedKey | undefined {
    return isHeaderKnown ? this.#headers.get(headerPart) : undefined;
  }

  /** Returns the key of a JWK; `undefined` if it cannot be imported. */
  keyOf({ thumbprint, jwk }: NamedKey): KeyObject | undefined {
    const known = this.#keys.get(thumbprint);
    if (known !== undefined) return known;
    const key = publicKeyOf(jwk);
    return typeof key === 'string' ? undefined : key;
  }

  /** Keeps a key and a header that have verified a proof. */
  keep({ isHeaderKnown, headerPart, header }: UnverifiedToken, { thumbprint, jwk }: NamedKey, key: KeyObject): void {
    if (isPlain) return;
    if (!this.#keys.has(thumbprint)) this.#keys.set(thumbprint, key);
    if (isHeaderKnown || headerPart.length > longestHeader) return;
    const { alg = null } = header;
    this.#headers.set(copyOfPart(headerPart), {
      header: Object.freeze({ alg }),
      thumbprint,
      jwk: requiredMembers(jwk as TokenHeader),
    });
  }
}
