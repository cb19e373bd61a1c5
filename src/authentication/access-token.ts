/** Authentication by an access token in the Authorization header (RFC 6750). */
import type { Request } from 'express';
import { bearerToken } from '../core/bearer-token';
import { challenge } from '../core/challenge';
import { grantsOf } from '../core/claims';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { contextOf } from './request-context';
import { AccessTokenUser } from './user';

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

  override authenticateHeader(request: Request): string {
    return challenge('Bearer', contextOf(request).settings.realm);
  }
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
