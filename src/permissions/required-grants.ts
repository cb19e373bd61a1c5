/** Permissions whose lists are said once, where they are made, and not by the controller. */
import type { Request } from 'express';
import { contextOf } from '../authentication/request-context';
import { isByAccessToken } from '../authentication/token-demand';
import type { GrantKind } from '../core/tokens/claims';
import { ImproperlyConfigured, NotAuthenticated } from '../core/http/exceptions';
import type { GrantRequirement, Requirement } from '../core/requirements/requirement';
import { isAuthenticated } from '../authentication/caller';
import { BasePermission, decidesBeforeTheBody, type PermissionClass } from './base';
import { readsWords } from './rule-readers';
import { exampleOf, grantNames, isMet } from './token-claims';

/**
 * A non-empty list of scopes, roles or permissions, as a rule may ask for it.
 *
 * @param place who says it, for the message
 * @throws ImproperlyConfigured for anything else.
 */
export function grantRequirement(
  place: string,
  kind: GrantKind,
  match: 'any' | 'all',
  values: unknown,
): GrantRequirement {
  const names = grantNames(kind, values);
  if (names !== undefined && names.length > 0)
    return Object.freeze({ kind, match, values: Object.freeze([...new Set(names)]) });
  throw new ImproperlyConfigured(`${place} must name ${kind}: a non-empty list ${exampleOf[kind]}.`);
}

abstract class RequiredGrants extends BasePermission {
  override readonly needsAuthentication = true;
  protected abstract readonly required: GrantRequirement;

  override hasPermission(request: Request): boolean {
    return isMet(this.required, request);
  }

  override requirement(): Requirement {
    return this.required;
  }
}

/** A permission class that asks for exactly this. */
export function requiresGrants(name: string, required: GrantRequirement): PermissionClass {
  class Required extends RequiredGrants {
    protected override readonly required = required;
  }
  return named(name, Required);
}

abstract class ByAccessToken extends BasePermission {
  protected abstract readonly safeMethods: readonly string[] | undefined;

  override hasPermission(request: Request): boolean {
    const safeMethods = this.safeMethods ?? contextOf(request).settings.publicMethods;
    if (isByAccessToken(request) || safeMethods.includes(request.method)) return true;
    // A session or a key is good, and not what is asked for: what helps is to send a token.
    if (isAuthenticated(request)) throw new NotAuthenticated('An access token is needed');
    return false;
  }

  override requirement(): Requirement {
    const { safeMethods } = this;
    const authenticated: Requirement = { kind: 'authenticated' };
    if (safeMethods === undefined || safeMethods.length === 0) return authenticated;
    return { kind: 'or', of: [{ kind: 'methods', methods: safeMethods }, authenticated] };
  }
}

/**
 * A permission class that asks for a valid access token.
 *
 * @param safeMethods the methods that need none; default: the setting `publicMethods`
 */
export function requiresAccessToken(name: string, safeMethods?: readonly string[]): PermissionClass {
  class Required extends ByAccessToken {
    protected override readonly safeMethods = safeMethods;
  }
  return named(name, Required);
}

function named(name: string, permissionClass: PermissionClass): PermissionClass {
  return Object.defineProperty(permissionClass, 'name', { value: name });
}

// Abstract, and all that they decide by is known.
for (const base of [RequiredGrants, ByAccessToken]) {
  decidesBeforeTheBody(base as unknown as PermissionClass);
  readsWords(base, []);
}
