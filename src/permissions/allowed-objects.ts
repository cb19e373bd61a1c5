/** Which objects a list of permissions allows for a caller, as one filter. It says of each object what `evaluate` says. */
import { isAuthenticated } from '../authentication/caller';
import { ImproperlyConfigured } from '../core/http/exceptions';
import {
  allObjects,
  filterAnd,
  filterNot,
  filterOr,
  noObjects,
  type ObjectFilter,
} from '../core/requirements/object-filter';
import { after, inTurn, type Soon } from '../core/time/soon';
import {
  definesFilter,
  definesObjectRule,
  definesViewRule,
  dependsOnObject,
  requireRule,
  type BasePermission,
} from './base';
import { askViewRule } from './evaluation';
import type { PermissionLeaf, PermissionTree, Subject } from './tree';

/**
 * The objects that are allowed at least, and those that are allowed at most. They differ where a class does not say which
 * objects its rule allows.
 */
interface Bounds {
  readonly least: ObjectFilter;
  readonly most: ObjectFilter;
}

/**
 * Returns the filter of a list of permissions. Each permission is its rule for the request, as it was answered, and its
 * filter.
 *
 * @throws ImproperlyConfigured if the answer depends on a permission whose object rule has no filter
 */
export function allowedObjects(trees: readonly PermissionTree[], subject: Subject): Soon<ObjectFilter> {
  return after(boundsOfAll(trees, subject, false), ({ least, most }) => {
    if (least === most || JSON.stringify(least) === JSON.stringify(most)) return most;
    throw withoutFilter(trees.flatMap(leavesWithoutFilter), subject);
  });
}

/** The permissions whose object rule has no filter. */
export function leavesWithoutFilter(tree: PermissionTree): readonly BasePermission[] {
  if (!('permission' in tree)) return tree.operands.flatMap(leavesWithoutFilter);
  const { permission } = tree;
  return definesObjectRule(permission) && !definesFilter(permission) ? [permission] : [];
}

function placeOf({ controller }: Subject): string {
  return `${controller.constructor.name}.${controller.action}`;
}

function withoutFilter(permissions: readonly BasePermission[], subject: Subject): ImproperlyConfigured {
  const names = [...new Set(permissions.map(one => one.constructor.name))].join(', ');
  return new ImproperlyConfigured(
    `${placeOf(subject)} needs a filter of ${names}, whose rule about an object only code decides: give the class objectFilter(), which returns whereEquals(…) or the like.`,
  );
}

function boundsOf(tree: PermissionTree, subject: Subject, isNegated: boolean): Soon<Bounds> {
  if ('permission' in tree) return boundsOfLeaf(tree, subject, isNegated);
  const { operator, operands } = tree;
  if (operator === 'not') return boundsOf(operands[0] as PermissionTree, subject, !isNegated);
  return (operator === 'and') === isNegated
    ? boundsOfAny(operands, subject, isNegated)
    : boundsOfAll(operands, subject, isNegated);
}

function boundsOfAll(operands: readonly PermissionTree[], subject: Subject, isNegated: boolean): Soon<Bounds> {
  return joined(operands, subject, isNegated, { join: filterAnd, from: allObjects, until: 'none' });
}

function boundsOfAny(operands: readonly PermissionTree[], subject: Subject, isNegated: boolean): Soon<Bounds> {
  return joined(operands, subject, isNegated, { join: filterOr, from: noObjects, until: 'all' });
}

interface Joining {
  readonly join: (...filters: readonly ObjectFilter[]) => ObjectFilter;
  readonly from: ObjectFilter;
  /** What decides, so that no later operand is asked. */
  readonly until: 'all' | 'none';
}

function joined(
  operands: readonly PermissionTree[],
  subject: Subject,
  isNegated: boolean,
  { join, from, until }: Joining,
): Soon<Bounds> {
  let bounds: Bounds = { least: from, most: from };
  const asked = inTurn(operands, operand => {
    if (bounds.least.kind === until && bounds.most.kind === until) return;
    return after(boundsOf(operand, subject, isNegated), ({ least, most }) => {
      const isExact = bounds.least === bounds.most && least === most;
      const joinedMost = join(bounds.most, most);
      bounds = { least: isExact ? joinedMost : join(bounds.least, least), most: joinedMost };
    });
  });
  return after(asked, () => bounds);
}

function boundsOfLeaf(leaf: PermissionLeaf, subject: Subject, isNegated: boolean): Soon<Bounds> {
  const { permission } = leaf;
  if (permission.needsAuthentication === true && !isAuthenticated(subject.request)) return exactly(noObjects);
  requireRule(permission, placeOf(subject));
  if (!definesViewRule(permission)) return boundsOfObjectRule(permission, subject, isNegated);
  return after(askViewRule(leaf, subject), answer => {
    if (answer !== true) return exactly(isNegated && answer === false ? allObjects : noObjects);
    return boundsOfObjectRule(permission, subject, isNegated);
  });
}

function boundsOfObjectRule(permission: BasePermission, subject: Subject, isNegated: boolean): Soon<Bounds> {
  const { request, controller } = subject;
  if (!definesObjectRule(permission) || !dependsOnObject(permission, request, controller))
    return exactly(isNegated ? noObjects : allObjects);
  if (!definesFilter(permission)) return { least: noObjects, most: allObjects };
  return after(permission.objectFilter?.(request, controller) as Soon<ObjectFilter>, filter =>
    exactly(isNegated ? filterNot(filter) : filterAnd(filter)),
  );
}

function exactly(filter: ObjectFilter): Bounds {
  return { least: filter, most: filter };
}
