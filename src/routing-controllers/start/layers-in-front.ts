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
  /** The path with which the request arrived, if it is another one than that of the route. */
  readonly original?: string | undefined;
  /** Whether an app that takes the path, and whose layers are unknown, counts as missed. Default: `false`. */
  readonly doubtsApps?: boolean;
}

/**
 * Whether a layer in front of the receiver takes another form of the path, and not the path itself.
 *
 * @throws ParseError for a path with very many segments: the comparison takes time for each of them.
 */
export function missesLayer(request: Request, receiver: Receiver, look: Look): boolean {
  const { app } = receiver;
  const around = allAppsAround(request);
  const own: Own = { router: app && routerOf(app), route: request.route as unknown, guard: receiver.guard, around };
  if (own.router !== undefined && missesIn(own.router, [request.path], own, look)) return true;
  const paths = [...(look.original === undefined ? [] : endsOf(look.original)), ...fullPathsOf(request)];
  return around.some(one => one !== app && missesIn(routerOf(one), paths, own, look));
}

/** A client that sends slashes without end must not keep the process busy. */
const mostSegments = 100;

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
    const outcomes = look.formsOf(path).map(form => walk(router, path, form, own, look));
    if (outcomes.includes('missed')) return true;
    if (outcomes.includes('reached')) return false;
  }
  return false;
}

// Visits the layers as Express does, up to the route. An app around the request that another one mounts is not visited
// there, so that all layers beside it count, also those behind it.
function walk(router: object, path: string, form: string, own: Own, look: Look): Outcome {
  for (const layer of layersOf(router)) {
    const outcome = outcomeAt(layer, path, form, own, look);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function outcomeAt(layer: Layer, path: string, form: string, own: Own, look: Look): Outcome {
  const [rest, formRest] = [restBehind(layer, path), restBehind(layer, form)];
  if (isOwn(layer, own) || (rest !== undefined && routerOf(layer.handle) === own.router)) return 'reached';
  if (rest === undefined)
    return formRest !== undefined && look.matters?.(layer, formRest) !== false ? 'missed' : undefined;
  if (look.doubtsApps === true && hidesApp(layer)) return 'missed';
  const inner = innerOf(layer);
  const isAround = inner !== layer.handle && own.around.includes(inner);
  return isAround ? undefined : walk(inner, rest, formRest ?? rest, own, look);
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
