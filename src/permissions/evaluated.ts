/** Evaluates every getter and every description of a rule once per request, however many outputs read it. */
import { countInertUse, holdsInert } from '../core/process/inert';
import type { Requirement } from '../core/requirements/requirement';
import type { ApiView, BasePermission } from './base';
import { seen } from '../core/process/rejections';

interface Evaluation {
  readonly of: object;
  readonly name: string;
  readonly value: unknown;
}

const evaluations = Symbol('axioms.evaluations');

/** A controller that was made for one request. Elsewhere, as at startup, every look evaluates anew. */
interface Remembering {
  [evaluations]?: Evaluation[];
}

/** Begins to remember what the rules of this controller evaluate. Call it once for each request. */
export function rememberEvaluations(controller: object): void {
  (controller as Remembering)[evaluations] = [];
}

/**
 * Returns the value of one of the controller's members, and evaluates its getter at most once per request. A plain field
 * is read anew: the handler may have assigned it.
 */
export function memberOf<Name extends keyof ApiView>(controller: ApiView, name: Name): ApiView[Name] {
  const own = Object.getOwnPropertyDescriptor(controller, name);
  if (own !== undefined && 'value' in own && !isThenable(own.value)) return own.value as ApiView[Name];
  const found = recall(controller, controller, name);
  return found === undefined
    ? remember(controller, controller, name, promised(controller[name]))
    : (found.value as ApiView[Name]);
}

/** Returns what the permission says that it requires of this controller, evaluated at most once per request. */
export function describedBy(
  permission: BasePermission,
  controller: ApiView,
): Requirement | undefined | Promise<Requirement | undefined> {
  return saidOnce(permission, 'requirement', controller, () => promised(permission.requirement?.(controller)));
}

/** Returns what a method of the permission says of this controller, called at most once per request. */
export function saidOnce<T>(permission: BasePermission, method: string, controller: ApiView, ask: () => T): T {
  // A class that is listed twice has two objects, which say the same unless one has a method of its own.
  const of = Object.hasOwn(permission, method) ? permission : (Object.getPrototypeOf(permission) as object);
  const found = recall(controller, of, method);
  // What is thrown is not remembered.
  return found === undefined ? remember(controller, of, method, ask()) : (found.value as T);
}

function recall(controller: object, of: object, name: string): Evaluation | undefined {
  const known = (controller as Remembering)[evaluations] ?? none;
  for (const one of known) if (one.of === of && one.name === name) return one;
  return undefined;
}

const none: readonly Evaluation[] = [];

function remember<T>(controller: object, of: object, name: string, value: T): T {
  const known = (controller as Remembering)[evaluations];
  if (known !== undefined) known.push({ of, name, value });
  else if (holdsInert(value)) countInertUse();
  return value;
}

/** Returns a function that forgets what is evaluated from now on: it was evaluated while too little was known. */
export function markEvaluations(controller: object): () => void {
  const known = (controller as Remembering)[evaluations] ?? [];
  const { length } = known;
  return () => {
    known.length = length;
  };
}

/** Evaluates these members anew for the object that is checked next. */
export function forgetMembers(controller: object, names: readonly (keyof ApiView)[]): void {
  const known = (controller as Remembering)[evaluations] ?? [];
  const kept = known.filter(({ of, name }) => of !== controller || !names.some(one => one === name));
  known.splice(0, known.length, ...kept);
}

// A thenable may do its work again each time that it is awaited, as a query builder does.
function promised<T>(value: T): T {
  return typeof value === 'object' && isThenable(value) ? (seen(Promise.resolve(value)) as T) : value;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}
