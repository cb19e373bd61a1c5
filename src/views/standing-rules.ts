/** Rules that a controller says in plain fields: found at start, recognised per request, and met without asking again. */
import { isAuthenticated } from '../permissions/access';
import { membersRead, type ApiView } from '../permissions/base';
import { leavesOf, type PermissionTree } from '../permissions/tree';
import { grantsOfRequest } from '../permissions/token-claims';
import { meets, type Requirement } from '../core/requirement';
import type { Visit } from './visit';

type Field = readonly [name: string, value: unknown];

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

  admit({ controller, request }: Visit): boolean {
    return (
      this.fields.every(([name, value]) => isSame((controller as unknown as Record<string, unknown>)[name], value)) &&
      this.requirements.every(requirement => isMet(requirement, request))
    );
  }
}

// A getter may say something else each time.
function fieldsOf(controller: object, names: readonly string[]): readonly Field[] | undefined {
  const fields = [...new Set(names)].map(name => [name, descriptorOf(controller, name)] as const);
  if (fields.some(([, descriptor]) => descriptor?.get !== undefined)) return undefined;
  return fields.map(([name, descriptor]) => [name, copyOf(descriptor?.value)]);
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

function isMet(requirement: Requirement, request: Visit['request']): boolean {
  switch (requirement.kind) {
    case 'anyone':
      return true;
    case 'authenticated':
      return isAuthenticated(request);
    case 'scopes':
    case 'roles':
    case 'permissions':
      return isAuthenticated(request) && meets(grantsOfRequest(request), requirement);
    case 'and':
      return requirement.of.every(one => isMet(one, request));
    case 'or':
      return requirement.of.some(one => isMet(one, request));
    default:
      return false;
  }
}
