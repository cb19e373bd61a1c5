/** Finds guards and stricter routes that a request misses because its path is another spelling of theirs. */
import type { Request } from 'express';
import { PerMethod } from '../../views/start/per-method';
import { pathOptionsOf } from './app-router';
import { isTokenGuard } from './handlers';
import { layersOf, missesLayer, type Receiver } from './layers-in-front';
import {
  asWritten,
  decodedForm,
  hasOddSegments,
  hasOneForm,
  normalForm,
  segmentForms,
  withOtherEnd,
} from './path-forms';
import { allAppsAround } from './passed-apps';
import { restBehind, type Layer, type PathOptions } from './path-patterns';
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
  const differ = differencesIn(request);
  if (!isOdd && !differ.inCase && !differ.inEnd) return false;
  return missesLayer(request, receiver, {
    formsOf: path => formsOf(path, request, differ),
    matters: (layer, form) => isGuard(layer, form, request),
    original: current === original ? undefined : original,
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

interface Known extends Differences {
  /** How many layers the apps had. */
  readonly layers: number;
  readonly apps: number;
}

const known = new WeakMap<object, Known>();

// Routers are read at the first request, and again where an app has got more layers.
function differencesIn(request: Request): Differences {
  const around = allAppsAround(request);
  let layers = 0;
  for (const one of around) layers += layersOf(one).length;
  const before = known.get(request.app);
  if (before?.layers === layers && before.apps === around.length) return before;
  const options = around.flatMap(one => optionsIn(one, new Set()));
  const differs = (is: (one: PathOptions) => boolean): boolean => options.some(is) && !options.every(is);
  const found = {
    layers,
    apps: around.length,
    inCase: differs(one => one.isCaseSensitive),
    inEnd: differs(one => one.isStrict),
  };
  known.set(request.app, found);
  return found;
}

function optionsIn(router: object, seen: Set<object>): readonly PathOptions[] {
  if (seen.has(router)) return [];
  seen.add(router);
  const inner = layersOf(router).filter(({ handle, route }) => route === undefined && layersOf(handle).length > 0);
  return [pathOptionsOf(router), ...inner.flatMap(({ handle }) => optionsIn(handle, seen))];
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
function isGuard({ route, handle }: Layer, path: string, request: Request): boolean {
  if (route !== undefined) return isGuardingRoute(route as ExpressRoute, request);
  const inner = layersOf(handle);
  if (inner.length === 0) return true;
  return inner.some(layer => {
    const rest = restBehind(layer, path);
    return rest !== undefined && isGuard(layer, rest, request);
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
