/** Gives handlers the filter of their rules, and notes whether it was used. */
import type { Request } from 'express';
import { isPublicTo } from '../authentication/base';
import { currentCaller, isAuthenticated } from '../authentication/caller';
import { contextForCopy, contextOf, setContext } from '../authentication/request-context';
import { acceptsAlike } from '../authentication/token-demand';
import type { AxiomsRequest } from '../authentication/user';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { allObjects, filterAnd, noObjects, watchedCopyOf, type ObjectFilter } from '../core/requirements/object-filter';
import { after, inTurn, lastly, type Soon } from '../core/time/soon';
import { allowedObjects } from '../permissions/allowed-objects';
import { forgetMembers, rememberEvaluations } from '../permissions/evaluated';
import { namesOf, type ApiView, type ControllerClass } from '../permissions/rule-words';
import { permissionTree, type Subject } from '../permissions/tree';
import { AnswerGate } from './answer-gate';
import type { GivenFilter } from './given-filter';
import { askAnotherCaller } from './permission-checks';
import { authenticationClassesOf, permissionRulesOf } from './start/policies';
import type { OtherRoute } from './start/services';
import { visitOf, type Visit } from './visit';

const attributes = namesOf('attribute');

/**
 * Returns the objects that the rules of this controller's route allow for its caller, or those that every handler of
 * another controller for GET allows.
 *
 * @param asked the class of the other controller; nothing for the route's own rules
 */
export async function authorizedFilter(
  controller: object,
  ...asked: readonly [controllerClass?: ControllerClass]
): Promise<ObjectFilter> {
  const visit = visitOf(controller);
  if (visit === undefined)
    throw new ImproperlyConfigured(`${controller.constructor.name}.authorizedFilter was called outside of a request.`);
  const [other] = asked;
  // A name that is undefined, as in an import cycle, must not mean the route's own rules.
  if (asked.length > 0 && typeof other !== 'function')
    throw new ImproperlyConfigured(
      `${visit.rules.place} called authorizedFilter() with something that is no controller class: an import cycle?`,
    );
  return after(filterFor(visit, other), found => give(found, other, visit));
}

/** The most filters that are being made for one request: an endless recursion ends before the memory does. */
const mostInProgress = 10_000;

type Found = Pick<GivenFilter, 'filter' | 'caller'>;

function filterFor(visit: Visit, other: ControllerClass | undefined): Soon<Found> {
  if (visit.filtersInProgress >= mostInProgress)
    throw new ImproperlyConfigured(
      `${visit.rules.place} makes more than ${mostInProgress} filters at once: objectFilter() may not call authorizedFilter() of its own controller.`,
    );
  visit.filtersInProgress += 1;
  return lastly(
    () => visit.asItsRoute(() => after(askAnotherCaller(visit), () => foundFor(visit, other))),
    () => (visit.filtersInProgress -= 1),
  );
}

function foundFor(visit: Visit, other: ControllerClass | undefined): Soon<Found> {
  requireAsked(visit);
  // The app may sign in another user meanwhile, who has another filter.
  const caller = currentCaller(visit.request);
  // A handler may set another name for each list, as for each object.
  forgetMembers(visit.controller, attributes);
  const found = other === undefined ? allowedObjects(visit.permissions, visit.subject) : filterOf(other, visit);
  return after(found, filter => ({ filter, caller }));
}

// A list of rules that is not read yet, or not asked to its end, would allow everything.
function requireAsked({ isCurrent, arePermissionsRead, unasked, rules }: Visit): void {
  if (isCurrent && arePermissionsRead && unasked.length === 0) return;
  throw new ImproperlyConfigured(
    `${rules.place} called authorizedFilter() before its rules were asked, or after the request had gone to another route: call it in the handler or in getObject().`,
  );
}

function give({ filter, caller }: Found, of: ControllerClass | undefined, visit: Visit): ObjectFilter {
  const given: GivenFilter = {
    filter: watchedCopyOf(filter, () => (given.isTaken = true)),
    caller,
    of,
    isTaken: false,
    isOfHandler: visit.stage === 'handled',
  };
  visit.filters.push(given);
  visit.gate ??= new AnswerGate(visit);
  return given.filter;
}

// Nothing says which of the routes answers the objects that are asked for: a status page that is open to everybody must
// not speak for a list that is not.
function filterOf(controllerClass: ControllerClass, visit: Visit): Soon<ObjectFilter> {
  const routes = visit.services.readingRoutes(controllerClass);
  for (const route of routes) requireDecidable(controllerClass, route, visit);
  let allowed: ObjectFilter = allObjects;
  const asked = inTurn(routes, route => {
    if (allowed.kind === 'none') return;
    return after(filterOfRoute(route, visit), filter => {
      if (filter.kind === 'none' && route !== routes[0]) reportDisagreement(controllerClass, route, visit);
      allowed = both(allowed, filter);
    });
  });
  return after(asked, () => allowed);
}

function both(one: ObjectFilter, other: ObjectFilter): ObjectFilter {
  return JSON.stringify(one) === JSON.stringify(other) ? one : filterAnd(one, other);
}

function filterOfRoute(route: OtherRoute, visit: Visit): Soon<ObjectFilter> {
  const { services, settings, response } = visit;
  const request = asGet(visit);
  const controller = route.make({ request, response });
  rememberEvaluations(controller);
  if (!accepts(controller, route, request, visit)) return noObjects;
  const listed = permissionRulesOf(controller, settings, route.decorations);
  const trees = listed.map(rule => permissionTree(rule, one => services.make(one)));
  return allowedObjects(trees, { request, controller } satisfies Subject);
}

/** Would the route of the other controller let this caller in, whatever its permissions say? */
function accepts(controller: ApiView, route: OtherRoute, request: AxiomsRequest, visit: Visit): boolean {
  const { services, settings, successfulAuthenticator: used } = visit;
  const classes = authenticationClassesOf(controller, settings, route.decorations).map(one => services.make(one));
  // What the rules say of the classes, such as whether a subject is one person, they say of these.
  contextOf(request).authenticators = classes;
  const insists = classes.some(one => one.isMandatory === true && !isPublicTo(one, request));
  if ((route.asksBesides.length > 0 || insists) && !isAuthenticated(request)) return false;
  return used === undefined || classes.some(one => acceptsAlike(one, used));
}

/** @throws ImproperlyConfigured if something besides the controller's permissions decides on the route */
function requireDecidable({ name }: ControllerClass, route: OtherRoute, { rules }: Visit): void {
  const isOfChecker = route.asksBesides.some(({ kind }) => kind !== 'authenticated');
  if (!isOfChecker && !route.hasGuard) return;
  const what = isOfChecker
    ? "@Authorized() only the app's checker can decide"
    : 'requireAccessToken() in @UseBefore is not asked here';
  throw new ImproperlyConfigured(
    `${rules.place} called authorizedFilter(${name}), whose ${what}: use permission classes at ${route.place}.`,
  );
}

const reported = new WeakSet<ControllerClass>();

// Once per class, because strangers decide how often it happens.
function reportDisagreement(controllerClass: ControllerClass, { place }: OtherRoute, { rules, settings }: Visit): void {
  if (reported.has(controllerClass)) return;
  reported.add(controllerClass);
  settings.logger.info(
    'authorizedFilter() of another controller allows nothing to a caller that one of its handlers for GET refuses. Put a handler whose rules are not about the objects into another controller.',
    { place: rules.place, of: controllerClass.name, refusing: place },
  );
}

/** The request as the rules for GET see it, with the same caller. */
function asGet(visit: Visit): AxiomsRequest {
  const request = Object.create(visit.request, {
    method: { value: 'GET', writable: true, enumerable: true, configurable: true },
  }) as AxiomsRequest;
  setContext(request as Request, contextForCopy(visit.request as Request));
  return request;
}
