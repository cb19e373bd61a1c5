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

/** Returns the app in which this app is mounted. */
export function parentOf<App extends object>(app: App): App | undefined {
  return (app as { readonly parent?: App }).parent;
}
