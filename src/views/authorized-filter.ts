/** Gives handlers the filter of their rules, and notes whether it was used. */
import type { Request } from 'express';
import { currentCaller } from '../authentication/caller';
import { setContext, type RequestContext } from '../authentication/request-context';
import type { AxiomsRequest } from '../authentication/user';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { copyOf, type ObjectFilter } from '../core/requirements/object-filter';
import { noteWhenTaken } from '../core/requirements/taken-filters';
import { after, type Soon } from '../core/time/soon';
import { allowedObjects } from '../permissions/allowed-objects';
import { rememberEvaluations } from '../permissions/evaluated';
import type { ControllerClass } from '../permissions/rule-words';
import { permissionTree, type Subject } from '../permissions/tree';
import { AnswerGate } from './answer-gate';
import { askAnotherCaller } from './permission-checks';
import { decorationsOf } from './start/decorations';
import { permissionRulesOf } from './start/policies';
import { visitOf, type GivenFilter, type Visit } from './visit';

/**
 * Returns the objects that the rules of this controller's route allow for its caller, or those that the rules of another
 * controller's class allow for GET.
 */
export async function authorizedFilter(controller: object, other?: ControllerClass): Promise<ObjectFilter> {
  const visit = visitOf(controller);
  if (visit === undefined)
    throw new ImproperlyConfigured(`${controller.constructor.name}.authorizedFilter was called outside of a request.`);
  const filter = await visit.asItsRoute(() =>
    after(askAnotherCaller(visit), () => {
      requireAsked(visit);
      return other === undefined ? allowedObjects(visit.permissions, visit.subject) : filterOf(other, visit);
    }),
  );
  return give(filter, other, visit);
}

// A list of rules that is not read yet, or not asked to its end, would allow everything.
function requireAsked({ isCurrent, arePermissionsRead, unasked, rules }: Visit): void {
  if (isCurrent && arePermissionsRead && unasked.length === 0) return;
  throw new ImproperlyConfigured(
    `${rules.place} called authorizedFilter() before its rules were asked, or after the request had gone to another route: call it in the handler or in getObject().`,
  );
}

function give(filter: ObjectFilter, of: ControllerClass | undefined, visit: Visit): ObjectFilter {
  const given: GivenFilter = { filter: copyOf(filter), caller: currentCaller(visit.request), of, isTaken: false };
  noteWhenTaken(given.filter, () => {
    given.isTaken = true;
  });
  visit.filters.push(given);
  visit.gate ??= new AnswerGate(visit);
  return given.filter;
}

function filterOf(controllerClass: ControllerClass, visit: Visit): Soon<ObjectFilter> {
  const { services, settings, response } = visit;
  const request = asGet(visit);
  const controller = services.makeController(controllerClass, { request, response });
  rememberEvaluations(controller);
  const rules = permissionRulesOf(controller, settings, decorationsOf(controllerClass, ''));
  const trees = rules.map(rule => permissionTree(rule, one => services.make(one)));
  return allowedObjects(trees, { request, controller } satisfies Subject);
}

/** The request as the rules for GET see it, with the same caller. */
function asGet(visit: Visit): AxiomsRequest {
  const request = Object.create(visit.request, {
    method: { value: 'GET', writable: true, enumerable: true, configurable: true },
  }) as AxiomsRequest;
  const { settings, verifier, introspector, authenticators, successfulAuthenticator, sessionAccount } = visit;
  const caller = currentCaller(visit.request);
  const context: RequestContext = { settings, verifier, introspector, authenticators, caller, sessionAccount };
  setContext(request as Request, { ...context, successfulAuthenticator });
  return request;
}
