/** DPoP proofs that must be refused, each for one reason, with the expected answer as data. */
import { createHmac, hash } from 'node:crypto';
import type { JsonValue } from '../core/jws/compact-jws';
import { publicMembers, type ProvenTarget } from './proven-target';
import { base64url, signed, signingKey, type SigningKey } from './signing-key';

/** The expected answer to a request with a forged proof. */
export interface ForgedProof {
  /** What is wrong; completes the phrase "a proof …". */
  readonly title: string;
  readonly status: 401;
  /** `error` of the body and of the challenge (RFC 9449 §7.1). */
  readonly error: 'invalid_dpop_proof';
  /** `error_description` of both. */
  readonly description: string;
}

/** What it takes to forge a proof: a `TestClient` has it. */
export interface ProofMaker {
  readonly key: SigningKey;
  /** The public key, as a proof contains it. */
  readonly jwk: Readonly<Record<string, JsonValue>>;
  /** The claims of a good proof. */
  claims(target: ProvenTarget): Record<string, unknown>;
  proof(target: ProvenTarget, claims?: object, header?: object, key?: SigningKey): string;
}

type Make = (client: ProofMaker, target: ProvenTarget, now: number) => string;
type Row = ForgedProof & { readonly make: Make };

function row(title: string, description: string, make: Make): Row {
  return { title, status: 401, error: 'invalid_dpop_proof', description, make };
}

function withHeader(title: string, description: string, header: object): Row {
  return row(title, description, (client, target) => client.proof(target, {}, header));
}

function withClaims(title: string, description: string, wrong: object | ((now: number) => object)): Row {
  return row(title, description, (client, target, now) =>
    client.proof(target, typeof wrong === 'function' ? (wrong as (now: number) => object)(now) : wrong),
  );
}

const malformed = 'The DPoP proof is malformed';
const wrongType = 'The DPoP proof is not of the type dpop+jwt';
const wrongAlgorithm = 'The algorithm of the DPoP proof is not accepted';
const wrongKey = 'The key of the DPoP proof is not accepted';
const anotherKey = 'The DPoP proof is by another key than the one that the access token is bound to';
const wrongSignature = 'The signature of the DPoP proof is wrong';
const anotherUrl = 'The DPoP proof is for another URL';
const anotherMethod = 'The DPoP proof is for another method';
const anotherToken = 'The DPoP proof is for another access token';
const noTime = 'The DPoP proof has no numeric iat';
const noIdentifier = 'The DPoP proof has no usable jti';

// Seconds: beyond the window of 60, and not so far that an overly generous window would go unnoticed.
const beyond = 75;

const rows = {
  empty: row('that is empty', malformed, () => ''),
  garbage: row('that is no JWT', malformed, () => 'garbage'),
  'no-signature': row('that ends before its signature', malformed, (client, target) =>
    client.proof(target).replace(/[^.]*$/, ''),
  ),
  padded: row('with padding after its signature', malformed, (client, target) => `${client.proof(target)}==`),
  'duplicate-member': row('that names two methods', malformed, (client, target) => {
    const claims = JSON.stringify(client.claims(target)).replace(/^\{/, '{"htm":"DELETE",');
    return signed({ typ: 'dpop+jwt', alg: client.key.alg, jwk: client.jwk }, claims, client.key);
  }),
  'too-long': withClaims('of more than 8 KiB', 'The DPoP proof is too long', { padding: 'x'.repeat(8192) }),
  'no-type': withHeader('without a type', wrongType, { typ: undefined }),
  'wrong-type': withHeader('of another type', wrongType, { typ: 'at+jwt' }),
  'plain-type': withHeader('of the type JWT', wrongType, { typ: 'JWT' }),
  'listed-type': withHeader('with a typ that is no string', wrongType, { typ: ['dpop+jwt'] }),
  'alg-none': withHeader('with the algorithm none', wrongAlgorithm, { alg: 'none' }),
  'no-algorithm': withHeader('without an algorithm', wrongAlgorithm, { alg: undefined }),
  hmac: row('with a symmetric algorithm', wrongAlgorithm, (client, target) => {
    const input = `${base64url({ typ: 'dpop+jwt', alg: 'HS256', jwk: client.jwk })}.${base64url(client.claims(target))}`;
    return `${input}.${createHmac('sha256', JSON.stringify(client.jwk)).update(input).digest('base64url')}`;
  }),
  crit: withHeader('with an extension', 'The DPoP proof uses an extension that is not supported', { crit: ['exp'] }),
  'unencoded-payload': withHeader(
    'with an unencoded payload',
    'The DPoP proof uses an extension that is not supported',
    { b64: false },
  ),
  'no-key': withHeader('without a key', wrongKey, { jwk: undefined }),
  'listed-key': withHeader('with a list as its key', wrongKey, { jwk: [] }),
  'empty-key': withHeader('with an empty key', wrongKey, { jwk: {} }),
  'symmetric-key': withHeader('with a symmetric key', 'The DPoP proof contains a private key', {
    jwk: { kty: 'oct', k: 'secret' },
  }),
  'private-key': row('that contains its private key', 'The DPoP proof contains a private key', (client, target) =>
    client.proof(target, {}, { jwk: client.key.privateKey.export({ format: 'jwk' }) }),
  ),
  'another-key': row('by another key', anotherKey, (client, target) => {
    const other = signingKey('', client.key.alg);
    return client.proof(target, {}, { jwk: publicMembers(other) }, other);
  }),
  'borrowed-key': row('that names the key of the token, and is signed by another', wrongSignature, (client, target) =>
    client.proof(target, {}, {}, signingKey('', client.key.alg)),
  ),
  tampered: row('whose claims were changed', wrongSignature, (client, target) => {
    const [header, , signature] = client.proof(target).split('.');
    return [header, base64url(client.claims(target)), signature].join('.');
  }),
  'another-method': withClaims('for another method', anotherMethod, { htm: 'DELETE' }),
  'lower-case-method': row('with the method in lower case', anotherMethod, (client, target) =>
    client.proof(target, { htm: target.method.toLowerCase() }),
  ),
  'no-method': withClaims('without a method', anotherMethod, { htm: undefined }),
  'no-url': withClaims('without a URL', anotherUrl, { htu: undefined }),
  'listed-url': row('with a list of URLs', anotherUrl, (client, target) => client.proof(target, { htu: [target.url] })),
  'another-host': row('for another host', anotherUrl, (client, target) =>
    client.proof(target, { htu: target.url.replace(/^(https?:\/\/)[^/]+/, '$1evil.example') }),
  ),
  'another-scheme': row('for the same host over http', anotherUrl, (client, target) =>
    client.proof(target, { htu: target.url.replace(/^https:/, 'http:') }),
  ),
  'another-port': row('for another port', anotherUrl, (client, target) =>
    client.proof(target, { htu: target.url.replace(/^(https?:\/\/[^/:]+)(:\d+)?/, '$1:8443') }),
  ),
  'another-path': row('for another path', anotherUrl, (client, target) =>
    client.proof(target, { htu: `${String(target.url.split(/[?#]/, 1)[0])}/other` }),
  ),
  'user-information': row('for a URL with user information', anotherUrl, (client, target) =>
    client.proof(target, { htu: target.url.replace('://', '://api.example.com@') }),
  ),
  'path-only': row('with a path instead of a URL', anotherUrl, (client, target) =>
    client.proof(target, { htu: new URL(target.url).pathname }),
  ),
  old: withClaims('that is too old', 'The DPoP proof is too old', now => ({ iat: now - beyond })),
  future: withClaims('from the future', 'The DPoP proof was issued in the future', now => ({ iat: now + beyond })),
  'far-future': withClaims('from the far future', 'The DPoP proof was issued in the future', { iat: 1e300 }),
  'no-time': withClaims('without iat', noTime, { iat: undefined }),
  'text-time': withClaims('with iat as text', noTime, now => ({ iat: String(now) })),
  'over-by-exp': withClaims('whose exp has passed', 'The DPoP proof is not valid at this time', now => ({
    exp: now - 1,
  })),
  'early-by-nbf': withClaims('that is not valid yet', 'The DPoP proof is not valid at this time', now => ({
    nbf: now + beyond,
  })),
  'no-identifier': withClaims('without a jti', noIdentifier, { jti: undefined }),
  'empty-identifier': withClaims('with an empty jti', noIdentifier, { jti: '' }),
  'numeric-identifier': withClaims('with a jti that is no string', noIdentifier, { jti: 7 }),
  'long-identifier': withClaims('with a jti of 300 characters', noIdentifier, { jti: 'x'.repeat(300) }),
  'no-token-hash': withClaims('without the hash of the token', anotherToken, { ath: undefined }),
  'another-token': withClaims('for another token', anotherToken, { ath: hash('sha256', 'another', 'base64url') }),
} satisfies Record<string, Row>;

/** The name of a forged proof. */
export type ForgedProofName = keyof typeof rows;

/**
 * All forged proofs with their expected answers: 401, with this error and description in body and challenge.
 *
 * @example
 * for (const [name, { title, status }] of Object.entries(forgedProofs))
 *   it(`refuses a proof ${title}`, async () => {
 *     const fields = client.forgedFields(name as ForgedProofName, 'GET', '/books', token);
 *     await request(app).get('/books').set(fields).expect(status);
 *   });
 */
export const forgedProofs: Readonly<Record<ForgedProofName, ForgedProof>> = rows;

/**
 * Returns a proof of this client with exactly one defect.
 *
 * @throws RangeError for a name that is not in `forgedProofs`
 */
export function forgeProof(name: ForgedProofName, client: ProofMaker, target: ProvenTarget): string {
  if (!Object.hasOwn(rows, name))
    throw new RangeError(`There is no forged proof '${name}': it is one of ${Object.keys(rows).join(', ')}.`);
  return rows[name].make(client, target, Number(client.claims(target)['iat']));
}
