/** Checks a DPoP proof (RFC 9449 §4.3): everything but whether it was used before. */
import { InvalidToken } from '../http/exceptions';
import { InvalidProof } from '../http/possession-exceptions';
import { parseCompactJws, type Claims, type JsonValue, type UnverifiedToken } from '../jws/compact-jws';
import { shortMediaType } from '../jws/media-type';
import { verifySignature } from '../jws/signature';
import { isSameUri } from './http-uri';
import type { NamedKey, ProofKeys } from './proof-keys';
import { hasPrivateParts, thumbprintOf } from './thumbprint';

/** The algorithms that a proof may use, for challenges and metadata (RFC 9449 §5.1, §7.1). */
export const proofAlgorithms: readonly string[] = Object.freeze([
  'ES256',
  'ES384',
  'EdDSA',
  'Ed25519',
  'RS256',
  'PS256',
]);

/** Seconds before and after now within which a proof must be issued. */
export const proofWindow = 60;

/** Most bytes of the header field. */
export const longestProof = 8192;

/** Most characters of `jti`. */
export const longestIdentifier = 256;

/** What a proof must be for. */
export interface Expected {
  /** The method of the request, as it was sent. */
  readonly method: string;
  /** The URIs by which clients know the target. The proof must name one of them. */
  readonly targets: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly keys: ProofKeys;
  /** The SHA-256 of the access token that is sent with the proof, in base64url. */
  readonly tokenHash?: string;
  /** The thumbprint of the key that the token is bound to. */
  readonly thumbprint?: string;
}

/** A proof that passed every check. */
export interface CheckedProof {
  /** The thumbprint of its key (RFC 7638). */
  readonly thumbprint: string;
  readonly jti: string;
  /** When it was issued, in seconds since 1970; may have a fraction. */
  readonly iat: number;
  readonly nonce: string | undefined;
}

type Jwk = Readonly<Record<string, JsonValue>>;

/**
 * Checks the proof of a request. The signature comes last: it costs the most.
 *
 * @param fields the values of the header field `DPoP`
 * @throws InvalidProof for a missing, repeated, malformed or wrong proof
 */
export function checkedProof(fields: readonly string[], expected: Expected): CheckedProof {
  const { keys } = expected;
  const proof = parsed(onlyOne(fields), keys);
  const named = keys.namedBy(proof) ?? checkedKey(proof);
  const { thumbprint } = named;
  if (expected.thumbprint !== undefined && thumbprint !== expected.thumbprint)
    throw new InvalidProof('The DPoP proof is by another key than the one that the access token is bound to');
  const checked = { thumbprint, ...checkClaims(proof.claims, expected) };
  checkSignature(proof, named, keys);
  return checked;
}

// RFC 9449 §4.3: "There is not more than one DPoP HTTP request header field."
function onlyOne([field, second]: readonly string[]): string {
  if (field === undefined) throw new InvalidProof('The DPoP proof is missing');
  if (second !== undefined) throw new InvalidProof('The DPoP header is repeated');
  if (field.length > longestProof) throw new InvalidProof('The DPoP proof is too long');
  return field;
}

function parsed(field: string, keys: ProofKeys): UnverifiedToken {
  try {
    return parseCompactJws(field, longestProof, keys);
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    throw new InvalidProof('The DPoP proof is malformed');
  }
}

function checkHeader({ header }: UnverifiedToken): Jwk {
  const { typ, alg, jwk } = header;
  // RFC 8725 §3.11.
  if (typeof typ !== 'string' || shortMediaType(typ) !== 'dpop+jwt')
    throw new InvalidProof('The DPoP proof is not of the type dpop+jwt');
  if (typeof alg !== 'string' || !proofAlgorithms.includes(alg))
    throw new InvalidProof('The algorithm of the DPoP proof is not accepted');
  // RFC 7515 §4.1.11, RFC 7797 §6: this library understands no extension.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
    throw new InvalidProof('The DPoP proof uses an extension that is not supported');
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw wrongKey();
  if (hasPrivateParts(jwk as Jwk)) throw new InvalidProof('The DPoP proof contains a private key');
  return jwk as Jwk;
}

function checkedKey(proof: UnverifiedToken): NamedKey {
  const jwk = checkHeader(proof);
  const thumbprint = thumbprintOf(jwk);
  if (thumbprint === undefined) throw wrongKey();
  return { jwk, thumbprint };
}

function wrongKey(): InvalidProof {
  return new InvalidProof('The key of the DPoP proof is not accepted');
}

function checkClaims(claims: Claims, expected: Expected): Pick<CheckedProof, 'jti' | 'iat' | 'nonce'> {
  const { htm, htu, jti, nonce } = claims;
  if (htm !== expected.method) throw new InvalidProof('The DPoP proof is for another method');
  if (typeof htu !== 'string' || !expected.targets.some(target => isSameUri(htu, target)))
    throw new InvalidProof('The DPoP proof is for another URL');
  if (typeof jti !== 'string' || jti === '' || jti.length > longestIdentifier)
    throw new InvalidProof('The DPoP proof has no usable jti');
  const iat = checkTimes(claims, expected.now / 1000);
  checkTokenHash(claims, expected);
  if (nonce !== undefined && typeof nonce !== 'string')
    throw new InvalidProof('The nonce of the DPoP proof is no text');
  return { jti, iat, nonce };
}

// RFC 9449 §4.3, §11.1: a proof is good for a short time. `exp` and `nbf` are not required, and hold if they are there.
function checkTimes(claims: Claims, now: number): number {
  const { iat, exp, nbf } = claims;
  if (!isTime(iat)) throw new InvalidProof('The DPoP proof has no numeric iat');
  // Negated, so that a clock that has no number accepts nothing.
  if (!(now - iat <= proofWindow)) throw new InvalidProof('The DPoP proof is too old');
  if (iat - now > proofWindow) throw new InvalidProof('The DPoP proof was issued in the future');
  const isOver = Object.hasOwn(claims, 'exp') && (!isTime(exp) || exp <= now);
  const isEarly = Object.hasOwn(claims, 'nbf') && (!isTime(nbf) || nbf - now > proofWindow);
  if (isOver || isEarly) throw new InvalidProof('The DPoP proof is not valid at this time');
  return iat;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

// RFC 9449 §4.2: the hash of the access token, so that a proof cannot be used with another token of the same key.
function checkTokenHash({ ath }: Claims, { tokenHash }: Expected): void {
  if (tokenHash !== undefined && ath !== tokenHash)
    throw new InvalidProof('The DPoP proof is for another access token');
}

function checkSignature(proof: UnverifiedToken, named: NamedKey, keys: ProofKeys): void {
  const { header, signingInput, signature } = proof;
  const key = keys.keyOf(named);
  if (key === undefined) throw wrongKey();
  if (!verifySignature(header['alg'] as string, key, signingInput, signature))
    throw new InvalidProof('The signature of the DPoP proof is wrong');
  keys.keep(proof, named, key);
}
