/** The router behind an app: where its routes are registered, and how it reads paths. */
import type { PathOptions } from './path-patterns';

interface Routed {
  /** Of an Express 4 app, once it has a route. */
  readonly _router?: object;
  /** Of an Express 5 app. An Express 4 app throws here. */
  readonly router?: object;
}

/** Returns the router of the app; a router is its own. */
export function routerOf(app: object): object {
  if ('lazyrouter' in app) return (app as Routed)._router ?? app;
  return (app as Routed).router ?? app;
}

/** Reads the options from the router: an app's settings count only until its router is made. */
export function pathOptionsOf(app: object): PathOptions {
  const { caseSensitive, strict } = routerOf(app) as { readonly caseSensitive?: boolean; readonly strict?: boolean };
  return { isCaseSensitive: caseSensitive === true, isStrict: strict === true };
}
