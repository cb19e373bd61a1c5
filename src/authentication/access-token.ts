/** Authentication by an access token in the Authorization header (RFC 6750, RFC 9449). */
import type { Request } from 'express';
import type { AcceptedToken, AccessTokenVerifier } from '../core/tokens/access-token';
import { challenge, writeChallenge } from '../core/http/challenge';
import { isJwtShaped } from '../core/jws/compact-jws';
import { after, type Soon } from '../core/time/soon';
import { BaseAuthentication, decidesPublicByMethod, type AuthenticationResult } from './base';
import { rememberToken, sameTokenAgain, type LastToken } from './connection';
import { presentedToken, tokenChallenges, tokenSchemes } from './possession';
import { provenKeys, tokenFacts } from './request-auth';
import { contextOf } from './request-context';
import { AccessTokenUser, type RequestAuth } from './user';

/**
 * Verifies the access token of a request. Without a token the caller is anonymous, and the permissions decide.
 *
 * @example
 * class BookController {
 *   authenticationClasses = [AccessTokenAuthentication];
 * }
 */
export class AccessTokenAuthentication extends BaseAuthentication {
  override readonly isToken: boolean = true;
  override readonly authorizationSchemes: readonly string[] = tokenSchemes;

  authenticate(request: Request): Soon<AuthenticationResult | null> {
    const { verifier, authenticators } = contextOf(request);
    const last = sameTokenAgain(request, verifier);
    if (last !== undefined) return resultAgain(this, last, verifier);
    const presented = presentedToken(request);
    if (presented === null) return null;
    const { token, shown } = presented;
    if (authenticators.length > 1 && isForAnother(this, token, authenticators)) return null;
    return after(verifier.accept(token, shown), ({ accepted, known, isNew }) => {
      if (!isNew) rememberToken(request, token, known, verifier);
      return resultOf(this, token, accepted);
    });
  }

  override authenticateHeader(request: Request): string {
    return writeChallenge(challenge('Bearer', { realm: contextOf(request).settings.realm }));
  }

  override challenges(request: Request): readonly string[] {
    return tokenChallenges(this, request);
  }
}

// A JWT that fails verification is refused. It is never introspected: the issuer could accept it.
function isForAnother(one: BaseAuthentication, token: string, all: readonly BaseAuthentication[]): boolean {
  const later = all.slice(all.indexOf(one) + 1);
  return later.some(({ takesOpaqueTokens }) => takesOpaqueTokens === true) && !isJwtShaped(token);
}

function resultAgain(
  authenticator: BaseAuthentication,
  { token, known: { accepted } }: LastToken,
  verifier: AccessTokenVerifier,
): Soon<AuthenticationResult> {
  const { token: verified, subject } = accepted;
  return after(verifier.refuseRevoked(verified.claims, subject), () => resultOf(authenticator, token, accepted));
}

function resultOf(
  authenticator: BaseAuthentication,
  token: string,
  { token: { claims }, grants, subject }: AcceptedToken,
): AuthenticationResult {
  const facts = { ...tokenFacts(claims, grants.scopes), ...provenKeys(claims) };
  const auth: RequestAuth = { authenticator, token, claims, ...facts };
  return { user: new AccessTokenUser(claims, grants, subject), auth };
}

/**
 * Requires a valid access token, whatever the permissions say: 401 without one. Mirrors axioms-drf-py's class of this name.
 */
export class HasValidAccessToken extends AccessTokenAuthentication {
  override readonly isMandatory = true;

  override isPublic(request: Request): boolean {
    return contextOf(request).settings.publicMethods.includes(request.method);
  }
}

/** Another name for {@link HasValidAccessToken}, as in axioms-drf-py. */
export const IsAccessTokenAuthenticated = HasValidAccessToken;

/** Makes GET and HEAD public; the other methods need a valid access token. A token that is sent is always verified. */
export class IsAnyGetOrIsAccessTokenAuthenticated extends HasValidAccessToken {
  override isPublic(request: Request): boolean {
    return request.method === 'GET' || request.method === 'HEAD' || super.isPublic(request);
  }
}

/** Makes POST public; the other methods need a valid access token. A token that is sent is always verified. */
export class IsAnyPostOrIsAccessTokenAuthenticated extends HasValidAccessToken {
  override isPublic(request: Request): boolean {
    return request.method === 'POST' || super.isPublic(request);
  }
}

[HasValidAccessToken, IsAnyGetOrIsAccessTokenAuthenticated, IsAnyPostOrIsAccessTokenAuthenticated].forEach(
  decidesPublicByMethod,
);
