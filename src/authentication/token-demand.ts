/** What asks for an access token, where somebody may be known by something else. */
import type { Request } from 'express';
import { AccessTokenAuthentication } from './access-token';
import { BaseAuthentication, type AuthenticationClass, type AuthenticationResult } from './base';
import { IntrospectionAuthentication } from './introspection';
import { contextOf } from './request-context';

/**
 * Was the caller authenticated by an access token, and not by a session or a key? The class that accepted the credentials
 * decides. One that does not declare it has accepted a token if it returned one.
 */
export function isByAccessToken(request: Request): boolean {
  const { successfulAuthenticator: authenticator, caller } = contextOf(request);
  const auth = caller?.auth ?? null;
  if (authenticator === undefined || auth === null) return false;
  return acceptsAccessTokens(authenticator) || (authenticator.isToken === undefined && auth.token !== undefined);
}

/** Does this class accept access tokens? What its challenge says is for clients, and decides nothing. */
export function acceptsAccessTokens(authenticator: BaseAuthentication): boolean {
  return readsBearerTokens(authenticator) || authenticator.isToken === true;
}

/** Is it one of the library's own classes for access tokens, or a subclass? */
export function readsBearerTokens(authenticator: BaseAuthentication): boolean {
  return authenticator instanceof AccessTokenAuthentication || authenticator instanceof IntrospectionAuthentication;
}

/**
 * Reads the access token where no class of the list does; where one does, it may know more (an introspection, a tenant),
 * and this one stays out of its way.
 */
export class AccessTokenReader extends AccessTokenAuthentication {
  override async authenticate(request: Request): Promise<AuthenticationResult | null> {
    return this.isNeeded(request) ? super.authenticate(request) : null;
  }

  override authenticateHeader(request: Request): string {
    return this.isNeeded(request) ? super.authenticateHeader(request) : '';
  }

  isNeeded(request: Request): boolean {
    const others = contextOf(request).authenticators.filter(one => !(one instanceof AccessTokenReader));
    return !others.some(acceptsAccessTokens);
  }
}

/** Asked after all others, and knows nobody: insists that somebody is authenticated, but for the methods that are public. */
export abstract class Insistence extends BaseAuthentication {
  override readonly isMandatory = true;
  override readonly authorizationSchemes = [];
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

/** The classes that read credentials: not those that decorators add and that find nothing to do here. */
export function readingCredentials(
  authenticators: readonly BaseAuthentication[],
  request: Request,
): readonly BaseAuthentication[] {
  return authenticators.filter(one => !(one instanceof Insistence) && !isIdle(one, request));
}

/** The classes as a reader of the rules knows them: what the decorators brought along by what it does. */
export function namedAuthentication(
  authenticators: readonly BaseAuthentication[],
  request: Request,
): readonly { readonly name: string; readonly isMandatory: boolean }[] {
  return readingCredentials(authenticators, request).map(one => ({
    name: one instanceof AccessTokenReader ? AccessTokenAuthentication.name : one.constructor.name,
    isMandatory: one.isMandatory === true,
  }));
}

function isIdle(authenticator: BaseAuthentication, request: Request): boolean {
  return authenticator instanceof AccessTokenReader && !authenticator.isNeeded(request);
}
