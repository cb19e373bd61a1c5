/** What the library knows of a request while it is answered; nobody else sees it. */
import type { Request } from 'express';
import type { AccessTokenVerifier } from '../core/tokens/access-token';
import type { Claims } from '../core/tokens/claims';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { TokenIntrospector } from '../core/tokens/introspection';
import type { Settings } from '../core/settings/settings';
import type { BaseAuthentication } from './base';
import type { RequestAuth, User } from './user';

/** The caller as the guard found it. The rules read this, never the request's own properties: the app may set those. */
export interface Caller {
  readonly user: User;
  readonly auth: RequestAuth | null;
  readonly authJwt: Claims | null;
}

export interface RequestContext {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** The controller's authentication classes, in list order. */
  authenticators: readonly BaseAuthentication[];
  /** The class that accepted the credentials. */
  successfulAuthenticator?: BaseAuthentication | undefined;
  /** The caller, once authentication has finished. */
  caller?: Caller | undefined;
  /** What the app's session gave as its user, unless that took a promise. */
  sessionAccount?: unknown;
  /** What the app itself set on the request, before a guard wrote its caller there. */
  setByApp?: SetByApp | undefined;
}

/** `request.user` and `request.auth` as a middleware of the app, such as Passport's, set them. */
export interface SetByApp {
  readonly user: unknown;
  readonly auth: unknown;
}

/** The name under which a request holds its context. */
export const contextKey = Symbol('axioms');

/** A context and the request that it belongs to: what inherits from a request, or stands in front of it, is another request. */
export interface Held {
  owner: unknown;
  context: RequestContext;
}

interface Holder {
  readonly [contextKey]?: Held;
}

/** Contexts of copies: an heir or a `Proxy` of a request reads and writes the property of the original. */
const ofCopies = new WeakMap<object, RequestContext>();

const anyObject = Symbol('any object');

/** The context of a request of a guarded route, if it has one. */
export function findContext(request: Request): RequestContext | undefined {
  const held = (request as Holder)[contextKey];
  if (held === undefined) return undefined;
  return held.owner === request || held.owner === anyObject ? held.context : ofCopies.get(request);
}

/** What an object that only imitates a request answers under {@link contextKey}. */
export function heldByAnyObject(context: RequestContext): Held {
  return { owner: anyObject, context };
}

/** @throws ImproperlyConfigured for a request that no guarded route has received. */
export function contextOf(request: Request): RequestContext {
  const found = findContext(request);
  if (found === undefined)
    throw new ImproperlyConfigured('This request did not come through a route of axioms-routing-controllers.');
  return found;
}

export function setContext(request: Request, context: RequestContext): void {
  const held = (request as Holder)[contextKey];
  if (held === undefined) define(request, { owner: request, context });
  else if (held.owner === request) held.context = context;
  else ofCopies.set(request, context);
}

// Not enumerable: a spread or Object.assign() does not copy it.
function define(request: Request, value: Held): void {
  Object.defineProperty(request, contextKey, { value, configurable: true });
}
