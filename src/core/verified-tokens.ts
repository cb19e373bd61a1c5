/** The tokens that were verified already: a repeated one costs no cryptography. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { VerifiedToken } from './access-token';
import type { VerificationKey } from './key-set';
import type { Settings } from './settings';

export interface Entry {
  readonly token: VerifiedToken;
  /** The entry is good only while this very key is the issuer's. */
  readonly key: VerificationKey;
  /** The settings of its issuer: what accepted it. */
  readonly settings: Settings;
}

const mostBytes = 32 * 1024 * 1024;

/** A bounded memory of verified tokens: at most `size` of them, and about 32 MiB. */
export class VerifiedTokens {
  readonly #entries: LRUCache<string, Entry> | undefined;

  constructor(size: number) {
    this.#entries = size === 0 ? undefined : new LRUCache({ max: size, maxSize: mostBytes });
  }

  get(token: string): Entry | undefined {
    return this.#entries?.get(keyOf(token));
  }

  delete(token: string): boolean {
    return this.#entries?.delete(keyOf(token)) ?? false;
  }

  /** @returns how many there were. */
  deleteWhere(isMeant: (token: VerifiedToken) => boolean): number {
    const meant = [...(this.#entries?.entries() ?? [])].filter(([, { token }]) => isMeant(token));
    for (const [key] of meant) this.#entries?.delete(key);
    return meant.length;
  }

  set(token: string, entry: Entry): void {
    // Parsed claims take about four times their text; the rest is the entry itself.
    this.#entries?.set(keyOf(token), entry, { size: 4 * token.length + 512 });
  }
}

// Keyed by a hash: a token must not lie about in memory as a key, and a long one costs no more than a short one.
function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
