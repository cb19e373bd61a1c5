/** What asks for an access token, where somebody may be known by something else. */
import type { Request } from 'express';
import { carriesErrors } from '../core/challenge';
import { AccessTokenAuthentication } from './access-token';
import { BaseAuthentication, type AuthenticationClass, type AuthenticationResult } from './base';
import { contextOf } from './request-context';
import type { AxiomsRequest } from './user';

/** Was the caller authenticated by an access token, and not by a session or a key? */
export function isByAccessToken(request: Request): boolean {
  const authenticator = (request as AxiomsRequest).auth?.authenticator as BaseAuthentication | undefined;
  return authenticator !== undefined && takesAccessTokens(authenticator, request);
}

// Classes of the app's own, too: what the header `Authorization` may carry is said by the challenge.
function takesAccessTokens(authenticator: BaseAuthentication, request: Request): boolean {
  return carriesErrors(authenticator.authenticateHeader(request) ?? '');
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
    return !others.some(one => takesAccessTokens(one, request));
  }
}

/** Asked after all others, and knows nobody: insists that somebody is authenticated, but for the methods that are public. */
export abstract class Insistence extends BaseAuthentication {
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

/** The classes as a reader of the rules knows them: what the decorators brought along by what it does. */
export function namedAuthentication(
  authenticators: readonly BaseAuthentication[],
  request: Request,
): readonly { readonly name: string; readonly isMandatory: boolean }[] {
  const seen = authenticators.filter(one => !(one instanceof Insistence) && !isIdle(one, request));
  return seen.map(one => ({
    name: one instanceof AccessTokenReader ? AccessTokenAuthentication.name : one.constructor.name,
    isMandatory: one.isMandatory === true,
  }));
}

function isIdle(authenticator: BaseAuthentication, request: Request): boolean {
  return authenticator instanceof AccessTokenReader && !authenticator.isNeeded(request);
}
