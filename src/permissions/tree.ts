/** A list's permissions, made for one request, as the tree that `and`, `or` and `not` build. */
import type { Requirement } from '../core/requirement';
import {
  definesObjectRule,
  isAskedBeforeTheBody,
  type ApiView,
  type BasePermission,
  type PermissionClass,
} from './base';
import { describedBy } from './evaluated';
import { ComposedPermission, type PermissionRule } from './operators';
import { seen } from './rejections';

/** A permission of a list with its instance, or a composition of them. */
export type PermissionTree =
  PermissionLeaf | { readonly operator: 'and' | 'or' | 'not'; readonly operands: readonly PermissionTree[] };

export interface PermissionLeaf {
  readonly permission: BasePermission;
  /** What `hasPermission` said, whatever it is; asked once a request. */
  viewRule?: unknown;
  /** What `hasObjectPermission` said of the last object. */
  objectRule?: unknown;
}

export function permissionTree(
  rule: PermissionRule,
  make: (permissionClass: PermissionClass) => BasePermission,
): PermissionTree {
  if (!(rule instanceof ComposedPermission)) return { permission: make(rule) };
  return { operator: rule.operator, operands: rule.operands.map(operand => permissionTree(operand, make)) };
}

/** Every permission of the tree. */
export function leavesOf(tree: PermissionTree): readonly PermissionLeaf[] {
  return 'permission' in tree ? [tree] : tree.operands.flatMap(leavesOf);
}

/** May all of the tree be asked before the body is read? */
export function isEarly(tree: PermissionTree): boolean {
  return leavesOf(tree).every(({ permission }) => isAskedBeforeTheBody(permission));
}

/** Is the tree false for whoever is not authenticated, whatever its rules say? */
export function isClosedToNobody(tree: PermissionTree, isNegated = false): boolean {
  if ('permission' in tree) return tree.permission.needsAuthentication === true;
  const isClosed = (operand: PermissionTree): boolean =>
    isClosedToNobody(operand, tree.operator === 'not' ? !isNegated : isNegated);
  const isAnd = (tree.operator === 'and') !== isNegated;
  return isAnd ? tree.operands.some(isClosed) : tree.operands.every(isClosed);
}

/** Has any permission of the tree a rule about an object? */
export function hasObjectRule(tree: PermissionTree): boolean {
  return leavesOf(tree).some(({ permission }) => definesObjectRule(permission));
}

/** What the tree asks for of this controller; a class that does not say is `custom`. */
export function requirementOf(tree: PermissionTree, controller: ApiView): Requirement | Promise<Requirement> {
  if ('permission' in tree) return requirementOfLeaf(tree.permission, controller);
  const operands = tree.operands.map(operand => seen(requirementOf(operand, controller)));
  const composed = (of: readonly Requirement[]): Requirement =>
    tree.operator === 'not' ? { kind: 'not', of: of[0] ?? { kind: 'anyone' } } : { kind: tree.operator, of };
  return operands.some(operand => operand instanceof Promise)
    ? Promise.all(operands.map(async operand => operand)).then(composed)
    : composed(operands as Requirement[]);
}

/** Returns what one permission asks for, evaluated at most once per request. */
export function requirementOfLeaf(permission: BasePermission, controller: ApiView): Requirement | Promise<Requirement> {
  const custom: Requirement = { kind: 'custom', name: permission.constructor.name };
  const said = describedBy(permission, controller);
  return said instanceof Promise ? said.then(found => found ?? custom) : (said ?? custom);
}
