/** The contract of a permission class: may this request, and may it with this object? */
import type { Request } from 'express';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { markAsOurs } from '../core/process/copies';
import type { Requirement } from '../core/requirements/requirement';
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

/**
 * Refuses a permission class without a rule: it would admit every caller. A rule with a misspelled name is not read.
 *
 * @param place the handler, for the message
 */
export function requireRule(permission: BasePermission, place: string): void {
  if (definesViewRule(permission) || definesObjectRule(permission)) return;
  throw new ImproperlyConfigured(
    `${place} has the permission class ${permission.constructor.name}, which defines neither hasPermission() nor hasObjectPermission(), so that it would let everybody in. Define one of them, or check how it is spelled.`,
  );
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
