/**
 * Verifies signatures by the asymmetric algorithms, and tells which keys fit which algorithm (RFC 7518 §3, RFC 8037
 * §3.1, RFC 9864 §2.2).
 */
import { constants, createVerify, verify, type KeyObject } from 'node:crypto';

interface Algorithm {
  readonly hash: string | null;
  readonly keyType: string;
  /** OpenSSL's name of the curve of an EC key: P-256 for ES256 and so on (RFC 7518 §3.4). */
  readonly curve?: string;
  /** Bytes of r and s together. */
  readonly size?: number;
  readonly options?: { readonly padding: number; readonly saltLength: number };
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  PS256: { hash: 'sha256', keyType: 'rsa', options: pss },
  PS384: { hash: 'sha384', keyType: 'rsa', options: pss },
  PS512: { hash: 'sha512', keyType: 'rsa', options: pss },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1', size: 64 },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1', size: 96 },
  ES512: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1', size: 132 },
  EdDSA: { hash: null, keyType: 'ed25519' },
  Ed25519: { hash: null, keyType: 'ed25519' },
};

/** Every algorithm that can be accepted. `none` and the HMAC family cannot (RFC 8725 §3.1, §3.2). */
export const supportedAlgorithms: readonly string[] = Object.freeze(Object.keys(algorithms));

export function isSupportedAlgorithm(name: string): boolean {
  return Object.hasOwn(algorithms, name);
}

// RFC 9864 §2.2: Ed25519 is the new name of what EdDSA has always meant here, because Ed25519 is the only accepted
// curve.
const namesOfEd25519: readonly string[] = ['EdDSA', 'Ed25519'];

/** Tells whether two names mean the same algorithm. */
export function isSameAlgorithm(one: string, other: string): boolean {
  return one === other || (namesOfEd25519.includes(one) && namesOfEd25519.includes(other));
}

/** Adds the other names of the algorithms. */
export function withSynonyms(names: readonly string[]): readonly string[] {
  const hasEd25519 = names.some(name => namesOfEd25519.includes(name));
  return hasEd25519 ? [...new Set([...names, ...namesOfEd25519])] : names;
}

const fitting = new WeakMap<KeyObject, ReadonlySet<string>>();

/**
 * Tells whether a key has the type, curve and strength that the algorithm requires. RSA keys need 2048 bits or more
 * (RFC 7518 §3.3).
 */
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
 * Tells whether the signature over `signingInput` is by this key. Every signature is verified here. `node:crypto` takes
 * a third of WebCrypto's time per token, and needs no further turn of the event loop.
 */
export function verifySignature(algorithm: string, key: KeyObject, signingInput: string, signature: Buffer): boolean {
  const wanted = keyFits(key, algorithm) ? algorithms[algorithm] : undefined;
  if (wanted === undefined || signature.length !== (wanted.size ?? signatureSize(key))) return false;
  const { hash, size, options } = wanted;
  // Ed25519 has no separate hash. For the others `verify()` would take five microseconds more, because it creates a job
  // and needs the input as bytes.
  if (hash === null) return verify(null, Buffer.from(signingInput, 'latin1'), key, signature);
  // Passes the key alone if possible: Node 24 spends ten microseconds on a key inside options, and as many on its own
  // conversion to DER. The defaults are PKCS #1 v1.5 for RSA, and DER.
  const verifier = createVerify(hash).update(signingInput, 'latin1');
  if (options !== undefined) return verifier.verify({ key, ...options }, signature);
  return verifier.verify(key, size === undefined ? signature : inDer(signature));
}

// RFC 8017 §8.1.2, step 1: an RSA signature is as long as the modulus. OpenSSL also accepts a PSS signature without its
// leading zero bytes, which would give a token a second spelling.
function signatureSize({ asymmetricKeyDetails, asymmetricKeyType }: KeyObject): number {
  return asymmetricKeyType === 'ed25519' ? 64 : Math.ceil((asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}

const [sequence, integer, longLength, highBit] = [0x30, 0x02, 0x81, 0x80];

// JWS has r and s one after the other (RFC 7518 §3.4). OpenSSL needs an ECDSA-Sig-Value (RFC 3279 §2.2.3) in DER.
function inDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const der = Buffer.allocUnsafe(signature.length + 9);
  const end = writeInteger(der, writeInteger(der, 3, signature, 0, half), signature, half, signature.length);
  der[2] = end - 3;
  // X.690 §8.1.3: a length of 128 or more needs an additional byte before it.
  const isLong = end - 3 >= highBit;
  der[1] = isLong ? longLength : sequence;
  der[0] = sequence;
  return der.subarray(isLong ? 0 : 1, end);
}

/** Writes a non-negative integer in as few bytes as possible (X.690 §8.3). Returns the position after it. */
function writeInteger(der: Buffer, start: number, signature: Buffer, from: number, to: number): number {
  let first = from;
  while (first < to - 1 && signature[first] === 0) first++;
  const padding = (signature[first] ?? 0) >= highBit ? 1 : 0;
  der[start] = integer;
  der[start + 1] = to - first + padding;
  der[start + 2] = 0;
  signature.copy(der, start + 2 + padding, first, to);
  return start + 2 + padding + to - first;
}
