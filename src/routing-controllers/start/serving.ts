/** Chooses the server that a middleware of the app uses: the one that is named, or else the only one of the app. */
import type { Application, NextFunction } from 'express';
import type { RoutingControllersOptions } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { findVisit } from '../../views/visit';
import type { Services } from '../../views/start/services';
import type { AppContainer } from './app-container';
import { routerOf } from './app-router';
import { appOfExchange, appsAround, appsInDoubt, notePassing, type Exchange } from './passed-apps';
import type { AxiomsServer, AxiomsServerOptions } from './axioms-server';

export interface Serving {
  readonly services: Services;
  readonly container: AppContainer;
  /** The options with which the server was made. */
  readonly options: RoutingControllersOptions;
  /** The app or router on which the routes are registered. */
  readonly app: object;
  /** Whether the server answers errors itself; `false` with `defaultErrorHandler: false`. */
  readonly answersErrors: boolean;
}

/** Names the server that a middleware uses. */
export interface ServerOption {
  /**
   * A server, taken from `app.locals.axioms` after its `useExpressServer()`. Default: the only server of the app on
   * which the middleware is mounted, or of the nearest enclosing app through which the request has come. If that app has
   * several servers, name one.
   */
  readonly server?: AxiomsServer | undefined;
}

/** A server, and the options with which it was made. */
export interface ServerOfApp {
  readonly server: AxiomsServer;
  readonly options: AxiomsServerOptions;
}

const servings = new WeakMap<object, Serving>();
const servers = new WeakMap<object, readonly ServerOfApp[]>();

/**
 * Remembers what a server needs to serve requests.
 *
 * @param server the object at `app.locals.axioms`
 */
export function serves(server: object, serving: Serving): void {
  servings.set(server, serving);
}

export function servingOf(server: object): Serving | undefined {
  return servings.get(server);
}

/** Returns the app or router on which the server's routes are registered. */
export function appOf(server: object): object | undefined {
  return servings.get(server)?.app;
}

export function addServer(app: object, server: ServerOfApp): void {
  const router = routerOf(app);
  notePassing(app);
  servers.set(router, [...(servers.get(router) ?? []), server]);
}

/** Returns the servers of this app, in the order in which they were made. */
export function serversOf(app: object): readonly ServerOfApp[] {
  const router = routerOf(app);
  // An Express 4 app has no router before its first route, but may already have a server.
  const beforeItsRouter = router === app ? [] : (servers.get(app) ?? []);
  return [...beforeItsRouter, ...(servers.get(router) ?? [])];
}

/**
 * Returns the serving data of a named server.
 *
 * @param middleware `requireAccessToken()`, for the message
 * @throws ImproperlyConfigured for anything but a server.
 */
export function namedServing(server: object, middleware: string): Serving {
  const serving = servings.get(server);
  if (serving !== undefined) return serving;
  throw new ImproperlyConfigured(
    `The server of ${middleware} is not a server of this library: give what app.locals.axioms is after useExpressServer(app, …).`,
  );
}

/** Thrown if several servers serve the app and the middleware names none of them. */
export class ServerNotNamed extends ImproperlyConfigured {
  /** @param example code that names a server */
  constructor(
    middleware: string,
    example: string,
    readonly servers: readonly ServerOfApp[],
    options?: ErrorOptions,
  ) {
    super(
      `${middleware} cannot choose between the ${servers.length} servers of its app: name one, ${example}. A server is at app.locals.axioms right after its own useExpressServer().`,
      options,
    );
  }
}

/** The arguments with which Express called a middleware. */
interface Step extends Exchange {
  readonly next: NextFunction;
}

/**
 * Returns the only server of the app that handles the request, or else of the nearest enclosing app through which the
 * request has come. For the middlewares of a controller's handler, returns that controller's server.
 *
 * @param middleware `requireAccessToken()`, for the message
 * @param example code that names a server, for the message
 * @param options the cause of the error, if there is one
 * @throws ServerNotNamed if there are several servers.
 * @throws ImproperlyConfigured if there is no server, or if an app has its server only at `app.locals.axioms` and the
 *   request may not have come through it.
 */
export function onlyServer(step: Step, middleware: string, example: string, options?: ErrorOptions): AxiomsServer {
  for (const app of appsFrom(step) ?? refuseDoubt(middleware, example, options)) {
    const found = serversOf(app);
    const server = found.length > 1 ? serverOfRoute(step, found) : onlyServerOf(app, found);
    if (server !== undefined) return server;
    if (found.length > 1) throw new ServerNotNamed(middleware, example, found, options);
  }
  throw new ImproperlyConfigured(
    `${middleware} found no server at request.app.locals.axioms, nor at an app around it that has handled the request: mount it on the app that useExpressServer was given, or name the server, ${example}.`,
    options,
  );
}

// An app that has a server only in its `locals` is not noted before it is found here, so that another one like it may have
// handled the request. Returns nothing then.
function appsFrom(exchange: Exchange): readonly object[] | undefined {
  const apps = appsAround(exchange);
  if (isServed(appOfExchange(exchange))) return apps;
  const inDoubt = appsInDoubt(exchange).filter(app => serversOf(app).length === 0 && isServed(app));
  for (const app of inDoubt) notePassing(app);
  return inDoubt.length === 0 ? apps : undefined;
}

function isServed(app: object): boolean {
  const found = serversOf(app);
  return found.length > 0 || onlyServerOf(app, found) !== undefined;
}

function refuseDoubt(middleware: string, example: string, options: ErrorOptions | undefined): never {
  throw new ImproperlyConfigured(
    `${middleware} cannot tell whether the request came through the app that has a server only at app.locals.axioms: another app may mount the same inner app. Name the server, ${example}, or give the outer app itself to useExpressServer() or guardApp().`,
    options,
  );
}

/** Returns the servers of the app that handles the request, or else of the nearest enclosing app that has any. */
export function nearestServers(exchange: Exchange): readonly { readonly server: AxiomsServer }[] {
  for (const app of appsFrom(exchange) ?? []) {
    const found = serversOf(app);
    const server = onlyServerOf(app, found);
    if (server !== undefined) return found.length > 1 ? found : [{ server }];
  }
  return [];
}

// An app may also store the server of a router in its `locals`.
function onlyServerOf(app: object, [own]: readonly ServerOfApp[]): AxiomsServer | undefined {
  const { axioms } = (app as Application).locals as { readonly axioms?: AxiomsServer };
  return axioms !== undefined && servings.has(axioms) ? axioms : own?.server;
}

// A visit stays with a request after its route has passed it on. It identifies the server only within its own route.
function serverOfRoute({ request, next }: Step, found: readonly ServerOfApp[]): AxiomsServer | undefined {
  const visit = findVisit(request);
  if (visit?.nextOfStep !== next) return undefined;
  return found.find(({ server }) => servings.get(server)?.services === visit.services)?.server;
}
