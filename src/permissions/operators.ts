/** `and`, `or` and `not` of permission classes. */
import { markAsOurs } from '../core/copies';
import { ImproperlyConfigured } from '../core/exceptions';
import type { PermissionClass } from './base';

/** Permission classes put together; goes wherever a permission class goes. */
export class ComposedPermission {
  constructor(
    readonly operator: 'and' | 'or' | 'not',
    readonly operands: readonly PermissionRule[],
  ) {
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
 * All of them. A list of permission classes is an `and`, too.
 *
 * @example
 * permissionClasses = [or(IsSafeOnly, and(HasAccessTokenScopes, not(HasAccessTokenRoles)))];
 */
export function and(...operands: PermissionRule[]): ComposedPermission {
  return new ComposedPermission('and', operands);
}

/** Any of them; a branch is its rule for the request and its rule for the object. */
export function or(...operands: PermissionRule[]): ComposedPermission {
  return new ComposedPermission('or', operands);
}

/** Not this one. A class's need of an authenticated request stays; so does an error that it throws. */
export function not(operand: PermissionRule): ComposedPermission {
  return new ComposedPermission('not', [operand]);
}
