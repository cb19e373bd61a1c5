/** Gives every controller class the methods of `ApiController`, with or without that base class. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { ApiController } from '../../views/api-view';
import { checkByOwnMethod, checkObjectPermissions } from '../../views/object-rules';
import type { Class } from './dependencies';

const safeChecks = new WeakSet<object>([Reflect.get(ApiController.prototype, 'checkObjectPermissions')]);

/**
 * Defines `checkObjectPermissions()`. Wraps a method that the class defines itself, so that a missing `await` is safe there, too.
 */
export function giveObjectCheck({ prototype }: Class): void {
  const { checkObjectPermissions: own } = prototype as { checkObjectPermissions?: unknown };
  if (typeof own === 'function' && safeChecks.has(own)) return;
  const value = function (this: object, ...given: [object: unknown]): unknown {
    if (typeof own !== 'function') return checkObjectPermissions(this, ...given);
    return checkByOwnMethod(this, () => Reflect.apply(own, this, given) as unknown);
  };
  safeChecks.add(value);
  Object.defineProperty(prototype, 'checkObjectPermissions', { value, writable: true, configurable: true });
}

const ownFilter: unknown = Reflect.get(ApiController.prototype, 'authorizedFilter');

/**
 * Defines `authorizedFilter()`.
 *
 * @throws ImproperlyConfigured if the class has a member of this name.
 */
export function giveFilter({ name, prototype }: Class, sample: object): void {
  const { authorizedFilter: own } = prototype as { authorizedFilter?: unknown };
  const isField = Object.hasOwn(sample, 'authorizedFilter');
  if (own === ownFilter && !isField) return;
  if (own !== undefined || isField)
    throw new ImproperlyConfigured(
      `${name} has a member 'authorizedFilter' of its own, and the server gives every controller one: call it something else. To type it, write: declare authorizedFilter: ApiView['authorizedFilter'];`,
    );
  Object.defineProperty(prototype, 'authorizedFilter', { value: ownFilter, writable: true, configurable: true });
}
