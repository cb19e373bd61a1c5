/**
 * The one table of settings: name, AXIOMS_* variable, default, meaning and check. Everything about a setting is derived
 * from its row.
 */
import { claimForms } from './claim-forms';
import {
  claimName,
  defaultClockTolerance,
  fraction,
  issuer,
  issuerEntries,
  listOf,
  literal,
  logger,
  nonNegativeInteger,
  onOff,
  policyClasses,
  positiveInteger,
  scopeName,
  seconds,
  signatureAlgorithms,
  text,
  tolerance,
  url,
} from './kinds';
import { row, type Row } from './row';
import { supportedAlgorithms } from '../jws/signature';
import { introspectionRows } from './introspection-rows';
import { limitRows } from './limit-rows';
import { proofRows } from './proof-rows';
import { scopeRows } from './scope-rows';
import { tokenClaimRows } from './token-claim-rows';
import { isDomain } from '../http/urls';

/** The rows, in the order of the table in docs/settings.md. */
export const settingsTable = {
  audience: row(listOf(text('an audience')), {
    variable: 'AXIOMS_AUDIENCE',
    defaultText: 'required',
    meaning: "accepted audience(s): one of them must be an exact element of the token's",
  }),
  ...tokenClaimRows,
  domain: row(text('a host name, with or without a path', isDomain), {
    variable: 'AXIOMS_DOMAIN',
    defaultText: '–',
    meaning: 'gives `issuerUrl` = `https://{domain}`',
  }),
  issuerUrl: row(issuer, {
    variable: 'AXIOMS_ISS_URL',
    defaultText: 'from `domain`',
    meaning: 'expected `iss`, compared exactly, trailing slash included; any text where `jwksUrl` is given',
  }),
  jwksUrl: row(url, {
    variable: 'AXIOMS_JWKS_URL',
    defaultText: 'discovered',
    meaning:
      "where the keys are; default: from the issuer's metadata (OIDC discovery, RFC 8414), where it has none `{issuerUrl}/.well-known/jwks.json`",
  }),
  issuers: row(issuerEntries, {
    isSecret: 'inside',
    defaultText: '–',
    meaning:
      'several trusted issuers: a list of `{ issuerUrl, audience, … }` instead of `audience`, `domain`, `issuerUrl` and `jwksUrl`; the `iss` of a token chooses; what else an entry does not say, the other settings do',
  }),
  jwksRefreshInterval: row(seconds, {
    variable: 'AXIOMS_JWKS_REFRESH_INTERVAL',
    defaultText: '3600',
    fallback: 3600,
    meaning: 'seconds between background refreshes, ± 5 % jitter',
  }),
  jwksCacheTtl: row(seconds, {
    variable: 'AXIOMS_JWKS_CACHE_TTL',
    defaultText: '2 × the interval, and never less',
    meaning: 'seconds that fetched keys may be used while the issuer cannot be reached',
  }),
  jwksPrefetch: row(onOff, {
    variable: 'AXIOMS_JWKS_PREFETCH',
    defaultText: 'true',
    fallback: true,
    meaning: 'fetch the keys at start; a failure is logged and does not stop the start',
  }),
  jwksTimeout: row(seconds, {
    variable: 'AXIOMS_JWKS_TIMEOUT',
    defaultText: '5',
    fallback: 5,
    meaning: 'seconds that one refresh may take, discovery and body included',
  }),
  jwksCooldown: row(seconds, {
    variable: 'AXIOMS_JWKS_COOLDOWN',
    defaultText: '30',
    fallback: 30,
    meaning:
      'least seconds between refetches for unknown `kid`s; refetches for wrong signatures take at most half of these',
  }),
  jwksRetryMin: row(seconds, {
    variable: 'AXIOMS_JWKS_RETRY_MIN',
    defaultText: '1',
    fallback: 1,
    meaning: 'seconds to wait after a failed fetch, with jitter; doubles with each failure',
  }),
  jwksRetryMax: row(seconds, {
    variable: 'AXIOMS_JWKS_RETRY_MAX',
    defaultText: '60',
    fallback: 60,
    meaning: 'most seconds to wait after a failed fetch, also if `Retry-After` of the issuer asks for more',
  }),
  algorithms: row(signatureAlgorithms, {
    variable: 'AXIOMS_ALGORITHMS',
    defaultText: 'RS256/384/512, PS256/384/512, ES256/384/512, EdDSA',
    fallback: supportedAlgorithms,
    meaning: 'accepted signature algorithms, asymmetric only; `EdDSA` and `Ed25519` are two names of one (RFC 9864)',
  }),
  tokenTypes: row(listOf(text('a media type such as at+jwt')), {
    variable: 'AXIOMS_TOKEN_TYPS',
    defaultText: '`at+jwt`, `JWT` or no `typ`',
    meaning:
      'accepted `typ` headers, without case and with an optional `application/`; a list given here excludes a missing `typ`',
  }),
  profile: row(literal('rfc9068'), {
    variable: 'AXIOMS_PROFILE',
    defaultText: '–',
    meaning: "`rfc9068`: accepts `at+jwt` alone and requires that profile's claims",
  }),
  maxTokenSize: row(positiveInteger, {
    variable: 'AXIOMS_MAX_TOKEN_SIZE',
    defaultText: '16384',
    fallback: 16384,
    meaning: 'bytes; a longer token is refused before decoding; Node itself answers 431 to more than 16 KiB of headers',
  }),
  clockTolerance: row(tolerance, {
    variable: 'AXIOMS_CLOCK_TOLERANCE',
    defaultText: '5',
    fallback: defaultClockTolerance,
    meaning: 'seconds of tolerance for `exp`, `nbf`, `iat`; at most 300',
  }),
  maxTokenAge: row(fraction, {
    variable: 'AXIOMS_MAX_TOKEN_AGE',
    defaultText: '–',
    meaning: 'seconds since `iat` after which a token is refused',
  }),
  scopeClaims: row(listOf(claimName), {
    variable: 'AXIOMS_SCOPE_CLAIMS',
    defaultText: '`scope`, `scp`',
    fallback: ['scope', 'scp'],
    meaning: 'claims that hold the scopes; the first one present wins; a string is split at spaces',
  }),
  rolesClaims: row(claimForms, {
    variable: 'AXIOMS_ROLES_CLAIMS',
    defaultText: '`roles`',
    fallback: ['roles'],
    meaning: 'claims that hold the roles; the first one present wins; a string is one name; see the forms below',
  }),
  permissionsClaims: row(claimForms, {
    variable: 'AXIOMS_PERMISSIONS_CLAIMS',
    defaultText: '`permissions`',
    fallback: ['permissions'],
    meaning: 'claims that hold the permissions; likewise',
  }),
  knownScopes: row(listOf(scopeName), {
    variable: 'AXIOMS_KNOWN_SCOPES',
    defaultText: '–',
    meaning: 'every scope that there is; a rule that asks for another one stops the start',
  }),
  publicMethods: row(
    listOf(
      text('an HTTP method in capitals', name => /^[A-Z]+$/.test(name)),
      { mayBeEmpty: true },
    ),
    {
      variable: 'AXIOMS_SAFE_METHODS',
      mayBeEmptyVariable: true,
      defaultText: 'none',
      fallback: [],
      meaning: 'methods that need no credentials; an empty variable is an empty list',
    },
  ),
  realm: row(
    text('printable characters without quotes', name => /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/.test(name)),
    { variable: 'AXIOMS_REALM', defaultText: '`api`', fallback: 'api', meaning: 'the realm in challenges' },
  ),
  resourceUrl: row(url, {
    variable: 'AXIOMS_RESOURCE_URL',
    defaultText: '–',
    meaning: "this API's own URL; never taken from a Host header",
  }),
  ...proofRows,
  allowInsecureUrls: row(listOf(url, { mayBeEmpty: true }), {
    variable: 'AXIOMS_ALLOW_INSECURE_URLS',
    defaultText: '–',
    fallback: [],
    meaning: 'the `http:` issuer or key URLs that are accepted although not loopback, each spelled out',
  }),
  tokenCacheSize: row(nonNegativeInteger, {
    variable: 'AXIOMS_TOKEN_CACHE_SIZE',
    defaultText: '10000',
    fallback: 10_000,
    meaning: 'verified tokens kept, and at most 32 MiB of them; 0 turns the cache off',
  }),
  ...introspectionRows,
  ...scopeRows,
  explain: row(onOff, {
    variable: 'AXIOMS_EXPLAIN',
    defaultText: 'false',
    fallback: false,
    meaning: 'a refusal tells its caller why, as `explanation` in the body; turned off in production, with a warning',
  }),
  logger: row(logger, {
    defaultText: 'console, for warnings and errors',
    meaning: 'an object with `debug`, `info`, `warn`, `error`, each `(message, data)`',
  }),
  stockServers: row(literal('expected'), {
    variable: 'AXIOMS_STOCK_SERVERS',
    defaultText: '–',
    meaning:
      '`expected`: no warning when a server of `routing-controllers` itself serves controllers in the same process; controllers that carry rules are refused all the same',
  }),
  defaultAuthenticationClasses: row(policyClasses, {
    defaultText: '`[AccessTokenAuthentication]`',
    meaning: 'for controllers that say nothing',
  }),
  defaultPermissionClasses: row(policyClasses, {
    defaultText: '`[IsAuthenticatedOrPublicMethod]`',
    meaning: 'likewise',
  }),
  defaultThrottleClasses: row(policyClasses, {
    defaultText: 'none',
    meaning: 'likewise',
  }),
  ...limitRows,
};

type Table = typeof settingsTable;
export type SettingName = keyof Table;
type InputOf<R> = R extends { kind: { input?: infer Input } } ? Input : never;
type ValueOf<R> = R extends { kind: { check(input: unknown): infer Value } } ? Exclude<Value, undefined> : never;
type Completed = 'audience' | 'jwksCacheTtl' | 'logger';
export type Values = {
  readonly [Name in SettingName]: Name extends 'issuers'
    ? readonly Settings[] | undefined
    : Name extends Completed
      ? ValueOf<Table[Name]>
      : Table[Name] extends { fallback: unknown }
        ? ValueOf<Table[Name]>
        : ValueOf<Table[Name]> | undefined;
};

/**
 * The input of {@link defineSettings}. `audience` and one of `domain`, `issuerUrl` and `jwksUrl` are required, or else
 * `issuers`. Times are in seconds.
 */
export type SettingsInput = {
  [Name in SettingName]?: (Name extends 'issuers' ? readonly IssuerInput[] : InputOf<Table[Name]>) | undefined;
};

/** The settings that an entry of `issuers` may have. All others are the same for every issuer. */
export const issuerSettingNames = [
  'issuerUrl',
  'domain',
  'audience',
  'audienceClaims',
  'requiredClaims',
  'ignoredTokenMarkers',
  'jwksUrl',
  'jwksRefreshInterval',
  'jwksCacheTtl',
  'jwksPrefetch',
  'jwksTimeout',
  'jwksCooldown',
  'jwksRetryMin',
  'jwksRetryMax',
  'algorithms',
  'tokenTypes',
  'profile',
  'clockTolerance',
  'maxTokenAge',
  'scopeClaims',
  'rolesClaims',
  'permissionsClaims',
  'allowInsecureUrls',
  'introspectionUrl',
  'introspectionClientId',
  'introspectionClientSecret',
  'introspectionClientKey',
  'introspectionClientAuth',
  'introspectionResponse',
  'introspectionOptionalClaims',
  'introspectionSubjectClaims',
  'subjectClaims',
  'introspectionCacheTtl',
  'introspectionTimeout',
  'dpop',
  'mtls',
] as const;

/** An entry of `issuers`. `audience` and one of `issuerUrl` and `domain` are required. */
export type IssuerInput = Pick<SettingsInput, (typeof issuerSettingNames)[number]>;

// An interface, because the constructor would set fields that the class itself declares to `undefined`.
export interface Settings extends Values {}

/** Checked and frozen settings, made by {@link defineSettings}. The server's own are `Container.get(Settings)`. */
export class Settings {
  constructor(values: Values) {
    Object.assign(this, values);
    // Secrets are not enumerable, so that printing the settings, or writing them as JSON, does not show them.
    for (const name of settingNames)
      if (rowOf(name).isSecret === true) Object.defineProperty(this, name, { enumerable: false });
    Object.freeze(this);
  }
}

export const settingNames = Object.keys(settingsTable) as SettingName[];

export function rowOf(name: SettingName): Row<unknown, unknown> {
  return settingsTable[name];
}
