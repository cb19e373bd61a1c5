/** Rules that only the caller's grants decide, prepared at startup so that a request needs no permission objects for them. */
import { types } from 'node:util';
import { isGrant, type Requirement } from '../../core/requirements/requirement';
import { isPlain } from '../../core/process/plain';
import type { ApiView, PermissionClass } from '../../permissions/base';
import { memberOf } from '../../permissions/evaluated';
import type { PermissionRule } from '../../permissions/operators';
import type { GrantRule } from '../../permissions/denial';
import { hasOwnRule, ownGrantMembers, type GrantMember } from '../../permissions/token-claims';
import type { PermissionLeaf, PermissionTree } from '../../permissions/tree';

/** A permission class, what the controller said for it at startup, and what that requires. */
interface PreparedRule extends GrantRule {
  readonly listed: PermissionClass;
  readonly said: readonly Said[];
}

/** What a member of the controller held. */
interface Said {
  readonly member: GrantMember;
  readonly list: unknown;
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
  // A proxy may hold members that `in` does not find.
  if (isPlain || isProxy(controller)) return undefined;
  const prepared = trees.map(tree => preparedRule(tree, requirementOf, controller));
  return prepared.every(rule => rule !== undefined) ? prepared : undefined;
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
  const listed = tree.permission.constructor as PermissionClass;
  const said = members.map(member => ({ member, list: copyOf(memberOf(controller, member)) }));
  return { listed, said, name: listed.name, needed: known, requires };
}

// The app may change its lists.
function copyOf(list: unknown): unknown {
  return Array.isArray(list) ? Array.from<unknown>(list) : list;
}

function isProxy(object: object | null): boolean {
  return object !== null && (types.isProxy(object) || isProxy(Object.getPrototypeOf(object) as object | null));
}

/**
 * Whether the list still has the classes of startup, and the controller says what it said then: what the rules require is
 * then known. Everything else goes through full evaluation.
 *
 * @param isMadeByNew whether no container has an object of its own for a class
 */
export function isAsPrepared(
  prepared: PreparedGrants,
  rules: readonly PermissionRule[],
  controller: ApiView,
  isMadeByNew: (permissionClass: PermissionClass) => boolean,
): boolean {
  if (rules.length !== prepared.length) return false;
  for (let index = 0; index < rules.length; index++) {
    const { listed, said } = prepared[index] as PreparedRule;
    if (rules[index] !== listed || !isMadeByNew(listed) || !hasOwnRule(listed)) return false;
    if (!saysTheSame(controller, said)) return false;
  }
  return true;
}

function saysTheSame(controller: ApiView, said: readonly Said[]): boolean {
  let isSame = true;
  // Reads every member that there is, as the rule does.
  for (const { member, list } of said)
    if (list !== undefined || member in controller) isSame = isSameList(memberOf(controller, member), list) && isSame;
  return isSame;
}

function isSameList(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === undefined && other === undefined;
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
