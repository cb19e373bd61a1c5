/** Finds routes that take requests which other routes of a snapshot took: by another method, spelling or pattern. */
import type { Requirement } from '../core/requirements/requirement';
import { anyone, nobody, rewritten } from '../core/requirements/simplified';
import { segmentsOf } from '../routing-controllers/start/path-patterns';
import { ShadowedRoutes, type Registered } from '../routing-controllers/start/shadowed-routes';
import { shownPath, type RouteAudit } from '../views/start/audit';
import { patternOf, pathOptions } from './known-patterns';
import { nameOf, type KnownRoute } from './known-route';

/** Requests that a route of the snapshot took, and that another route takes now. */
export interface Taken {
  readonly before: KnownRoute;
  readonly now: RouteAudit;
}

interface Entry<R> extends Registered {
  readonly of: R;
}

const allMethods = 'ALL';

/** Tells whether the path of a snapshot can be compared with others. Another version of Express may have read it. */
export function isComparable(route: KnownRoute): boolean {
  return patternOf(route) !== undefined;
}

/**
 * Returns the pairs of a route of the snapshot and the route that takes its requests now, each with the rules for these
 * requests. Leaves out a route that has kept its method and path, and the requests that are still its own.
 *
 * @param before the routes of the snapshot
 * @param audits the routes of now, in the order of their registration
 */
export function takenRequests(before: readonly KnownRoute[], audits: readonly RouteAudit[]): readonly Taken[] {
  const [known, left] = [new Set(before.map(nameOf)), new Set(audits.map(nameOf))];
  const isNew = (route: RouteAudit): boolean => !known.has(nameOf(route));
  const gone = before.filter(route => !left.has(nameOf(route)));
  const wider = takenByWider(before, audits).filter(
    ({ before: old, now }) => isNew(now) || (!left.has(nameOf(old)) && isSamePath(old, now)),
  );
  const narrower = takenByNarrower(gone, audits.filter(isNew)).filter(
    ({ now }) => !before.some(old => isSamePath(old, now) && methodsInBoth(old, now)),
  );
  return distinct([...wider, ...narrower]);
}

/** Which routes take every request, or some requests, of a route of the snapshot? */
function takenByWider(before: readonly KnownRoute[], audits: readonly RouteAudit[]): readonly Taken[] {
  const routes = new ShadowedRoutes<Entry<RouteAudit | undefined>>(pathOptions);
  for (const entry of audits.flatMap(now => entryOf(now, now, false))) routes.add(entry);
  return before.flatMap(old =>
    methodsAsked(old, audits).flatMap(method =>
      entryOf({ ...old, method }, undefined, false)
        .flatMap(entry => routes.add(entry))
        .flatMap(({ earlier }) => (earlier.of === undefined ? [] : [takenFor(method, old, earlier.of)])),
    ),
  );
}

/** Which routes that are gone took every request, or some requests, of a new route? */
function takenByNarrower(gone: readonly KnownRoute[], added: readonly RouteAudit[]): readonly Taken[] {
  const routes = new ShadowedRoutes<Entry<KnownRoute | undefined>>(pathOptions);
  for (const entry of gone.flatMap(old => entryOf(old, old, true))) routes.add(entry);
  return added.flatMap(now =>
    methodsAsked(now, gone).flatMap(method =>
      entryOf({ ...now, method }, undefined, true)
        .flatMap(entry => routes.add(entry))
        .flatMap(({ earlier }) => (earlier.of === undefined ? [] : [takenFor(method, earlier.of, now)])),
    ),
  );
}

/** A route that takes every method is compared for each method that another route has. GET is also for HEAD (RFC 9110 §9.3.2). */
function methodsAsked({ method }: KnownRoute, others: readonly KnownRoute[]): readonly string[] {
  const found = new Set(others.map(other => other.method));
  if (method === allMethods) return [...found.add(allMethods)];
  return method === 'GET' && found.has('HEAD') ? ['GET', 'HEAD'] : [method];
}

function methodsInBoth({ method: one }: KnownRoute, { method: other }: KnownRoute): boolean {
  return one === other || [one, other].includes(allMethods) || [one, other].sort().join() === 'GET,HEAD';
}

function entryOf<R>(route: KnownRoute, of: R, mayPassOn: boolean): readonly Entry<R>[] {
  const { method } = route;
  const pattern = patternOf(route);
  const name = method === allMethods ? undefined : method;
  return pattern === undefined ? [] : [{ path: pattern, method: name, mayPassOn, of }];
}

function isSamePath(one: KnownRoute, other: KnownRoute): boolean {
  return formOf(one) === formOf(other);
}

// The names of parameters do not matter.
function formOf(route: KnownRoute): string {
  const { path, regex } = route;
  if (regex !== undefined) return shownPath(route);
  const segments = segmentsOf(path, pathOptions);
  return segments === undefined
    ? path
    : JSON.stringify([segments.segments.map(text => text ?? null), segments.hasRest]);
}

// HEAD has the rules of GET.
function takenFor(method: string, before: KnownRoute, now: RouteAudit): Taken {
  const isElsewhere = classOf(before) !== classOf(now);
  const limited = <R extends KnownRoute>(route: R): R => {
    const rule = (one: Requirement): Requirement => ofPlace(forMethod(one, method), isElsewhere ? route : undefined);
    const filter = route.filter === undefined ? {} : { filter: rule(route.filter) };
    return { ...route, requirement: rule(route.requirement), ...filter };
  };
  return { before: limited(before), now: limited(now) };
}

function forMethod(requirement: Requirement, method: string): Requirement {
  if (method === allMethods) return requirement;
  return rewritten(requirement, leaf =>
    leaf.kind === 'methods' ? (leaf.methods.includes(method) ? anyone : nobody) : leaf,
  );
}

// The objects of two controllers differ, and so may two classes of one name.
function ofPlace(requirement: Requirement, route: KnownRoute | undefined): Requirement {
  if (route === undefined) return requirement;
  return rewritten(requirement, leaf => {
    if (leaf.kind === 'owner') return { ...leaf, attribute: `${leaf.attribute} of ${classOf(route)}` };
    return leaf.kind === 'custom' ? { ...leaf, name: `${leaf.name} of ${classOf(route)}` } : leaf;
  });
}

function classOf({ handler }: KnownRoute): string {
  return handler.replace(/\.[^.]*$/, '');
}

function distinct(taken: readonly Taken[]): readonly Taken[] {
  return [...new Map(taken.map(one => [JSON.stringify([one.before, one.now]), one])).values()];
}
