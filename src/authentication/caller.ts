/**
 * The caller of a request: the rules use it, and handlers see it as `request.user`, `request.auth` and
 * `request.authJwt`.
 */
import type { Request } from 'express';
import { seen } from '../core/process/rejections';
import { findContext, ownsContext, type Caller, type RequestContext, type SetByApp } from './request-context';
import { AnonymousUser, type AxiomsRequest, type RequestAuth, type User } from './user';

export const anonymous: Caller = Object.freeze({
  user: Object.freeze(new AnonymousUser()),
  auth: null,
  authJwt: null,
});

/**
 * Returns the caller of a request: the authenticated user, or an `AnonymousUser`, whose `isAuthenticated` is false. For
 * code in DRF's style, where `request.user` is never empty.
 *
 * @example
 * const caller = callerOf(request);
 * if (caller.isAuthenticated) console.log(caller.sub);
 */
export function callerOf(request: object): User {
  return currentCaller(request).user;
}

/**
 * Tells whether one of the library's authentication classes accepted credentials for this request. A `request.user` that
 * the app set by itself does not count.
 *
 * @example
 * if (!isAuthenticated(request)) throw new NotAuthenticated();
 */
export function isAuthenticated(request: object): boolean {
  return (currentCaller(request).user.isAuthenticated as unknown) === true;
}

/** Tells whether the caller is authenticated. Only `true` counts, because the user may be the app's own object. */
export function isSomebody({ user }: Caller): boolean {
  return (user.isAuthenticated as unknown) === true;
}

/**
 * Returns the current caller: the app may have removed or replaced the user of a session since the guard authenticated
 * the request.
 */
export function currentCaller(request: object): Caller {
  const context = findContext(request as Request);
  return context === undefined ? anonymous : callerIn(context, request);
}

/** Does the same for a request whose context is known. */
export function callerIn(context: RequestContext, request: object): Caller {
  const { caller, successfulAuthenticator, original } = context;
  if (caller === undefined) return anonymous;
  if (original !== undefined) return (context.caller = currentCaller(original));
  const user = seen(successfulAuthenticator?.currentUser?.(request as Request, caller.user)) ?? caller.user;
  if (user !== caller.user) replaceUser(context, request as AxiomsRequest, user);
  return context.caller ?? anonymous;
}

function replaceUser(context: RequestContext, request: AxiomsRequest, user: User): void {
  const caller = { ...(context.caller ?? anonymous), user };
  const isOfApp = request.user !== shownUser(context.caller);
  if (!isOfApp && caller.auth !== null) sources.get(caller.auth)?.shown.add(user);
  setCaller(context, request, isSomebody(caller) ? caller : anonymous);
}

/**
 * Sets the caller, replacing any earlier one. `request.user` is `undefined` for an anonymous request: apps and Passport
 * take any object there for a signed-in user.
 */
export function setCaller(context: RequestContext, request: AxiomsRequest, caller: Caller): void {
  context.caller = caller;
  if (isSomebody(caller)) request.user = caller.user;
  else hideUser(request, context.setByApp);
  request.auth = caller.auth;
  request.authJwt = caller.authJwt;
}

// Shows no user. An accessor tells that the app has assigned undefined since: a user that it has removed is not found again.
// One of the app's own stays.
function hideUser(request: AxiomsRequest, setByApp: SetByApp | undefined): void {
  const isPlain = setByApp?.user !== undefined && 'value' in (Object.getOwnPropertyDescriptor(request, 'user') ?? {});
  if (!isPlain || !Reflect.defineProperty(request, 'user', hiddenUser)) request.user = undefined;
}

const hiddenUser: PropertyDescriptor = {
  get: () => undefined,
  set(this: object, value: unknown) {
    Object.defineProperty(this, 'user', { value, writable: true, enumerable: true, configurable: true });
  },
  enumerable: true,
  configurable: true,
};

/** Sets an anonymous caller, and restores what the app set on the request: the route has no authentication class. */
export function setNoCaller(context: RequestContext, request: AxiomsRequest): void {
  context.caller = anonymous;
  restore(request, 'user', context.setByApp?.user);
  restore(request, 'auth', context.setByApp?.auth);
  request.authJwt = null;
}

// Does not add a property that the request does not have.
function restore(request: AxiomsRequest, name: keyof SetByApp, value: unknown): void {
  if (request[name] !== value) Object.assign(request, { [name]: value });
}

/**
 * Returns what the app set on this request. If an earlier guard has overwritten it, returns what the app set before
 * that, unless the app has set another user since.
 */
export function setByApp(request: Request, before: RequestContext | undefined): SetByApp {
  const { user, auth } = request as object as SetByApp;
  // A copy of a copy has the caller of the first copy, and the context of the original. Of the request itself, the app may
  // have made a `request.auth` with more members.
  if (isOfGuard(auth) && auth !== before?.caller?.auth && !ownsContext(request)) return setOnSource(user, auth);
  if (before?.setByApp === undefined) return { user, auth };
  return isAsWritten(request, before.setByApp, before.caller) ? before.setByApp : { ...before.setByApp, user };
}

/** The request on which the guard has set a `request.auth`, and the users that it has set together with it. */
interface Source {
  readonly request: Request;
  readonly shown: WeakSet<object>;
}

const sources = new WeakMap<RequestAuth, Source>();

/**
 * Remembers the request of a `request.auth`, for copies that are made with a spread: they have its properties, and no
 * context.
 *
 * @param auth an object that no other request has
 */
export function rememberSource(auth: RequestAuth, user: User, request: Request): void {
  sources.set(auth, { request, shown: new WeakSet([user]) });
}

// The user of the copy is the one that the original had when it was copied, and its session may have none any more.
function setOnSource(user: unknown, auth: RequestAuth): SetByApp {
  if (!('currentUser' in auth.authenticator)) return { user: undefined, auth: undefined };
  const source = sources.get(auth);
  const before = source === undefined ? undefined : findContext(source.request)?.setByApp;
  const isWritten = before !== undefined && source?.shown.has(user as object) === true;
  return { user: isWritten ? before.user : user, auth: undefined };
}

// Tells whether `request.user` is still what the guard wrote. A user that it has hidden may have been removed since.
function isAsWritten(request: Request, { user: hidden }: SetByApp, caller: Caller | undefined): boolean {
  const shown = shownUser(caller);
  if (shown !== undefined || hidden === undefined) return request.user === shown;
  const own = Object.getOwnPropertyDescriptor(request, 'user');
  // Without a property of its own, the app has deleted it, or has an accessor for all requests.
  return (own === undefined ? 'user' in request : own.get !== undefined) && request.user === undefined;
}

/** Returns the value of `request.user` for a caller. */
export function shownUser(caller: Caller | undefined): User | undefined {
  return caller !== undefined && isSomebody(caller) ? caller.user : undefined;
}

// Tells whether a guard wrote this `request.auth`. A copy of a guarded request has it, and it is not the app's.
export function isOfGuard(auth: unknown): auth is RequestAuth {
  if (typeof auth !== 'object' || auth === null) return false;
  const { authenticator } = auth as { authenticator?: unknown };
  return typeof (Object(authenticator) as { authenticate?: unknown }).authenticate === 'function';
}
