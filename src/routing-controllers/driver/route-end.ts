/** Leaves a router once a handler has answered, where nothing but routes of this library stands behind it. */
import type { NextFunction, Response } from 'express';
import { isPlain } from '../../core/process/plain';
import { routerOf } from '../start/app-router';

interface Layer {
  readonly route?: object;
  readonly handle?: { readonly length: number };
}

const ownRoutes = new WeakSet<object>();

/** Remembers the route that was registered last: it takes no request that has been answered. */
export function noteRoute(app: object): void {
  const { route } = stackOf(app).at(-1) ?? {};
  if (route !== undefined) ownRoutes.add(route);
}

/**
 * Returns a function that tells whether nothing behind the route that was registered last takes an answered request. An app
 * may add routes and middleware at any time, so that it looks again whenever the router has
 * another length or another last layer.
 */
export function endOfRoute(app: object): () => boolean {
  const route = stackOf(app).at(-1)?.route;
  let [length, last]: [number, Layer | undefined] = [0, undefined];
  let isEnd = false;
  return () => {
    const stack = stackOf(app);
    if (stack.length === length && stack.at(-1) === last) return isEnd;
    [length, last] = [stack.length, stack.at(-1)];
    const place = stack.findIndex(layer => layer.route === route);
    isEnd = !isPlain && route !== undefined && place >= 0 && stack.slice(place + 1).every(takesNothing);
    return isEnd;
  };
}

// A route of this library ends there, and error middleware is not called.
function takesNothing({ route, handle }: Layer): boolean {
  return route === undefined ? handle?.length === 4 : ownRoutes.has(route);
}

function stackOf(app: object): readonly Layer[] {
  return (routerOf(app) as { readonly stack?: readonly Layer[] }).stack ?? [];
}

/**
 * Returns the `next` of an answered request: Express compares its path with each route that is left, and then calls what
 * was passed behind the app. This leaves the routes out, and nothing else.
 */
export function leaving(next: NextFunction, response: Response): NextFunction {
  return (error?: unknown) => {
    if (error === undefined && response.headersSent) next('router');
    else next(error);
  };
}
