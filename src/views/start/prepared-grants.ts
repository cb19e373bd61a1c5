/** Rules that only the caller's grants decide, prepared at startup so that a request needs no permission objects for them. */
import { isGrant, type GrantRequirement, type Requirement } from '../../core/requirements/requirement';
import { hasGrants } from '../../core/requirements/kinds/grants';
import { isPlain } from '../../core/process/plain';
import type { Grants } from '../../core/tokens/claims';
import type { ApiView, BasePermission, PermissionClass } from '../../permissions/base';
import { memberOf } from '../../permissions/evaluated';
import type { PermissionRule } from '../../permissions/operators';
import { ownGrantMembers, type GrantMember } from '../../permissions/token-claims';
import type { PermissionLeaf, PermissionTree } from '../../permissions/tree';

/** A permission class, what the controller said for it at startup, and what that requires. */
interface PreparedRule {
  readonly listed: PermissionRule;
  readonly members: readonly GrantMember[];
  readonly lists: readonly unknown[];
  readonly requires: readonly GrantRequirement[];
}

/** The rules of a list, in its order. */
export type PreparedGrants = readonly PreparedRule[];

/**
 * Prepares the list of a route.
 *
 * @returns `undefined` if anything else than grants decides, or if a rule could not be read
 */
export function preparedGrants(
  trees: readonly PermissionTree[],
  requirementOf: ReadonlyMap<PermissionLeaf, Requirement | undefined>,
  controller: ApiView,
): PreparedGrants | undefined {
  const prepared = trees.map(tree => preparedRule(tree, requirementOf, controller));
  return isPlain || !prepared.every(rule => rule !== undefined) ? undefined : prepared;
}

function preparedRule(
  tree: PermissionTree,
  requirementOf: ReadonlyMap<PermissionLeaf, Requirement | undefined>,
  controller: ApiView,
): PreparedRule | undefined {
  if (!('permission' in tree) || tree.isKnown !== true) return undefined;
  const [members, known] = [ownGrantMembers(tree.permission), requirementOf.get(tree)];
  if (members === undefined || known === undefined) return undefined;
  const requires = known.kind === 'and' ? known.of : [known];
  if (!requires.every(isGrant)) return undefined;
  const listed = tree.permission.constructor as PermissionRule;
  // Copies: the app may change its lists.
  const lists = members
    .map(name => memberOf(controller, name))
    .map(list => (Array.isArray(list) ? Array.from<unknown>(list) : list));
  return { listed, members, lists, requires };
}

/** What is asked about, and how the permission objects of a request are made. */
interface Asking {
  readonly controller: ApiView;
  readonly grants: Grants;
  make(permissionClass: PermissionClass): BasePermission;
}

/**
 * Fast path that can only grant: the list has the classes of startup, the controller says what it said then, and the caller
 * has what that requires. Everything else goes through full evaluation, which also produces the reason.
 */
export function areGranted(
  prepared: PreparedGrants,
  rules: readonly PermissionRule[],
  { controller, grants, make }: Asking,
): boolean {
  if (rules.length !== prepared.length) return false;
  for (let index = 0; index < rules.length; index++) {
    const { listed, members, lists, requires } = prepared[index] as PreparedRule;
    if (rules[index] !== listed || !isOwn(make(listed as PermissionClass), members)) return false;
    if (!saysTheSame(controller, members, lists)) return false;
    for (const one of requires) if (!hasGrants(grants, one)) return false;
  }
  return true;
}

// A container may hold another object for a class of this library.
function isOwn(permission: BasePermission, [first]: readonly GrantMember[]): boolean {
  return ownGrantMembers(permission)?.[0] === first;
}

function saysTheSame(controller: ApiView, members: readonly GrantMember[], lists: readonly unknown[]): boolean {
  let isSame = true;
  // Reads every member, as the rule does.
  for (let index = 0; index < members.length; index++)
    isSame = isSameList(memberOf(controller, members[index] as GrantMember), lists[index]) && isSame;
  return isSame;
}

function isSameList(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === undefined && other === undefined;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
