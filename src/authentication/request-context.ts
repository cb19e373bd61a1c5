/** What the library knows of a request while it is answered; nobody else sees it. */
import type { Request } from 'express';
import type { AccessTokenVerifier } from '../core/access-token';
import { ImproperlyConfigured } from '../core/exceptions';
import type { TokenIntrospector } from '../core/introspection';
import type { Settings } from '../core/settings';
import type { BaseAuthentication } from './base';

export interface RequestContext {
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** The controller's authentication classes, in list order. */
  authenticators: readonly BaseAuthentication[];
  /** The one that accepted the credentials. */
  successfulAuthenticator?: BaseAuthentication;
}

const context = Symbol('axioms');
const appUser = Symbol('axioms.user');

type WithContext = Request & { [context]?: RequestContext; [appUser]?: unknown };

/** The context of a request of a guarded route, where it has one. */
export function findContext(request: Request): RequestContext | undefined {
  return (request as WithContext)[context];
}

/** @throws ImproperlyConfigured for a request that no guarded route has received. */
export function contextOf(request: Request): RequestContext {
  const found = findContext(request);
  if (found === undefined)
    throw new ImproperlyConfigured('This request did not come through a route of axioms-routing-controllers.');
  return found;
}

export function setContext(request: Request, value: RequestContext): void {
  const known = request as WithContext;
  // What the first route finds is the app's; what a later one finds may be whom the first has let in.
  if (known[context] === undefined) known[appUser] = request.user;
  known[context] = value;
}

/** The `request.user` that a middleware of the app, such as Passport's, set before the first guarded route. */
export function userOfApp(request: Request): unknown {
  return (request as WithContext)[appUser];
}
