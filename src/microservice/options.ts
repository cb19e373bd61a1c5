/** The table of the microservice's options: name, default, meaning and check. */
import { consoleLogger } from '../core/settings/logger';
import { ImproperlyConfigured } from '../core/http/exceptions';
import {
  denylist,
  listOf,
  logger,
  nonNegative,
  objectWith,
  onOff,
  positiveInteger,
  seconds,
  type Kind,
} from '../core/settings/kinds';
import { row, wrong, type Row } from '../core/settings/row';
import { systemClock } from '../core/time/steady-clock';
import { checkCookies, warnOfPlantable, type SameSite } from './cookies/cookie-rules';
import { checkSites } from './cookies/site-rules';
import { anything, callables, functionOf, issuerUrl, oneOf, origin, providers, secret } from './option-kinds';
import type { MicroserviceStore, SigningKeyStore } from './stores/store';
import { checkClaimNames } from './tokens/custom-claims';
import type { SigningAlgorithm } from './tokens/signing-keys';
import type { PasswordHasher } from './users/password-hasher';
import type { SignInAttempts } from '../core/attempts/sign-in-attempts';
import type { User } from './users/user';
import type { UserStore } from './users/user-store';

const storeMethods = {
  users: [
    'findById',
    'findByUsername',
    'findByIdentity',
    'findByEmail',
    'create',
    'link',
    'replacePasswordHash',
    'touchLogin',
  ],
  families: ['addFamily', 'findFamily', 'rotateFamily', 'removeFamily', 'familiesOf', 'useOnce', 'removeExpired'],
  keys: ['addSigningKey', 'signingKeys', 'removeSigningKey'],
};

/** The rows, in the order of the table in docs/microservice.md. */
export const optionsTable = {
  issuer: row(issuerUrl, {
    defaultText: 'required',
    meaning: 'the `iss` of the access tokens: the URL by which resource servers know this one',
  }),
  externalUrl: row(issuerUrl, {
    defaultText: '`issuer`',
    meaning: 'the URL by which clients know the app, without `prefix`: proofs, logins and the metadata name it',
  }),
  audience: row(listOf(anything), { defaultText: 'required', meaning: 'the `aud` of the access tokens' }),
  secret: row(secret, {
    isSecret: true,
    defaultText: 'required',
    meaning: '256 bits and more, the same for all processes; another one signs everybody out',
  }),
  users: row(objectWith<UserStore>(...storeMethods.users), {
    defaultText: 'required',
    meaning: 'where users are kept',
  }),
  store: row(objectWith<MicroserviceStore>(...storeMethods.families, ...storeMethods.keys, 'close'), {
    defaultText: 'required',
    meaning: 'where sessions and signing keys are kept',
  }),
  signingKeyStore: row(objectWith<SigningKeyStore>(...storeMethods.keys), {
    defaultText: '`store`',
    meaning: 'where signing keys are kept, if elsewhere',
  }),
  clientId: row(anything, { defaultText: '`issuer`', meaning: 'the `client_id` of the access tokens' }),
  allowedOrigins: row(listOf(origin), {
    defaultText: "`externalUrl`'s",
    meaning: 'origins of the pages that may sign in, refresh and log off; the endpoints answer them by CORS',
  }),
  idp: row(providers, {
    isSecret: 'inside',
    defaultText: '–',
    meaning: 'the identity provider, or several, whose tokens are exchanged',
  }),
  prefix: row(anything, {
    defaultText: '`refreshCookiePath`, or `/auth` where that is `/`',
    meaning: 'where the endpoints are',
  }),
  refreshCookieName: row(anything, {
    defaultText: '`refresh_cookie`',
    fallback: 'refresh_cookie',
    meaning: 'may have the prefix `__Secure-`, or, with the path `/`, `__Host-`',
  }),
  csrfCookieName: row(anything, { defaultText: '`CSRF_token`', fallback: 'CSRF_token', meaning: 'likewise' }),
  refreshCookiePath: row(anything, {
    defaultText: '`/auth`',
    fallback: '/auth',
    meaning: 'the `Path` of the cookies, as browsers see it',
  }),
  cookieSameSite: row(oneOf<SameSite>('strict', 'lax', 'none'), {
    defaultText: '`strict`',
    fallback: 'strict' as const,
    meaning: 'the `SameSite` of the cookies; `none` needs https and lets `allowedOrigins` of other sites in',
  }),
  cookieSalt: row(anything, {
    defaultText: '`extra`',
    fallback: 'extra',
    meaning: 'no secret; another one makes all cookies invalid',
  }),
  customTokenUserAttributes: row(listOf(anything, { mayBeEmpty: true }), {
    defaultText: '–',
    fallback: [],
    meaning: 'attributes of the user that become claims, by name; no other does',
  }),
  customTokenCallableAttributes: row(callables, {
    defaultText: '–',
    fallback: [],
    meaning: 'claims that functions give: `{ attrName, attrGetter }`, `attrGetter(user)`, also async',
  }),
  userSerializer: row(functionOf<(user: User) => unknown>(), {
    defaultText: '–',
    meaning: '`(user) => object`: adds `user` to the answers of sign-in, social-exchange and refresh',
  }),
  userUuidField: row(anything, {
    defaultText: '–',
    meaning: "the user's attribute that gets the subject of the identity provider",
  }),
  accessTokenLifetime: row(seconds, { defaultText: '300', fallback: 300, meaning: 'seconds' }),
  refreshTokenLifetime: row(seconds, {
    defaultText: '86400',
    fallback: 86_400,
    meaning: 'seconds without a refresh after which a session ends; without rotation, seconds after the sign-in',
  }),
  sessionLifetime: row(nonNegative, {
    defaultText: '2592000 (30 days)',
    fallback: 2_592_000,
    meaning: 'seconds after which a session ends, however often it is refreshed',
  }),
  rotateRefreshTokens: row(onOff, {
    defaultText: 'true',
    fallback: true,
    meaning: 'a refresh replaces the refresh token; without it a stolen one is not noticed',
  }),
  refreshGracePeriod: row(nonNegative, {
    defaultText: '10',
    fallback: 10,
    meaning:
      'seconds in which a replaced refresh token brings its successor again, while that is unused; later another one',
  }),
  maxSessionsPerUser: row(positiveInteger, {
    defaultText: '20',
    fallback: 20,
    meaning: 'with the next sign-in the least recently used session ends',
  }),
  signingAlgorithm: row(oneOf<SigningAlgorithm>('EdDSA', 'ES256', 'RS256'), {
    defaultText: '`EdDSA`',
    fallback: 'EdDSA' as const,
    meaning: '`EdDSA` (Ed25519), `ES256` or `RS256`',
  }),
  signingKeyOverlap: row(nonNegative, {
    defaultText: '3600',
    fallback: 3600,
    meaning: 'seconds from the publication of a new signing key to its first signature',
  }),
  passwordHasher: row(objectWith<PasswordHasher>('hash', 'verify', 'needsRehash'), {
    defaultText: 'Argon2id where `@node-rs/argon2` is installed, else scrypt',
    meaning: 'hashes and verifies passwords',
  }),
  refusalTime: row(nonNegative, {
    defaultText: '0.1',
    fallback: 0.1,
    meaning:
      'no wrong password is refused sooner than after so many seconds: more than the dearest of the stored hashes takes',
  }),
  signInAttempts: row(objectWith<SignInAttempts>('begin', 'succeeded', 'undecided'), {
    defaultText: 'in memory',
    meaning: 'counts tries to sign in',
  }),
  denylist: row(denylist, {
    defaultText: '–',
    meaning: "where a log-off denies the session's access tokens; the resource servers' setting `denylist`",
  }),
  logger: row(logger, {
    defaultText: 'console, for warnings and errors',
    fallback: consoleLogger,
    meaning: 'an object with `debug`, `info`, `warn`, `error`',
  }),
  clock: row(functionOf<() => number>(), {
    defaultText: '`Date.now`',
    fallback: systemClock,
    meaning: 'milliseconds since 1970',
  }),
  fetch: row(functionOf<typeof globalThis.fetch>(), {
    defaultText: '`globalThis.fetch`',
    meaning: "how identity providers' keys are fetched",
  }),
};

type Table = typeof optionsTable;
type OptionName = keyof Table;
type InputOf<R> = R extends { kind: { input?: infer Input } } ? Input : never;
type ValueOf<R> = R extends { kind: { check(input: unknown): infer Value } } ? Exclude<Value, undefined> : never;
type Required = 'issuer' | 'audience' | 'secret' | 'users' | 'store';
type Derived = 'externalUrl' | 'clientId' | 'allowedOrigins' | 'prefix' | 'signingKeyStore';

/** The options of `createMicroservice`. Times are in seconds. */
export type MicroserviceOptions = { [Name in Required]: InputOf<Table[Name]> } & {
  [Name in Exclude<OptionName, Required>]?: InputOf<Table[Name]> | undefined;
};

/** Checked options, with the defaults filled in. */
export type Options = {
  readonly [Name in OptionName]: Name extends Required | Derived
    ? ValueOf<Table[Name]>
    : Table[Name] extends { fallback: unknown }
      ? ValueOf<Table[Name]>
      : ValueOf<Table[Name]> | undefined;
} & {
  /** Whether the cookies are Secure: always, except for a plain HTTP issuer on a loopback host. */
  readonly isSecure: boolean;
};

const names = Object.keys(optionsTable) as OptionName[];
const required: readonly OptionName[] = ['issuer', 'audience', 'secret', 'users', 'store'] satisfies Required[];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws ImproperlyConfigured for an invalid or unknown option, with its name, the value and what is accepted
 */
export function checkOptions(input: MicroserviceOptions): Options {
  refuseUnknownNames(input);
  const checked = Object.fromEntries(names.map(name => [name, checkValue(name, input[name])])) as unknown as Options;
  const options = { ...checked, ...derived(checked) };
  checkTogether(options);
  return Object.freeze(options);
}

// In the mirrored project these options turn on behavior that is always on here.
const alwaysOn = ['blacklistAfterRotation', 'checkUserIsActive'];

function refuseUnknownNames(input: object): void {
  const unknown = Object.keys(input).find(name => !Object.hasOwn(optionsTable, name));
  if (unknown === undefined) return;
  if (alwaysOn.includes(unknown))
    throw new ImproperlyConfigured(`The option '${unknown}' is not needed: it is always on. Leave it out.`);
  throw new ImproperlyConfigured(`There is no option '${unknown}'. The options are: ${names.join(', ')}.`);
}

function checkValue(name: OptionName, input: unknown): unknown {
  const { kind, fallback, ...secrecy } = optionsTable[name] as Row<unknown, unknown>;
  if (input === undefined && required.includes(name)) throw missing(name, kind);
  if (input === undefined) return fallback;
  const value = kind.check(input);
  if (value === undefined) throw wrong(`The option '${name}'`, input, kind.accepts, secrecy);
  return value;
}

function missing(name: OptionName, { accepts }: Kind<unknown, unknown>): ImproperlyConfigured {
  const hint =
    name === 'store'
      ? ' Without one nobody could be logged off: take typeOrmStore() or redisStore(), and memoryStore() in tests.'
      : '';
  return new ImproperlyConfigured(`The option '${name}' is missing; expected ${accepts}.${hint}`);
}

function derived(options: Options) {
  const { issuer, refreshCookiePath, store } = options;
  // These defaults are not filled in yet, so a value may be missing despite its type.
  const given: Partial<Options> = options;
  const externalUrl = given.externalUrl ?? issuer;
  return {
    externalUrl,
    clientId: given.clientId ?? issuer,
    allowedOrigins: given.allowedOrigins ?? [new URL(externalUrl).origin],
    prefix: given.prefix ?? (refreshCookiePath === '/' ? '/auth' : refreshCookiePath),
    signingKeyStore: given.signingKeyStore ?? store,
    isSecure: new URL(issuer).protocol === 'https:',
  };
}

function checkTogether(options: Options): void {
  checkCookies(options);
  warnOfPlantable(options, options.logger);
  checkSites(options);
  checkClaimNames(options.customTokenUserAttributes, options.customTokenCallableAttributes);
  for (const check of [checkSecret, checkLifetimes]) check(options);
}

// Refuses a placeholder, because a secret from a tutorial is public. Warns about a secret that can be guessed.
function checkSecret({ secret: value, isSecure, logger: log }: Options): void {
  const shown = typeof value === 'string' ? value : Buffer.from(value).toString('latin1');
  const isPlaceholder = /change[-_ ]?(?:me|this|it)|placeholder|django-insecure|replace[-_ ]?me/i.test(shown);
  if (isPlaceholder && isSecure)
    throw new ImproperlyConfigured(`The option 'secret' is a placeholder; expected ${secret.accepts}.`);
  if (isPlaceholder || new Set(shown).size < 8)
    log.warn("The option 'secret' can be guessed: make one with `openssl rand -base64 32`.");
}

function checkLifetimes({ accessTokenLifetime, refreshTokenLifetime, sessionLifetime }: Options): void {
  const times = [accessTokenLifetime, refreshTokenLifetime, sessionLifetime];
  if (times.some((time, index) => time < 1 || time < (times[index - 1] ?? 0)))
    throw new ImproperlyConfigured(
      `The lifetimes are ${times.join(', ')} seconds; expected 1 second and more, and accessTokenLifetime ≤ refreshTokenLifetime ≤ sessionLifetime.`,
    );
}
