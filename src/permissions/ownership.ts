/** Permissions by ownership: the object's owner is the token's subject. */
import type { Request } from 'express';
import type { AxiomsRequest } from '../authentication/user';
import { ImproperlyConfigured } from '../core/exceptions';
import type { Requirement } from '../core/requirement';
import { safeMethodsOf } from './access';
import { BasePermission, dependsOnObjectWhen, type ApiView } from './base';

/** The controller's `ownerAttribute`. */
export function ownerAttributeOf(controller: ApiView): string {
  const attribute: unknown = controller.ownerAttribute ?? 'user';
  if (typeof attribute === 'string' && attribute !== '') return attribute;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.ownerAttribute must be the name of the property that names the owner, such as 'authorSub'.`,
  );
}

/**
 * Only the owner: the object's `ownerAttribute` is the caller's `sub`. It has no rule before there is an object, but
 * asks for an authenticated request.
 *
 * @throws ImproperlyConfigured for an object without that attribute.
 */
export class IsSubOwner extends BasePermission {
  override readonly needsAuthentication: boolean = true;

  override hasObjectPermission(request: Request, controller: ApiView, object: unknown): boolean {
    const { user, auth } = request as AxiomsRequest;
    const sub = user.sub ?? auth?.claims?.sub;
    const owner = ownerText(attributeValue(controller, object));
    return typeof sub === 'string' && sub !== '' && owner === sub;
  }

  override requirement(controller: ApiView): Requirement {
    return { kind: 'owner', attribute: ownerAttributeOf(controller) };
  }
}

/** Any authenticated request for the controller's `safeMethods`, only the owner for the others. */
export class IsSubOwnerOrSafeOnly extends IsSubOwner {
  override hasObjectPermission(request: Request, controller: ApiView, object: unknown): boolean {
    return isSafe(request, controller) || super.hasObjectPermission(request, controller, object);
  }

  override requirement(controller: ApiView): Requirement {
    return { kind: 'or', of: [{ kind: 'methods', methods: safeMethodsOf(controller) }, super.requirement(controller)] };
  }
}

dependsOnObjectWhen(IsSubOwnerOrSafeOnly, (request, controller) => !isSafe(request, controller));

function isSafe(request: Request, controller: ApiView): boolean {
  return safeMethodsOf(controller).includes(request.method);
}

function attributeValue(controller: ApiView, object: unknown): unknown {
  const attribute = ownerAttributeOf(controller);
  if (typeof object === 'object' && object !== null && hasAttribute(object, attribute))
    return (object as Record<string, unknown>)[attribute];
  throw new ImproperlyConfigured(
    `The object that ${controller.constructor.name}.${controller.action} is about has no attribute '${attribute}': set ownerAttribute to the property that names the owner.`,
  );
}

// An own property, or an accessor of its class; never what every object inherits.
function hasAttribute(object: object, attribute: string): boolean {
  if (Object.hasOwn(object, attribute)) return true;
  for (
    let proto: unknown = Object.getPrototypeOf(object);
    typeof proto === 'object' && proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    if (Object.getOwnPropertyDescriptor(proto, attribute)?.get !== undefined) return true;
  }
  return false;
}

// Text as it is, a whole number by its decimals; null, booleans, arrays and objects own nothing.
function ownerText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}
