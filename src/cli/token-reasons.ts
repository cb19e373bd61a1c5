/**
 * Why a token or its proof is refused or cannot be judged, and what helps. The doctor and the pages of the documentation show
 * it.
 */
import type { TokenReason, UnavailableReason } from '../core/http/exceptions';
import type { ProofReason } from '../core/http/possession-exceptions';

export interface Explained {
  readonly cause: string;
  /** The one thing to do. Links of Markdown lead to pages of the documentation. */
  readonly fix: string;
}

/** By the `reason` of the error. The type makes the table complete. */
export const tokenReasons: Readonly<Record<TokenReason | ProofReason | UnavailableReason, Explained>> = {
  token_malformed: {
    cause: 'The token is not a compact JWS in its one spelling: padding, a duplicate member or invalid JSON.',
    fix: 'Send the token exactly as the issuer returned it, without quotes or line breaks.',
  },
  token_opaque: {
    cause: 'The token is not a JWT, and the route does not introspect tokens.',
    fix: 'Request a token for this API (an `audience` or `resource`), or list `IntrospectionAuthentication`.',
  },
  token_encrypted: { cause: 'The token is a JWE.', fix: 'Let the issuer sign access tokens without encrypting them.' },
  token_too_long: {
    cause: 'The token is longer than `maxTokenSize`.',
    fix: 'Shorten its claims, or raise the setting.',
  },
  token_algorithm: {
    cause: 'The algorithm in the header is not in `algorithms`. `none` and HMAC are never accepted.',
    fix: 'Let the issuer sign with an asymmetric algorithm from the list.',
  },
  token_extension: { cause: 'The header has `crit`.', fix: 'Let the issuer sign without critical extensions.' },
  token_type: {
    cause: 'The token is an ID token, a refresh or logout token, or has a `typ` that `tokenTypes` does not list.',
    fix: 'Send the access token, not the ID token. If the provider marks nothing, see its section in [Providers](providers.md).',
  },
  token_key: {
    cause: 'The header names no key, or one that the issuer does not publish.',
    fix: 'Check that the token is from this issuer and not from before a key was removed.',
  },
  token_signature: {
    cause: 'The signature does not fit the key.',
    fix: 'The token was changed, or forged: get another.',
  },
  token_expired: { cause: '`exp` is in the past.', fix: 'Refresh the token. If it is new, compare the clocks.' },
  token_not_yet_valid: {
    cause: '`nbf` or `iat` is in the future.',
    fix: 'Synchronize the clocks, or raise `clockTolerance` by a few seconds.',
  },
  token_too_old: { cause: '`iat` is longer ago than `maxTokenAge`.', fix: 'Get a new token.' },
  token_issuer: {
    cause: '`iss` is not exactly the setting `issuerUrl`.',
    fix: 'Compare both to the letter, the slash at the end included.',
  },
  token_audience: {
    cause: '`aud` does not contain the setting `audience`.',
    fix: "Request the token for this API's identifier. If the provider writes the audience elsewhere, set `audienceClaims`.",
  },
  token_subject: {
    cause: 'The token has no subject.',
    fix: 'Tokens of machines may have one elsewhere: `subjectClaims: ["sub", "client_id"]`.',
  },
  token_claim: {
    cause: 'A claim is missing or has another value: `exp`, a claim of the profile, or one of `requiredClaims`.',
    fix: '`axioms doctor --token -` names the claim.',
  },
  token_bound: {
    cause:
      'The token is bound to a key or a certificate (`cnf`), and the request does not prove that the client has it.',
    fix: 'Send the DPoP proof, or use a connection with the certificate, if this API accepts it: see [DPoP](dpop.md) and [client certificates](mtls.md). Otherwise request a bearer token.',
  },
  token_revoked: { cause: 'The denylist has the token, its session or its subject.', fix: 'Sign in again.' },
  token_inactive: { cause: 'The issuer says that the opaque token is not active.', fix: 'Get a new token.' },
  token_invalid: { cause: 'A class of the app refused the token.', fix: 'Read its message.' },
  token_unbound: {
    cause: 'The API or the route requires a DPoP key or a client certificate, and the token is not bound to one.',
    fix: 'Request the token with a DPoP proof or the certificate. See [DPoP](dpop.md) and [client certificates](mtls.md).',
  },
  proof_nonce: {
    cause: 'The DPoP proof has no nonce of this API, an old one, or one of another key.',
    fix: 'Take the nonce of `DPoP-Nonce`. If it happens with each request, the processes have different secrets or clocks.',
  },
  proof_used: {
    cause: 'The DPoP proof was sent before, or is too old to be counted.',
    fix: 'Make a new proof for each request.',
  },
  proof_invalid: {
    cause: 'The DPoP proof does not fit the request or the token, or cannot be read.',
    fix: 'Compare `htm`, `htu`, `iat` and `ath` with the request. Behind a proxy, check `externalUrl`.',
  },
  keys_unavailable: {
    cause: 'The keys of the issuer were never fetched, or are older than `jwksCacheTtl`.',
    fix: 'Check that this process reaches the issuer: `axioms doctor`.',
  },
  introspection_unavailable: {
    cause: 'The issuer cannot be asked about an opaque token, or refuses this API as its client.',
    fix: 'Check `introspectionClientId` and its secret or key.',
  },
  unavailable: { cause: 'A store, such as the denylist in Redis, cannot be reached.', fix: 'The log names it.' },
};

/** Returns the fix of a reason for a terminal: without links. A reason of the app's own has that of `token_invalid`. */
export function fixOf(reason: unknown): string {
  const isKnown = typeof reason === 'string' && Object.hasOwn(tokenReasons, reason);
  const { fix } = tokenReasons[isKnown ? (reason as keyof typeof tokenReasons) : 'token_invalid'];
  return fix.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
}
