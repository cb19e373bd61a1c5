/** Authentication by the app's own session: express-session, Passport, or whatever put the user there. */
import type { Request } from 'express';
import { isRepeated } from '../core/bearer-token';
import { asUser, isClosed } from './app-user';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { checkCsrfToken } from './csrf';
import { contextOf } from './request-context';

// RFC 9110 §9.2.1.
const safeMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/**
 * The user of a session: `request.user` as a middleware in front of the routes set it (Passport), or else
 * `request.session.user`. Unsafe methods need a CSRF token, see {@link csrfToken}. Mirrors DRF's `SessionAuthentication`.
 *
 * It has no challenge: where it is the only class, an anonymous request is 403. A request that also carries credentials
 * for another class of the list (see `authorizationSchemes`) is that class's, wherever it stands: a bad token is not made
 * good by a session, and a good one needs no CSRF token.
 *
 * @throws PermissionDenied (403) for an unsafe request without a CSRF token of its session.
 * @example
 * class AccountController {
 *   authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
 * }
 *
 * class ShopSession extends SessionAuthentication {
 *   override sessionUser(request: Request) {
 *     return (request as Request & { shop?: { customer?: object } }).shop?.customer;
 *   }
 * }
 */
export class SessionAuthentication extends BaseAuthentication {
  override readonly isToken: boolean = false;
  override readonly authorizationSchemes: readonly string[] = [];

  async authenticate(request: Request): Promise<AuthenticationResult | null> {
    if (hasCredentialsForAnother(this, request)) return null;
    const account = await this.sessionUser(request);
    if (account === undefined || account === null) return null;
    const user = asUser(account, `${this.constructor.name}.sessionUser`);
    if (!user.isAuthenticated || isClosed(user)) return null;
    await this.enforceCsrf(request);
    return { user };
  }

  /** Whom the session knows; nothing for nobody. A user with `isActive: false` is nobody. */
  sessionUser(request: Request): unknown {
    const { session } = request as object as { readonly session?: { readonly user?: unknown } | null };
    return contextOf(request).userOfApp ?? session?.user;
  }

  /**
   * Was the request meant by the user, not made by another site in their browser?
   *
   * @throws PermissionDenied
   */
  enforceCsrf(request: Request): void | Promise<void> {
    if (!safeMethods.includes(request.method)) checkCsrfToken(request);
  }
}

// Each class declares what it reads: a challenge is text for clients, and may be missing. One that declares nothing may
// read every scheme.
function hasCredentialsForAnother(one: BaseAuthentication, request: Request): boolean {
  const scheme = schemeOf(request.headers.authorization);
  const others = contextOf(request).authenticators.filter(other => other !== one);
  if (isRepeated(request))
    return others.some(({ authorizationSchemes: read }) => read === undefined || read.length > 0);
  return scheme !== undefined && others.some(other => reads(scheme, other));
}

function reads(scheme: string, { authorizationSchemes }: BaseAuthentication): boolean {
  return authorizationSchemes?.some(one => one.toLowerCase() === scheme) ?? true;
}

// RFC 9110 §11.1: without case.
function schemeOf(field: string | undefined): string | undefined {
  return /^[\w!#$%&'*+\-.^`|~]+/.exec(field ?? '')?.[0].toLowerCase();
}
