/**
 * Notes which apps handle a request. `app.parent` does not tell: Express overwrites it each time that the app is mounted,
 * and two apps may mount one. A request that one of them hands in must not be judged by the server of the other.
 */
import type { NextFunction, Request, Response } from 'express';
import { parentsOf } from './app-router';

const key = Symbol('axioms.apps');

/** An app that handles a request, and the one around it. */
interface Passed {
  readonly app: object;
  readonly outer: Passed | undefined;
}

interface Noted {
  [key]?: Passed | undefined;
}

/** What Express calls with a request, also where the app is mounted in another one. */
interface Handling {
  handle(request: Request, response: Response, next?: NextFunction): void;
}

const noted = new WeakSet<object>();

/** Notes from now on which requests this app handles. A router needs no note: `request.app` is the app around it. */
export function notePassing(app: object): void {
  if (noted.has(app) || !isApp(app)) return;
  noted.add(app);
  parentsOf(app);
  const { handle } = app;
  const outermost: Passed = { app, outer: undefined };
  app.handle = function (this: unknown, request: Request & Noted, response, next) {
    const outer = request[key];
    request[key] = outer === undefined ? outermost : { app, outer };
    Reflect.apply(handle, this, [request, response, next && leaving(request, outer, next)]);
  };
}

function isApp(app: object): app is Handling {
  return 'handle' in app && 'locals' in app;
}

function leaving(request: Noted, outer: Passed | undefined, next: NextFunction): (...given: unknown[]) => void {
  return (...given) => {
    request[key] = outer;
    Reflect.apply(next, undefined, given);
  };
}

/**
 * Returns the app of the request and the apps around it, the innermost first. Where it is mounted in several apps, or the
 * request has come through another app than the one that mounted it last, only the noted apps around it are known.
 */
export function appsAround(request: Request): readonly object[] {
  if (isAlone(request)) return only(request.app);
  const passed = passedApps(request);
  const chain = onlyParentsFrom(request.app);
  if (chain.find(app => noted.has(app)) === passed[0]) return chain;
  return [request.app, ...passed.filter(app => app !== request.app)];
}

// Most requests are for an app that no other one mounts.
function isAlone(request: Request): boolean {
  const passed = (request as Noted)[key];
  if (passed !== undefined && (passed.app !== request.app || passed.outer !== undefined)) return false;
  return parentsOf(request.app).size === 0;
}

const lists = new WeakMap<object, readonly object[]>();

function only(app: object): readonly object[] {
  const before = lists.get(app);
  if (before !== undefined) return before;
  const list = [app];
  lists.set(app, list);
  return list;
}

// The noted apps that handle the request, the innermost first.
function passedApps(request: Request): readonly object[] {
  const apps: object[] = [];
  for (let one = (request as Noted)[key]; one !== undefined; one = one.outer) apps.push(one.app);
  if (apps.length > 0) return apps;
  // The app may have been noted after it got the request.
  return [listenerOf(request)].filter(app => app !== undefined && noted.has(app)) as readonly object[];
}

/** What Node knows of a request. Tests and other runtimes may hand in a request without it. */
interface Received {
  readonly socket?: { readonly server?: { listeners?(event: 'request'): readonly object[] } | null } | null;
}

// An HTTP server hands each request to all of its listeners.
function listenerOf(request: object): object | undefined {
  const listeners = (request as Received).socket?.server?.listeners?.('request') ?? [];
  return listeners.length === 1 ? listeners[0] : undefined;
}

/**
 * Returns the apps that are known to mount the app of the request, up to those that have handled it, of which nobody
 * knows whether they have.
 */
export function appsInDoubt(request: Request): readonly object[] {
  if (isAlone(request)) return [];
  const passed = passedApps(request);
  const found = new Set([request.app as object]);
  for (const app of found)
    if (app === request.app || !passed.includes(app)) for (const parent of parentsOf(app)) found.add(parent);
  const listener = listenerOf(request);
  return [...found].filter(app => app !== request.app && app !== listener && !passed.includes(app));
}

function onlyParentsFrom(app: object, below: readonly object[] = []): readonly object[] {
  const chain = [...below, app];
  const [parent, other] = parentsOf(app);
  return parent === undefined || other !== undefined || chain.includes(parent) ? chain : onlyParentsFrom(parent, chain);
}

/** Returns the app of the request and every app in which it is known to be mounted, whichever has handed the request in. */
export function allAppsAround(request: Request): readonly object[] {
  if (isAlone(request)) return only(request.app);
  const found = allParentsFrom(request.app);
  for (const app of passedApps(request)) allParentsFrom(app, found);
  return found;
}

/** Whether the app is known to be mounted in the other one, or in an app in it. */
export function isMountedIn(app: object, outer: object): boolean {
  return app !== outer && allParentsFrom(app).includes(outer);
}

function allParentsFrom(app: object, found: object[] = []): object[] {
  if (found.includes(app)) return found;
  found.push(app);
  for (const parent of parentsOf(app)) allParentsFrom(parent, found);
  return found;
}
