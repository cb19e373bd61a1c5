/** Decorators that replace a list of the class for one handler. */
import type { AuthenticationClass } from '../authentication/base';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { AllowAny } from '../permissions/access';
import type { PermissionRule } from '../permissions/operators';
import type { ThrottleClass } from '../throttling/base';
import { ownDecorations, type PolicyLists } from '../views/start/decorations';
import { checkedPolicies } from '../views/start/policies';
import { handlerDecorator, type HandlerDecorator } from './decorator';

/**
 * Sets the authentication classes of this handler, replacing those of its class. `[]` means none.
 *
 * @throws ImproperlyConfigured for anything but a list of authentication classes
 */
export function authenticationClasses(classes: readonly AuthenticationClass[]): HandlerDecorator {
  return replacing('authenticationClasses', classes);
}

/**
 * Sets the permission classes of this handler, replacing those of its class. Rules that other decorators add, to the
 * class or the handler, still apply.
 *
 * @throws ImproperlyConfigured for anything but a list of permission classes
 * @example
 * class BookController {
 *   permissionClasses = [IsAuthenticated];
 *
 *   @permissionClasses([DenyAll])
 *   destroy() {}
 * }
 */
export function permissionClasses(rules: readonly PermissionRule[]): HandlerDecorator {
  return replacing('permissionClasses', rules);
}

/**
 * Sets the throttle classes of this handler, replacing those of its class.
 *
 * @throws ImproperlyConfigured for anything but a list of throttle classes
 */
export function throttleClasses(classes: readonly ThrottleClass[]): HandlerDecorator {
  return replacing('throttleClasses', classes);
}

/**
 * Opens one handler to everyone, like `permissionClasses([AllowAny])`. Can be written with or without parentheses. Rules
 * that other decorators add, and an authentication class that requires a token, still apply; startup warns about them.
 */
export function allowAny(): HandlerDecorator;
export function allowAny(target: object, action: string, descriptor: PropertyDescriptor): void;
export function allowAny(
  target?: object,
  action?: string,
  descriptor?: PropertyDescriptor,
): HandlerDecorator | undefined {
  const decorator = replacing('permissionClasses', [AllowAny], 'allowAny');
  if (target === undefined) return decorator;
  decorator(target, action as string, descriptor as PropertyDescriptor);
  return undefined;
}

function replacing(list: keyof PolicyLists, given: readonly object[], name: string = list): HandlerDecorator {
  const classes = Object.freeze([...checkedPolicies(list, given, `@${name}`)]);
  const decorator = handlerDecorator({ name, replaces: { [list]: classes } });
  return (target, action, descriptor) => {
    refuseSecond(list, name, target, action);
    decorator(target, action, descriptor);
  };
}

function refuseSecond(list: keyof PolicyLists, name: string, { constructor }: object, action: string): void {
  const other = ownDecorations(constructor, action).find(({ replaces }) => replaces?.[list] !== undefined);
  if (other === undefined) return;
  throw new ImproperlyConfigured(
    `${constructor.name}.${action} has both @${name} and @${other.name}, and its ${list} can be replaced once only: leave one of them.`,
  );
}
