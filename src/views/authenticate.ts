/** Finds the caller of a request. */
import type { Request } from 'express';
import {
  isPublicByMethod,
  type AuthenticationClass,
  type AuthenticationResult,
  type BaseAuthentication,
} from '../authentication/base';
import {
  anonymous,
  callerIn,
  isAuthenticated,
  isSomebody,
  rememberSource,
  setByApp,
  setCaller,
  setNoCaller,
} from '../authentication/caller';
import { ForcedAuthentication, forcedCaller } from '../authentication/forced-caller';
import { tokenFacts } from '../authentication/request-auth';
import type { RequestAuth, User } from '../authentication/user';
import { requireUnanswered } from '../core/http/answered';
import { grantsOf } from '../core/tokens/claims';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import { after, isPending, type Soon } from '../core/time/soon';
import { tellCachesLater } from './cache-fields';
import { forgetPermissions, requireMandatory } from './permission-checks';
import { authenticationClassesOf } from './start/policies';
import type { Visit } from './visit';

/** Calls the route's authentication classes in order, until one accepts the credentials. */
export function authenticate(visit: Visit): Soon<void> {
  visit.bodyBefore = visit.request.body as unknown;
  visit.authenticators = classesOf(visit).map(one => visit.services.make(one));
  tellCachesLater(visit);
  return after(findCaller(visit), () => {
    requireCaller(visit);
  });
}

function requireCaller(visit: Visit): void {
  visit.askedCaller = callerIn(visit, visit.request);
  if (!isSomebody(visit.askedCaller)) requireMandatory(visit);
}

/**
 * Authenticates again if the list of classes is another one once the body, or a form, is there. Does the same with what an
 * app's own `isPublic()` says of an anonymous caller, because it may look at the body.
 */
export function authenticateAgain(visit: Visit): Soon<void> {
  const { authenticators, request } = visit;
  if (mayBeOthers(visit) && !areOf(authenticators, classesOf(visit))) {
    forgetPermissions(visit);
    forgetAuthentication(visit);
    return authenticate(visit);
  }
  if (isAuthenticated(request) || authenticators.every(isPublicByMethod)) return;
  forgetPermissions(visit);
  requireMandatory(visit);
}

// The class that accepted the caller may not be in the list any more, and the app may have set another user meanwhile.
function forgetAuthentication(visit: Visit): void {
  visit.setByApp = setByApp(visit.request, visit);
  visit.successfulAuthenticator = visit.failedAuthenticator = undefined;
  visit.sessionAccount = visit.sessionOwner = undefined;
}

/** Whether the caller may be another one now: the list of classes, or what one of them says, may depend on the body. */
export function mayBeAnother(visit: Visit): boolean {
  return mayBeOthers(visit) || !isSomebody(callerIn(visit, visit.request));
}

// The start may have read the list while a flag kept its getter from looking at the body.
function mayBeOthers({ rules, request, bodyBefore }: Visit): boolean {
  return !rules.isAuthenticationKnown || request.body !== bodyBefore;
}

function classesOf({ controller, settings, rules }: Visit): readonly AuthenticationClass[] {
  return authenticationClassesOf(controller, settings, rules.decorations);
}

function areOf(authenticators: readonly BaseAuthentication[], classes: readonly AuthenticationClass[]): boolean {
  const isSame = (one: AuthenticationClass, index: number): boolean => authenticators[index]?.constructor === one;
  return classes.length === authenticators.length && classes.every(isSame);
}

function findCaller(visit: Visit): Soon<void> {
  const forced = forcedCaller(visit.settings);
  if (forced === undefined) return askAuthenticators(visit);
  if (!forced.user.isAuthenticated) setNobody(visit);
  else setSomebody(visit, forced, visit.authenticators[0] ?? new ForcedAuthentication());
}

function askAuthenticators(visit: Visit, first = 0): Soon<void> {
  for (let index = first; index < visit.authenticators.length; index++) {
    if (index > 0) requireUnanswered(visit.response);
    const authenticator = visit.authenticators[index] as BaseAuthentication;
    const asked = authenticatedBy(authenticator, visit);
    if (isPending(asked))
      return asked.then(result => {
        if (result === null) return askAuthenticators(visit, index + 1);
        setSomebody(visit, result, authenticator);
      });
    if (asked !== null) {
      setSomebody(visit, asked, authenticator);
      return;
    }
  }
  setNobody(visit);
}

function authenticatedBy(authenticator: BaseAuthentication, visit: Visit): Soon<AuthenticationResult | null> {
  try {
    const asked: Soon<unknown> = authenticator.authenticate(visit.request);
    if (!isPending(asked)) return checkedResult(asked, authenticator, visit);
    return Promise.resolve(asked)
      .then(result => checkedResult(result, authenticator, visit))
      .catch((error: unknown) => fail(error, authenticator, visit));
  } catch (error) {
    return fail(error, authenticator, visit);
  }
}

function fail(error: unknown, authenticator: BaseAuthentication, visit: Visit): never {
  visit.failedAuthenticator = authenticator;
  setNobody(visit);
  throw error;
}

function checkedResult(
  result: unknown,
  { constructor }: BaseAuthentication,
  { response }: Visit,
): AuthenticationResult | null {
  if (result === null || isResult(result)) return result;
  ignoreRejections(result);
  requireUnanswered(response);
  throw new ImproperlyConfigured(
    `${constructor.name}.authenticate must return null, or { user, auth } with a boolean user.isAuthenticated, and auth { token, claims }, null or left out. Await promises and queries in them.`,
  );
}

/** What a class returns, before it is checked. */
interface Returned {
  readonly user?: unknown;
  readonly auth?: unknown;
}

interface ReturnedAuth {
  readonly token?: unknown;
  readonly claims?: unknown;
}

function isResult(result: unknown): result is AuthenticationResult {
  const { user, auth } = Object(result) as Returned;
  const { token = '', claims = {} } = (auth ?? {}) as ReturnedAuth;
  if (!areLoaded([user, auth ?? {}, claims]) || Array.isArray(claims)) return false;
  if (typeof (user as Partial<User>).isAuthenticated !== 'boolean' || typeof token !== 'string') return false;
  // The claims of a verified token are frozen, and plain data.
  return Object.isFrozen(claims) || !Object.values(claims as object).some(isPending);
}

// A promise in place of claims would grant nothing, so that a negated rule would let its caller in.
function areLoaded(parts: readonly unknown[]): boolean {
  for (const part of parts)
    if (typeof part !== 'object' || part === null || ('then' in part && isPending(part))) return false;
  return true;
}

// Nobody awaits what a refused result holds.
function ignoreRejections(result: unknown): void {
  const { user, auth } = Object(result) as Returned;
  const { token, claims } = Object(auth) as ReturnedAuth;
  for (const part of [user, auth, token, claims, ...(Object.values(Object(claims) as object) as unknown[])]) seen(part);
}

function setNobody(visit: Visit): void {
  if (visit.authenticators.length === 0) setNoCaller(visit, visit.request);
  else setCaller(visit, visit.request, anonymous);
}

function setSomebody(visit: Visit, { user, auth }: AuthenticationResult, authenticator: BaseAuthentication): void {
  const kept = user.isAuthenticated ? authOf(auth ?? {}, user, authenticator, visit) : null;
  // A class may give every request the same object.
  if (kept !== null && kept !== auth && 'currentUser' in authenticator)
    rememberSource(kept, user, visit.request as Request);
  setCaller(visit, visit.request, { user, auth: kept, authJwt: kept?.claims ?? null });
  visit.successfulAuthenticator = authenticator;
}

// Sets `auth.authenticator` to the class that answered. If the class has named itself, no copy is needed.
function authOf(
  auth: Partial<RequestAuth>,
  user: User,
  authenticator: BaseAuthentication,
  { settings }: Visit,
): RequestAuth {
  if (auth.authenticator === authenticator) return auth as RequestAuth;
  const { claims } = auth;
  if (claims === undefined) return { ...auth, authenticator };
  // A user of the app may have scopes that are no list, which a rule about scopes refuses.
  const scopes: unknown = seen(user.scopes);
  const granted = Array.isArray(scopes) ? (scopes as string[]) : grantsOf(claims, settings).scopes;
  return { ...tokenFacts(claims, granted), ...auth, authenticator };
}
