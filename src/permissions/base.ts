/** The contract of a permission class: may this request, and may it with this object? */
import type { Request } from 'express';
import { ImproperlyConfigured, type APIException } from '../core/http/exceptions';
import { markAsOurs } from '../core/process/copies';
import { matches } from '../core/requirements/matches';
import type { ObjectFilter } from '../core/requirements/object-filter';
import type { Requirement } from '../core/requirements/requirement';
import { after, type Soon } from '../core/time/soon';
import { readsWords } from './rule-readers';
import type { ApiView } from './rule-words';

export type { ApiView } from './rule-words';

/**
 * Says whether a request may be answered. Mirrors DRF's `BasePermission`. Only `true` allows. A permission is created for
 * each request. A `@Service()` is shared by all requests and must not keep anything about one of them in its fields. It may
 * set `message` and `code` for a request only in a rule that returns no promise.
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

  /**
   * The objects that the object rule allows for this caller. `authorizedFilter()` gives it to lists. A class without
   * `hasObjectPermission` is asked about an object with `matches`. A class with both must say the same in both. Only the
   * nearer one counts where a subclass defines one of them anew.
   */
  objectFilter?(request: Request, controller: ApiView): ObjectFilter | Promise<ObjectFilter>;

  /** The members of the controller that say what this rule asks for. */
  members?(): readonly string[];

  /** What this rule asks for of this controller, action and method. */
  requirement?(controller: ApiView): Requirement | undefined | Promise<Requirement | undefined>;
}
markAsOurs(BasePermission);
readsWords(BasePermission, []);

// The rules that a class inherits where it defines none.
const { hasPermission: anyRequest, hasObjectPermission: anyObject } = BasePermission.prototype;

/** A class of permission, as `permissionClasses` lists it. */
export type PermissionClass = new (...dependencies: never[]) => BasePermission;

// A rule of a class that does not define it is true; it is not there to be negated (see operators.ts).
export function definesViewRule(permission: BasePermission): boolean {
  return typeof permission.hasPermission === 'function' && permission.hasPermission !== anyRequest;
}

export function definesObjectRule(permission: BasePermission): boolean {
  return definesOwnObjectRule(permission) || typeof permission.objectFilter === 'function';
}

function definesOwnObjectRule({ hasObjectPermission }: BasePermission): boolean {
  return typeof hasObjectPermission === 'function' && hasObjectPermission !== anyObject;
}

/** Does the permission say which objects it allows? A filter that a subclass has replaced by a rule of its own does not count. */
export function definesFilter(permission: BasePermission): boolean {
  if (typeof permission.objectFilter !== 'function') return false;
  refuseField(permission);
  return depthOf(permission, 'objectFilter') <= depthOf(permission, 'hasObjectPermission');
}

/** Asks the object rule. It is the filter, where that is defined nearer than `hasObjectPermission`. */
export function askObjectRule(
  permission: BasePermission,
  request: Request,
  controller: ApiView,
  object: unknown,
): Soon<unknown> {
  if (!isAskedByFilter(permission)) return permission.hasObjectPermission(request, controller, object);
  return after(permission.objectFilter?.(request, controller) as Soon<ObjectFilter>, filter =>
    matches(filter, requireObject(object, permission)),
  );
}

function isAskedByFilter(permission: BasePermission): boolean {
  return definesFilter(permission) && depthOf(permission, 'objectFilter') < depthOf(permission, 'hasObjectPermission');
}

// A field does not tell which class has declared it, so that nobody can say which of the two is nearer.
function refuseField(permission: BasePermission): void {
  const field = ['objectFilter', 'hasObjectPermission'].find(name => Object.hasOwn(permission, name));
  if (field !== undefined && definesOwnObjectRule(permission))
    throw new ImproperlyConfigured(
      `${permission.constructor.name} has objectFilter() and hasObjectPermission(), and ${field} is a field: write both as methods.`,
    );
}

function requireObject(object: unknown, { constructor }: BasePermission): object {
  if (typeof object === 'object' && object !== null) return object;
  throw new ImproperlyConfigured(`${constructor.name} is asked about a value that is no object.`);
}

/**
 * Whether the description belongs to the rules. It does not if a base class describes rules that a subclass has
 * replaced.
 */
export function isDescribed(permission: BasePermission): boolean {
  const rules = ['hasPermission', 'hasObjectPermission', 'objectFilter'] as const;
  return rules.every(rule => depthOf(permission, 'requirement') <= depthOf(permission, rule));
}

/** Returns how many prototypes away a member is defined; `Infinity` if only `BasePermission` or nothing defines it. */
function depthOf(permission: BasePermission, name: keyof BasePermission): number {
  let depth = 0;
  for (let object: object | null = permission; object !== null; depth++) {
    if (object === BasePermission.prototype) break;
    if (Object.hasOwn(object, name)) return depth;
    object = Object.getPrototypeOf(object) as object | null;
  }
  return Infinity;
}

/**
 * Refuses a permission class without a rule: it would admit every caller. A rule with a misspelled name is not read.
 *
 * @param place the handler, for the message
 */
export function requireRule(permission: BasePermission, place: string): void {
  if (definesViewRule(permission) || definesObjectRule(permission)) return;
  throw new ImproperlyConfigured(
    `${place} has the permission class ${permission.constructor.name}, which defines neither hasPermission() nor hasObjectPermission() nor objectFilter(), so that it would let everybody in. Define one of them, or check how it is spelled.`,
  );
}

const earlyRules = new WeakSet<object>();

/** Marks a class whose own `hasPermission` looks at the user, the method and the controller's members, and at nothing else. */
export function decidesBeforeTheBody(permissionClass: PermissionClass): void {
  const { hasPermission } = permissionClass.prototype as BasePermission;
  earlyRules.add(hasPermission);
}

/** May this rule be asked before the body is read? A subclass with a `hasPermission` of its own may look at the body. */
export function isAskedBeforeTheBody(permission: BasePermission): boolean {
  return earlyRules.has(permission.hasPermission) || !definesViewRule(permission);
}

type OwnRefusal = (request: Request, controller: ApiView) => Soon<APIException>;
const ownRefusals = new WeakMap<object, OwnRefusal>();

/** Says with which error a class's own `hasPermission` refuses an authenticated caller. Default: a 403. */
export function refusesWith(permissionClass: PermissionClass, refusal: OwnRefusal): void {
  const { hasPermission } = permissionClass.prototype as BasePermission;
  ownRefusals.set(hasPermission, refusal);
}

/** Returns the error with which the rule refuses, if it has its own. A subclass with its own rule has the default. */
export function ownRefusal(
  permission: BasePermission,
  request: Request,
  controller: ApiView,
): Soon<APIException> | undefined {
  return ownRefusals.get(permission.hasPermission)?.(request, controller);
}

type DependsOnObject = (request: Request, controller: ApiView) => boolean;
const objectRules = new WeakMap<object, DependsOnObject>();

/** Says when a class's own object rule is true whatever the object is; it need not be loaded then. */
export function dependsOnObjectWhen(permissionClass: PermissionClass, depends: DependsOnObject): void {
  const { hasObjectPermission } = permissionClass.prototype as BasePermission;
  objectRules.set(hasObjectPermission, depends);
}

/** Are there requests whose answer no object changes? */
export function mayNotNeedObject(permission: BasePermission): boolean {
  return dependence(permission) !== undefined;
}

/** Can the object change the answer? A subclass with an object rule of its own is always asked. */
export function dependsOnObject(permission: BasePermission, request: Request, controller: ApiView): boolean {
  return dependence(permission)?.(request, controller) ?? true;
}

function dependence(permission: BasePermission): DependsOnObject | undefined {
  return isAskedByFilter(permission) ? undefined : objectRules.get(permission.hasObjectPermission);
}
