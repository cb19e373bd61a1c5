/** Finds out where a rule is declared, for the audit. */
import { leavesOf, type PermissionTree } from '../../permissions/tree';
import type { Decorations, PolicyLists } from './decorations';

/**
 * Names where a rule is declared: `field` and `getter` are members of the controller, `decorator` is a decorator, and
 * `default` is the default of the server, such as the setting `defaultPermissionClasses`.
 */
export type RuleSource = 'default' | 'field' | 'getter' | 'decorator';

/** Names where each list of classes of a controller is declared. */
export type ListSources = Readonly<Record<keyof PolicyLists, RuleSource>>;

/**
 * Returns where each of the controller's lists is declared.
 *
 * @param unset the lists whose getter returns `undefined`, so that the default applies
 */
export function listSources(
  controller: object,
  decorations: Decorations | undefined,
  unset: readonly string[] = [],
): ListSources {
  const sourceOf = (name: keyof PolicyLists): RuleSource => {
    if (decorations?.[name] !== undefined) return 'decorator';
    return unset.includes(name) ? 'default' : (memberSource(controller, name) ?? 'default');
  };
  return {
    authenticationClasses: sourceOf('authenticationClasses'),
    permissionClasses: sourceOf('permissionClasses'),
    throttleClasses: sourceOf('throttleClasses'),
  };
}

/**
 * Returns where the requirement of each permission is declared: by the decorator that added it, by the members that it
 * reads (a getter, if one of them is one), or else where the list is declared.
 */
export function permissionSources(
  controller: object,
  trees: readonly PermissionTree[],
  decorations: Decorations | undefined,
  list: RuleSource,
): readonly RuleSource[] {
  const firstAdded = trees.length - (decorations?.added.length ?? 0);
  return trees.map((tree, index) => (index >= firstAdded ? 'decorator' : (saidBy(controller, tree) ?? list)));
}

function saidBy(controller: object, tree: PermissionTree): RuleSource | undefined {
  const members = leavesOf(tree).flatMap(({ permission }) => permission.members?.() ?? []);
  const sources = members.map(name => memberSource(controller, name));
  return sources.find(source => source === 'getter') ?? sources.find(source => source === 'field');
}

/**
 * Returns how the member is declared. A value on the prototype counts as a field. A member that is `undefined` declares
 * nothing.
 */
function memberSource(controller: object, name: string): RuleSource | undefined {
  for (let one: unknown = controller; typeof one === 'object' && one !== null; one = Object.getPrototypeOf(one)) {
    const member = Object.getOwnPropertyDescriptor(one, name);
    if (member !== undefined)
      return member.get !== undefined ? 'getter' : member.value === undefined ? undefined : 'field';
  }
  return undefined;
}
