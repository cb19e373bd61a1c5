/**
 * Notes which apps handle a request. `app.parent` does not tell: Express overwrites it each time that the app is mounted,
 * and two apps may mount one. A request that one of them hands in must not be judged by the server of the other.
 */
import type { NextFunction, Request, Response } from 'express';
import { parentsOf } from './app-router';

const key = Symbol('axioms.apps');

/** An app that handles a request, and the one that has received it before. */
interface Passed {
  readonly app: object;
  readonly outer: Passed | undefined;
  /** The response with which the app received the request. */
  readonly response: Response;
  /** Whether the app has passed the request on. */
  isOver: boolean;
}

interface Noted {
  [key]?: Passed | undefined;
}

/** What Express calls with a request, also where the app is mounted in another one. */
interface Handling {
  handle(request: Request, response: Response, next?: NextFunction): void;
}

/**
 * A request and its response. An app may dispatch its request to another app, with a response of the dispatch's own. The
 * request, of which a proxy may be dispatched, then has the notes of both. The response tells them apart.
 */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

const noted = new WeakSet<object>();

/** Notes from now on which requests this app handles. A router needs no note: `request.app` is the app around it. */
export function notePassing(app: object): void {
  if (noted.has(app) || !isApp(app)) return;
  noted.add(app);
  parentsOf(app);
  const { handle } = app;
  app.handle = function (this: unknown, request: Request & Noted, response, next) {
    const passed: Passed = { app, outer: request[key], response, isOver: false };
    request[key] = passed;
    Reflect.apply(handle, this, [request, response, next && leaving(passed, next)]);
  };
}

function isApp(app: object): app is Handling {
  return 'handle' in app && 'locals' in app;
}

function leaving(passed: Passed, next: NextFunction): (...given: unknown[]) => void {
  return (...given) => {
    passed.isOver = true;
    Reflect.apply(next, undefined, given);
  };
}

/**
 * Returns the app of the exchange and the apps around it, the innermost first. Where it is mounted in several apps, or the
 * request has come through another app than the one that mounted it last, only the noted apps around it are known. Returns
 * none if the app of the response has not received this exchange: a dispatch with a proxy of the response, which Express
 * cannot tell from the response, has set that app.
 */
export function appsAround(exchange: Exchange): readonly object[] {
  const app = appOfExchange(exchange);
  if (isAlone(exchange.request, app, exchange.response)) return only(app);
  const passed = passedApps(exchange);
  const chain = onlyParentsFrom(app);
  if (chain.find(one => noted.has(one)) === passed[0]) return chain;
  if (noted.has(app) && passed.length > 0 && !passed.includes(app)) return [];
  return [app, ...passed.filter(one => one !== app)];
}

/**
 * Returns the app that handles the exchange. `request.app` may be the app of a dispatch that is over, and `response.app` one
 * that the app has called itself, and that has passed the exchange on.
 */
export function appOfExchange({ request, response }: Exchange): object {
  // What only imitates a response may have no app.
  const app = (response as Partial<Response>).app ?? request.app;
  const { [key]: last } = request as Noted;
  if (last === undefined || (last.app === app && !last.isOver)) return app;
  const notes = notesOf(request).filter(note => note.response === response);
  const isOver = notes.some(note => note.app === app) && notes.every(note => note.app !== app || note.isOver);
  return (isOver ? notes.find(note => !note.isOver)?.app : undefined) ?? app;
}

// Most requests are for an app that no other one mounts.
function isAlone(request: Request, app: object, response?: Response): boolean {
  const passed = (request as Noted)[key];
  if (passed?.outer !== undefined || (passed !== undefined && passed.app !== app)) return false;
  if (response !== undefined && passed !== undefined && (passed.isOver || passed.response !== response)) return false;
  return parentsOf(app).size === 0;
}

const lists = new WeakMap<object, readonly object[]>();

function only(app: object): readonly object[] {
  const before = lists.get(app);
  if (before !== undefined) return before;
  const list = [app];
  lists.set(app, list);
  return list;
}

// The noted apps that handle the exchange, the innermost first.
function passedApps({ request, response }: Exchange): readonly object[] {
  const notes = notesOf(request).filter(({ isOver }) => !isOver);
  if (notes.length === 0) return notedListener(request);
  return notes.filter(note => note.response === response).map(({ app }) => app);
}

// The innermost first, with the apps that have passed the request on.
function notesOf(request: Request): readonly Passed[] {
  const notes: Passed[] = [];
  for (let one = (request as Noted)[key]; one !== undefined; one = one.outer) notes.push(one);
  return notes;
}

// The app may have been noted after it got the request.
function notedListener(request: Request): readonly object[] {
  const listener = listenerOf(request);
  return listener !== undefined && noted.has(listener) ? [listener] : [];
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
export function appsInDoubt(exchange: Exchange): readonly object[] {
  const { request, response } = exchange;
  const app = appOfExchange(exchange);
  if (isAlone(request, app, response)) return [];
  const passed = passedApps(exchange);
  const found = new Set<object>([app]);
  for (const one of found)
    if (one === app || !passed.includes(one)) for (const parent of parentsOf(one)) found.add(parent);
  const listener = listenerOf(request);
  return [...found].filter(one => one !== app && one !== listener && !passed.includes(one));
}

function onlyParentsFrom(app: object, below: readonly object[] = []): readonly object[] {
  const chain = [...below, app];
  const [parent, other] = parentsOf(app);
  return parent === undefined || other !== undefined || chain.includes(parent) ? chain : onlyParentsFrom(parent, chain);
}

/**
 * Returns the app of the request, every app in which it is known to be mounted, whichever has handed the request in, and those
 * that have passed it on.
 */
export function allAppsAround(request: Request): readonly object[] {
  if (isAlone(request, request.app)) return only(request.app);
  const found = allParentsFrom(request.app);
  const notes = notesOf(request);
  for (const { app } of notes) allParentsFrom(app, found);
  if (notes.every(({ isOver }) => isOver)) for (const app of notedListener(request)) allParentsFrom(app, found);
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
