/** Which classes a controller's lists name, and whether they can be what they are listed as. */
import { AccessTokenAuthentication } from '../authentication/access-token';
import type { AuthenticationClass } from '../authentication/base';
import { ImproperlyConfigured } from '../core/exceptions';
import type { Settings } from '../core/settings';
import { IsAuthenticatedOrPublicMethod } from '../permissions/access';
import type { ApiView } from '../permissions/base';
import { ComposedPermission, type PermissionRule } from '../permissions/operators';
import type { ThrottleClass } from '../throttling/base';

/** `undefined`: the settings' default. `[]`: none, said on purpose. */
export function authenticationClassesOf(controller: ApiView, settings: Settings): readonly AuthenticationClass[] {
  const classes = controller.authenticationClasses ??
    settings.defaultAuthenticationClasses ?? [AccessTokenAuthentication];
  return checkedList(controller, 'authenticationClasses', classes, one =>
    hasMethod(one, 'authenticate'),
  ) as AuthenticationClass[];
}

export function permissionRulesOf(controller: ApiView, settings: Settings): readonly PermissionRule[] {
  const rules = controller.permissionClasses ?? settings.defaultPermissionClasses ?? [IsAuthenticatedOrPublicMethod];
  return checkedList(controller, 'permissionClasses', rules, isPermissionRule) as PermissionRule[];
}

export function throttleClassesOf(controller: ApiView, settings: Settings): readonly ThrottleClass[] {
  const classes = controller.throttleClasses ?? settings.defaultThrottleClasses ?? [];
  return checkedList(controller, 'throttleClasses', classes, one => hasMethod(one, 'allowRequest')) as ThrottleClass[];
}

function isPermissionRule(rule: unknown): boolean {
  if (rule instanceof ComposedPermission) return rule.operands.every(isPermissionRule);
  return hasMethod(rule, 'hasPermission') || hasMethod(rule, 'hasObjectPermission');
}

function hasMethod(listed: unknown, name: string): boolean {
  if (typeof listed !== 'function') return false;
  const prototype: unknown = listed.prototype;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    typeof (prototype as Record<string, unknown>)[name] === 'function'
  );
}

type ListName = 'authenticationClasses' | 'permissionClasses' | 'throttleClasses';

function checkedList(
  controller: ApiView,
  name: ListName,
  list: unknown,
  isRight: (listed: unknown) => boolean,
): readonly unknown[] {
  const wrong = Array.isArray(list) ? list.findIndex(listed => !isRight(listed)) : 0;
  if (wrong < 0) return list as readonly unknown[];
  const place = `${controller.constructor.name}.${name}`;
  if (!Array.isArray(list))
    throw new ImproperlyConfigured(`${place} must be a list of classes: write ${name} = [SomeClass];`);
  throw new ImproperlyConfigured(`${place}[${wrong}] ${whatIsWrong(list[wrong], name)}`);
}

function whatIsWrong(listed: unknown, name: ListName): string {
  if (listed === undefined) return 'is undefined: an import cycle? Import the class from the file that declares it.';
  if (typeof listed === 'object' && listed !== null)
    return `is an object of ${listed.constructor.name}: list the class itself, without new.`;
  const said = typeof listed === 'function' ? `is ${listed.name}, which` : 'is not a class and';
  return `${said} cannot stand in ${name}: such a class extends ${baseNames[name]}.`;
}

const baseNames = {
  authenticationClasses: 'BaseAuthentication',
  permissionClasses: 'BasePermission',
  throttleClasses: 'BaseThrottle',
};
