/** Signing keys for every supported algorithm, and the tokens that they sign. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { supportedAlgorithms } from '../core/jws/signature';

/** A JSON Web Key (RFC 7517), as an issuer publishes it. */
export type Jwk = Record<string, unknown>;

/** Holds a private key that signs tokens, and its public key as the issuer publishes it. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  /** The public key, as a key set has it. */
  readonly jwk: Jwk;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const rsa = (): KeyPair => generateKeyPairSync('rsa', { modulusLength: 2048 });
const edwards = (): KeyPair => generateKeyPairSync('ed25519');
const ec = (namedCurve: string) => (): KeyPair => generateKeyPairSync('ec', { namedCurve });

/** By algorithm, or by the first two letters of its name. */
const keyTypes: Readonly<Record<string, () => KeyPair>> = {
  RS: rsa,
  PS: rsa,
  ES256: ec('P-256'),
  ES384: ec('P-384'),
  ES512: ec('P-521'),
  EdDSA: edwards,
  Ed25519: edwards,
};

/**
 * Creates a key pair for this algorithm, and its JWK.
 *
 * @param alg any algorithm that the setting `algorithms` accepts
 * @param members members of the JWK, which are added to `kid`, `alg` and `use` or replace them
 * @throws RangeError for any other algorithm
 * @example
 * const key = signingKey('2025-01', 'RS256');
 */
export function signingKey(kid: string, alg = 'ES256', members: Jwk = {}): SigningKey {
  if (!supportedAlgorithms.includes(alg))
    throw new RangeError(`There is no key for the algorithm '${alg}': it is one of ${supportedAlgorithms.join(', ')}.`);
  const { publicKey, privateKey } = (keyTypes[alg] ?? keyTypes[alg.slice(0, 2)] ?? rsa)();
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig', ...members } };
}

/** Encodes text, or the JSON of any other value, in base64url without padding (RFC 7515 §2). */
export function base64url(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** Returns the signature over an input for the key's algorithm (RFC 7518 §3, RFC 8037 §3.1). */
export function signatureOver(input: string, { alg, privateKey }: Pick<SigningKey, 'alg' | 'privateKey'>): string {
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : `sha${alg.slice(2)}`;
  // JWS concatenates r and s. The salt of PSS is as long as the digest.
  const options =
    { ES: { dsaEncoding: 'ieee-p1363' as const }, PS: { padding: 6, saltLength: -1 } }[alg.slice(0, 2)] ?? {};
  return sign(hash, Buffer.from(input), { key: privateKey, ...options }).toString('base64url');
}

/**
 * Returns a token (RFC 7515 §7.1) with exactly this header and these claims. Text is used unchanged.
 *
 * @example
 * const token = signed({ alg: key.alg, kid: key.kid }, { sub: 'alice', exp: 4102444800 }, key);
 */
export function signed(header: object | string, claims: object | string, key: SigningKey): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${signatureOver(input, key)}`;
}
