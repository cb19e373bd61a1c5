/** The doctor's checks of a DPoP proof: each rule of RFC 9449 §4.3, and what to do where it is broken. */
import { hash } from 'node:crypto';
import { InvalidToken } from '../core/http/exceptions';
import { parseCompactJws, type Claims, type JsonValue, type UnverifiedToken } from '../core/jws/compact-jws';
import { shortMediaType } from '../core/jws/media-type';
import { publicKeyOf } from '../core/jws/public-key';
import { verifySignature } from '../core/jws/signature';
import { longestIdentifier, longestProof, proofAlgorithms, proofWindow } from '../core/proofs/dpop-proof';
import { Nonces } from '../core/proofs/nonces';
import { hasPrivateParts, thumbprintOf } from '../core/proofs/thumbprint';
import type { Settings } from '../core/settings/settings';
import { bindingOf } from '../core/tokens/binding';
import { isBehind, isFor, isUnresolved, targetOf } from './proof-target';
import { check, relative, textOf, type Check } from './token-checks';
import type { Credentials } from './token-source';

/** What is known of the request to which a proof belongs. */
export interface ProvenRequest extends Credentials {
  readonly method?: string | undefined;
  /** The URL that the client calls, or the path behind `externalUrl`. */
  readonly url?: string | undefined;
}

type Jwk = Readonly<Record<string, JsonValue>>;

/**
 * Checks a proof. No check shows the token, the proof, its signature, its key or its `jti`.
 *
 * @param claims those of the token, if it can be read
 * @param now milliseconds since 1970
 */
export function proofChecks(
  request: ProvenRequest,
  claims: Claims | undefined,
  { externalUrl, dpopNonceSecret }: Settings,
  now: number,
): readonly Check[] {
  const proof = parsed(request.proofs[0] ?? '');
  const form = [fieldCheck(request.proofs), formCheck(proof)];
  if (proof === undefined) return form;
  return [
    ...form,
    ...headerChecks(proof),
    methodCheck(proof.claims, request),
    ...urlChecks(proof.claims, request, externalUrl),
    identifierCheck(proof.claims),
    timesCheck(proof.claims, now / 1000),
    tokenCheck(proof.claims, request),
    boundKeyCheck(keyOf(proof), claims),
    dpopNonceSecret === undefined ? nonceForm(proof.claims) : nonceCheck(proof, new Nonces(dpopNonceSecret), now),
    firstUse,
  ];
}

/** Returns the method and URL that a proof names. */
export function namedBy(proof: string): Pick<ProvenRequest, 'method' | 'url'> {
  const { htm, htu } = parsed(proof)?.claims ?? {};
  return { method: typeof htm === 'string' ? htm : undefined, url: typeof htu === 'string' ? htu : undefined };
}

function parsed(proof: string): UnverifiedToken | undefined {
  try {
    return parseCompactJws(proof, Math.max(longestProof, proof.length));
  } catch (error) {
    if (error instanceof InvalidToken) return undefined;
    throw error;
  }
}

function fieldCheck(proofs: readonly string[]): Check {
  const [first = ''] = proofs;
  const isGood = proofs.length === 1 && first.length <= longestProof;
  const remedy =
    'send one header field DPoP with each request, with one proof, and nothing else in its header and claims';
  const seen = `${proofs.length} field${proofs.length === 1 ? '' : 's'}, the first of ${first.length} bytes`;
  return check('proof: field', isGood, `one field of at most ${longestProof} bytes`, seen, remedy);
}

function formCheck(proof: UnverifiedToken | undefined): Check {
  const seen = proof === undefined ? 'something else' : 'a signed JWT';
  const remedy =
    'send the proof exactly as the library that signed it returned it: no quotes, no padding, no line break';
  return check('proof: form', proof !== undefined, 'a signed JWT, three parts', seen, remedy);
}

function headerChecks(proof: UnverifiedToken): readonly Check[] {
  const { typ, alg } = proof.header;
  const isTyped = typeof typ === 'string' && shortMediaType(typ) === 'dpop+jwt';
  const isAccepted = typeof alg === 'string' && proofAlgorithms.includes(alg);
  return [
    check('proof: type', isTyped, 'typ dpop+jwt', textOf(typ), 'sign the proof with the header "typ": "dpop+jwt"'),
    check(
      'proof: algorithm',
      isAccepted,
      proofAlgorithms.join(', '),
      textOf(alg),
      'let the client make a key of one of these algorithms, and get a token for it; ES256 works everywhere',
    ),
    extensionCheck(proof),
    keyCheck(proof),
    signatureCheck(proof),
  ];
}

function extensionCheck({ header }: UnverifiedToken): Check {
  const found = ['crit', 'b64'].filter(name => Object.hasOwn(header, name));
  const remedy = 'leave crit and b64 out of the header of the proof';
  return check('proof: extensions', found.length === 0, 'none', found.join(', ') || 'none', remedy);
}

function keyOf({ header: { jwk } }: UnverifiedToken): Jwk | undefined {
  return typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk) ? (jwk as Jwk) : undefined;
}

function keyCheck(proof: UnverifiedToken): Check {
  const jwk = keyOf(proof);
  const problem = jwk === undefined ? 'none' : problemOf(jwk);
  const isPrivate = jwk !== undefined && hasPrivateParts(jwk);
  const remedy = isPrivate
    ? 'throw this key away, since it was sent: make a new one, and put its public members alone into jwk'
    : 'put the public key that belongs to the signing key into the header, as jwk (RFC 7517)';
  return check('proof: key', problem === undefined, 'jwk: a public key', problem ?? 'a public key', remedy);
}

function problemOf(jwk: Jwk): string | undefined {
  if (hasPrivateParts(jwk)) return 'a private or symmetric key';
  const key = publicKeyOf(jwk);
  if (typeof key === 'string') return `a key that ${key}`;
  return thumbprintOf(jwk) === undefined ? 'a key of another type' : undefined;
}

function signatureCheck(proof: UnverifiedToken): Check {
  const jwk = keyOf(proof);
  const expected = 'by the key in jwk';
  if (jwk === undefined || problemOf(jwk) !== undefined)
    return { name: 'proof: signature', state: 'skipped', expected, seen: 'no key to check it with' };
  const isRight = isSignedBy(proof, jwk);
  const remedy = 'sign with the private key whose public key is in jwk, and change nothing afterwards';
  return check('proof: signature', isRight, expected, isRight ? 'by it' : 'by another key, or changed', remedy);
}

function isSignedBy({ header, signingInput, signature }: UnverifiedToken, jwk: Jwk): boolean {
  const [{ alg }, key] = [header, publicKeyOf(jwk)];
  return typeof key !== 'string' && typeof alg === 'string' && verifySignature(alg, key, signingInput, signature);
}

function methodCheck({ htm }: Claims, { method }: ProvenRequest): Check {
  const name = 'proof: method';
  if (method !== undefined)
    return check(
      name,
      htm === method,
      `htm ${method}`,
      textOf(htm),
      'put the method of the request into htm, in capitals',
    );
  const isMethod = typeof htm === 'string' && /^[A-Z]+$/.test(htm);
  return check(
    name,
    isMethod,
    'htm: the method of the request (--method)',
    textOf(htm),
    'put it into htm, in capitals',
  );
}

function urlChecks({ htu }: Claims, request: ProvenRequest, externalUrl: string | undefined): readonly Check[] {
  if (isUnresolved(request.url ?? '')) return [unresolved(request.url ?? '')];
  const target = targetOf(request.url, externalUrl);
  const place = target === undefined ? [] : placeChecks(target, externalUrl);
  const isRight =
    typeof htu === 'string' && (target === undefined ? isBehind(htu, externalUrl) : isFor(target, htu, externalUrl));
  const expected = target ?? `a URL behind externalUrl ${externalUrl ?? ''}`;
  const remedy = 'put the URL that the client calls into htu, without its query; never the one behind a proxy';
  return [...place, check('proof: URL', isRight, `htu ${shown(expected)}`, shown(textOf(htu)), remedy)];
}

function unresolved(url: string): Check {
  const remedy = 'call the URL without dot segments: the server refuses every proof for a path with /./ or /../';
  return check('proof: URL', false, 'a path without dot segments', shown(url), remedy);
}

function placeChecks(target: string, externalUrl: string | undefined): readonly Check[] {
  if (isBehind(target, externalUrl)) return [];
  const expected = `what clients see in place of this app's /: ${shown(target)} begins with it`;
  const remedy = "set 'externalUrl' (AXIOMS_EXTERNAL_URL) to it, with the prefix that a proxy takes away";
  return [check('setting: externalUrl', false, expected, externalUrl ?? 'none', remedy)];
}

// A query may contain anything, a token included.
function shown(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');
}

function identifierCheck({ jti }: Claims): Check {
  const isGood = typeof jti === 'string' && jti !== '' && jti.length <= longestIdentifier;
  const seen = typeof jti === 'string' ? `${jti.length} characters` : jti === undefined ? 'none' : 'no text';
  const expected = `jti: a text of 1 to ${longestIdentifier} characters`;
  return check(
    'proof: identifier',
    isGood,
    expected,
    seen,
    'put a new random text into jti with each request, such as a UUID',
  );
}

function timesCheck({ iat, exp, nbf }: Claims, now: number): Check {
  const texts = Object.entries({ iat, exp, nbf }).flatMap(([name, time]) =>
    time === undefined ? [] : [typeof time === 'number' ? `${name} ${relative(time - now)}` : `${name} is no number`],
  );
  const isNear = typeof iat === 'number' && Math.abs(now - iat) <= proofWindow;
  const isOver = exp !== undefined && !(typeof exp === 'number' && exp > now);
  const isEarly = nbf !== undefined && !(typeof nbf === 'number' && nbf - now <= proofWindow);
  return check(
    'proof: times',
    isNear && !isOver && !isEarly,
    `iat within ${proofWindow} s of now; exp and nbf, if there, hold`,
    texts.join(', ') || 'no iat',
    "make a new proof for each request, in seconds since 1970, and set the client's clock",
  );
}

function tokenCheck({ ath }: Claims, { token }: ProvenRequest): Check {
  const isRight = ath === hash('sha256', token, 'base64url');
  const seen = isRight ? 'of this token' : ath === undefined ? 'none' : 'of another token';
  const remedy = 'put the base64url SHA-256 hash of the very access token that is sent into ath';
  return check('proof: token', isRight, 'ath: the hash of the access token', seen, remedy);
}

function boundKeyCheck(jwk: Jwk | undefined, claims: Claims | undefined): Check {
  const [name, expected] = ['proof: bound key', "the key in the token's cnf.jkt"];
  const bound = claims === undefined ? undefined : boundKeyOf(claims);
  if (bound === undefined) return { name, state: 'skipped', expected, seen: 'no such key in the token' };
  const isRight = jwk !== undefined && thumbprintOf(jwk) === bound;
  const remedy = 'sign with the key that the client proved when it got the token, or get a new token with this key';
  return check(name, isRight, expected, isRight ? 'that key' : 'another key', remedy);
}

function boundKeyOf(claims: Claims): string | undefined {
  try {
    return bindingOf(claims).jkt;
  } catch {
    return undefined;
  }
}

function nonceCheck(proof: UnverifiedToken, nonces: Nonces, now: number): Check {
  const [{ nonce }, jwk] = [proof.claims, keyOf(proof)];
  const text = typeof nonce === 'string' ? nonce : undefined;
  const isGood = nonces.ageOf(text, (jwk && thumbprintOf(jwk)) ?? '', now) !== undefined;
  const seen = isGood ? 'such a nonce' : nonce === undefined ? 'none' : 'one that is too old, or not for this key';
  const expected = "a nonce of this server, for the proof's key (the setting 'dpopNonceSecret')";
  const remedy = 'put the DPoP-Nonce of the 401 into nonce, and repeat the request with a new proof';
  return check('proof: nonce', isGood, expected, seen, remedy);
}

function nonceForm({ nonce }: Claims): Check {
  const isGood = nonce === undefined || typeof nonce === 'string';
  const seen = nonce === undefined ? 'none' : isGood ? 'a text' : 'no text';
  return check('proof: nonce', isGood, 'none, or a text', seen, 'put the last DPoP-Nonce of the server into nonce');
}

const firstUse: Check = {
  name: 'proof: first use',
  state: 'skipped',
  expected: 'never sent before',
  seen: "not asked: the server's store knows, and this command uses no proof up",
};
