/** Computes the thumbprint of a public key (RFC 7638), by which a token names the key that it is bound to. */
import { hash } from 'node:crypto';
import type { JsonValue } from '../jws/compact-jws';

type Jwk = Readonly<Record<string, JsonValue>>;

/** By key type, the required members in the order of RFC 7638 §3.2 (RFC 8037 §2 for OKP). */
const required: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** Members of private and symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Tells whether a JWK has members of a private or symmetric key. */
export function hasPrivateParts(jwk: Jwk): boolean {
  return privateMembers.some(name => Object.hasOwn(jwk, name));
}

/**
 * Returns the SHA-256 thumbprint of a public key, as 43 characters of base64url.
 *
 * @returns `undefined` if the key type is unknown, or a required member is missing or no string
 */
export function thumbprintOf(jwk: Jwk): string | undefined {
  const { kty } = jwk;
  const names = typeof kty === 'string' && Object.hasOwn(required, kty) ? required[kty] : undefined;
  if (names?.every(name => typeof jwk[name] === 'string') !== true) return undefined;
  return hash('sha256', JSON.stringify(requiredMembers(jwk)), 'base64url');
}

/** Returns the public members of a JWK by which its thumbprint is computed, as a proof contains them. */
export function requiredMembers(jwk: Jwk): Jwk {
  const names = required[jwk['kty'] as string] ?? [];
  return Object.fromEntries(names.map(name => [name, jwk[name] as JsonValue]));
}
