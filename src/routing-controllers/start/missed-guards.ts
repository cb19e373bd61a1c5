/** Finds guards and stricter routes that a request misses because its path is another spelling of theirs. */
import type { Request } from 'express';
import { PerMethod } from '../../views/start/per-method';
import { pathOptionsOf, routerOf } from './app-router';
import { isTokenGuard } from './handlers';
import { hasLayers, layersOf, missesLayer, type Receiver } from './layers-in-front';
import {
  asWritten,
  decodedForm,
  hasOddSegments,
  hasOneForm,
  normalForm,
  segmentForms,
  withOtherEnd,
} from './path-forms';
import { innerOf, isEmptyMount } from './mounted-apps';
import { allAppsAround } from './passed-apps';
import { hasRegex, restBehind, type Layer } from './path-patterns';
import { mayLetInBeyond, type AuditedRoute } from './route-audit';

/**
 * Returns whether a guard or a stricter route in front would take the path with other segments, letters in another case
 * or another final slash, and does not take it as it is.
 *
 * @param original the path with which the request arrived
 */
export function missesGuard(request: Request, receiver: Receiver, original: string): boolean {
  const current = `${request.baseUrl}${request.path}`;
  const isOdd = hasOddSegments(original) || (current !== original && hasOddSegments(current));
  const { inCase, inEnd } = differencesIn(modesAround(request), endsInSlash(request, original));
  if (!isOdd && !inCase && !inEnd) return false;
  return missesLayer(request, receiver, {
    formsOf: path => formsOf(path, request, { inCase, inEnd }),
    matters: (layer, rest) => isGuard(layer, rest, request),
    // As `formsOf()` multiplies them.
    mostForms: (isOdd ? 10 : 1) * (inCase ? 3 : 1) * (inEnd ? 2 : 1) * (hasOneForm(current + original) ? 1 : 3),
    original: current === original ? undefined : original,
    doubtsApps: isOdd,
  });
}

function formsOf(path: string, { path: own, route }: Request, { inCase, inEnd }: Differences): readonly string[] {
  const written = (form: string): string =>
    form.endsWith(own)
      ? form.slice(0, -own.length) + asWritten(own, (route as { path?: unknown } | undefined)?.path)
      : form;
  let forms = hasOddSegments(path) ? segmentForms(path) : [path];
  if (inCase) forms = forms.flatMap(form => [form, form.toLowerCase(), written(form)]);
  if (inEnd) forms = forms.flatMap(form => [form, withOtherEnd(form)]);
  if (!hasOneForm(path)) forms = forms.flatMap(form => [form, decodedForm(form), normalForm(form)]);
  return [...new Set(forms)].filter(form => form !== path);
}

/** Whether the routers that a request may pass read paths in different ways. */
interface Differences {
  readonly inCase: boolean;
  readonly inEnd: boolean;
}

const bothCases = 0b00_0011;
const bothEnds = 0b00_1100;
const regex = 0b01_0000;
/** Stands for an app of which nobody would notice that it gets layers. */
const mayGrow = 0b10_0000;

// A regex may distinguish the cases, and what it takes has no final slash if that is how its guard is written.
function differencesIn(modes: number, endsInSlash: boolean): Differences {
  const ofRegex = (modes & regex) === 0 ? 0 : 0b00_0001 | (endsInSlash ? 0b00_0100 : 0);
  const all = modes | ofRegex;
  return { inCase: (all & bothCases) === bothCases, inEnd: (all & bothEnds) === bothEnds };
}

function endsInSlash({ path }: Request, original: string): boolean {
  return original.endsWith('/') || (path.endsWith('/') && path !== '/');
}

// The apps around one app differ from request to request, so what is known is kept for each of them.
function modesAround(request: Request): number {
  let modes = 0;
  for (const one of allAppsAround(request)) modes |= modesOf(one);
  return modes;
}

interface Known {
  /** The routers of the app, and of the routers and apps in it, and how many layers each had. */
  readonly routers: readonly Counted[];
  /** How they read paths, a bit for each mode. */
  readonly modes: number;
}

interface Counted {
  readonly router: { readonly stack?: readonly Layer[] };
  readonly layers: number;
}

const known = new WeakMap<object, Known>();

// Routers are read at the first request, and again where the app, or a router or an app in it, has got more layers.
function modesOf(app: object): number {
  const before = known.get(app);
  if (before?.routers.every(isUnchanged) === true) return before.modes;
  const seen = new Set<object>();
  const modes = modesIn(app, seen);
  if ((modes & mayGrow) === 0) known.set(app, { routers: [...seen].map(counted), modes });
  return modes;
}

function counted(one: object): Counted {
  return { router: routerOf(one), layers: layersOf(one).length };
}

function isUnchanged({ router, layers }: Counted): boolean {
  return (router.stack?.length ?? 0) === layers;
}

function modesIn(router: object, seen: Set<object>): number {
  if (seen.has(router)) return 0;
  seen.add(router);
  const { isCaseSensitive, isStrict } = pathOptionsOf(router);
  let modes = (isCaseSensitive ? 0b0001 : 0b0010) | (isStrict ? 0b0100 : 0b1000);
  for (const layer of layersOf(router)) modes |= modesBehind(layer, seen);
  return modes;
}

function modesBehind(layer: Layer, seen: Set<object>): number {
  const own = hasRegex(layer) && holdsTokenGuard(layer) ? regex : 0;
  const inner = innerOf(layer);
  if (isEmptyMount(layer)) return own | mayGrow;
  return layer.route === undefined && hasLayers(inner) ? own | modesIn(inner, seen) : own;
}

// Other letters are mostly another resource, so a regex alone does not make a middleware of the app a guard.
function holdsTokenGuard(layer: Layer, seen = new Set<object>()): boolean {
  const { route } = layer;
  if (route !== undefined) return (route as ExpressRoute).stack.some(({ handle }) => isTokenGuard(handle));
  const inner = innerOf(layer);
  if (seen.has(inner)) return false;
  seen.add(inner);
  return isTokenGuard(inner) || layersOf(inner).some(one => holdsTokenGuard(one, seen));
}

const routes = new WeakMap<object, AuditedRoute>();

/** Remembers which route of ours a router has registered last. */
export function rememberRoute(app: object, audited: AuditedRoute): void {
  const route = layersOf(app).at(-1)?.route;
  if (route !== undefined) routes.set(route as object, audited);
}

/** A route of Express. */
interface ExpressRoute {
  readonly methods: Readonly<Record<string, boolean>>;
  readonly stack: readonly { readonly handle: unknown }[];
}

// A middleware of the app may be a guard of another library. A plain route for a single method guards nothing else.
function isGuard(layer: Layer, path: string, request: Request): boolean {
  if (layer.route !== undefined) return isGuardingRoute(layer.route as ExpressRoute, request);
  const inner = layersOf(innerOf(layer));
  if (inner.length === 0) return true;
  return inner.some(one => {
    const rest = restBehind(one, path);
    return rest !== undefined && isGuard(one, rest, request);
  });
}

function isGuardingRoute(route: ExpressRoute, { method, route: own }: Request): boolean {
  if (!takes(route, method)) return false;
  const ours = routes.get(route);
  if (ours === undefined) return route.methods._all === true || route.stack.some(({ handle }) => isTokenGuard(handle));
  const received = routes.get(Object(own) as object);
  return received === undefined || isStricter(ours, received, method);
}

function takes({ methods }: ExpressRoute, method: string): boolean {
  const name = method.toLowerCase();
  return methods._all === true || methods[name] === true || (name === 'head' && methods.get === true);
}

const compared = new WeakMap<AuditedRoute, Map<AuditedRoute, PerMethod<boolean>>>();

function isStricter(route: AuditedRoute, than: AuditedRoute, method: string): boolean {
  const others = compared.get(route) ?? new Map<AuditedRoute, PerMethod<boolean>>();
  const methods = others.get(than) ?? new PerMethod<boolean>();
  compared.set(route, others.set(than, methods));
  return methods.of(method, () => mayLetInBeyond(than, route, method));
}
