/** What each `error` code and each `reason` means, and what helps. The types make both tables complete. */
import type { DecisionReason } from '../../src/core/reports/events';

export interface Explained {
  readonly cause: string;
  readonly fix: string;
}

/** By the `error` of a body. `test/docs/generated.test.ts` compares the names with the classes of the source. */
export const errorCodes: Readonly<Record<string, Explained & { readonly status: string }>> = {
  not_authenticated: {
    status: '401',
    cause: 'The route needs a caller, and no class of the route found credentials in the request.',
    fix: 'Send `Authorization: Bearer <token>`. If you do, a proxy or a redirect may have removed it, or a session was sent where a token is required.',
  },
  authentication_failed: {
    status: '401',
    cause: 'A class that is not about access tokens, such as `BasicAuthentication`, refused the credentials.',
    fix: 'Check the name, the password or the key. The log has the reason.',
  },
  invalid_token: {
    status: '401',
    cause: 'The access token is expired, revoked, foreign, malformed, or of another kind.',
    fix: 'Read `error_description`, and its row under [Reasons](#reasons). `axioms doctor --token -` shows each check.',
  },
  invalid_request: {
    status: '400, 413',
    cause:
      'The `Authorization` field is malformed or repeated, the body cannot be read or is too large, or the method was changed by a middleware.',
    fix: 'Send one `Authorization` field with one token, and a body of the declared type.',
  },
  insufficient_scope: {
    status: '403',
    cause: 'The token is good, and lacks a scope that the rule of the route requires.',
    fix: 'Request the scopes that the challenge names. If the token has them, check the setting `scopeClaims`.',
  },
  permission_denied: {
    status: '403',
    cause: 'The caller is known, and a rule refuses: a role, a permission, ownership, a CSRF token, or your own class.',
    fix: 'Use the setting `explain` in development, or `axioms explain`: both name the rule and what it needed.',
  },
  not_found: {
    status: '404',
    cause: '`getObject()` returned nothing, or no route takes the request.',
    fix: 'Check the path and the id.',
  },
  invalid_dpop_proof: {
    status: '401',
    cause: 'The DPoP proof is missing its key or a claim, does not fit the request or the token, or was used before.',
    fix: 'Make a new proof for each request. Read `error_description`, and [DPoP](dpop.md).',
  },
  use_dpop_nonce: {
    status: '401',
    cause: 'This API requires nonces, and the DPoP proof has none, an old one, or one of another key.',
    fix: 'Make a new proof with the value of the header field `DPoP-Nonce` as its claim `nonce`. See [DPoP](dpop.md#nonces).',
  },
  insufficient_user_authentication: {
    status: '401',
    cause: 'The user signed in too long ago, or in another way than the route requires (RFC 9470).',
    fix: 'Ask the issuer for a new sign-in with the `acr_values` and `max_age` of the challenge. See [Step-up](step-up.md).',
  },
  throttled: {
    status: '429',
    cause: 'A throttle of the route, or the limit of failed sign-ins, is used up.',
    fix: 'Wait for the seconds of `Retry-After`.',
  },
  temporarily_unavailable: {
    status: '503',
    cause:
      "The issuer's keys, its introspection, the denylist or a store cannot be reached, so that nothing can be decided.",
    fix: 'Try again after `Retry-After`. The log names what is away. `axioms doctor` asks the issuer.',
  },
  server_error: {
    status: '500',
    cause:
      'A rule is wrong, a rule or a handler threw, or an answer was withheld because no rule had seen its objects.',
    fix: 'Read the log: it names the controller, the handler and the fix.',
  },
};

/** By the `reason` of `axioms:decision` and of the log. */
export const reasons: Readonly<Record<DecisionReason, Explained>> = {
  ok: { cause: 'The request was allowed.', fix: 'Nothing to do.' },
  anonymous: { cause: 'The request was allowed without credentials.', fix: 'Nothing to do.' },
  not_authenticated: { cause: 'There are no credentials.', fix: 'Send a token. See `not_authenticated` above.' },
  credentials_invalid: {
    cause: 'Credentials other than an access token are bad.',
    fix: 'Check the name and password, or the key.',
  },
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
  request_malformed: { cause: 'The request is a 400.', fix: 'See `invalid_request` above.' },
  insufficient_scope: { cause: 'A scope is missing.', fix: 'See `insufficient_scope` above.' },
  permission_denied: { cause: 'A rule refuses the caller.', fix: 'See `permission_denied` above.' },
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
  insufficient_user_authentication: {
    cause: 'The user signed in too long ago, or in another way than the route requires.',
    fix: 'Ask the issuer for a new sign-in with the `acr_values` and `max_age` of the challenge.',
  },
  throttled: { cause: 'A throttle refuses the request.', fix: 'Wait for the seconds of `Retry-After`.' },
  not_found: { cause: 'There is no such object.', fix: 'Check the id.' },
  other: { cause: 'A class of the app refused with an error of its own type.', fix: 'Read its message.' },
  keys_unavailable: {
    cause: 'The keys of the issuer were never fetched, or are older than `jwksCacheTtl`.',
    fix: 'Check that this process reaches the issuer: `axioms doctor`.',
  },
  introspection_unavailable: {
    cause: 'The issuer cannot be asked about an opaque token, or refuses this API as its client.',
    fix: 'Check `introspectionClientId` and its secret or key.',
  },
  unavailable: { cause: 'A store, such as the denylist in Redis, cannot be reached.', fix: 'The log names it.' },
  misconfigured: { cause: 'A rule is wrong, and only a request shows it.', fix: 'The log names the rule and the fix.' },
  server_error: { cause: 'A rule threw.', fix: 'The log has the stack.' },
  unfinished: { cause: 'The client or a middleware ended the request before the decision.', fix: 'Nothing to do.' },
};

/** By file: what an error says whose text is made elsewhere than where it is thrown. */
export const textsOf: Readonly<Record<string, readonly string[]>> = {
  'src/core/settings/several-issuers.ts': ['issuers[…]: what is wrong with a setting of this entry'],
  'src/permissions/operators.ts': [
    '…(…) has no operand.',
    '…(…) has an undefined operand: an import cycle? Import the class from its own file.',
  ],
  'src/routing-controllers/start/parameter-types.ts': [
    "Parameter … of …, …(), has a type that does not exist at run time (it is a class from 'import type', or a function), so that nothing would be validated: name a class and import it without 'type', give it as …({ type: TheClass }), or say that it is meant with { validate: false }.",
    "Parameter … of …, …(), has a type that does not exist at run time (it is an interface, a type alias, any, unknown or object), so that nothing would be validated: name a class and import it without 'type', give it as …({ type: TheClass }), or say that it is meant with { validate: false }.",
  ],
  'src/routing-controllers/start/route-audit.ts': [
    '… is never reached: … is registered before it and takes its requests, by its own rule (…, not …). Put the handler, or its controller, before the other, or give it a path of its own.',
    '… is never reached: … is registered before it by an earlier server of this app, and takes its requests, by its own rule (…, not …). Call the useExpressServer() of its controller first, or give it a path of its own.',
  ],
  'src/views/start/policies.ts': [
    '…[…] is undefined: an import cycle? Import the class from the file that declares it.',
    '…[…] is an object of …: list the class itself, without new.',
    '…[…] is …, which cannot stand in …: such a class extends ….',
    '…[…] is not a class and cannot stand in …: such a class extends ….',
  ],
};
