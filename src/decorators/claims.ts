/** Decorators that add rules to those of the class: a valid access token, and what it must grant. */
import { METHODS } from 'node:http';
import type { GrantKind } from '../core/tokens/claims';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { grantRequirement, requiresAccessToken, requiresGrants } from '../permissions/required-grants';
import { RequiresDPoP } from '../permissions/proof';
import { policyDecorator, type PolicyDecorator } from './decorator';

/** Options of {@link hasValidAccessToken}. */
export interface AccessTokenOptions {
  /**
   * HTTP methods, in capitals, that need no token. GET includes HEAD. Default: the setting `publicMethods`, which is
   * empty by default.
   */
  readonly safeMethods?: readonly string[] | undefined;
}

/**
 * Requires a valid access token. Without one the answer is 401, even if another class has authenticated the caller. A
 * token that is sent is always checked. Can be written with or without parentheses, on a class or a handler. Mirrors the
 * decorator of axioms-flask-py.
 *
 * @throws ImproperlyConfigured if `safeMethods` is not a list of HTTP methods
 * @example
 * class BookController {
 *   @hasValidAccessToken({ safeMethods: ['GET'] })
 *   list() {}
 * }
 */
export function hasValidAccessToken(options?: AccessTokenOptions): PolicyDecorator;
export function hasValidAccessToken(controllerClass: abstract new (...dependencies: never[]) => object): void;
export function hasValidAccessToken(target: object, action: string, descriptor: PropertyDescriptor): void;
export function hasValidAccessToken(
  given: object = {},
  action?: string,
  descriptor?: PropertyDescriptor,
): PolicyDecorator | undefined {
  if (typeof given !== 'function' && action === undefined) return accessTokenDecorator(given);
  (accessTokenDecorator({}) as (...place: unknown[]) => void)(given, action, descriptor);
  return undefined;
}

function accessTokenDecorator(options: AccessTokenOptions): PolicyDecorator {
  const safeMethods = checkedMethods(options);
  return policyDecorator({
    name: 'hasValidAccessToken',
    adds: requiresAccessToken('hasValidAccessToken', safeMethods),
    insists: { safeMethods },
  });
}

function checkedMethods(options: AccessTokenOptions): readonly string[] | undefined {
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    throw new ImproperlyConfigured("hasValidAccessToken takes an object: { safeMethods: ['GET'] }.");
  const unknown = Object.keys(options).find(name => name !== 'safeMethods');
  if (unknown !== undefined)
    throw new ImproperlyConfigured(`hasValidAccessToken has no option '${unknown}': its option is safeMethods.`);
  const given: unknown = options.safeMethods;
  if (given === undefined) return undefined;
  if (Array.isArray(given) && Array.from(given as unknown[]).every(isMethod))
    return Object.freeze([...(given as string[])]);
  throw new ImproperlyConfigured(
    "hasValidAccessToken's safeMethods must be a list of HTTP methods in capitals, such as ['GET', 'OPTIONS'].",
  );
}

function isMethod(given: unknown): boolean {
  return METHODS.includes(given as string);
}

/** One list of names, or the names as arguments. */
export type Names = readonly [names: readonly string[]] | readonly string[];

/**
 * Requires a token with any of these scopes. If several decorators are stacked, all of them apply. Can be written on a
 * class or a handler, is inherited, and is added to the other rules of the class. Mirrors the decorator of
 * axioms-flask-py.
 *
 * @throws ImproperlyConfigured for an empty list, which never means access
 * @example
 * class BookController {
 *   @hasRequiredScopes(['book:read', 'book:admin'])
 *   list() {}
 * }
 */
export function hasRequiredScopes(...names: Names): PolicyDecorator {
  return grantDecorator('hasRequiredScopes', 'scopes', names);
}

/** Requires a token with any of these roles; see {@link hasRequiredScopes}. */
export function hasRequiredRoles(...names: Names): PolicyDecorator {
  return grantDecorator('hasRequiredRoles', 'roles', names);
}

/** Requires a token with any of these permissions; see {@link hasRequiredScopes}. */
export function hasRequiredPermissions(...names: Names): PolicyDecorator {
  return grantDecorator('hasRequiredPermissions', 'permissions', names);
}

function grantDecorator(name: string, kind: GrantKind, names: Names): PolicyDecorator {
  const list: unknown = names.length === 1 && Array.isArray(names[0]) ? names[0] : names;
  return policyDecorator({ name, adds: requiresGrants(name, grantRequirement(`@${name}`, kind, 'any', list)) });
}

/**
 * Requires an access token that is bound to a DPoP key (RFC 9449); see `RequiresDPoP`. Can be written on a class or a
 * handler, is inherited, and is added to the other rules of the class.
 *
 * @example
 * class TransferController {
 *   @requiresDPoP()
 *   create() {}
 * }
 */
export function requiresDPoP(): PolicyDecorator {
  return policyDecorator({ name: 'requiresDPoP', adds: RequiresDPoP });
}
