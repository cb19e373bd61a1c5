/** Collects the paths of a document, with one operation for each method of each path. */
import type { OperationObject, ParameterObject, PathItemObject } from './open-api';

/**
 * The methods that have a member in OpenAPI 3.1 (§4.8.9), in capitals. HEAD is before GET: a handler for all methods
 * takes HEAD unless an earlier handler of GET does.
 */
export const documentedMethods = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'] as const;

export interface Placed {
  readonly path: string;
  /** In capitals. */
  readonly method: string;
  /** The handler: `BookController.list`. */
  readonly place: string;
  /**
   * Whether the operation belongs to a handler for all methods. It is left out for methods that have a handler already.
   */
  readonly isForAll: boolean;
  readonly operation: OperationObject;
}

/** Collects operations in the order in which Express calls their handlers. */
export class Paths {
  readonly items: Record<string, PathItemObject> = {};
  readonly #templates = new Map<string, string>();
  readonly #ids = new Set<string>();

  add(placed: Placed): void {
    const path = this.#templateFor(placed.path);
    const operation = withNamesOf(path, placed);
    const first = this.#at(path, placed.method) ?? this.#getAt(path, placed.method);
    if (first === undefined) this.#put(path, placed.method, operation);
    else if (!placed.isForAll) this.#putBeside(path, placed, operation);
  }

  // "Templated paths with the same hierarchy but different templated names MUST NOT exist" (OpenAPI 3.1 §4.8.8).
  #templateFor(path: string): string {
    const hierarchy = path.replace(/\{[^}]*\}/g, '{}');
    const known = this.#templates.get(hierarchy) ?? path;
    this.#templates.set(hierarchy, known);
    return known;
  }

  // Express passes HEAD to an earlier handler of GET, whose rules apply.
  #getAt(path: string, method: string): unknown {
    return method === 'HEAD' ? this.#at(path, 'GET') : undefined;
  }

  #at(path: string, method: string): unknown {
    const item: Record<string, unknown> = this.items[path] ?? {};
    const others = item[otherMethods] as Record<string, unknown> | undefined;
    return isDocumented(method) ? item[method.toLowerCase()] : others?.[method];
  }

  #put(path: string, method: string, operation: OperationObject): void {
    const own = { ...operation, operationId: this.#freeId(operation.operationId, method) };
    const item: Record<string, unknown> = (this.items[path] ??= {});
    if (isDocumented(method)) item[method.toLowerCase()] = own;
    else item[otherMethods] = { ...(item[otherMethods] as object | undefined), [method]: own };
  }

  // Adds the operation under the same path with a fragment, which makes it another path and is not sent.
  #putBeside(path: string, { method, place }: Placed, operation: OperationObject): void {
    const remark =
      'Another handler is registered before for paths of this form; this one is asked where that one does not match.';
    let beside = `${path}#${place}`;
    for (let count = 2; this.#at(beside, method) !== undefined; count++) beside = `${path}#${place}-${count}`;
    this.#put(beside, method, { ...operation, description: `${operation.description}\n\n${remark}` });
  }

  #freeId(id: string, method: string): string {
    const candidates = [id, `${id}.${method.toLowerCase()}`];
    let free = candidates.find(one => !this.#ids.has(one));
    for (let count = 2; free === undefined; count++) {
      const next = `${id}.${method.toLowerCase()}${count}`;
      if (!this.#ids.has(next)) free = next;
    }
    this.#ids.add(free);
    return free;
  }
}

// OpenAPI 3.2 has `additionalOperations`.
const otherMethods = 'x-additionalOperations';

function isDocumented(method: string): boolean {
  return (documentedMethods as readonly string[]).includes(method);
}

function withNamesOf(path: string, { path: own, operation }: Placed): OperationObject {
  if (path === own || operation.parameters === undefined) return operation;
  const [names, ownNames] = [namesIn(path), namesIn(own)];
  const renamed = (one: ParameterObject): ParameterObject =>
    one.in === 'path' ? { ...one, name: names[ownNames.indexOf(one.name)] ?? one.name } : one;
  return { ...operation, parameters: operation.parameters.map(renamed) };
}

function namesIn(path: string): readonly string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name);
}
