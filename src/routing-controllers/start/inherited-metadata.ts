/** Lets inherited handlers keep what their class declares: routing-controllers looks at the subclass only, and serves them without. */
import { getMetadataArgsStorage } from 'routing-controllers';

type Storage = ReturnType<typeof getMetadataArgsStorage>;
type Entry = { readonly target: unknown; readonly method?: unknown };

const home = globalThis as { routingControllersMetadataArgsStorage?: Storage };

/** While `build` runs, parameters, middlewares, interceptors, `@Authorized`, `@HttpCode` and the like of base classes count for their subclasses. */
export function withInheritedMetadata(build: () => void): void {
  const own = getMetadataArgsStorage();
  groups = new WeakMap();
  home.routingControllersMetadataArgsStorage = inheriting(own);
  try {
    build();
  } finally {
    home.routingControllersMetadataArgsStorage = own;
  }
}

// Shares the lists with the original: controllers that a glob loads meanwhile register themselves in both.
function inheriting(own: Storage): Storage {
  return Object.assign(Object.create(own) as Storage, {
    filterActionsWithTarget: (target: object) => [...entriesOf(own.actions, target)],
    filterUsesWithTargetAndMethod: (target: object, method?: string) => outermostFirst(own.uses, target, method),
    filterInterceptorUsesWithTargetAndMethod: (target: object, method?: string) =>
      outermostFirst(own.useInterceptors, target, method),
    filterParamsWithTargetAndMethod: (target: object, method: string) => nearestParams(own, target, method),
    filterResponseHandlersWithTarget: (target: object) =>
      classesOf(target).flatMap(one => [...entriesOf(own.responseHandlers, one)]),
    // Upstream takes the first of each kind, but of headers of one name the last.
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

/** By list. Upstream looks through all entries of all controllers for each: at a thousand controllers that is most of the start. */
let groups = new WeakMap<readonly object[], Groups>();

/** Those of a class. Entries are only ever added to a list. */
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

/** The class and its base classes, nearest first. */
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

// The nearest class that declares a route for the method is where its decorators end: further up it is another handler.
function declaringClasses(target: object, method: string): readonly object[] {
  const classes = classesOf(target);
  const { actions } = getMetadataArgsStorage();
  const declared = classes.findIndex(one => entriesOf(actions, one).some(action => action.method === method));
  return classes.slice(0, declared + 1);
}

/** The nearest class that declares a route for the method. */
export function declaringClass(target: object, method: string): object | undefined {
  return declaringClasses(target, method).at(-1);
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
