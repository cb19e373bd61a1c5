/** Where a controller says its rules: by a field, by a getter, or not at all. */
import type { ApiView } from '../permissions/base';

/** `default`: the controller says nothing, and the settings' default holds. */
export type RuleSource = 'field' | 'getter' | 'decorator' | 'default';

/** The members of a controller that say who may, and where each is said. */
export type RuleSources = Readonly<Record<string, RuleSource>>;

const kinds = { scopes: 'Scopes', roles: 'Roles', permissions: 'Permissions' } as const;

const grantMembers = Object.values(kinds).flatMap(kind =>
  ['', 'Any', 'All'].map(match => `accessToken${match}${kind}`),
);

const listNames = ['authenticationClasses', 'permissionClasses'] as const;

/** The lists of classes always, the other members where the controller has them. */
export function ruleSources(controller: ApiView): RuleSources {
  const lists = listNames.map(name => [name, sourceOf(controller, name) ?? 'default'] as const);
  const others = [...grantMembers, 'ownerAttribute', 'ownerIssuerAttribute', 'safeMethods'].flatMap(name => {
    const source = sourceOf(controller, name);
    return source === undefined ? [] : [[name, source] as const];
  });
  return Object.fromEntries([...lists, ...others]);
}

/** `undefined`: the controller does not have the member. */
function sourceOf(controller: object, name: string): RuleSource | undefined {
  for (
    let object: unknown = controller;
    typeof object === 'object' && object !== null && object !== Object.prototype;
    object = Object.getPrototypeOf(object)
  ) {
    const found = Object.getOwnPropertyDescriptor(object, name);
    if (found !== undefined) return found.get === undefined ? fieldSource(found.value) : 'getter';
  }
  return undefined;
}

function fieldSource(value: unknown): RuleSource | undefined {
  return value === undefined ? undefined : 'field';
}
