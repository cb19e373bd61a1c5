/** Which server a middleware of the app uses: the one that is named, or else the only one of the app. */
import type { Application, NextFunction, Request } from 'express';
import type { RoutingControllersOptions } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { findVisit } from '../../views/visit';
import type { Services } from '../../views/start/services';
import type { AppContainer } from './app-container';
import { routerOf } from './app-router';
import type { AxiomsServer, AxiomsServerOptions } from './axioms-server';

export interface Serving {
  readonly services: Services;
  readonly container: AppContainer;
  /** What it was made with. */
  readonly options: RoutingControllersOptions;
  /** What its routes are registered on: an app or a router. */
  readonly app: object;
  /** Or does the app do that itself (`defaultErrorHandler: false`)? */
  readonly answersErrors: boolean;
}

/** Names the server that a middleware uses. */
export interface ServerOption {
  /**
   * A server, as it is at `app.locals.axioms` after its `useExpressServer()`. Default: the only server of the app that the
   * middleware is mounted on, or else of the nearest app around it. With several servers on that app it must be named.
   */
  readonly server?: AxiomsServer | undefined;
}

/** A server, and with what it was made. */
export interface ServerOfApp {
  readonly server: AxiomsServer;
  readonly options: AxiomsServerOptions;
}

const servings = new WeakMap<object, Serving>();
const servers = new WeakMap<object, readonly ServerOfApp[]>();

/** @param server what stands at `app.locals.axioms` */
export function serves(server: object, serving: Serving): void {
  servings.set(server, serving);
}

export function servingOf(server: object): Serving | undefined {
  return servings.get(server);
}

/** What the server's routes are registered on. */
export function appOf(server: object): object | undefined {
  return servings.get(server)?.app;
}

export function addServer(app: object, server: ServerOfApp): void {
  const router = routerOf(app);
  servers.set(router, [...(servers.get(router) ?? []), server]);
}

/** The servers of this app, in the order in which they were made. */
export function serversOf(app: object): readonly ServerOfApp[] {
  const router = routerOf(app);
  // An Express 4 app has no router before its first route, and may have been guarded before that.
  const beforeItsRouter = router === app ? [] : (servers.get(app) ?? []);
  return [...beforeItsRouter, ...(servers.get(router) ?? [])];
}

/**
 * The server that is named.
 *
 * @param middleware `requireAccessToken()`, for the message
 * @throws ImproperlyConfigured for anything but a server.
 */
export function namedServing(server: object, middleware: string): Serving {
  const serving = servings.get(server);
  if (serving !== undefined) return serving;
  throw new ImproperlyConfigured(
    `The server of ${middleware} is none: give what app.locals.axioms is after useExpressServer(app, …).`,
  );
}

/** Several servers serve the app, and the middleware names none of them. */
export class ServerNotNamed extends ImproperlyConfigured {
  /** @param example how the middleware names a server */
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

/** What a middleware was called with. */
interface Step {
  readonly request: Request;
  readonly next: NextFunction;
}

/**
 * The only server of the app that the request is in, or else of the nearest app around it. Among the middlewares of a
 * controller's handler it is that controller's server.
 *
 * @param middleware `requireAccessToken()`, for the message
 * @param example how it names a server, for the message
 * @param options the cause of the error
 * @throws ServerNotNamed where there are several.
 * @throws ImproperlyConfigured where there is none.
 */
export function onlyServer(step: Step, middleware: string, example: string, options?: ErrorOptions): AxiomsServer {
  for (let app: Application | undefined = step.request.app; app !== undefined; app = parentOf(app)) {
    const found = serversOf(app);
    const server = found.length > 1 ? serverOfRoute(step, found) : onlyServerOf(app, found);
    if (server !== undefined) return server;
    if (found.length > 1) throw new ServerNotNamed(middleware, example, found, options);
  }
  throw new ImproperlyConfigured(
    `${middleware} found no server at request.app.locals.axioms: mount it on the app that useExpressServer was given, or name the server, ${example}.`,
    options,
  );
}

// An app may also be given the server of a router by hand.
function onlyServerOf({ locals }: Application, [own]: readonly ServerOfApp[]): AxiomsServer | undefined {
  const { axioms } = locals as { readonly axioms?: AxiomsServer };
  return axioms !== undefined && servings.has(axioms) ? axioms : own?.server;
}

// A visit stays with a request that its route has passed on: only in its own route it says which server is meant.
function serverOfRoute({ request, next }: Step, found: readonly ServerOfApp[]): AxiomsServer | undefined {
  const visit = findVisit(request);
  if (visit?.nextOfStep !== next) return undefined;
  return found.find(({ server }) => servings.get(server)?.services === visit.services)?.server;
}

function parentOf(app: Application): Application | undefined {
  return (app as { readonly parent?: Application }).parent;
}
