/** What is known of a handler's rules at start: what they ask for, when they can be asked, and whether they are right. */
import type { Request } from 'express';
import type { BaseAuthentication } from '../authentication/base';
import type { RequestContext } from '../authentication/request-context';
import { namedAuthentication } from '../authentication/token-demand';
import { ImproperlyConfigured } from '../core/exceptions';
import { asksForOwner, type Requirement } from '../core/requirement';
import type { ApiView } from '../permissions/base';
import { requireOneOwner } from '../permissions/ownership';
import {
  hasObjectRule,
  isClosedToNobody,
  isEarly,
  permissionTree,
  requirementOf,
  type PermissionTree,
} from '../permissions/tree';
import { decorationsOf, type Decorations } from './decorations';
import type { BaseThrottle } from '../throttling/base';
import { MethodOnly } from './method-only';
import { authenticationClassesOf, permissionRulesOf, throttleClassesOf } from './policies';
import { listSources, permissionSources, type ListSources, type RuleSource } from './rule-sources';
import { StandingRules } from './standing-rules';
import type { Services } from './visit';

/** A handler and its route, as the binding sees them. */
export interface Route {
  /** The HTTP method in capitals; `undefined`: all of them. */
  readonly method: string | undefined;
  /** The path, prefixes included; for a regex its text. */
  readonly path: string;
  /** The handler's own path has a parameter, or is a regex. */
  readonly isParametrized: boolean;
  /** The handler's name. */
  readonly action: string;
  /** A body is parsed for the handler. */
  readonly readsBody: boolean;
  /** The class that declares the route, where that is a base class. */
  readonly declaredBy?: object;
}

/** What one permission of the list asks for; `undefined`: it is decided per request. */
type Known = Requirement | undefined;

export interface RouteRules extends Route {
  /** Where to look: `BookController.list`. */
  readonly place: string;
  readonly authentication: readonly string[] | undefined;
  /** Those of them that insist on somebody, whatever the permissions say. */
  readonly insisting: readonly string[];
  /** One a permission of the list; `undefined`: the list itself is decided per request. */
  readonly permissions: readonly Known[] | undefined;
  /** The throttle classes; `undefined`: the list is decided per request. */
  readonly throttling: readonly string[] | undefined;
  readonly hasObjectRule: boolean;
  /** What decorators say; `undefined`: nothing. */
  readonly decorations: Decorations | undefined;
  /** Where the lists come from. */
  readonly sources: ListSources;
  /** One a permission of the list: where it is said. */
  readonly permissionSources: readonly RuleSource[] | undefined;
  /** Is whoever is not authenticated refused, whatever the permissions' own rules say? */
  readonly isClosedToNobody: boolean;
  /** The authentication classes, made to be looked at; `undefined`: the list is decided per request. */
  authenticators(): readonly BaseAuthentication[] | undefined;
  /** Is the handler about one object, when it is asked with this method? */
  isObjectAction(method: string): boolean;
  /** Where all of its rules stand in plain fields. */
  readonly standing: StandingRules | undefined;
  /** Was this permission of the list found to be decided per request? */
  isLate(index: number): boolean;
}

/**
 * Reads the rules of a handler from a controller that was made for this alone.
 *
 * @throws ImproperlyConfigured naming the controller, the handler and the fix, where a rule is missing, empty or throws.
 */
export function routeRules(route: Route, controller: ApiView, services: Services): RouteRules {
  const place = `${controller.constructor.name}.${route.action}`;
  const decorations = decorationsOf(controller.constructor, route.action, route.declaredBy);
  const sources = listSources(controller, decorations);
  const context: RequestContext = { ...services, authenticators: [] };
  const shown = new MethodOnly(route.method, context);
  Object.assign(controller, { request: shown.request, response: shown.response, action: route.action });
  const read = <T>(what: () => T): T | undefined => unlessExceeded(what, shown, place);
  const authentication = read(() => {
    const classes = authenticationClassesOf(controller, services.settings, decorations);
    context.authenticators = classes.map(one => services.make(one));
    for (const one of context.authenticators) one.checkSettings?.(services.settings);
    return namedAuthentication(context.authenticators, shown.request as Request);
  });
  const trees = read(() => permissionTrees(controller, services, decorations));
  const permissions = trees?.map(tree => read(() => settled(requirementOf(tree, controller))));
  if (permissions?.some(known => known !== undefined && asksForOwner(known)) === true)
    read(() => {
      requireOneOwner(controller, services.settings);
    });
  const late = permissions?.map((known, index) => known === undefined || !isEarly(trees?.[index] as PermissionTree));
  const throttles = read(() => checkedThrottles(controller, services, decorations));
  return {
    ...route,
    place,
    authentication: authentication?.map(({ name }) => name),
    insisting: (authentication ?? []).filter(({ isMandatory }) => isMandatory).map(({ name }) => name),
    authenticators: () => authentication && context.authenticators,
    permissions,
    throttling: throttles?.map(one => one.constructor.name),
    decorations,
    sources,
    permissionSources: trees && permissionSources(controller, trees, decorations, sources.permissionClasses),
    isObjectAction: objectActionTest(route, listedObjectActions(controller, shown, place)),
    hasObjectRule: trees?.some(hasObjectRule) ?? false,
    isClosedToNobody: trees?.some(tree => isClosedToNobody(tree)) ?? false,
    standing: StandingRules.of(trees, permissions, controller),
    isLate: index => late?.[index] ?? false,
  };
}

function checkedThrottles(
  controller: ApiView,
  { settings, make }: Services,
  decorations: Decorations | undefined,
): readonly BaseThrottle[] {
  const throttles = throttleClassesOf(controller, settings, decorations).map(one => make(one));
  for (const throttle of throttles) throttle.checkConfiguration?.(controller, settings);
  return throttles;
}

function permissionTrees(
  controller: ApiView,
  services: Services,
  decorations: Decorations | undefined,
): readonly PermissionTree[] {
  const rules = permissionRulesOf(controller, services.settings, decorations);
  return rules.map(rule => permissionTree(rule, one => services.make(one)));
}

function unlessExceeded<T>(what: () => T, shown: MethodOnly, place: string): T | undefined {
  try {
    const { isExceeded, found } = shown.watch(what);
    return isExceeded ? undefined : found;
  } catch (error) {
    throw asConfigurationError(error, place);
  }
}

function asConfigurationError(error: unknown, place: string): ImproperlyConfigured {
  if (error instanceof ImproperlyConfigured && error.message.includes(place)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ImproperlyConfigured(`The rules of ${place} cannot be read: ${reason}`, { cause: error });
}

// What an async getter finds is known per request; that it fails now need not mean that it will.
function settled(requirement: Requirement | Promise<Requirement>): Known {
  if (!(requirement instanceof Promise)) return requirement;
  requirement.catch(() => undefined);
  return undefined;
}

// What is about an object is known at start: a list that could differ would leave an object without its rule.
function listedObjectActions(controller: ApiView, shown: MethodOnly, place: string): readonly string[] | undefined {
  const { isExceeded, found } = shown.watch((): unknown => controller.objectActions);
  const isRight = Array.isArray(found) && found.every(action => typeof action === 'string');
  if (!isExceeded && (found === undefined || isRight)) return found;
  throw new ImproperlyConfigured(
    `The objectActions of ${place} must be a list of its handlers' names, such as ['publish']${isExceeded ? ', and may not look at the request' : ''}.`,
  );
}

/** Those with a parameter in their own path are about one object, and every PUT, PATCH and DELETE; or those that are listed. */
function objectActionTest(
  { action, isParametrized }: Route,
  listed: readonly string[] | undefined,
): (method: string) => boolean {
  if (listed !== undefined) return () => listed.includes(action);
  return method => isParametrized || ['PUT', 'PATCH', 'DELETE'].includes(method);
}
