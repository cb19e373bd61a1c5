/** Reads the rules of a handler at startup, and refuses rules that are not valid. */
import type { Request } from 'express';
import type { RequestContext } from '../../authentication/request-context';
import { acceptsBothKinds, namedAuthentication } from '../../authentication/token-demand';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { holdsInert } from '../../core/process/inert';
import { isAboutObject } from '../../core/requirements/judge';
import type { Requirement } from '../../core/requirements/requirement';
import { definesFilter, isAskedBeforeTheBody, requireRule, type ApiView } from '../../permissions/base';
import { requireOneOwner, requireOneSubject } from '../../permissions/ownership';
import { namesOf, type NameOf } from '../../permissions/rule-words';
import {
  leavesOf,
  permissionTree,
  requirementOf,
  requirementOfLeaf,
  type PermissionLeaf,
  type PermissionTree,
} from '../../permissions/tree';
import { decorationsOf, type Decorations } from './decorations';
import type { BaseThrottle } from '../../throttling/base';
import { MethodOnly } from './method-only';
import { preparedGrants } from './prepared-grants';
import { refuseMisspelledRules } from './misspelled-rules';
import { authenticationClassesOf, permissionRulesOf, refuseOtherCopies, throttleClassesOf } from './policies';
import type { Services } from './services';

import { RouteRules, handlerName, type Known } from './route-rules';
import type { Route } from './route';

/**
 * Reads the rules of a handler from a controller that was created only for this.
 *
 * @param guards the rules of the token guards in front of the handler
 * @throws ImproperlyConfigured if a rule is missing, empty or throws. The message names the controller, the handler and
 * the fix.
 */
export function routeRules(
  route: Route,
  controller: ApiView,
  services: Services,
  guards: readonly RouteRules[] = [],
): RouteRules {
  const place = handlerName(controller, route.action);
  const decorations = decorationsOf(controller.constructor, route.action, route.declaredBy);
  refuseOtherCopies(decorations ?? {}, name => `@${name} of ${place}`);
  const context: RequestContext = { ...services, method: route.method ?? 'GET', authenticators: [] };
  const shown = new MethodOnly(route.method, context);
  Object.assign(controller, { request: shown.request, response: shown.response, action: route.action });
  shown.watchReadsOf(controller);
  const read = <T>(what: () => T): T | undefined => unlessExceeded(what, shown, place);
  const named = read(() => {
    const classes = authenticationClassesOf(controller, services.settings, decorations);
    context.authenticators = classes.map(one => services.make(one));
    for (const one of context.authenticators) refuseMisspelledRules(one, 'BaseAuthentication', place);
    for (const one of context.authenticators) one.checkSettings?.(services.settings);
    return namedAuthentication(context.authenticators, shown.request as Request);
  });
  const trees = read(() => permissionTrees(controller, services, decorations));
  trees?.flatMap(leavesOf).forEach(({ permission }) => {
    requireRule(permission, place);
    // Refuses a class whose two object rules cannot be compared.
    definesFilter(permission);
    refuseMisspelledRules(permission, 'BasePermission', place);
  });
  const found = new Map<PermissionLeaf, Known>();
  for (const leaf of trees?.flatMap(leavesOf) ?? []) {
    const known = read(() => settled(requirementOfLeaf(leaf.permission, controller)));
    leaf.isKnown = known !== undefined && isAskedBeforeTheBody(leaf.permission);
    found.set(leaf, known);
  }
  const permissions = trees?.map(tree => requirementOf(tree, leaf => found.get(leaf)));
  if (permissions?.some(known => known !== undefined && isAboutObject(known)) === true)
    read(() => {
      requireOneOwner(controller, services.settings);
      requireOneSubject(controller, services.settings, acceptsBothKinds(context.authenticators));
    });
  const prepared = trees && read(() => preparedGrants(trees, found, controller));
  const throttles = read(() => checkedThrottles(controller, services, decorations, place));
  const actions = Object.fromEntries(actionLists.map(name => [name, listedActions(name, controller, shown, place)]));
  const authenticators = named && context.authenticators;
  const unset = policyLists.filter(
    name => decorations?.[name] === undefined && read(() => controller[name] ?? null) === null,
  );
  const known = { decorations, authenticators, named, trees, permissions, prepared, throttles, unset, actions };
  const requirementOfLeaves: ReadonlyMap<PermissionLeaf, Known> = found;
  return new RouteRules(route, { controller, services, guards, requirementOfLeaves, ...known });
}

function checkedThrottles(
  controller: ApiView,
  { settings, make }: Services,
  decorations: Decorations | undefined,
  place: string,
): readonly BaseThrottle[] {
  const throttles = throttleClassesOf(controller, settings, decorations).map(one => make(one));
  for (const throttle of throttles) refuseMisspelledRules(throttle, 'BaseThrottle', place);
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
    return isExceeded || holdsInert(found) ? undefined : found;
  } catch (error) {
    throw asConfigurationError(error, place);
  }
}

function asConfigurationError(error: unknown, place: string): ImproperlyConfigured {
  if (error instanceof ImproperlyConfigured && error.message.includes(place)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ImproperlyConfigured(`The rules of ${place} cannot be read: ${reason}`, { cause: error });
}

// The result of an async getter is known only per request. Its failure now is ignored, because it may succeed then.
function settled(requirement: Requirement | Promise<Requirement>): Known {
  if (!(requirement instanceof Promise)) return requirement;
  requirement.catch(() => undefined);
  return undefined;
}

const policyLists = namesOf('classes');

const actionLists = namesOf('actions');

// Requires lists that do not depend on the request: if a list could differ, an object could be left without its rule.
function listedActions(
  name: NameOf<'actions'>,
  controller: ApiView,
  shown: MethodOnly,
  place: string,
): readonly string[] | undefined {
  const { isExceeded, found } = shown.watch((): unknown => controller[name]);
  const isRight = Array.isArray(found) && found.every(action => typeof action === 'string');
  if (!isExceeded && (found === undefined || isRight)) return found;
  throw new ImproperlyConfigured(
    `The ${name} of ${place} must be a list of its handlers' names, such as ['publish']${isExceeded ? ', and may not look at the request or at a service' : ''}.`,
  );
}
