/**
 * Lets inherited handlers keep what the base class declares. routing-controllers itself reads only the subclass, and
 * would serve an inherited handler without it.
 */
import { getMetadataArgsStorage } from 'routing-controllers';
import type { AppContainer } from './app-container';
import { interceptorFunction } from './interceptors';

type Storage = ReturnType<typeof getMetadataArgsStorage>;
type Entry = { readonly target: unknown; readonly method?: unknown };

const home = globalThis as { routingControllersMetadataArgsStorage?: Storage };

/**
 * Applies the parameters, middlewares, interceptors, `@Authorized`, `@HttpCode` and the like of base classes to their
 * subclasses while `build` runs.
 *
 * @param container makes the interceptor classes: routing-controllers would ask the container that was given last
 */
export function withInheritedMetadata(container: AppContainer, build: () => void): void {
  const own = getMetadataArgsStorage();
  groups = new WeakMap();
  home.routingControllersMetadataArgsStorage = inheriting(own, container);
  try {
    build();
  } finally {
    home.routingControllersMetadataArgsStorage = own;
  }
}

// Shares the lists with the original storage, so that controllers that a glob loads meanwhile are registered in both.
function inheriting(own: Storage, container: AppContainer): Storage {
  const ofServer = <T extends { readonly target: object }>(one: T): T => ({
    ...one,
    target: interceptorFunction(one.target, container),
  });
  return Object.assign(Object.create(own) as Storage, {
    filterActionsWithTarget: (target: object) => [...entriesOf(own.actions, target)],
    filterUsesWithTargetAndMethod: (target: object, method?: string) => outermostFirst(own.uses, target, method),
    filterInterceptorUsesWithTargetAndMethod: (target: object, method?: string) =>
      outermostFirst(own.useInterceptors, target, method).map(use => ({
        ...use,
        interceptor: interceptorFunction(use.interceptor, container),
      })),
    filterInterceptorMetadatasForClasses: (classes: Parameters<Storage['filterInterceptorMetadatasForClasses']>[0]) =>
      own.filterInterceptorMetadatasForClasses(classes).map(ofServer),
    // Stays the original list for what a glob adds meanwhile. routing-controllers reads it with map().
    interceptors: new Proxy(own.interceptors, {
      get: (list, name): unknown =>
        name === 'map'
          ? (build: (one: unknown) => unknown) => list.map(one => build(ofServer(one)))
          : Reflect.get(list, name),
    }),
    filterParamsWithTargetAndMethod: (target: object, method: string) => nearestParams(own, target, method),
    filterResponseHandlersWithTarget: (target: object) =>
      classesOf(target).flatMap(one => [...entriesOf(own.responseHandlers, one)]),
    // routing-controllers uses the first response handler of each kind, but the last header of a name.
    filterResponseHandlersWithTargetAndMethod: (target: object, method: string) => [
      ...methodEntries(own.responseHandlers, target, method).filter(({ type }) => type !== 'header'),
      ...outermostFirst(own.responseHandlers, target, method).filter(({ type }) => type === 'header'),
    ],
  });
}

interface Groups {
  readonly length: number;
  readonly byTarget: ReadonlyMap<unknown, readonly unknown[]>;
}

/**
 * The entries of each list, grouped by class. routing-controllers searches all entries for each controller: with a
 * thousand controllers that is most of the startup time.
 */
let groups = new WeakMap<readonly object[], Groups>();

/**
 * Returns the entries of a class. Groups the list again if it has grown: entries are added to it, and never removed.
 */
function entriesOf<T extends object>(
  entries: readonly T[],
  target: object,
  targetOf: (entry: T) => unknown = entry => (entry as Entry).target,
): readonly T[] {
  const known = groups.get(entries);
  const { byTarget } = known?.length === entries.length ? known : group(entries, targetOf);
  return (byTarget.get(target) ?? []) as readonly T[];
}

function group<T extends object>(entries: readonly T[], targetOf: (entry: T) => unknown): Groups {
  const byTarget = new Map<unknown, T[]>();
  for (const entry of entries) {
    const target = targetOf(entry);
    const ofTarget = byTarget.get(target);
    if (ofTarget === undefined) byTarget.set(target, [entry]);
    else ofTarget.push(entry);
  }
  const found = { length: entries.length, byTarget };
  groups.set(entries, found);
  return found;
}

/** Returns the class and its base classes, nearest first. */
function classesOf(target: object): readonly object[] {
  const classes: object[] = [];
  for (
    let one: unknown = target;
    typeof one === 'function' && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  )
    classes.push(one);
  return classes;
}

// Stops at the nearest class that declares a route for the method: further up, the method is another handler.
function declaringClasses(target: object, method: string): readonly object[] {
  const classes = classesOf(target);
  const { actions } = getMetadataArgsStorage();
  const declared = classes.findIndex(one => entriesOf(actions, one).some(action => action.method === method));
  return classes.slice(0, declared + 1);
}

/** Returns the nearest class that declares a route for the method. */
export function declaringClass(target: object, method: string): object | undefined {
  return declaringClasses(target, method).at(-1);
}

/**
 * Returns the `@Authorized()` decorators of a class or a handler, and of its base classes, as lists by class. The nearest
 * class comes first.
 *
 * @param method the name of the handler; `undefined` for the class itself
 */
export function authorizationsOf(target: object, method?: string): readonly Authorizations[] {
  const { responseHandlers } = getMetadataArgsStorage();
  const classes = method === undefined ? classesOf(target) : declaringClasses(target, method);
  const isOne = (one: Entry & { readonly type: string }): boolean => one.type === 'authorized' && one.method === method;
  const lists = classes.map(one => ({
    declaredBy: one as Authorizations['declaredBy'],
    values: entriesOf(responseHandlers, one)
      .filter(isOne)
      .map(({ value }) => value as unknown),
  }));
  return lists.filter(({ values }) => values.length > 0);
}

/** What the `@Authorized()` decorators of one class, or of its handler, are given. */
export interface Authorizations {
  readonly declaredBy: { readonly name: string };
  readonly values: readonly unknown[];
}

function methodEntries<T extends Entry>(entries: readonly T[], target: object, method: string): T[] {
  return declaringClasses(target, method).flatMap(one =>
    entriesOf(entries, one).filter(entry => entry.method === method),
  );
}

function outermostFirst<T extends Entry>(entries: readonly T[], target: object, method?: string): T[] {
  const classes = method === undefined ? classesOf(target) : declaringClasses(target, method);
  return [...classes].reverse().flatMap(one => entriesOf(entries, one).filter(entry => entry.method === method));
}

function nearestParams(own: Storage, target: object, method: string): Storage['params'] {
  const ofClass = (one: object): Storage['params'] =>
    entriesOf(own.params, one, param => (param.object as object).constructor).filter(param => param.method === method);
  return (
    declaringClasses(target, method)
      .map(ofClass)
      .find(params => params.length > 0) ?? []
  );
}
