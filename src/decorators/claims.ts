/** Rules that are added to whatever a class says: a token, and what it must grant. */
import { METHODS } from 'node:http';
import type { GrantKind } from '../core/claims';
import { ImproperlyConfigured } from '../core/exceptions';
import { grantRequirement, requiresAccessToken, requiresGrants } from '../permissions/required-grants';
import { policyDecorator, type PolicyDecorator } from './decorator';

export interface AccessTokenOptions {
  /** HTTP methods in capitals that need no token; default: the setting `publicMethods`, which is empty by default. GET includes HEAD. */
  readonly safeMethods?: readonly string[] | undefined;
}

/**
 * Needs a valid access token: 401 without one, whoever is authenticated otherwise. A token that is sent is always checked.
 * With or without parentheses, on a class or a handler. Mirrors axioms-flask-py's decorator.
 *
 * @throws ImproperlyConfigured for `safeMethods` that are no list of HTTP methods.
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

/** A list, or names as arguments. */
export type Names = readonly [names: readonly string[]] | readonly string[];

/**
 * Needs a token with any of these scopes; stacked decorators are all asked. On a class or a handler, inherited, beside
 * whatever else the class says. Mirrors axioms-flask-py's decorator.
 *
 * @throws ImproperlyConfigured for an empty list: that never means access.
 * @example
 * class BookController {
 *   @hasRequiredScopes(['book:read', 'book:admin'])
 *   list() {}
 * }
 */
export function hasRequiredScopes(...names: Names): PolicyDecorator {
  return grantDecorator('hasRequiredScopes', 'scopes', names);
}

/** Needs a token with any of these roles; see {@link hasRequiredScopes}. */
export function hasRequiredRoles(...names: Names): PolicyDecorator {
  return grantDecorator('hasRequiredRoles', 'roles', names);
}

/** Needs a token with any of these permissions; see {@link hasRequiredScopes}. */
export function hasRequiredPermissions(...names: Names): PolicyDecorator {
  return grantDecorator('hasRequiredPermissions', 'permissions', names);
}

function grantDecorator(name: string, kind: GrantKind, names: Names): PolicyDecorator {
  const list: unknown = names.length === 1 && Array.isArray(names[0]) ? names[0] : names;
  return policyDecorator({ name, adds: requiresGrants(name, grantRequirement(`@${name}`, kind, 'any', list)) });
}
