/** Authentication by an opaque access token in the Authorization header, which its issuer is asked about (RFC 7662). */
import type { Request } from 'express';
import { bearerToken } from '../core/bearer-token';
import { challenge, writeChallenge } from '../core/challenge';
import { grantsOf } from '../core/claims';
import { introspectionSettings } from '../core/introspection';
import type { Settings } from '../core/settings';
import { subjectOf } from '../core/token-subject';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { contextOf } from './request-context';
import { AccessTokenUser } from './user';

/**
 * Asks the issuer about the access token of a request (RFC 7662, RFC 9701): for opaque tokens, and for issuers whose
 * JWTs are to be introspected. Without a token the caller is anonymous and the permissions decide. The settings
 * `introspectionClientId` and a secret or a key are required.
 *
 * Beside the JWT classes it stands last: a token that is three parts with a JSON header is theirs, and where it fails
 * there it is refused and never introspected.
 *
 * @throws InvalidToken (401) for a token that is not active, not good for this API, or revoked (setting `denylist`).
 * @throws ServiceUnavailable (503) where the issuer, or the denylist, cannot be asked.
 * @example
 * class BookController {
 *   authenticationClasses = [AccessTokenAuthentication, IntrospectionAuthentication];
 * }
 */
export class IntrospectionAuthentication extends BaseAuthentication {
  override readonly isToken: boolean = true;
  override readonly authorizationSchemes: readonly string[] = ['Bearer'];
  override readonly takesOpaqueTokens = true;

  async authenticate(request: Request): Promise<AuthenticationResult | null> {
    const token = bearerToken(request);
    if (token === null) return null;
    const { introspector, verifier, settings } = contextOf(request);
    const claims = await introspector.introspect(token);
    // What the issuer said may be remembered: who logged out since is not.
    const subject = subjectOf(claims, introspectionSettings(settings).introspectionSubjectClaims);
    await verifier.refuseRevoked(claims, subject);
    return { user: new AccessTokenUser(claims, grantsOf(claims, settings), subject), auth: { token, claims } };
  }

  override authenticateHeader(request: Request): string {
    return writeChallenge(challenge('Bearer', { realm: contextOf(request).settings.realm }));
  }

  override checkSettings(settings: Settings): void {
    introspectionSettings(settings);
  }
}
