/**
 * Derives one key per purpose from the microservice's secret, so that a value made for one purpose is invalid for
 * others.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Derives keys from the option `secret`. */
export class Secrets {
  readonly #secret: Uint8Array;

  constructor(secret: string | Uint8Array) {
    this.#secret = typeof secret === 'string' ? Buffer.from(secret) : secret;
  }

  /** Returns 256 bits for this purpose (RFC 5869). */
  key(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, '', `axioms microservice: ${purpose}`, 32));
  }

  /** Returns a keyed hash of several parts, which are encoded unambiguously. */
  hmac(purpose: string, ...parts: readonly string[]): Buffer {
    return createHmac('sha256', this.key(purpose)).update(JSON.stringify(parts)).digest();
  }
}

/** Returns a SHA-256 hash in base64url. Only for random values of at least 128 bits. */
export function hashOf(value: Uint8Array | string): string {
  return createHash('sha256').update(value).digest('base64url');
}

/** Compares two texts in a time that does not depend on where they differ. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
