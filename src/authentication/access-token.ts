/** Authentication by an access token in the Authorization header (RFC 6750). */
import type { Request } from 'express';
import { bearerToken } from '../core/bearer-token';
import { carriesErrors, challenge } from '../core/challenge';
import { grantsOf } from '../core/claims';
import { BaseAuthentication, type AuthenticationClass, type AuthenticationResult } from './base';
import { contextOf } from './request-context';
import { AccessTokenUser, type AxiomsRequest } from './user';

/**
 * Verifies the access token of a request. Without one the caller is anonymous and the permissions decide.
 *
 * @example
 * class BookController {
 *   authenticationClasses = [AccessTokenAuthentication];
 * }
 */
export class AccessTokenAuthentication extends BaseAuthentication {
  async authenticate(request: Request): Promise<AuthenticationResult | null> {
    const token = bearerToken(request);
    if (token === null) return null;
    const { verifier, settings } = contextOf(request);
    const { claims } = await verifier.verify(token);
    return { user: new AccessTokenUser(claims, grantsOf(claims, settings)), auth: { token, claims } };
  }

  override get takesAccessTokens(): boolean {
    return true;
  }

  override authenticateHeader(request: Request): string {
    return challenge('Bearer', contextOf(request).settings.realm);
  }
}

/** Was the caller authenticated by an access token, and not by a session or a key? */
export function isByAccessToken(request: Request): boolean {
  const authenticator = (request as AxiomsRequest).auth?.authenticator as BaseAuthentication | undefined;
  if (authenticator === undefined) return false;
  // A class of the app's own need not say so: its challenge does.
  return authenticator.takesAccessTokens || carriesErrors(authenticator.authenticateHeader?.(request) ?? '');
}

/**
 * Asked after all others, and knows nobody: insists that somebody is authenticated, but for the methods that are public.
 */
abstract class Insistence extends BaseAuthentication {
  override readonly isMandatory = true;
  protected abstract readonly safeMethods: readonly string[] | undefined;

  authenticate(): null {
    return null;
  }

  override isPublic(request: Request): boolean {
    return (this.safeMethods ?? contextOf(request).settings.publicMethods).includes(request.method);
  }
}

/** @param safeMethods the methods that are public; default: the setting `publicMethods` */
export function insistence(safeMethods: readonly string[] | undefined): AuthenticationClass {
  return class extends Insistence {
    protected override readonly safeMethods = safeMethods;
  };
}

/** A class that authenticates nobody, and is there for a decorator. */
export function isInsistence(authenticator: BaseAuthentication): boolean {
  return authenticator instanceof Insistence;
}

/**
 * Insists on a valid access token, whatever the permissions say: 401 without one. Mirrors axioms-drf-py's class of this name.
 */
export class HasValidAccessToken extends AccessTokenAuthentication {
  override readonly isMandatory = true;

  override isPublic(request: Request): boolean {
    return contextOf(request).settings.publicMethods.includes(request.method);
  }
}

/** Another name for {@link HasValidAccessToken}, as in axioms-drf-py. */
export const IsAccessTokenAuthenticated = HasValidAccessToken;

/** GET and HEAD are public, the other methods need a valid access token. A token that is sent is always checked. */
export class IsAnyGetOrIsAccessTokenAuthenticated extends HasValidAccessToken {
  override isPublic(request: Request): boolean {
    return request.method === 'GET' || request.method === 'HEAD' || super.isPublic(request);
  }
}

/** POST is public, the other methods need a valid access token. A token that is sent is always checked. */
export class IsAnyPostOrIsAccessTokenAuthenticated extends HasValidAccessToken {
  override isPublic(request: Request): boolean {
    return request.method === 'POST' || super.isPublic(request);
  }
}
