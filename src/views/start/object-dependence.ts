/** Whether an object can change the answer of a list of permissions to a caller who is let in. */
import { judge } from '../../core/requirements/judge';
import type { Requirement } from '../../core/requirements/requirement';
import {
  definesObjectRule,
  dependsOnObject,
  isDescribed,
  type ApiView,
  type BasePermission,
} from '../../permissions/base';
import type { PermissionLeaf, PermissionTree } from '../../permissions/tree';

/** What a permission says: the same to every caller, something that depends on the caller, or on the object too. */
type Says = 'true' | 'false' | 'per caller' | 'per object';

interface Asked {
  readonly controller: ApiView;
  readonly method: string;
  readonly requirementOfLeaves: ReadonlyMap<PermissionLeaf, Requirement | undefined>;
}

/** An owner rule that lets everybody read does not, for GET; neither does `or(AllowAny, IsSubOwner)`. */
export function dependOnObjects(trees: readonly PermissionTree[], asked: Asked): boolean {
  return allOf(trees.map(tree => says(tree, asked, false))) === 'per object';
}

function says(tree: PermissionTree, asked: Asked, isNegated: boolean): Says {
  if ('permission' in tree) return leafSays(tree, asked, isNegated);
  const of = tree.operands.map(operand => says(operand, asked, tree.operator === 'not' ? !isNegated : isNegated));
  if (tree.operator === 'not') return of[0] ?? 'per object';
  return (tree.operator === 'and') === isNegated ? anyOf(of) : allOf(of);
}

function allOf(of: readonly Says[]): Says {
  return firstOf(of, ['false', 'per object', 'per caller'], 'true');
}

function anyOf(of: readonly Says[]): Says {
  return firstOf(of, ['true', 'per object', 'per caller'], 'false');
}

function firstOf(of: readonly Says[], order: readonly Says[], otherwise: Says): Says {
  return order.find(one => of.includes(one)) ?? otherwise;
}

function leafSays(leaf: PermissionLeaf, { controller, method, requirementOfLeaves }: Asked, isNegated: boolean): Says {
  const { permission } = leaf;
  if (definesObjectRule(permission) && couldMatter(permission, method, controller)) return 'per object';
  const known = requirementOfLeaves.get(leaf);
  const truth = known && isDescribed(permission) ? judge(known, { method, says: () => undefined }) : undefined;
  if (truth === undefined) return 'per caller';
  return truth === isNegated ? 'false' : 'true';
}

/** Could an object change what the rule says for this method? It could, if the rule can only be read per request. */
export function couldMatter(permission: BasePermission, method: string, sample: ApiView): boolean {
  try {
    return dependsOnObject(permission, { method } as never, sample);
  } catch {
    return true;
  }
}
