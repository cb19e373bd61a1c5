/** Decides which Ed25519 public keys can prove a signature (RFC 8032 §5.1.3, §8.1.1; RFC 9864 §2.2). */
import type { KeyObject } from 'node:crypto';

const p = 2n ** 255n - 19n;
const signBit = 2n ** 255n;

/**
 * The y-coordinates of the points of order 1, 2, 4 and 8. There are eight such points, because all y-coordinates but
 * the first two belong to two values of x.
 */
const smallOrder: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  p - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/**
 * Tells whether an Ed25519 key is encoded as RFC 8032 requires, and of large order. With a key of small order anyone
 * can compute valid signatures for any text. OpenSSL accepts such keys, in all their encodings.
 */
export function isSoundEd25519Key(key: KeyObject): boolean {
  const { x = '' } = key.export({ format: 'jwk' });
  return isSoundPoint(Buffer.from(x, 'base64url'));
}

/**
 * Tells whether a point is canonical and of large order.
 *
 * @param point 32 bytes, the least significant one first
 */
export function isSoundPoint(point: Buffer): boolean {
  const y = BigInt(`0x${Buffer.from(point).reverse().toString('hex')}`) % signBit;
  return y < p && !smallOrder.has(y);
}
