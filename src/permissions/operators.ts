/** `and`, `or` and `not` of permission classes. */
import { markAsOurs } from '../core/process/copies';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { PermissionClass } from './base';

/** Permission classes put together; goes wherever a permission class goes. */
export class ComposedPermission {
  constructor(
    readonly operator: 'and' | 'or' | 'not',
    readonly operands: readonly PermissionRule[],
  ) {
    if (operator === 'not' && operands.length > 1)
      throw new ImproperlyConfigured(
        `not(…) has ${operands.length} operands and takes one: write not(or(…)) if none of them may hold, or not(and(…)) if not all of them may.`,
      );
    if (operands.length > 0 && operands.every(operand => (operand as unknown) !== undefined)) return;
    throw new ImproperlyConfigured(
      `${operator}(…) has ${operands.length === 0 ? 'no operand' : 'an undefined operand: an import cycle? Import the class from its own file'}.`,
    );
  }
}
markAsOurs(ComposedPermission);

/** What `permissionClasses` lists. */
export type PermissionRule = PermissionClass | ComposedPermission;

/**
 * Requires all of them. A list of permission classes is an `and`, too.
 *
 * The rules that need nothing of the body are asked first, in their order. If they decide, the others are not asked.
 * Then the others are asked from left to right, up to the first that refuses.
 *
 * @example
 * permissionClasses = [or(IsSafeOnly, and(HasAccessTokenScopes, not(HasAccessTokenRoles)))];
 */
export function and(...operands: PermissionRule[]): ComposedPermission {
  return new ComposedPermission('and', operands);
}

/**
 * Requires any of them; a branch is its rule for the request and its rule for the object. Asked as {@link and} is, up to
 * the first branch that is true: later branches are not asked, as in DRF.
 */
export function or(...operands: PermissionRule[]): ComposedPermission {
  return new ComposedPermission('or', operands);
}

/**
 * Not this one. A class's need of an authenticated request stays; so does an error that it throws.
 *
 * @throws ImproperlyConfigured for a second operand
 */
export function not(...operands: readonly [operand: PermissionRule]): ComposedPermission {
  return new ComposedPermission('not', operands);
}
