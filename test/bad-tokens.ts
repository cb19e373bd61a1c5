/** Tokens that must be refused, each for one reason, and what the client is told. */
import { createHmac } from 'node:crypto';
import { base64url, signed, signingKey, type TestIssuer } from './issuer/test-issuer';

export interface BadToken {
  /** What is wrong, in words that follow "a token". */
  readonly title: string;
  readonly description: string;
  make(issuer: TestIssuer): string;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

const malformed = 'The access token is malformed';
const wrongAlgorithm = 'The algorithm of the access token is not accepted';
const noKey = 'The access token names no key';
const unknownExtension = 'The access token uses an extension that is not supported';
const wrongType = 'The token is not of an accepted type';
const wrongAudience = 'The access token is for another audience';
const noSubject = 'The access token has no subject';
const otherKind = 'The token is not an access token';

function withClaims(title: string, description: string, claims: () => object): BadToken {
  return { title, description, make: issuer => issuer.token(claims()) };
}

function withHeader(title: string, description: string, header: object): BadToken {
  return { title, description, make: issuer => issuer.token({}, header) };
}

/** Refused for what the token says: no key is needed to know. */
export const badWithoutAKey: readonly BadToken[] = [
  { title: 'that is no JWT', description: malformed, make: () => 'opaque' },
  {
    title: 'that ends before its signature',
    description: malformed,
    make: issuer => issuer.token().replace(/[^.]*$/, ''),
  },
  withHeader('with the algorithm none', wrongAlgorithm, { alg: 'none' }),
  {
    title: 'with an HMAC by the public key',
    description: wrongAlgorithm,
    make(issuer) {
      const input = `${base64url({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' })}.${base64url(issuer.claims())}`;
      return `${input}.${createHmac('sha256', JSON.stringify(issuer.key.jwk)).update(input).digest('base64url')}`;
    },
  },
  withHeader('without an algorithm', wrongAlgorithm, { alg: undefined }),
  withHeader('without a kid', noKey, { kid: undefined }),
  withHeader('with an empty kid', noKey, { kid: '' }),
  withHeader('with a kid that is no string', noKey, { kid: 1 }),
  withHeader('with an extension', unknownExtension, { crit: ['exp'] }),
  withHeader('with an empty list of extensions', unknownExtension, { crit: [] }),
  withHeader('with an unencoded payload', unknownExtension, { b64: false }),
  withHeader('with an unencoded payload that is marked critical', unknownExtension, { b64: false, crit: ['b64'] }),
  withHeader('of another type', wrongType, { typ: 'logout+jwt' }),
  withHeader('with a typ that is no string', wrongType, { typ: ['at+jwt'] }),
  withClaims('that is expired', 'The access token expired', () => ({ exp: seconds() - 60 })),
  withClaims('without exp', 'The access token never expires', () => ({ exp: undefined })),
  withClaims('with exp as text', 'The access token has no numeric exp', () => ({ exp: String(seconds() + 60) })),
  withClaims('that is not valid yet', 'The access token is not valid yet', () => ({ nbf: seconds() + 60 })),
  withClaims('with nbf as text', 'The access token has no numeric nbf', () => ({ nbf: String(seconds()) })),
  withClaims('issued in the future', 'The access token was issued in the future', () => ({ iat: seconds() + 60 })),
  withClaims('with iat as text', 'The access token has no numeric iat', () => ({ iat: String(seconds()) })),
  withClaims('of another issuer', 'The access token is from another issuer', () => ({
    iss: 'https://other.example.com',
  })),
  withClaims('without an issuer', 'The access token is from another issuer', () => ({ iss: undefined })),
  withClaims('for another audience', wrongAudience, () => ({ aud: 'https://other.example.com' })),
  withClaims('without an audience', wrongAudience, () => ({ aud: undefined })),
  withClaims('without a subject', noSubject, () => ({ sub: undefined })),
  withClaims('with an empty subject', noSubject, () => ({ sub: '' })),
  withClaims('with a subject that is no string', noSubject, () => ({ sub: 7 })),
  withClaims('that is an ID token', otherKind, () => ({ at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' })),
  withClaims('that is bound to a key', 'The access token is bound to a key that was not shown', () => ({
    cnf: { jkt: 'x' },
  })),
  {
    title: 'that is too long',
    description: 'The access token is too long',
    make: issuer => issuer.token({ pad: 'x'.repeat(9500) }),
  },
];

/** Refused by the issuer's keys. */
export const badByItsKey: readonly BadToken[] = [
  {
    title: 'with the signature of another key',
    description: 'The signature of the access token is wrong',
    make: issuer => issuer.token({}, {}, signingKey('k1')),
  },
  {
    title: 'whose claims were changed',
    description: 'The signature of the access token is wrong',
    make(issuer) {
      const [header, , signature] = issuer.token().split('.');
      return [header, base64url(issuer.claims({ sub: 'admin' })), signature].join('.');
    },
  },
  {
    title: 'with an unknown kid',
    description: 'The access token is signed with an unknown key',
    make: issuer => issuer.token({}, {}, signingKey('nobody-knows')),
  },
  {
    title: 'with an algorithm that its key is not for',
    description: 'The access token is signed with an unknown key',
    make: issuer => signed({ alg: 'RS256', kid: 'k1' }, issuer.claims(), signingKey('k1', 'RS256')),
  },
];
