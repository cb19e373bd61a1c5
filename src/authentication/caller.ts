/** The caller of a request: what the rules go by, and what handlers see as `request.user`, `request.auth` and `request.authJwt`. */
import type { Request } from 'express';
import { findContext, type Caller, type RequestContext, type SetByApp } from './request-context';
import { AnonymousUser, type AxiomsRequest, type User } from './user';

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
  return isTrue(currentCaller(request).user);
}

// Only true counts: the object may be the app's own.
function isTrue({ isAuthenticated: said }: User): boolean {
  return (said as unknown) === true;
}

/** The caller as of now: a session's user may have been removed or replaced by the app since the guard looked. */
export function currentCaller(request: object): Caller {
  const context = findContext(request as Request);
  if (context?.caller === undefined) return anonymous;
  const { caller, successfulAuthenticator } = context;
  const user = successfulAuthenticator?.currentUser?.(request as Request, caller.user) ?? caller.user;
  if (user !== caller.user) replaceUser(context, request as AxiomsRequest, user);
  return context.caller;
}

function replaceUser(context: RequestContext, request: AxiomsRequest, user: User): void {
  const caller = isTrue(user) ? { ...(context.caller ?? anonymous), user } : anonymous;
  setCaller(context, request, caller);
}

/**
 * Sets the caller, replacing any earlier one. `request.user` is `undefined` for an anonymous request: apps and Passport
 * take any object there for a signed-in user.
 */
export function setCaller(context: RequestContext, request: AxiomsRequest, caller: Caller): void {
  context.caller = caller;
  request.user = shownUser(caller);
  request.auth = caller.auth;
  request.authJwt = caller.authJwt;
}

/** Leaves the request as the app set it: the route has no authentication class, and its rules know no caller. */
export function setNoCaller(context: RequestContext, request: AxiomsRequest): void {
  context.caller = anonymous;
  restore(request, 'user', context.setByApp?.user);
  restore(request, 'auth', context.setByApp?.auth);
  request.authJwt = null;
}

// A request without the property stays without it.
function restore(request: AxiomsRequest, name: keyof SetByApp, value: unknown): void {
  if (request[name] !== value) Object.assign(request, { [name]: value });
}

/**
 * What the app set on this request. A guard that received the request before has written over it, unless the app has set
 * another user since.
 */
export function setByApp(request: Request, before: RequestContext | undefined): SetByApp {
  const { user, auth } = request as object as SetByApp;
  if (before?.setByApp !== undefined) {
    const isWritten = user === shownUser(before.caller);
    return isWritten ? before.setByApp : { ...before.setByApp, user };
  }
  return isOfGuard(auth) ? { user: undefined, auth: undefined } : { user, auth };
}

/** What `request.user` shows of a caller. */
export function shownUser(caller: Caller | undefined): User | undefined {
  return caller !== undefined && isTrue(caller.user) ? caller.user : undefined;
}

// A copy of a guarded request has what the guard wrote there; that is not the app's.
export function isOfGuard(auth: unknown): boolean {
  const { authenticator } = Object(auth) as { authenticator?: unknown };
  return typeof (Object(authenticator) as { authenticate?: unknown }).authenticate === 'function';
}
