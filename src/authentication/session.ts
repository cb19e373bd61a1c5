/** Authentication by the app's own session: express-session, Passport, or any other middleware that sets the user. */
import { isDeepStrictEqual } from 'node:util';
import type { Request } from 'express';
import { isRepeated, schemeOf } from '../core/http/sent-token';
import { isPending } from '../core/time/soon';
import { asUser, isClosed } from './app-user';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { isOfGuard } from './caller';
import { checkCsrfToken } from './csrf';
import { contextOf } from './request-context';
import { AnonymousUser, type AxiomsRequest, type User } from './user';

// RFC 9110 §9.2.1.
const safeMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/**
 * Authenticates the user of a session: `request.user` if a middleware before the routes set it (Passport), or else
 * `request.session.user`. Unsafe methods need a CSRF token, see {@link csrfToken}. Mirrors DRF's
 * `SessionAuthentication`.
 *
 * The class has no challenge: if it is the only class, an anonymous request gets a 403. A request that also has
 * credentials for another class of the list (see `authorizationSchemes`) is left to that class, regardless of the
 * order: a session does not make up for a bad token, and a good token needs no CSRF token.
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
    const found = this.sessionUser(request);
    const isAsync = isPending(found);
    const account: unknown = await found;
    const user = userFrom(account, `${this.constructor.name}.sessionUser`);
    contextOf(request).sessionOwner = isAsync ? () => account : () => this.sessionUser(request);
    if (user === null) return null;
    await this.enforceCsrf(request);
    // Does not watch an async session: every check would be a second query.
    if (!isAsync) contextOf(request).sessionAccount = found;
    return { user };
  }

  /**
   * Returns the session's current user. If the app removes or replaces it (`request.logout()`, another `request.user`,
   * another `request.session.user`), the caller is anonymous, or that other user, for the rest of the request. An async
   * `sessionUser`, or one that returns a query, is called once; of its user, only `request.user` is watched. One that makes
   * its object anew each time must make it of plain data: only then is an equal object the same user.
   */
  override currentUser(request: Request, accepted: User): User {
    const context = contextOf(request);
    const { user } = request as { readonly user?: unknown };
    if (user !== (accepted.isAuthenticated ? accepted : undefined)) return replacing(request);
    if (!accepted.isAuthenticated || context.sessionAccount === undefined) return accepted;
    const account = this.sessionUser(request);
    if (account === context.sessionAccount || isSameData(account, context.sessionAccount)) return accepted;
    const found = userFrom(account, `${this.constructor.name}.sessionUser`) ?? new AnonymousUser();
    context.sessionAccount = account;
    return found;
  }

  /**
   * Returns the user of the session, or `undefined` or `null` if it has no user. May also return a promise, or a query
   * with a `then` method, such as Mongoose's, which is awaited once. A user with `isActive: false` counts as no user.
   */
  sessionUser(request: Request): unknown {
    const { session } = request as object as { readonly session?: { readonly user?: unknown } | null };
    return contextOf(request).setByApp?.user ?? session?.user;
  }

  /**
   * Checks that the user meant to send the request, and that it was not sent by another site in their browser.
   *
   * @throws PermissionDenied if an unsafe request has no CSRF token of its session.
   */
  enforceCsrf(request: Request): void | Promise<void> {
    if (!safeMethods.includes(request.method)) checkCsrfToken(request);
  }
}

// Objects of a class may differ in what is private.
function isSameData(one: unknown, other: unknown): boolean {
  return holdsOnlyData(one) && holdsOnlyData(other) && isDeepStrictEqual(one, other);
}

function holdsOnlyData(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (seen.has(value)) return true;
  seen.add(value);
  const isPlain = [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value) as object | null);
  return isPlain && Object.values(value).every(member => holdsOnlyData(member, seen));
}

function userFrom(account: unknown, place: string): User | null {
  if (account === undefined || account === null) return null;
  const user = asUser(account, place);
  return user.isAuthenticated && !isClosed(user) ? user : null;
}

// The guard of a copy of this request writes to the same property. Its caller is not the session's.
function replacing(request: Request): User {
  const context = contextOf(request);
  const { user, auth } = request as object as AxiomsRequest;
  if (isOfGuard(auth) && auth !== context.caller?.auth) return new AnonymousUser();
  return userFrom(user, 'request.user') ?? new AnonymousUser();
}

// Each class declares what it reads. Its challenge does not say so: it is text for clients, and may be missing. A class
// that declares nothing may read every scheme.
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
