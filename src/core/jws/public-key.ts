/** Imports a public key from a JWK (RFC 7518 §6), at a cost that does not depend on the content of the JWK. */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JsonObject } from '../http/bounded-fetch';
import { isSoundEd25519Key } from './edwards-point';

/** Most characters of base64url: an RSA modulus of 8192 bits, an exponent of 32 bits, a coordinate of P-521. */
const longest = { n: 1366, e: 6, x: 88, y: 88 } as const;

/**
 * Imports a public key.
 *
 * @returns the key, or what is wrong with the JWK as the end of a sentence
 */
export function publicKeyOf(jwk: JsonObject): KeyObject | string {
  // Checks the length as text, because Node takes minutes only to read the value of a long exponent.
  if (Object.entries(longest).some(([name, length]) => lengthOf(jwk[name]) > length))
    return 'is too large (RSA: at most 8192 bits, and an exponent of at most 32 bits)';
  try {
    const key = jwk['kty'] === 'EC' ? ellipticKey(jwk) : createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    if (key?.asymmetricKeyType === 'ed25519' && !isSoundEd25519Key(key))
      return 'is a point of small order, or one that is not spelled as in RFC 8032: it proves nothing';
    if (key !== undefined && hasGoodExponent(key)) return key;
  } catch {
    // OpenSSL's reason says less than the sentence below.
  }
  return 'cannot be read (a member is missing or wrong, or the point is not on the curve)';
}

function lengthOf(member: unknown): number {
  return typeof member === 'string' ? member.length : 0;
}

// OpenSSL accepts the exponent 1, which "verifies" any signature.
function hasGoodExponent({ asymmetricKeyDetails }: KeyObject): boolean {
  const exponent = asymmetricKeyDetails?.publicExponent ?? 3n;
  return exponent >= 3n && exponent % 2n === 1n;
}

/**
 * By curve, the bytes before the point in a SubjectPublicKeyInfo (RFC 5480 §2), and the size of a coordinate in bytes.
 */
const curves: Readonly<Record<string, { readonly prefix: string; readonly size: number }>> = {
  'P-256': { prefix: '3059301306072a8648ce3d020106082a8648ce3d03010703420004', size: 32 },
  'P-384': { prefix: '3076301006072a8648ce3d020106052b8104002203620004', size: 48 },
  'P-521': { prefix: '30819b301006072a8648ce3d020106052b810400230381860004', size: 66 },
};

// Uses DER, because Node 20 takes 2.4 milliseconds to read a P-521 key as a JWK: it multiplies the point by the order
// of the curve. OpenSSL checks here, too, that the point is on the curve, and that is enough for curves with the
// cofactor 1.
function ellipticKey({ crv, x, y }: JsonObject): KeyObject | undefined {
  const curve = typeof crv === 'string' && Object.hasOwn(curves, crv) ? curves[crv] : undefined;
  if (curve === undefined) return undefined;
  const [first, second] = [coordinate(x), coordinate(y)];
  if (first?.length !== curve.size || second?.length !== curve.size) return undefined;
  const key = Buffer.concat([Buffer.from(curve.prefix, 'hex'), first, second]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

// RFC 7518 §6.2.1.2: a coordinate has the full size, leading zeros included.
function coordinate(member: unknown): Buffer | undefined {
  return typeof member === 'string' && /^[\w-]+$/.test(member) ? Buffer.from(member, 'base64url') : undefined;
}
