/** What the library knows of a request while it is answered; nobody else sees it. */
import type { Request } from 'express';
import type { AccessTokenVerifier } from '../core/access-token';
import { ImproperlyConfigured } from '../core/exceptions';
import type { TokenIntrospector } from '../core/introspection';
import type { Settings } from '../core/settings';
import type { BaseAuthentication } from './base';
import type { Caller } from './caller';

export interface RequestContext {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** The controller's authentication classes, in list order. */
  authenticators: readonly BaseAuthentication[];
  /** The one that accepted the credentials. */
  successfulAuthenticator?: BaseAuthentication;
  /** Who is calling, once that is known. */
  caller?: Caller;
  /** The `request.user` that a middleware of the app, such as Passport's, set before the first guarded route. */
  userOfApp?: unknown;
}

const contextKey = Symbol('axioms');

interface Place {
  [contextKey]?: RequestContext;
}

/**
 * A request keeps its context with its `rawHeaders`: Express gives each request a prototype, and thereby a shape of its
 * own, to which a property costs microseconds. The list of its header fields is an array like any other, made with it.
 */
function placeOf(request: Request): Place {
  const { rawHeaders } = request as { rawHeaders?: Place };
  return rawHeaders ?? (request as Place);
}

/** The context of a request of a guarded route, where it has one. */
export function findContext(request: Request): RequestContext | undefined {
  return placeOf(request)[contextKey];
}

/** What stands for the `rawHeaders` of a stand-in: the context is found there, and whoever looks for more is seen. */
export function contextOnly(context: () => RequestContext | undefined, look: () => void): object {
  const seen = <T>(answer: T): T => {
    look();
    return answer;
  };
  return new Proxy(
    {},
    {
      get: (_, name) => (name === contextKey ? context() : seen(undefined)),
      has: () => seen(false),
      ownKeys: () => seen([]),
      getOwnPropertyDescriptor: () => { seen(undefined); },
    },
  );
}

/** @throws ImproperlyConfigured for a request that no guarded route has received. */
export function contextOf(request: Request): RequestContext {
  const found = findContext(request);
  if (found === undefined)
    throw new ImproperlyConfigured('This request did not come through a route of axioms-routing-controllers.');
  return found;
}

export function setContext(request: Request, value: RequestContext): void {
  const before = findContext(request);
  // What the first route finds is the app's; what a later one finds may be whom the first has let in. A middleware sets a
  // property of the request's own: what is inherited is the guard's accessor.
  if (before !== undefined) value.userOfApp = before.userOfApp;
  else if (Object.hasOwn(request, 'user')) value.userOfApp = request.user;
  placeOf(request)[contextKey] = value;
}
