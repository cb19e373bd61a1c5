/** Remembers the guards of plain routes and what they require. The metadata that a server publishes includes them. */
import type { RequestHandler } from 'express';
import type { Requirement } from '../../core/requirements/requirement';
import { routerOf } from '../start/app-router';
import { handlerOf } from '../start/handlers';
import type { AxiomsServer } from '../start/axioms-server';
import { appOf, serversOf } from '../start/serving';

const requirements = new WeakMap<object, readonly Requirement[]>();
const guardsOfServer = new WeakMap<object, Set<RequestHandler>>();

/** Remembers what a guard requires of a token. */
export function rememberGuard(guard: RequestHandler, required: readonly Requirement[]): void {
  requirements.set(guard, required);
}

/**
 * Remembers that the guard uses this server: because it names the server, or because a request for it arrived at the
 * server's app.
 */
export function usesServer(guard: RequestHandler, server: object): void {
  const known = guardsOfServer.get(server) ?? new Set();
  guardsOfServer.set(server, known.add(guard));
}

/**
 * Returns what the plain routes of a server require: routes whose guard names the server, routes on its app and the
 * app's routers, and guards in front of its controllers' handlers. A guard in an app that is mounted in the server's
 * app is known only after its first request: Express does not say which apps are mounted.
 */
export function plainRequirements(server: Pick<AxiomsServer, 'routes'>): readonly Requirement[] {
  const found = new Set([...(guardsOfServer.get(server) ?? []), ...guardsOfApp(server), ...guardsOfHandlers(server)]);
  return [...found].flatMap(guard => requirements.get(guard) ?? []);
}

// If the app has several servers, a guard on it must name one, and usesServer() has recorded that.
function guardsOfApp(server: object): readonly RequestHandler[] {
  const app = appOf(server);
  return app === undefined || serversOf(app).length > 1 ? [] : guardsIn(routerOf(app));
}

function guardsOfHandlers({ routes }: Pick<AxiomsServer, 'routes'>): readonly RequestHandler[] {
  const actions = routes.flatMap(rules => handlerOf(rules)?.action ?? []);
  const uses = actions.flatMap(action => [...action.controllerMetadata.uses, ...action.uses]);
  return uses.flatMap(use => guardsOf(use.middleware as unknown));
}

interface Layer {
  readonly handle?: unknown;
  readonly route?: { readonly stack?: readonly Layer[] } | undefined;
}

// Works with Express 4 and 5: both keep a `stack` of layers in a route and in a mounted router.
function guardsIn(router: unknown, seen = new Set<unknown>()): readonly RequestHandler[] {
  const { stack } = Object(router) as { readonly stack?: unknown };
  if (!Array.isArray(stack) || seen.has(router)) return [];
  seen.add(router);
  return (stack as readonly Layer[]).flatMap(({ handle, route }) => [
    ...guardsOf(handle),
    ...guardsIn(handle, seen),
    ...guardsIn(route, seen),
  ]);
}

function guardsOf(handler: unknown): readonly RequestHandler[] {
  return requirements.has(Object(handler) as object) ? [handler as RequestHandler] : [];
}
