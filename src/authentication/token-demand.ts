/** Requires access tokens on routes where callers may also authenticate by other means. */
import type { Request } from 'express';
import {
  AccessTokenAuthentication,
  HasValidAccessToken,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAnyPostOrIsAccessTokenAuthenticated,
} from './access-token';
import { BaseAuthentication, decidesPublicByMethod, type AuthenticationClass, type AuthenticationResult } from './base';
import { IntrospectionAuthentication } from './introspection';
import { contextOf } from './request-context';

/**
 * Tells whether the caller was authenticated by an access token, and not by a session or a key. The class that accepted
 * the credentials decides. If it does not declare `isToken`, it has accepted a token if it returned one.
 */
export function isByAccessToken(request: Request): boolean {
  const { successfulAuthenticator: authenticator, caller } = contextOf(request);
  const auth = caller?.auth ?? null;
  if (authenticator === undefined || auth === null) return false;
  return acceptsAccessTokens(authenticator) || (authenticator.isToken === undefined && auth.token !== undefined);
}

/** Tells whether a class accepts access tokens. Its challenge decides nothing, because it is text for clients. */
export function acceptsAccessTokens(authenticator: BaseAuthentication): boolean {
  return readsBearerTokens(authenticator) || authenticator.isToken === true;
}

/** Tells whether a class is one of the library's classes for access tokens, or a subclass. */
export function readsBearerTokens(authenticator: BaseAuthentication): boolean {
  return authenticator instanceof AccessTokenAuthentication || authenticator instanceof IntrospectionAuthentication;
}

/** Tells whether the classes accept JWTs and introspected tokens. The decorators' own class reads none beside another. */
export function acceptsBothKinds(authenticators: readonly BaseAuthentication[]): boolean {
  const readers = authenticators.filter(one => readsBearerTokens(one) && !(one instanceof AccessTokenReader));
  return new Set(readers.map(({ takesOpaqueTokens }) => takesOpaqueTokens === true)).size > 1;
}

/**
 * Tells whether two classes accept the same credentials as the same user: they are one class, or the library's own classes
 * for access tokens, which differ only in the requests that need a token.
 */
export function acceptsAlike(one: BaseAuthentication, other: BaseAuthentication): boolean {
  return one.constructor === other.constructor || (alike.has(one.constructor) && alike.has(other.constructor));
}

/**
 * Reads the access token if no other class of the list does. Another class may know more (an introspection, a tenant),
 * so this one then does nothing.
 */
export class AccessTokenReader extends AccessTokenAuthentication {
  override async authenticate(request: Request): Promise<AuthenticationResult | null> {
    return this.isNeeded(request) ? super.authenticate(request) : null;
  }

  override authenticateHeader(request: Request): string {
    return this.isNeeded(request) ? super.authenticateHeader(request) : '';
  }

  override challenges(request: Request): readonly string[] {
    return this.isNeeded(request) ? super.challenges(request) : [];
  }

  isNeeded(request: Request): boolean {
    const others = contextOf(request).authenticators.filter(one => !(one instanceof AccessTokenReader));
    return !others.some(acceptsAccessTokens);
  }
}

const alike = new Set<unknown>([
  AccessTokenAuthentication,
  AccessTokenReader,
  HasValidAccessToken,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAnyPostOrIsAccessTokenAuthenticated,
]);

/**
 * Requires an authenticated caller, except for public methods. It comes last in the list and authenticates no caller
 * itself.
 */
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

decidesPublicByMethod(Insistence);

/**
 * Returns a class that requires an authenticated caller.
 *
 * @param safeMethods the methods that are public; default: the setting `publicMethods`
 */
export function insistence(safeMethods: readonly string[] | undefined): AuthenticationClass {
  return class extends Insistence {
    protected override readonly safeMethods = safeMethods;
  };
}

/**
 * Returns the classes that read credentials. Leaves out classes that decorators added and that have nothing to do here.
 */
export function readingCredentials(
  authenticators: readonly BaseAuthentication[],
  request: Request,
): readonly BaseAuthentication[] {
  return authenticators.filter(one => !(one instanceof Insistence) && !isIdle(one, request));
}

/** Returns the classes as an audit shows them. Classes that decorators added have the name of what they do. */
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
