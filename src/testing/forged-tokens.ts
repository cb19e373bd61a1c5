/** Tokens that must be refused, each for one reason, with the expected answer as data. */
import { createHmac } from 'node:crypto';
import { base64url, signed, signingKey, type SigningKey } from './signing-key';
import type { TokenClaims } from './token-claims';

/** The expected answer to a request with a forged token. */
export interface ForgedToken {
  /** What is wrong; completes the phrase "a token …". */
  readonly title: string;
  readonly status: 401;
  /** `error` of the body and of the challenge (RFC 6750 §3.1). */
  readonly error: 'invalid_token';
  /** `error_description` of both. */
  readonly description: string;
  /** Whether the token is refused by its contents alone, so that it must not cause a fetch of keys. */
  readonly isRefusedWithoutAKey: boolean;
}

/** What it takes to forge a token: a `TestIssuer` has it. */
export interface TokenIssuer {
  readonly key: SigningKey;
  readonly audience: string;
  /** Its clock, in seconds since 1970. */
  seconds(): number;
  /** The claims of a good token, with these in place of its own. */
  claims(claims: TokenClaims): object;
  token(claims?: TokenClaims, header?: object, key?: SigningKey): string;
}

type Make = (issuer: TokenIssuer, claims: TokenClaims) => string;
type Row = ForgedToken & { readonly make: Make };

function row(title: string, description: string, make: Make, isRefusedWithoutAKey = true): Row {
  return { title, status: 401, error: 'invalid_token', description, isRefusedWithoutAKey, make };
}

const byItsKey = (title: string, description: string, make: Make): Row => row(title, description, make, false);

/**
 * Describes a token with wrong claims.
 *
 * @param wrong returns the wrong claims; `now` is in seconds
 */
function withClaims(title: string, description: string, wrong: (now: number) => TokenClaims): Row {
  return row(title, description, (issuer, claims) => issuer.token({ ...claims, ...wrong(issuer.seconds()) }));
}

function withHeader(title: string, description: string, header: object): Row {
  return row(title, description, (issuer, claims) => issuer.token(claims, header));
}

const malformed = 'The access token is malformed';
const wrongAlgorithm = 'The algorithm of the access token is not accepted';
const noKey = 'The access token names no key';
const unknownKey = 'The access token is signed with an unknown key';
const wrongSignature = 'The signature of the access token is wrong';
const unknownExtension = 'The access token uses an extension that is not supported';
const wrongType = 'The token is not of an accepted type';
const wrongIssuer = 'The access token is from another issuer';
const wrongAudience = 'The access token is for another audience';
const noSubject = 'The access token has no subject';
const otherKind = 'The token is not an access token';

// Seconds: beyond the default clockTolerance of 5, and not so far that an overly generous tolerance would go unnoticed.
const beyond = 60;

const rows = {
  opaque: row('that is no JWT', 'The access token is opaque, not a JWT', () => 'opaque'),
  'no-signature': row('that ends before its signature', malformed, (issuer, claims) =>
    issuer.token(claims).replace(/[^.]*$/, ''),
  ),
  'five-parts': row(
    'of five parts, as an encrypted one has',
    'The access token is encrypted',
    (issuer, claims) => `${issuer.token(claims)}.a.b`,
  ),
  padded: row('with padding after its signature', malformed, (issuer, claims) => `${issuer.token(claims)}==`),
  'duplicate-member': row('that says two subjects', malformed, (issuer, claims) => {
    const payload = JSON.stringify(issuer.claims(claims)).replace(/^\{/, '{"sub":"admin",');
    return signed({ alg: issuer.key.alg, kid: issuer.key.kid, typ: 'at+jwt' }, payload, issuer.key);
  }),
  'alg-none': withHeader('with the algorithm none', wrongAlgorithm, { alg: 'none' }),
  'alg-none-unsigned': row('with the algorithm none and no signature', malformed, (issuer, claims) =>
    issuer.token(claims, { alg: 'none' }).replace(/[^.]*$/, ''),
  ),
  'hs256-with-public-key': row('with an HMAC by the public key', wrongAlgorithm, (issuer, claims) => {
    const header = { alg: 'HS256', kid: issuer.key.kid, typ: 'at+jwt' };
    const input = `${base64url(header)}.${base64url(issuer.claims(claims))}`;
    return `${input}.${createHmac('sha256', JSON.stringify(issuer.key.jwk)).update(input).digest('base64url')}`;
  }),
  'no-algorithm': withHeader('without an algorithm', wrongAlgorithm, { alg: undefined }),
  'no-kid': withHeader('without a kid', noKey, { kid: undefined }),
  'empty-kid': withHeader('with an empty kid', noKey, { kid: '' }),
  'numeric-kid': withHeader('with a kid that is no string', noKey, { kid: 1 }),
  crit: withHeader('with an extension', unknownExtension, { crit: ['exp'] }),
  'empty-crit': withHeader('with an empty list of extensions', unknownExtension, { crit: [] }),
  'unencoded-payload': withHeader('with an unencoded payload', unknownExtension, { b64: false }),
  'critical-unencoded-payload': withHeader('with an unencoded payload that is marked critical', unknownExtension, {
    b64: false,
    crit: ['b64'],
  }),
  'wrong-type': withHeader('of another type', wrongType, { typ: 'logout+jwt' }),
  'listed-type': withHeader('with a typ that is no string', wrongType, { typ: ['at+jwt'] }),
  nested: withHeader('that says that it holds another token', 'The access token holds another token', { cty: 'JWT' }),
  expired: withClaims('that is expired', 'The access token expired', now => ({ exp: now - beyond })),
  'no-expiry': withClaims('without exp', 'The access token never expires', () => ({ exp: undefined })),
  'text-expiry': withClaims('with exp as text', 'The access token has no numeric exp', now => ({
    exp: String(now + beyond),
  })),
  'not-yet-valid': withClaims('that is not valid yet', 'The access token is not valid yet', now => ({
    nbf: now + beyond,
  })),
  'text-not-before': withClaims('with nbf as text', 'The access token has no numeric nbf', now => ({
    nbf: String(now),
  })),
  'issued-in-the-future': withClaims('issued in the future', 'The access token was issued in the future', now => ({
    iat: now + beyond,
  })),
  'text-issued-at': withClaims('with iat as text', 'The access token has no numeric iat', now => ({
    iat: String(now),
  })),
  'wrong-issuer': withClaims('of another issuer', wrongIssuer, () => ({ iss: 'https://other.example.com' })),
  'no-issuer': withClaims('without an issuer', wrongIssuer, () => ({ iss: undefined })),
  'wrong-audience': withClaims('for another audience', wrongAudience, () => ({ aud: 'https://other.example.com' })),
  'audience-prefix': row('for an audience that begins as this one does', wrongAudience, (issuer, claims) =>
    issuer.token({ ...claims, aud: `${issuer.audience}.example.org` }),
  ),
  'no-audience': withClaims('without an audience', wrongAudience, () => ({ aud: undefined })),
  'no-subject': withClaims('without a subject', noSubject, () => ({ sub: undefined })),
  'empty-subject': withClaims('with an empty subject', noSubject, () => ({ sub: '' })),
  'numeric-subject': withClaims('with a subject that is no string', noSubject, () => ({ sub: 7 })),
  'id-token': withClaims('that is an ID token', otherKind, () => ({
    typ: 'ID',
    nonce: 'n-0S6_WzA2Mj',
    at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng',
  })),
  'refresh-token': withClaims('that is a refresh token', otherKind, () => ({ typ: 'Refresh' })),
  'logout-token': withClaims('that is a logout token', otherKind, () => ({
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })),
  'bound-to-a-key': withClaims(
    'that is bound to a key',
    'The access token is bound to a key that was not shown',
    () => ({ cnf: { jkt: 'x' } }),
  ),
  'wrong-key': byItsKey('with the signature of another key', wrongSignature, (issuer, claims) =>
    issuer.token(claims, {}, signingKey(issuer.key.kid, issuer.key.alg)),
  ),
  tampered: byItsKey('whose claims were changed', wrongSignature, (issuer, claims) => {
    const [header, , signature] = issuer.token(claims).split('.');
    return [header, base64url(issuer.claims({ ...claims, sub: 'admin' })), signature].join('.');
  }),
  'embedded-jwk': byItsKey('that brings its key along', wrongSignature, (issuer, claims) => {
    const key = signingKey(issuer.key.kid, issuer.key.alg);
    return issuer.token(claims, { jwk: key.jwk }, key);
  }),
  'unknown-kid': byItsKey('with an unknown kid', unknownKey, (issuer, claims) =>
    issuer.token(claims, {}, signingKey('nobody-knows', issuer.key.alg)),
  ),
  'wrong-algorithm': byItsKey('with an algorithm that its key is not for', unknownKey, (issuer, claims) => {
    const key = signingKey(issuer.key.kid, issuer.key.alg === 'RS256' ? 'ES256' : 'RS256');
    return issuer.token(claims, {}, key);
  }),
} satisfies Record<string, Row>;

/** The name of a forged token. */
export type ForgedTokenName = keyof typeof rows;

/**
 * All forged tokens with their expected answers: 401, with this error and description in body and challenge.
 *
 * @example
 * for (const [name, { title, status }] of Object.entries(forgedTokens))
 *   it(`refuses a token ${title}`, async () => {
 *     await request(app).get('/books').auth(issuer.forge(name as ForgedTokenName), { type: 'bearer' }).expect(status);
 *   });
 */
export const forgedTokens: Readonly<Record<ForgedTokenName, ForgedToken>> = rows;

/**
 * Returns a token of this issuer with exactly one defect. Wrong times are off by 60 seconds, so `clockTolerance` must be
 * lower.
 *
 * @param claims the other claims; default: those of a good token
 * @throws RangeError for a name that is not in `forgedTokens`
 * @example
 * const token = forge('expired', issuer, { sub: 'alice', scope: 'book:read' });
 */
export function forge(name: ForgedTokenName, issuer: TokenIssuer, claims: TokenClaims = {}): string {
  if (!Object.hasOwn(rows, name))
    throw new RangeError(`There is no forged token '${name}': it is one of ${Object.keys(rows).join(', ')}.`);
  return rows[name].make(issuer, claims);
}
