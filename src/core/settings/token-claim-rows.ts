/** The settings for the claims that every access token must have, a part of the one table. */
import { claimName, idTokenMarkers, listOf, oneOf, requiredValues } from './kinds';
import { row } from './row';

export const tokenClaimRows = {
  audienceClaims: row(listOf(claimName), {
    variable: 'AXIOMS_AUDIENCE_CLAIMS',
    defaultText: '`aud`',
    fallback: ['aud'],
    meaning: 'where the audience stands; the first one present decides',
  }),
  subjectClaims: row(listOf(claimName), {
    variable: 'AXIOMS_SUBJECT_CLAIMS',
    defaultText: '`sub`',
    fallback: ['sub'],
    meaning: 'where the subject stands: the first non-empty string; only one from the first entry owns objects',
  }),
  requiredClaims: row(requiredValues, {
    variable: 'AXIOMS_REQUIRED_CLAIMS',
    defaultText: '–',
    fallback: {},
    meaning: 'claims that must have exactly this value: `token_use=access`, or JSON: `{"email_verified":true}`',
  }),
  ignoredTokenMarkers: row(listOf(oneOf(...idTokenMarkers), { mayBeEmpty: true }), {
    variable: 'AXIOMS_IGNORED_TOKEN_MARKERS',
    defaultText: '–',
    fallback: [],
    meaning:
      'any of `at_hash`, `c_hash` and `nonce`: claims that do not mark a token as an ID token (Dex writes `at_hash` into access tokens); needs `requiredClaims`',
  }),
};
