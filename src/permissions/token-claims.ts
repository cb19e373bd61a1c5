/** Permissions that require grants of the token: any of a list, all of a list, or both, from the controller's members. */
import type { Request } from 'express';
import { currentCaller, isSomebody } from '../authentication/caller';
import { contextOf, type Caller } from '../authentication/request-context';
import { AccessTokenUser } from '../authentication/user';
import { grantsOf, type GrantKind, type Grants } from '../core/tokens/claims';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { fold } from '../core/requirements/fold';
import type { Identity } from '../core/requirements/kind';
import { callerOf, judge, meets } from '../core/requirements/judge';
import { isGrant, type GrantRequirement, type Requirement } from '../core/requirements/requirement';
import { after } from '../core/time/soon';
import { BasePermission, decidesBeforeTheBody, definesObjectRule, type ApiView, type PermissionClass } from './base';
import { describedBy, memberOf } from './evaluated';
import { readsWords } from './rule-readers';
import { UserGrants } from './user-grants';

/** Returns what the rules may know of the caller. */
export function identityOf(request: Request): Identity {
  const caller = currentCaller(request);
  const isProven = caller.auth?.dpopKey !== undefined;
  return { isAuthenticated: isSomebody(caller), grants: grantsOfCaller(caller, request), isProven };
}

/** Returns the grants of the caller: those of the user, or else those of the claims. */
export function grantsOfRequest(request: Request): Grants {
  return grantsOfCaller(currentCaller(request), request);
}

/** Returns the grants of this caller. If the user is the app's own, reading a kind that is not loaded throws. */
export function grantsOfCaller({ user, auth }: Caller, request: Request): Grants {
  if (user instanceof AccessTokenUser) return user;
  return new UserGrants(user, grantsOf(auth?.claims ?? {}, contextOf(request).settings));
}

const suffixes = { scopes: 'Scopes', roles: 'Roles', permissions: 'Permissions' } as const;

/** Examples for error messages. */
export const exampleOf: Readonly<Record<GrantKind, string>> = {
  scopes: "such as ['book:read'], each without spaces",
  roles: "such as ['editor']",
  permissions: "such as ['book:read']",
};

/** Returns a copy of the list, which may be empty; `undefined` if the value is not a list of names of this kind. */
export function grantNames(kind: GrantKind, value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  // The copy has no holes. every() skips holes, so that "all of" such a list would be met by anyone.
  const list: unknown[] = Array.from(value as unknown[]);
  return list.every(name => isGrantName(kind, name)) ? (list as string[]) : undefined;
}

// RFC 6749 §3.3: a scope has no space. A role or a permission may have one.
function isGrantName(kind: GrantKind, name: unknown): boolean {
  return typeof name === 'string' && (kind === 'scopes' ? /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(name) : name !== '');
}

abstract class HasAccessTokenGrants extends BasePermission {
  override readonly needsAuthentication = true;
  protected abstract readonly kind: GrantKind;

  override hasPermission(request: Request, controller: ApiView): boolean | Promise<boolean> {
    return after(describedBy(this, controller), requirement => this.judge(requirement, request));
  }

  override requirement(controller: ApiView): Requirement | Promise<Requirement> {
    const values = this.members().map(name => memberOf(controller, name));
    if (!values.some(value => value instanceof Promise)) return this.describe(controller, values);
    return Promise.all(values.map(async value => value)).then(found => this.describe(controller, found));
  }

  /** The members for "any of", its short name, and "all of". */
  override members(): readonly GrantMember[] {
    const suffix = suffixes[this.kind];
    return [`accessTokenAny${suffix}`, `accessToken${suffix}`, `accessTokenAll${suffix}`];
  }

  // A subclass may describe another requirement. One that this class cannot judge must never mean access.
  private judge(requirement: Requirement | undefined, request: Request): boolean {
    if (requirement === undefined || !isJudged(requirement)) throw this.unjudged(requirement);
    return judge(requirement, callerOf(identityOf(request), request.method)) === true;
  }

  private unjudged(requirement: Requirement | undefined): ImproperlyConfigured {
    const { name } = this.constructor;
    return new ImproperlyConfigured(
      `${name}.requirement() returned ${JSON.stringify(requirement)}, which ${name}.hasPermission() cannot judge: return non-empty lists of scopes, roles or permissions, or override hasPermission() too.`,
    );
  }

  private describe(controller: ApiView, values: readonly unknown[]): Requirement {
    const [any = none, plain = none, all = none] = values.map((value, index) =>
      value === undefined ? none : this.checkedList(controller, index, value),
    );
    const either: GrantRequirement = { kind: this.kind, match: 'any', values: any.length > 0 ? any : plain };
    const every: GrantRequirement = { kind: this.kind, match: 'all', values: all };
    if (either.values.length > 0 && every.values.length > 0) return { kind: 'and', of: [either, every] };
    if (either.values.length + every.values.length === 0) throw this.missing(controller);
    return every.values.length === 0 ? either : every;
  }

  private checkedList(controller: ApiView, index: number, value: unknown): readonly string[] {
    const list = grantNames(this.kind, value ?? []);
    if (list !== undefined) return list;
    throw new ImproperlyConfigured(
      `${controller.constructor.name}.${String(this.members()[index])} must be a list of ${this.kind}, ${exampleOf[this.kind]}.`,
    );
  }

  private missing(controller: ApiView): ImproperlyConfigured {
    const [any, plain, all] = this.members();
    const name = `${controller.constructor.name}.${controller.action}`;
    return new ImproperlyConfigured(
      `${name} has the permission class ${this.constructor.name} and says no ${this.kind}: give ${plain}, ${any} or ${all} a non-empty list, or replace the class (AllowAny admits every caller).`,
    );
  }
}

const none: readonly string[] = [];

/** Returns the members by which grants alone decide; `undefined` for any class but the three of this library. */
export function ownGrantMembers(permission: BasePermission): readonly GrantMember[] | undefined {
  if (!isOfThisLibrary(permission) || definesObjectRule(permission)) return undefined;
  const isOwn = ownRule.every(name => permission[name] === HasAccessTokenGrants.prototype[name]);
  return isOwn ? permission.members() : undefined;
}

const ownRule = ['hasPermission', 'requirement', 'members', 'judge', 'describe', 'checkedList'] as const;

// A subclass in JavaScript may replace anything, also what is private here.
function isOfThisLibrary(permission: BasePermission): permission is HasAccessTokenGrants {
  const own: readonly unknown[] = [HasAccessTokenScopes, HasAccessTokenRoles, HasAccessTokenPermissions];
  return own.some(one => Object.getPrototypeOf(permission) === (one as { readonly prototype: unknown }).prototype);
}

/**
 * Whether one of the three classes is as it was defined: code may replace a method of a class at any time, as tests do, or
 * give it a rule about objects or words of its own for a refusal.
 */
export function hasOwnRule({ prototype }: { readonly prototype: BasePermission }): boolean {
  for (const name of ownRule)
    if ((prototype as HasAccessTokenGrants)[name] !== HasAccessTokenGrants.prototype[name]) return false;
  return !('message' in prototype || 'code' in prototype) && !definesObjectRule(prototype);
}

function isJudged(requirement: Requirement): boolean {
  const areJudged = (parts: readonly boolean[]): boolean => parts.length > 0 && parts.every(Boolean);
  return fold<boolean>(requirement, {
    all: areJudged,
    any: areJudged,
    not: () => false,
    leaf: leaf => (isGrant(leaf) ? leaf.values.length > 0 : leaf.kind === 'authenticated'),
  });
}

type Suffix = (typeof suffixes)[GrantKind];
export type GrantMember = `accessToken${'' | 'Any' | 'All'}${Suffix}`;

/** Tells whether the caller was granted what this list names. */
export function isMet(required: GrantRequirement, request: Request): boolean {
  return meets(grantsOfRequest(request), required);
}

/**
 * Requires scopes: any of `accessTokenScopes` (or `accessTokenAnyScopes`), and all of `accessTokenAllScopes`. If both are
 * given, both must hold. Mirrors axioms-drf-py's class of this name.
 *
 * @throws ImproperlyConfigured if the controller names no scope: that never means access.
 * @example
 * class BookController {
 *   permissionClasses = [HasAccessTokenScopes];
 *   get accessTokenScopes() {
 *     return this.action === 'list' ? ['book:read'] : ['book:create'];
 *   }
 *   declare action: string;
 * }
 */
export class HasAccessTokenScopes extends HasAccessTokenGrants {
  protected override readonly kind = 'scopes';
}

/** Requires roles: `accessTokenRoles`, `accessTokenAnyRoles`, `accessTokenAllRoles`; see {@link HasAccessTokenScopes}. */
export class HasAccessTokenRoles extends HasAccessTokenGrants {
  protected override readonly kind = 'roles';
}

/** Requires permissions: `accessTokenPermissions`, `accessTokenAnyPermissions`, `accessTokenAllPermissions`; see {@link HasAccessTokenScopes}. */
export class HasAccessTokenPermissions extends HasAccessTokenGrants {
  protected override readonly kind = 'permissions';
}

// The three classes inherit their rule from this one.
decidesBeforeTheBody(HasAccessTokenGrants as unknown as PermissionClass);

for (const one of [HasAccessTokenScopes, HasAccessTokenRoles, HasAccessTokenPermissions])
  readsWords(one, new one().members());
