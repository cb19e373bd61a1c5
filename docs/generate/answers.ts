/** What each `error` code and each `reason` means, and what helps. The types make the table of reasons complete. */
import { tokenReasons, type Explained } from '../../src/cli/token-reasons';
import type { DecisionReason } from '../../src/core/reports/events';

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
    cause: '`getObject()` returned nothing, or a handler threw `NotFound`.',
    fix: 'Check the id. If no route takes the request, Express itself answers 404, with a page in HTML: check the method and the path.',
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
  ...tokenReasons,
  request_malformed: { cause: 'The request is a 400.', fix: 'See `invalid_request` above.' },
  insufficient_scope: { cause: 'A scope is missing.', fix: 'See `insufficient_scope` above.' },
  permission_denied: { cause: 'A rule refuses the caller.', fix: 'See `permission_denied` above.' },
  insufficient_user_authentication: {
    cause: 'The user signed in too long ago, or in another way than the route requires.',
    fix: 'Ask the issuer for a new sign-in with the `acr_values` and `max_age` of the challenge.',
  },
  throttled: { cause: 'A throttle refuses the request.', fix: 'Wait for the seconds of `Retry-After`.' },
  not_found: { cause: 'There is no such object.', fix: 'Check the id.' },
  other: { cause: 'A class of the app refused with an error of its own type.', fix: 'Read its message.' },
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
