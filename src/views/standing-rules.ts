/** Rules that a controller says in plain fields: found at start, recognised per request, and met without asking again. */
import { AccessTokenUser } from '../authentication/user';
import { meets } from '../core/requirements/judge';
import type { Requirement } from '../core/requirements/requirement';
import { membersRead, type ApiView } from '../permissions/base';
import { leavesOf, type PermissionTree } from '../permissions/tree';
import type { Visit } from './visit';

interface Field {
  readonly name: string;
  readonly value: unknown;
}

/**
 * The short way to a yes: a request that meets what a route was found to ask for at start may pass, while its controller
 * still says the same. It never refuses: who does not meet it is asked in full, and is told why not.
 */
export class StandingRules {
  private constructor(
    private readonly requirements: readonly Requirement[],
    private readonly fields: readonly Field[],
  ) {}

  /** @returns `undefined` where a rule is decided per request, is about an object, reads a getter, or is a class of the app's own. */
  static of(
    trees: readonly PermissionTree[] | undefined,
    requirements: readonly (Requirement | undefined)[] | undefined,
    controller: ApiView,
  ): StandingRules | undefined {
    if (trees === undefined || requirements?.every(one => one !== undefined) !== true) return undefined;
    const read = trees.flatMap(leavesOf).map(({ permission }) => membersRead(permission));
    if (!read.every(names => names !== undefined)) return undefined;
    const fields = fieldsOf(controller, ['permissionClasses', ...read.flat()]);
    return fields === undefined ? undefined : new StandingRules(requirements, fields);
  }

  admit({ controller, caller }: Visit): boolean {
    const user = caller?.user instanceof AccessTokenUser ? caller.user : undefined;
    return (
      this.fields.every(field => says(controller, field)) &&
      this.requirements.every(requirement => isMet(requirement, user))
    );
  }
}

function says(controller: object, { name, value }: Field): boolean {
  return isSame((controller as Readonly<Record<string, unknown>>)[name], value);
}

// A getter may say something else each time.
function fieldsOf(controller: object, names: readonly string[]): readonly Field[] | undefined {
  const fields = [...new Set(names)].map(name => [name, descriptorOf(controller, name)] as const);
  if (fields.some(([, descriptor]) => descriptor?.get !== undefined)) return undefined;
  return fields.map(([name, descriptor]) => ({ name, value: copyOf(descriptor?.value) }));
}

function descriptorOf(object: object | null, name: string): PropertyDescriptor | undefined {
  if (object === null) return undefined;
  return (
    Object.getOwnPropertyDescriptor(object, name) ?? descriptorOf(Object.getPrototypeOf(object) as object | null, name)
  );
}

function copyOf(value: unknown): unknown {
  return Array.isArray(value) ? [...(value as unknown[])] : value;
}

function isSame(value: unknown, known: unknown): boolean {
  if (!Array.isArray(value) || !Array.isArray(known)) return value === known;
  return value.length === known.length && value.every((one, index) => one === known[index]);
}

// Grants of another kind of user are read as the permissions do it.
function isMet(requirement: Requirement, user: AccessTokenUser | undefined): boolean {
  switch (requirement.kind) {
    case 'anyone':
      return true;
    case 'authenticated':
      return user !== undefined;
    case 'scopes':
    case 'roles':
    case 'permissions':
      return user !== undefined && meets(user, requirement);
    case 'and':
      return requirement.of.every(one => isMet(one, user));
    case 'or':
      return requirement.of.some(one => isMet(one, user));
    default:
      return false;
  }
}
