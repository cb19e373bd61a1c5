/** Remembers the guards of plain routes and what they require. The metadata that a server publishes includes them. */
import type { Request, RequestHandler } from 'express';
import { readsProofs } from '../../authentication/possession';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Requirement } from '../../core/requirements/requirement';
import type { Settings } from '../../core/settings/settings';
import { routerOf } from '../start/app-router';
import { handlerOf } from '../start/handlers';
import type { AxiomsServer } from '../start/axioms-server';
import { isMountedIn } from '../start/passed-apps';
import { appOf, serversOf } from '../start/serving';
import { countGuard, endStartupAt, isMadeAtStartup } from '../start/startup';

interface Known {
  readonly required: readonly Requirement[];
  /** The server that the guard names. */
  readonly named: object | undefined;
  readonly number: number;
}

const guards = new WeakMap<object, Known>();
const guardsOfServer = new WeakMap<object, Set<RequestHandler>>();
const mountedApps = new WeakMap<object, Set<object>>();

/** Remembers what a guard requires of a token, and the server that it names. */
export function rememberGuard(
  guard: RequestHandler,
  required: readonly Requirement[],
  named: AxiomsServer | undefined,
): void {
  guards.set(guard, { required, named, number: countGuard() });
  if (named !== undefined) keep(guard, named);
}

/** Remembers that a request arrived at the guard, which uses this server. */
export function usesServer(guard: RequestHandler, server: object, { app }: Request): void {
  endStartupAt(guards.get(guard)?.number ?? 0, server);
  keep(guard, server);
  const outer = appOf(server);
  if (outer !== undefined && isMountedIn(app, outer)) add(mountedApps, server, app);
}

// Keeps only guards of the startup. An app may make a guard for each request, whose sender could then fill the memory and
// choose a text of the metadata.
function keep(guard: RequestHandler, server: object): void {
  const { number = Infinity } = guards.get(guard) ?? {};
  if (isMadeAtStartup(number, server)) add(guardsOfServer, server, guard);
}

function add<T>(sets: WeakMap<object, Set<T>>, key: object, value: T): void {
  const known = sets.get(key) ?? new Set();
  sets.set(key, known.add(value));
}

/**
 * Returns what the plain routes of a server require: routes on its app, the app's routers and the apps mounted in it,
 * guards in front of its controllers' handlers, and guards that were made before the first request and use the server.
 * A guard in a mounted app is known only after a request has reached one of that app's guards: Express does not say
 * which apps are mounted.
 */
export function plainRequirements(server: Pick<AxiomsServer, 'routes'>): readonly Requirement[] {
  const found = new Set([...(guardsOfServer.get(server) ?? []), ...guardsOfApps(server), ...guardsOfHandlers(server)]);
  return [...found].flatMap(guard => guards.get(guard)?.required ?? []);
}

/**
 * Checks the plain routes that are registered before the server is.
 *
 * @throws ImproperlyConfigured if one requires a DPoP key, and no issuer's tokens may be bound to one
 */
export function requireUsableGuards(server: Pick<AxiomsServer, 'routes' | 'settings'>): void {
  requireUsable(plainRequirements(server), server.settings);
}

/** @throws ImproperlyConfigured if one requires a DPoP key, and no issuer's tokens may be bound to one */
export function requireUsable(required: readonly Requirement[], settings: Settings): void {
  if (readsProofs(settings) || !required.some(({ kind }) => kind === 'dpop')) return;
  throw new ImproperlyConfigured(
    "requireAccessToken({ dpop: 'required' }) requires a DPoP key, and the setting 'dpop' (AXIOMS_DPOP) is 'off', so that nobody could call its routes. Set it to 'allowed' or 'required'.",
  );
}

// If the app has several servers, a guard on it must name one.
function guardsOfApps(server: object): readonly RequestHandler[] {
  const app = appOf(server);
  if (app === undefined) return [];
  const isAlone = serversOf(app).length <= 1;
  const found = [app, ...(mountedApps.get(server) ?? [])].flatMap(one => guardsIn(routerOf(one)));
  return found.filter(guard => {
    const named = guards.get(guard)?.named;
    return named === undefined ? isAlone : named === server;
  });
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
  return guards.has(Object(handler) as object) ? [handler as RequestHandler] : [];
}
