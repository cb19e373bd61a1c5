/** Authentication by an access token in the Authorization header (RFC 6750) that the issuer introspects (RFC 7662). */
import type { Request } from 'express';
import { challenge, writeChallenge } from '../core/http/challenge';
import { addressOf, siteOf } from '../core/http/client-address';
import { grantsOf } from '../core/tokens/claims';
import { introspectionSettings } from '../core/tokens/introspection';
import type { Settings } from '../core/settings/settings';
import { subjectOf } from '../core/tokens/token-subject';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { presentedToken, tokenChallenges, tokenSchemes } from './possession';
import { provenKeys } from './request-auth';
import { contextOf } from './request-context';
import { AccessTokenUser } from './user';

/**
 * Introspects the access token of a request at its issuer (RFC 7662, RFC 9701): for opaque tokens, and for issuers whose
 * JWTs should be introspected. Without a token the caller is anonymous, and the permissions decide. Requires the settings
 * `introspectionClientId` and a secret or a key.
 *
 * List it after the JWT classes: a token of three parts with a JSON header belongs to them. If they refuse it, it is never
 * introspected.
 *
 * @throws InvalidToken (401) if the token is not active, not valid for this API, or revoked (setting `denylist`).
 * @throws ServiceUnavailable (503) if the issuer or the denylist cannot be reached.
 * @example
 * class BookController {
 *   authenticationClasses = [AccessTokenAuthentication, IntrospectionAuthentication];
 * }
 */
export class IntrospectionAuthentication extends BaseAuthentication {
  override readonly isToken: boolean = true;
  override readonly authorizationSchemes: readonly string[] = tokenSchemes;
  override readonly takesOpaqueTokens = true;

  async authenticate(request: Request): Promise<AuthenticationResult | null> {
    const presented = presentedToken(request);
    if (presented === null) return null;
    const { token, shown } = presented;
    const { introspector, verifier, settings } = contextOf(request);
    const claims = await introspector.introspectUnproven(token, siteOf(addressOf(request)));
    // The issuer's answer may come from the cache, so the denylist is checked for a later revocation.
    const subject = subjectOf(claims, introspectionSettings(settings).introspectionSubjectClaims);
    await verifier.refuseRevoked(claims, subject);
    await verifier.requirePossession(token, claims, shown);
    const user = new AccessTokenUser(claims, grantsOf(claims, settings), subject);
    return { user, auth: { token, claims, ...provenKeys(claims) } };
  }

  override authenticateHeader(request: Request): string {
    return writeChallenge(challenge('Bearer', { realm: contextOf(request).settings.realm }));
  }

  override challenges(request: Request): readonly string[] {
    return tokenChallenges(this, request);
  }

  override checkSettings(settings: Settings): void {
    introspectionSettings(settings);
  }
}
