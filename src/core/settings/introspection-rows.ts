/** The settings for opaque tokens (RFC 7662, RFC 9701), a part of the one table. */
import { claimName, listOf, nonNegative, oneOf, privateJwk, seconds, text, url } from './kinds';
import { row } from './row';

export const introspectionRows = {
  introspectionUrl: row(url, {
    variable: 'AXIOMS_INTROSPECTION_URL',
    defaultText: 'discovered',
    meaning:
      "where opaque tokens are asked about (RFC 7662); default: `introspection_endpoint` of the issuer's metadata",
  }),
  introspectionClientId: row(text('a client id'), {
    variable: 'AXIOMS_INTROSPECTION_CLIENT_ID',
    defaultText: '–',
    meaning: 'this API as a client of the issuer; required for `IntrospectionAuthentication`, with a secret or a key',
  }),
  introspectionClientSecret: row(text('a secret'), {
    variable: 'AXIOMS_INTROSPECTION_CLIENT_SECRET',
    isSecret: true,
    defaultText: '–',
    meaning: 'its secret; never logged',
  }),
  introspectionClientKey: row(privateJwk, {
    variable: 'AXIOMS_INTROSPECTION_CLIENT_KEY',
    isSecret: true,
    defaultText: '–',
    meaning: 'or its private key, a JWK with `alg` (RFC 7523): an object, in a variable its JSON; never logged',
  }),
  introspectionClientAuth: row(oneOf('client_secret_basic', 'client_secret_post', 'private_key_jwt'), {
    variable: 'AXIOMS_INTROSPECTION_CLIENT_AUTH',
    defaultText: '`client_secret_basic` with a secret, `private_key_jwt` with a key',
    meaning: 'how it authenticates; `client_secret_post` is the third way',
  }),
  introspectionResponse: row(oneOf('json', 'jwt'), {
    variable: 'AXIOMS_INTROSPECTION_RESPONSE',
    defaultText: '`json`',
    fallback: 'json',
    meaning: '`jwt`: signed answers (RFC 9701) are asked for, and no others accepted',
  }),
  introspectionOptionalClaims: row(listOf(oneOf('aud', 'token_type'), { mayBeEmpty: true }), {
    variable: 'AXIOMS_INTROSPECTION_OPTIONAL_CLAIMS',
    defaultText: '–',
    fallback: [],
    meaning:
      'what answers may leave out: `aud`; and `token_type`, without which an answer that has no audience may be about a refresh token',
  }),
  introspectionSubjectClaims: row(listOf(claimName), {
    variable: 'AXIOMS_INTROSPECTION_SUBJECT_CLAIMS',
    defaultText: '`sub`',
    fallback: ['sub'],
    meaning: 'the claims that hold the subject in answers, as `subjectClaims` does for JWTs',
  }),
  introspectionCacheTtl: row(nonNegative, {
    variable: 'AXIOMS_INTROSPECTION_CACHE_TTL',
    defaultText: '30',
    fallback: 30,
    meaning:
      'most seconds that an answer is used again: so long a revoked token still works; never past `exp`; 0 turns it off',
  }),
  introspectionTimeout: row(seconds, {
    variable: 'AXIOMS_INTROSPECTION_TIMEOUT',
    defaultText: '5',
    fallback: 5,
    meaning: 'seconds that one introspection may take, discovery and body included',
  }),
};
