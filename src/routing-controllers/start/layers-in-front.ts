/** Visits the layers of the routers in front of a route, to find one that a request misses by how it spells its path. */
import type { Request } from 'express';
import { ParseError } from '../../core/http/exceptions';
import { routerOf } from './app-router';
import { innerOf, hidesApp } from './mounted-apps';
import { allAppsAround } from './passed-apps';
import { restBehind, type Layer } from './path-patterns';

/** What has received a request: a route of this app or router, or this guard of plain routes. */
export interface Receiver {
  readonly app?: object;
  readonly guard?: object;
}

/** What to look for. */
export interface Look {
  /** Returns the other forms of a path. */
  formsOf(path: string): readonly string[];
  /**
   * Whether it matters that the request misses the layer, which takes a form of the path. Default: always.
   *
   * @param rest the path that the layers of a router get which Express keeps in this layer
   */
  matters?(layer: Layer, rest: string): boolean;
  /** How many forms `formsOf` returns at most. */
  readonly mostForms: number;
  /** The path with which the request arrived, if it is another one than that of the route. */
  readonly original?: string | undefined;
  /** Whether an app that takes the path, and whose layers are unknown, counts as missed. Default: `false`. */
  readonly doubtsApps?: boolean;
}

/**
 * Whether a layer in front of the receiver takes another form of the path, and not the path itself.
 *
 * @throws ParseError for a path with very many segments or forms: the comparison takes time for each of them.
 */
export function missesLayer(request: Request, receiver: Receiver, look: Look): boolean {
  const { app } = receiver;
  const around = allAppsAround(request);
  const own: Own = { router: app && routerOf(app), route: request.route as unknown, guard: receiver.guard, around };
  const paths = [...(look.original === undefined ? [] : endsOf(look.original)), ...fullPathsOf(request)];
  requireFewForms([request.path, ...paths], look);
  const asking = { ...look, formsOf: onceForEach(look.formsOf) };
  if (own.router !== undefined && missesIn(own.router, [request.path], own, asking)) return true;
  return around.some(one => one !== app && missesIn(routerOf(one), paths, own, asking));
}

// Several apps may see the same path, and to make the forms of a long one costs more than to compare them.
function onceForEach(formsOf: Look['formsOf']): Look['formsOf'] {
  const known = new Map<string, readonly string[]>();
  return path => {
    const forms = known.get(path) ?? formsOf(path);
    known.set(path, forms);
    return forms;
  };
}

/** A client that sends slashes without end must not keep the process busy. */
const mostSegments = 100;

/** Most characters of all forms of all paths. Their comparison takes some milliseconds, and a client need not sign in for it. */
const mostCharacters = 400_000;

function requireFewForms(paths: readonly string[], { mostForms }: Look): void {
  const characters = paths.reduce((sum, { length }) => sum + length, 0);
  if (characters * mostForms > mostCharacters)
    throw new ParseError('The path is too long for one that has other spellings');
}

// Express does not keep which part of `baseUrl` belongs to which app, and a dispatched request may have the `baseUrl`
// of another route. So every end of it may be where the path of an app begins.
function fullPathsOf({ baseUrl, path }: Request): readonly string[] {
  return endsOf(baseUrl).map(end => `${end}${path}`);
}

function endsOf(path: string): readonly string[] {
  const parts = path.split('/');
  if (parts.length > mostSegments) throw new ParseError('The path has too many segments');
  return parts.map((_, index) => ['', ...parts.slice(index + 1)].join('/'));
}

/** The route of the request, the router that has it, and the guard that has received the request. */
interface Own {
  readonly router: object | undefined;
  readonly route: unknown;
  readonly guard: object | undefined;
  /** The apps that may have handed the request in. Each is visited by itself. */
  readonly around: readonly object[];
}

type Outcome = 'missed' | 'reached' | undefined;

function missesIn(router: object, paths: readonly string[], own: Own, look: Look): boolean {
  for (const path of paths) {
    const outcome = walk(router, path, look.formsOf(path), own, look);
    if (outcome !== undefined) return outcome === 'missed';
  }
  return false;
}

// Visits the layers as Express does, up to the route, and compares all forms of the path with each. An app around the request
// that another one mounts is not visited there, so that all layers beside it count, also those behind it.
function walk(router: object, path: string, forms: readonly string[], own: Own, look: Look): Outcome {
  if (forms.length === 0) return undefined;
  for (const layer of layersOf(router)) {
    const outcome = outcomeAt(layer, path, forms, own, look);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function outcomeAt(layer: Layer, path: string, forms: readonly string[], own: Own, look: Look): Outcome {
  const rest = restBehind(layer, path);
  if (isOwn(layer, own) || (rest !== undefined && routerOf(layer.handle) === own.router)) return 'reached';
  if (rest === undefined) return forms.some(form => isTaken(layer, form, look)) ? 'missed' : undefined;
  if (look.doubtsApps === true && hidesApp(layer)) return 'missed';
  const inner = innerOf(layer);
  const isAround = inner !== layer.handle && own.around.includes(inner);
  return isAround ? undefined : walk(inner, rest, restsBehind(layer, rest, forms), own, look);
}

function isTaken(layer: Layer, form: string, look: Look): boolean {
  const rest = restBehind(layer, form);
  return rest !== undefined && look.matters?.(layer, rest) !== false;
}

function restsBehind(layer: Layer, rest: string, forms: readonly string[]): readonly string[] {
  return hasLayers(innerOf(layer)) ? [...new Set(forms.map(form => restBehind(layer, form) ?? rest))] : [];
}

/** Returns the layers of an app or a router; none for a middleware. */
export function layersOf(handle: object): readonly Layer[] {
  return stackOf(handle) ?? [];
}

/** Whether this is an app or a router, which may have no layers yet. */
export function hasLayers(handle: object): boolean {
  return stackOf(handle) !== undefined;
}

function stackOf(handle: object): readonly Layer[] | undefined {
  return (routerOf(handle) as { readonly stack?: readonly Layer[] }).stack;
}

function isOwn(layer: Layer, { route, guard }: Own): boolean {
  return layer.route === undefined ? layer.handle === guard : layer.route === route;
}
