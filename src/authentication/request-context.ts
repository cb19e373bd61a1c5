/** The library's private data about a request while it is handled. */
import type { Request } from 'express';
import type { AccessTokenVerifier } from '../core/tokens/access-token';
import type { Claims } from '../core/tokens/claims';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { TokenIntrospector } from '../core/tokens/introspection';
import type { Settings } from '../core/settings/settings';
import type { BaseAuthentication } from './base';
import type { RequestAuth, User } from './user';

/**
 * The caller that the guard found. The rules read this, never the request's own properties, because the app may set
 * those.
 */
export interface Caller {
  readonly user: User;
  readonly auth: RequestAuth | null;
  readonly authJwt: Claims | null;
}

export interface RequestContext {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** The request's method when the guard received it, while `request.method` may show rules another one. */
  readonly method: string;
  /** The controller's authentication classes, in list order. */
  authenticators: readonly BaseAuthentication[];
  /** The class that accepted the credentials. */
  successfulAuthenticator?: BaseAuthentication | undefined;
  /** The caller, once authentication has finished. */
  caller?: Caller | undefined;
  /** The user that the app's session returned, unless it returned a promise. */
  sessionAccount?: unknown;
  /** Returns the account that `SessionAuthentication` finds, for CSRF tokens. */
  sessionOwner?: (() => unknown) | undefined;
  /** What the app itself set on the request, before a guard overwrote it. */
  setByApp?: SetByApp | undefined;
  /** The request that the library copied. Its caller is the caller of the copy, too. */
  readonly original?: Request | undefined;
}

/** `request.user` and `request.auth` as a middleware of the app, such as Passport's, set them. */
export interface SetByApp {
  readonly user: unknown;
  readonly auth: unknown;
}

/** The property of a request that holds its context. */
export const contextKey = Symbol('axioms');

/**
 * A context and the request that it belongs to. An object that inherits from the request, or a proxy of it, is another
 * request.
 */
export interface Held {
  owner: unknown;
  context: RequestContext;
}

interface Holder {
  readonly [contextKey]?: Held;
}

/**
 * The contexts of copies. An object that inherits from a request, or a proxy of it, would read and write the property
 * of the original.
 */
const ofCopies = new WeakMap<object, RequestContext>();

const anyObject = Symbol('any object');

/** Returns the context of a request, if a guarded route has received it. */
export function findContext(request: Request): RequestContext | undefined {
  const held = (request as Holder)[contextKey];
  if (held === undefined) return undefined;
  return held.owner === request || held.owner === anyObject ? held.context : ofCopies.get(request);
}

/** Returns the value of {@link contextKey} for an object that only imitates a request. */
export function heldByAnyObject(context: RequestContext): Held {
  return { owner: anyObject, context };
}

/**
 * Returns the context of a request.
 *
 * @throws ImproperlyConfigured if no guarded route has received the request.
 */
export function contextOf(request: Request): RequestContext {
  const found = findContext(request);
  if (found === undefined)
    throw new ImproperlyConfigured('This request did not come through a route of axioms-routing-controllers.');
  return found;
}

/** Whether the request is the one that a guarded route has received, and no copy of it. */
export function ownsContext(request: Request): boolean {
  return (request as Holder)[contextKey]?.owner === request;
}

/** Returns the context of the request that this object inherits from, or is a proxy of. */
export function contextOfOriginal(copy: Request): RequestContext | undefined {
  return (copy as Holder)[contextKey]?.context;
}

/** Every member, so that the compiler asks for a new one. */
type EveryMember = { [Name in keyof Required<RequestContext>]: RequestContext[Name] };

/** Returns a context for a copy that the library makes of a request, with the same caller. */
export function contextForCopy(original: Request): RequestContext {
  const context = contextOf(original);
  const { settings, verifier, introspector, method, authenticators, successfulAuthenticator } = context;
  const { caller, sessionAccount, sessionOwner, setByApp } = context;
  const services = { settings, verifier, introspector };
  const session = { sessionAccount, sessionOwner, setByApp };
  const copied: EveryMember = {
    ...services,
    ...session,
    method,
    authenticators,
    successfulAuthenticator,
    caller,
    original,
  };
  return copied;
}

export function setContext(request: Request, context: RequestContext): void {
  const held = (request as Holder)[contextKey];
  if (held === undefined) define(request, { owner: request, context });
  else if (held.owner === request) held.context = context;
  else ofCopies.set(request, context);
}

// Not enumerable, so that a spread or Object.assign() does not copy it.
function define(request: Request, value: Held): void {
  Object.defineProperty(request, contextKey, { value, configurable: true });
}
