/** The router of an Express app: its routes are registered there, and its options decide how paths are read. */
import type { PathOptions } from './path-patterns';

interface Routed {
  /** The router of an Express 4 app, once the app has a route. */
  readonly _router?: object;
  /** The router of an Express 5 app. In Express 4 this getter throws. */
  readonly router?: object;
  /** Makes the router of an Express 4 app, if it has none yet. */
  lazyrouter?(): void;
}

/** Returns the router of an app. For a router, returns the router itself. */
export function routerOf(app: object): object {
  if ('lazyrouter' in app) return (app as Routed)._router ?? app;
  return (app as Routed).router ?? app;
}

/**
 * Reads the options from the router, because Express ignores changes to the app's settings after it has made the
 * router. Makes the router of an Express 4 app that has none yet.
 */
export function pathOptionsOf(app: object): PathOptions {
  (app as Routed).lazyrouter?.();
  const { caseSensitive, strict } = routerOf(app) as { readonly caseSensitive?: boolean; readonly strict?: boolean };
  return { isCaseSensitive: caseSensitive === true, isStrict: strict === true };
}

/** An Express app: it emits `mount` with each app that mounts it, and keeps the last one. */
interface Mounted {
  readonly parent?: object;
  on?(event: 'mount', listener: (parent: object) => void): void;
}

const parents = new WeakMap<object, Set<object>>();

/**
 * Returns the apps in which this app is mounted: the last one, and those that have mounted it since this function was
 * first called with it. Express keeps only the last one.
 */
export function parentsOf(app: object): ReadonlySet<object> {
  const known = parents.get(app) ?? watchedParents(app);
  const { parent } = app as Mounted;
  if (parent !== undefined) keep(parent, known);
  return known;
}

function watchedParents(app: Mounted): Set<object> {
  const known = new Set<object>();
  parents.set(app, known);
  // A router emits nothing, and a request's app is not always one of Express.
  app.on?.('mount', parent => {
    keep(parent, known);
  });
  return known;
}

// An app may make apps for each request, and mount another one in them.
const mostParents = 100;

function keep(parent: object, known: Set<object>): void {
  if (known.size < mostParents) known.add(parent);
}
