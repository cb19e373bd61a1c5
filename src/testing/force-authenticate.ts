/** Authenticates every request of an app as one user, for tests of what that user may do. */
import type { AuthenticationResult } from '../authentication/base';
import { forceCaller } from '../authentication/forced-caller';
import { AccessTokenUser, type User } from '../authentication/user';
import { grantsOf, type Claims, type Grants } from '../core/tokens/claims';
import { environmentName, isDevelopment } from '../core/process/development';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import type { Settings } from '../core/settings/settings';
import { subjectOf, type TokenSubject } from '../core/tokens/token-subject';
import { settingsFor } from '../core/settings/trusted-issuers';
import { isPending } from '../core/time/soon';
import type { ServerOption } from '../routing-controllers/start/serving';
import { axiomsServersOf, type AppWithServer } from './served-app';
import type { TokenClaims } from './token-claims';

/** A user as an authentication class returns it, or claims as a token has them. */
export type ForcedUser =
  | User
  | (TokenClaims & {
      readonly isAuthenticated?: undefined;
      /** Replaces the scopes that the claims grant. */
      readonly scopes?: readonly string[];
    });

/**
 * Authenticates all requests of this app as this user, until `forceAuthenticate(app, null)`. Tokens are ignored;
 * permissions, object rules and throttles still run. Mirrors DRF's `force_authenticate`.
 *
 * Nothing in a request can switch this on. It logs a warning, and emits one with `process.emitWarning`.
 *
 * @param user claims (`{ sub: 'alice', scope: 'book:read' }`) make an `AccessTokenUser`; an object with a boolean
 * `isAuthenticated` is `request.user` itself; `'anonymous'` (or `isAuthenticated: false`) makes every request anonymous,
 * whatever it carries
 * @param options `server`: only the requests of this server; default: those of every server of the app
 * @throws ImproperlyConfigured in production (`NODE_ENV` is set to anything but `development` and `test`), for an app
 * without a server of this library, and for an invalid user
 * @example
 * forceAuthenticate(app, { sub: 'alice', scope: 'book:read' });
 * await request(app).get('/books').expect(200);
 * await request(app).post('/books').expect(403);
 * forceAuthenticate(app, null);
 */
export function forceAuthenticate(
  app: AppWithServer,
  user: ForcedUser | 'anonymous' | null,
  options: ServerOption = {},
): void {
  for (const { settings } of axiomsServersOf(app, options)) {
    if (user === null) forceCaller(settings, undefined);
    else {
      force(user === 'anonymous' ? { isAuthenticated: false } : user, settings);
      warn(settings);
    }
  }
}

/** Does the same without a warning, for the servers of the test kit. */
export function force(user: ForcedUser, settings: Settings): void {
  refuseInProduction();
  forceCaller(settings, callerOf(user, settings));
}

function refuseInProduction(): void {
  if (isDevelopment()) return;
  throw new ImproperlyConfigured(
    `forceAuthenticate() is refused because NODE_ENV is production: it is '${environmentName()}', and only an unset one, 'development' and 'test' are not. Call it in tests only.`,
  );
}

/** Returns whether this user makes a request anonymous. */
export function isAnonymous(user: ForcedUser | undefined): boolean {
  return user === undefined || user.isAuthenticated === false;
}

/** Returns the user that permissions receive. */
export function userOf(user: ForcedUser, settings: Settings): User {
  return callerOf(user, settings).user;
}

const message =
  'forceAuthenticate() is on: every request of this app is taken for the same user, and no token is looked at.';

const warnedOf = new WeakSet<Settings>();

// The process warning also reaches developers who have silenced the logger. It is emitted once per server.
function warn(settings: Settings): void {
  settings.logger.warn(message);
  if (!warnedOf.has(settings)) process.emitWarning(message, { type: 'SecurityWarning', code: 'AXIOMS_FORCED_USER' });
  warnedOf.add(settings);
}

function callerOf(user: ForcedUser, settings: Settings): AuthenticationResult {
  const { isAuthenticated, claims } = Object(user) as { isAuthenticated?: unknown; claims?: unknown };
  const isLoaded = ![user, claims].some(one => isPending(seen(one)));
  if (typeof isAuthenticated === 'boolean' && isLoaded) return { user: user as User, auth: claimsOf(user) };
  if (isAuthenticated === undefined && isNamed(user, settings)) return tokenCaller(user, settings);
  throw new ImproperlyConfigured(
    "forceAuthenticate() takes claims with a sub, such as { sub: 'alice', scope: 'book:read' }, a user with a boolean isAuthenticated, 'anonymous' for no caller, or null to end it.",
  );
}

function claimsOf(user: object): { readonly claims?: Claims } {
  const { claims } = user as { readonly claims?: unknown };
  return typeof claims === 'object' && claims !== null ? { claims: claims as Claims } : {};
}

function isNamed(user: unknown, settings: Settings): user is TokenClaims {
  return subjectIn(Object(user) as Claims, settings) !== undefined;
}

// Uses the settings of the issuer that the claims name, as for a token.
function subjectIn(claims: Claims, settings: Settings): TokenSubject | undefined {
  return subjectOf(claims, (settingsFor(claims, settings) ?? settings).subjectClaims);
}

// The claims are frozen, plain data, like those of a verified token.
function tokenCaller({ scopes, ...said }: TokenClaims, settings: Settings): AuthenticationResult {
  const claims = deepFreeze(JSON.parse(JSON.stringify(said))) as Claims;
  const granted = grantsOf(claims, settings);
  const grants: Grants = Array.isArray(scopes)
    ? { ...granted, scopes: Object.freeze([...(scopes as string[])]) }
    : granted;
  return { user: new AccessTokenUser(claims, grants, subjectIn(claims, settings)), auth: { claims } };
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
