/** RFC 7518 §3 and RFC 8037 §3.1: signatures by the asymmetric algorithms, and which key fits which of them. */
import { constants, verify, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto';

interface Algorithm {
  readonly hash: string | null;
  readonly keyType: string;
  /** Named curve of an EC key; P-256 for ES256 and so on (RFC 7518 §3.4). */
  readonly curve?: string;
  readonly options: Omit<VerifyKeyObjectInput, 'key'>;
}

const pkcs1 = { padding: constants.RSA_PKCS1_PADDING };
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
// JWS carries r and s one after the other, not in DER (RFC 7518 §3.4).
const ieee = { dsaEncoding: 'ieee-p1363' as const };

const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', keyType: 'rsa', options: pkcs1 },
  RS384: { hash: 'sha384', keyType: 'rsa', options: pkcs1 },
  RS512: { hash: 'sha512', keyType: 'rsa', options: pkcs1 },
  PS256: { hash: 'sha256', keyType: 'rsa', options: pss },
  PS384: { hash: 'sha384', keyType: 'rsa', options: pss },
  PS512: { hash: 'sha512', keyType: 'rsa', options: pss },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1', options: ieee },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1', options: ieee },
  ES512: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1', options: ieee },
  EdDSA: { hash: null, keyType: 'ed25519', options: {} },
};

/** Every algorithm that can be accepted; `none` and the HMAC family cannot be (RFC 8725 §3.1, §3.2). */
export const supportedAlgorithms: readonly string[] = Object.freeze(Object.keys(algorithms));

export function isSupportedAlgorithm(name: string): boolean {
  return Object.hasOwn(algorithms, name);
}

const fitting = new WeakMap<KeyObject, ReadonlySet<string>>();

/** Is this key of the type, curve and strength that the algorithm asks for? RSA keys have 2048 bits or more (RFC 7518 §3.3). */
export function keyFits(key: KeyObject, algorithm: string): boolean {
  return (fitting.get(key) ?? learnFitting(key)).has(algorithm);
}

function learnFitting(key: KeyObject): ReadonlySet<string> {
  const found = new Set(supportedAlgorithms.filter(name => fits(key, algorithms[name])));
  fitting.set(key, found);
  return found;
}

function fits(key: KeyObject, wanted: Algorithm | undefined): boolean {
  if (wanted === undefined || key.type !== 'public' || key.asymmetricKeyType !== wanted.keyType) return false;
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  return wanted.keyType === 'rsa' ? (modulusLength ?? 0) >= 2048 : namedCurve === wanted.curve;
}

/**
 * Is `signature` the key's over `signingInput`? The one place where a signature is computed: `node:crypto` costs a
 * third of WebCrypto's time per token and answers in the same turn.
 */
export function verifySignature(algorithm: string, key: KeyObject, signingInput: string, signature: Buffer): boolean {
  const wanted = keyFits(key, algorithm) ? algorithms[algorithm] : undefined;
  if (wanted === undefined) return false;
  return verify(wanted.hash, Buffer.from(signingInput, 'latin1'), { key, ...wanted.options }, signature);
}
