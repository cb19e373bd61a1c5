/** The contract of a permission class: may this request, and may it with this object? */
import type { Request, Response } from 'express';
import type { AxiomsRequest } from '../authentication/user';
import { markAsOurs } from '../core/copies';
import type { Requirement } from '../core/requirements/requirement';

/** What a rule may be: a value, or a promise of it from an async getter. */
type Now<T> = T | Promise<T>;

/** What a controller says, and what it is given for each request. */
export interface ApiView {
  readonly request: AxiomsRequest;
  readonly response: Response;
  /** The handler's name. */
  readonly action: string;
  readonly authenticationClasses?: readonly object[] | undefined;
  readonly permissionClasses?: readonly object[] | undefined;
  readonly throttleClasses?: readonly object[] | undefined;
  /** The scope that `ScopedRateThrottle` counts requests under; without one it counts none. */
  readonly throttleScope?: string | undefined;
  readonly accessTokenScopes?: Now<readonly string[]> | undefined;
  readonly accessTokenAnyScopes?: Now<readonly string[]> | undefined;
  readonly accessTokenAllScopes?: Now<readonly string[]> | undefined;
  readonly accessTokenRoles?: Now<readonly string[]> | undefined;
  readonly accessTokenAnyRoles?: Now<readonly string[]> | undefined;
  readonly accessTokenAllRoles?: Now<readonly string[]> | undefined;
  readonly accessTokenPermissions?: Now<readonly string[]> | undefined;
  readonly accessTokenAnyPermissions?: Now<readonly string[]> | undefined;
  readonly accessTokenAllPermissions?: Now<readonly string[]> | undefined;
  /** What `TokenHasScope` and its kin ask for; see there. */
  readonly requiredScopes?: readonly string[] | undefined;
  /** What `TokenMatchesOASRequirements` asks for: by HTTP method in capitals, lists of scopes one of which must be complete. */
  readonly requiredAlternateScopes?: Readonly<Record<string, readonly (readonly string[])[]>> | undefined;
  /** The property of the object that names its owner; default `'user'`. */
  readonly ownerAttribute?: string | undefined;
  /** The property of the object that names its owner's issuer: compared with the token's `iss`. Default: it is not asked. */
  readonly ownerIssuerAttribute?: string | undefined;
  /**
   * As whom the caller owns objects, compared with the `ownerAttribute`; default: the token's `sub`. With several
   * issuers it tells apart who has the same `sub` there; `undefined`: the caller owns nothing.
   */
  ownerOf?(request: AxiomsRequest): Now<string | undefined>;
  /** The methods that only read; default `GET`, `HEAD`, `OPTIONS`. */
  readonly safeMethods?: readonly string[] | undefined;
  /**
   * The handlers that are about one object, by name, in addition to the default ones: a handler whose own path has a
   * parameter or is a regex, and every PUT, PATCH and DELETE.
   */
  readonly objectActions?: readonly string[] | undefined;
  /** The handlers that are not about one object, although they are by default. The server warns about them at startup. */
  readonly notObjectActions?: readonly string[] | undefined;
  /** Loads the object that an object action is about; `undefined` or `null` is a 404. */
  getObject?(): unknown;
  /** Runs the object rules on this object now; throws PermissionDenied or NotAuthenticated. */
  checkObjectPermissions(object: unknown): Promise<void>;
}

/**
 * Says whether a request may be answered. Mirrors DRF's `BasePermission`. Only `true` allows.
 *
 * @example
 * class IsOfficeHours extends BasePermission {
 *   override message = 'The office is closed';
 *   override hasPermission() {
 *     return new Date().getHours() >= 9;
 *   }
 * }
 */
export abstract class BasePermission {
  /** Replaces `error_description` of the 403. */
  declare message?: string;
  /** Replaces `error` of the 403. */
  declare code?: string;
  /** Must the request be authenticated before this rule is asked? No `not()` turns this around. */
  declare readonly needsAuthentication?: boolean;

  hasPermission(_request: Request, _controller: ApiView): boolean | Promise<boolean> {
    return true;
  }

  hasObjectPermission(_request: Request, _controller: ApiView, _object: unknown): boolean | Promise<boolean> {
    return true;
  }

  /** The members of the controller that say what this rule asks for. */
  members?(): readonly string[];

  /** What this rule asks for of this controller, action and method. */
  requirement?(controller: ApiView): Requirement | undefined | Promise<Requirement | undefined>;
}
markAsOurs(BasePermission);

/** A class of permission, as `permissionClasses` lists it. */
export type PermissionClass = new (...dependencies: never[]) => BasePermission;

// A rule of a class that does not define it is true; it is not there to be negated (see operators.ts).
export function definesViewRule(permission: BasePermission): boolean {
  return isDefined(permission.hasPermission, BasePermission.prototype.hasPermission);
}

export function definesObjectRule(permission: BasePermission): boolean {
  return isDefined(permission.hasObjectPermission, BasePermission.prototype.hasObjectPermission);
}

function isDefined(rule: unknown, inherited: unknown): boolean {
  return typeof rule === 'function' && rule !== inherited;
}

const earlyRules = new WeakSet<object>();

/** Marks a class whose own `hasPermission` looks at the user, the method and the controller's members, and at nothing else. */
export function decidesBeforeTheBody(permissionClass: PermissionClass): void {
  const { hasPermission } = permissionClass.prototype as BasePermission;
  earlyRules.add(hasPermission);
}

/** May this rule be asked before the body is read? A subclass with a `hasPermission` of its own may look at the body. */
export function isAskedBeforeTheBody(permission: BasePermission): boolean {
  return !definesViewRule(permission) || earlyRules.has(permission.hasPermission);
}

type DependsOnObject = (request: Request, controller: ApiView) => boolean;
const objectRules = new WeakMap<object, DependsOnObject>();

/** Says when a class's own object rule is true whatever the object is; it need not be loaded then. */
export function dependsOnObjectWhen(permissionClass: PermissionClass, depends: DependsOnObject): void {
  const { hasObjectPermission } = permissionClass.prototype as BasePermission;
  objectRules.set(hasObjectPermission, depends);
}

/** Are there requests whose answer no object changes? */
export function mayNotNeedObject({ hasObjectPermission }: BasePermission): boolean {
  return objectRules.has(hasObjectPermission);
}

/** Can the object change the answer? A subclass with a `hasObjectPermission` of its own is always asked. */
export function dependsOnObject(permission: BasePermission, request: Request, controller: ApiView): boolean {
  return objectRules.get(permission.hasObjectPermission)?.(request, controller) ?? true;
}
