/** What is derived from the microservice's one secret: a key a purpose, so that what is made for one is nothing to another. */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Derives keys from the option `secret`. */
export class Secrets {
  readonly #secret: Uint8Array;

  constructor(secret: string | Uint8Array) {
    this.#secret = typeof secret === 'string' ? Buffer.from(secret) : secret;
  }

  /** RFC 5869: 256 bits for this purpose. */
  key(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, '', `axioms microservice: ${purpose}`, 32));
  }

  /** A keyed hash of several parts, none of which can run into the next. */
  hmac(purpose: string, ...parts: readonly string[]): Buffer {
    return createHmac('sha256', this.key(purpose)).update(JSON.stringify(parts)).digest();
  }
}

/** SHA-256 as base64url: enough for what is random, 128 bits and more. */
export function hashOf(value: Uint8Array | string): string {
  return createHash('sha256').update(value).digest('base64url');
}

/** In a time that says nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
