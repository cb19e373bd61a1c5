/** Checks all routes together at startup: shadowed routes, unknown scopes, and object rules that are never asked. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { consoleLogger } from '../../core/settings/logger';
import { isMoreOpen, letsInBeyond } from '../../core/requirements/openness';
import type { Requirement } from '../../core/requirements/requirement';
import { scopesNamedBy } from '../../core/requirements/scopes';
import { rewritten } from '../../core/requirements/simplified';
import { inWords } from '../../core/requirements/words';
import type { Logger } from '../../core/settings/logger';
import type { Settings } from '../../core/settings/settings';
import { issuerSettings } from '../../core/settings/trusted-issuers';
import { auditRoute, auditTable, methodsOf } from '../../views/start/audit';
import { definesObjectRule, type BasePermission } from '../../permissions/base';
import type { ApiView } from '../../permissions/base';
import { couldMatter } from '../../views/start/object-dependence';
import type { RouteRules } from '../../views/start/route-rules';
import { warnOfLists } from './list-warnings';
import type { Registered, Shadow, ShadowedRoutes } from './shadowed-routes';

/** A route with everything that is known about it at startup. */
export interface AuditedRoute extends Registered {
  readonly rules: RouteRules;
  /** The controller that was created only to read the rules. */
  readonly sample: ApiView;
  /**
   * What has a parameter in front of the handler's own path: the path of the class, or the option routePrefix. That makes
   * no handler an object action.
   */
  readonly earlierParameter: string | undefined;
  /** The path of the handler itself. */
  readonly ownPath: string | RegExp | undefined;
  /** The settings of the route's server. */
  readonly settings: Settings;
}

/** The routes of every server of an app that are registered so far. */
export type AppRoutes = ShadowedRoutes<AuditedRoute>;

/**
 * Checks the routes of one server, and logs warnings.
 *
 * @param routes the routes of one server, in the order of their registration
 * @param ofApp collects the routes of every server of the app
 * @throws ImproperlyConfigured if a route is wrong. The message names the route and the fix.
 */
export function checkRoutes(routes: readonly AuditedRoute[], ofApp: AppRoutes, settings: Settings): void {
  for (const { rules } of routes) refuseUnknownScopes(rules, settings);
  refuseIdleObjectRules(routes);
  warnOfPublicMethods(routes, settings);
  for (const ofController of byController(routes)) {
    warnOfObjectActions(ofController, settings);
    warnOfLists(ofController, settings.logger);
  }
  checkShadows(routes, ofApp, settings);
}

/** Logs the access rule of every route. Does nothing for the default logger, which would drop the entry. */
export function logAudit(routes: readonly AuditedRoute[], { logger }: Settings): void {
  if (logger === consoleLogger) return;
  const audits = routes.map(({ rules }) => auditRoute(rules));
  logger.info(`Routes and who may:\n${auditTable(audits)}`, { routes: audits });
}

function warnOfPublicMethods(routes: readonly AuditedRoute[], { logger }: Settings): void {
  const open = routes.flatMap(route => route.rules.publicMethods.map(method => ({ method, route: nameOf(route) })));
  if (open.length === 0) return;
  const list = open.map(({ method, route }) => `${method} of ${route}`).join(', ');
  logger.warn(
    `The setting 'publicMethods' (AXIOMS_SAFE_METHODS) opens these handlers to requests without credentials: ${list}. Remove the method from the setting, or open single handlers with AllowAny.`,
    { routes: open },
  );
}

function byController(routes: readonly AuditedRoute[]): readonly (readonly AuditedRoute[])[] {
  const groups = new Map<ApiView, AuditedRoute[]>();
  for (const route of routes) groups.set(route.sample, [...(groups.get(route.sample) ?? []), route]);
  return [...groups.values()];
}

function warnOfObjectActions(routes: readonly AuditedRoute[], { logger }: Settings): void {
  const excluded = actionsOf(routes.filter(({ rules }) => rules.isNotObjectAction));
  const overlooked = actionsOf(routes.filter(isOverlooked));
  const name = routes[0]?.sample.constructor.name ?? '';
  warnOfEarlierParameters(name, routes.filter(isBehindParameter), logger);
  if (excluded.length > 0)
    logger.warn(
      `${name}.notObjectActions excludes ${excluded.join(', ')}: object rules require nothing there, and getObject() is not called.`,
    );
  if (overlooked.length > 0)
    logger.warn(
      `${name}.objectActions adds to the default, so ${overlooked.join(', ')} ${overlooked.length > 1 ? 'are' : 'is'} about one object too. To exclude what the list does not name, write notObjectActions = [${overlooked.map(one => `'${one}'`).join(', ')}]; to keep the default without this warning, write notObjectActions = [].`,
    );
}

function warnOfEarlierParameters(name: string, routes: readonly AuditedRoute[], logger: Logger): void {
  const [first] = routes;
  if (first?.earlierParameter === undefined) return;
  const actions = actionsOf(routes);
  const list = actions.map(one => `'${one}'`).join(', ');
  logger.warn(
    `${name} has a rule about objects, and the parameter of its requests is in ${first.earlierParameter}, which makes no handler one about an object: on ${actions.join(', ')} the rule asks nothing. Write objectActions = [${list}] and notObjectActions = [], which keeps the handlers that are about one object by default, or notObjectActions = [] alone if that is meant.`,
  );
}

function isBehindParameter({ rules, sample, earlierParameter }: AuditedRoute): boolean {
  if (earlierParameter === undefined || rules.listed('notObjectActions') !== undefined) return false;
  const isLeftOut = methodsOf(rules).some(method => !rules.isObjectAction(method));
  return isLeftOut && rules.leaves.some(one => definesObjectRule(one) && couldMatterHere(one, rules, sample));
}

// In earlier versions objectActions was the whole list.
function isOverlooked({ rules }: AuditedRoute): boolean {
  const { action } = rules;
  const [objectActions, notObjectActions] = [rules.listed('objectActions'), rules.listed('notObjectActions')];
  if (objectActions === undefined || notObjectActions !== undefined || objectActions.includes(action)) return false;
  if (rules.isIn('listActions') || rules.isIn('unfilteredActions')) return false;
  return methodsOf(rules).some(method => rules.isObjectActionByDefault(method));
}

function actionsOf(routes: readonly AuditedRoute[]): readonly string[] {
  return [...new Set(routes.map(({ rules }) => rules.action))];
}

function refuseUnknownScopes(rules: RouteRules, { knownScopes }: Settings): void {
  if (knownScopes === undefined) return;
  const { place, permissions = [] } = rules;
  // What is asked besides the permissions, such as by a guard in @UseBefore, is in the admission alone.
  const unknown = [...permissions, ...methodsOf(rules).map(method => rules.admission(method))]
    .flatMap(one => (one === undefined ? [] : scopesNamedBy(one)))
    .find(one => !knownScopes.includes(one));
  if (unknown !== undefined)
    throw new ImproperlyConfigured(
      `${place} asks for the scope '${unknown}', which the setting 'knownScopes' (AXIOMS_KNOWN_SCOPES) does not have: correct its spelling, or add it there.`,
    );
}

// As in DRF, an object rule may be idle on single handlers, such as a list or a create. But if no handler of the
// controller is about an object, the author of the rule wrongly believes that it protects something.
function refuseIdleObjectRules(routes: readonly AuditedRoute[]): void {
  const asked = new Set(routes.filter(isAskedSometime).map(({ sample }) => sample));
  for (const { rules, sample } of routes) {
    const isKnown = asked.has(sample) || isWithoutObjects(rules);
    const idle = isKnown ? undefined : rules.objectOnly.find(one => couldMatterHere(one, rules, sample));
    if (idle === undefined) continue;
    throw new ImproperlyConfigured(
      `${rules.place} has the permission ${idle.constructor.name}, a rule about an object, and no handler of ${sample.constructor.name} with such a rule is about one object: it is never asked, and lets everybody authenticated in. List the handlers that are about an object, objectActions = ['${rules.action}'], use another permission class, or say that there are none on purpose: objectActions = [].`,
    );
  }
}

// An empty objectActions, or a handler that is left out by name, shows that this is intended.
function isWithoutObjects(rules: RouteRules): boolean {
  const leftOut = [...(rules.listed('notObjectActions') ?? []), ...(rules.listed('unfilteredActions') ?? [])];
  return rules.listed('objectActions')?.length === 0 || leftOut.length > 0;
}

function isAskedSometime({ rules }: AuditedRoute): boolean {
  return rules.hasObjectRule && methodsOf(rules).some(method => isAsked(rules, method));
}

// A list asks the rule by its filter.
function isAsked(rules: RouteRules, method: string): boolean {
  return rules.isObjectAction(method) || rules.isListAction(method);
}

// A rule that every object satisfies for the route's methods is not missed.
function couldMatterHere(permission: BasePermission, rules: RouteRules, sample: ApiView): boolean {
  return methodsOf(rules).some(method => couldMatter(permission, method, sample));
}

// Express tries the routes of an earlier server of the app first, whatever their prefixes.
function checkShadows(routes: readonly AuditedRoute[], ofApp: AppRoutes, { logger }: Settings): void {
  for (const later of routes)
    for (const shadow of ofApp.add(later)) {
      const judgement = judge(shadow, later);
      if (judgement === undefined) continue;
      const text = shadowText(shadow, later);
      if (judgement === 'refused') throw new ImproperlyConfigured(text);
      logger.warn(text);
    }
}

function judge({ earlier, takes }: Shadow<AuditedRoute>, later: AuditedRoute): 'refused' | 'doubtful' | undefined {
  const pairs = comparedMethods(earlier.rules, later.rules).map(
    method => [admissionOf(earlier, method, later), admissionOf(later, method, earlier)] as const,
  );
  const isCertain = pairs.some(pair => isMoreOpen(...pair));
  if (takes === 'all') return isCertain ? 'refused' : 'doubtful';
  const isDoubtful = isCertain || hasOtherCallers(earlier, later);
  return isDoubtful || pairs.some(pair => letsInBeyond(...pair) === 'maybe') ? 'doubtful' : undefined;
}

// If both routes take every method, also those of the earlier route that differ, and one for those that neither lists.
function comparedMethods(earlier: RouteRules, later: RouteRules): readonly string[] {
  if (later.method !== undefined) return [later.method];
  return [...new Set([...methodsOf(later), ...methodsOf(earlier), ''])];
}

// The same rule admits other callers if another issuer or another audience is trusted.
function hasOtherCallers(earlier: AuditedRoute, later: AuditedRoute): boolean {
  return earlier.settings !== later.settings && trustOf(earlier.settings) !== trustOf(later.settings);
}

function trustOf(settings: Settings): string {
  const trusted = issuerSettings(settings).map(({ issuerUrl, jwksUrl, audience }) => [issuerUrl, jwksUrl, audience]);
  return JSON.stringify(trusted);
}

/**
 * Returns what the route requires. Makes the ownership rules of two controllers differ, because their objects differ.
 */
function admissionOf({ rules, sample }: AuditedRoute, method: string, other: AuditedRoute): Requirement {
  const asks = rules.admission(method);
  return sample === other.sample ? asks : ownedBy(asks, rules.place);
}

function ownedBy(requirement: Requirement, place: string): Requirement {
  return rewritten(requirement, leaf =>
    leaf.kind === 'owner' ? { ...leaf, attribute: `${place} ${leaf.attribute}` } : leaf,
  );
}

/**
 * Whether the route lets in callers that the other one refuses, or may do so.
 *
 * @param method the method of the request
 */
export function mayLetInBeyond(route: AuditedRoute, other: AuditedRoute, method: string): boolean {
  if (route === other) return false;
  const [asked, otherAsked] = [admissionOf(route, method, other), admissionOf(other, method, route)];
  // One controller has one class of each name.
  const isCustomKnown = route.sample === other.sample;
  return hasOtherCallers(other, route) || letsInBeyond(asked, otherAsked, { isCustomKnown }) !== 'no';
}

function shadowText({ earlier, takes }: Shadow<AuditedRoute>, later: AuditedRoute): string {
  const [method = ''] = methodsOf(later.rules);
  const what = takes === 'all' ? 'is never reached' : 'may never be reached';
  const rules = [earlier, later].map(({ rules }) => inWords(rules.admission(method)));
  const isOfOtherServer = earlier.settings !== later.settings;
  const where = isOfOtherServer ? ' by an earlier server of this app,' : '';
  const first = isOfOtherServer
    ? 'Call the useExpressServer() of its controller first'
    : 'Put the handler, or its controller, before the other';
  return `${nameOf(later)} ${what}: ${nameOf(earlier)} is registered before it${where} and takes ${takes === 'all' ? 'its' : 'some of its'} requests, by its own rule (${rules[0] ?? ''}, not ${rules[1] ?? ''}). ${first}, or give it a path of its own.`;
}

function nameOf({ rules }: AuditedRoute): string {
  return `${rules.place} (${rules.method ?? 'ALL'} ${rules.path})`;
}
