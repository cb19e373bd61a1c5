/** How a handler is called, and which one can be at once. */
import type { NextFunction, Request } from 'express';
import { getMetadataArgsStorage, type Action, type ActionMetadata } from 'routing-controllers';
import { requireUnanswered } from '../../core/http/answered';
import { isPlain } from '../../core/process/plain';
import { findVisit, type Visit } from '../../views/visit';

const visitKey = Symbol('axioms.visit');

/** What routing-controllers passes around for one call of a handler. */
interface HandlerAction extends Action {
  readonly [visitKey]?: Visit;
}

/** Returns what routing-controllers passes around for the handler of this visit. */
export function handlerAction(visit: Visit, next: NextFunction): Action {
  const { request, response } = visit;
  const action: HandlerAction = { request, response, next, [visitKey]: visit };
  return action;
}

/** The visit of this call: the request may be on another one by now, where the handler has dispatched it again. */
export function visitOfAction(action: Action): Visit | undefined {
  return (action as HandlerAction)[visitKey] ?? findVisit(action.request as Request);
}

/** How routing-controllers calls a handler. */
export type CallHandler = (meta: ActionMetadata, action: Action, params: unknown[]) => unknown;

/** Calls the handler on the controller that was made for the request. */
export function callHandler(meta: ActionMetadata, action: Action, params: unknown[]): unknown {
  const visit = visitOfAction(action) as Visit;
  // A checker or a parameter of the app's own may have sent an answer, or changed the request.
  if (meta.params.length > 0) requireUnanswered(visit.response);
  visit.requireItsMethod();
  const controller = visit.controller as unknown as Record<string, (...params: unknown[]) => unknown>;
  return controller[meta.method]?.(...params);
}

/** Has the handler interceptors? Of those of the whole app none may be registered at all. */
export function hasInterceptors({ interceptors, controllerMetadata }: ActionMetadata): boolean {
  const ofApp = getMetadataArgsStorage().interceptors;
  return [...interceptors, ...controllerMetadata.interceptors, ...ofApp].length > 0;
}

/**
 * May the handler be called at once? It has neither parameters nor interceptors, for which routing-controllers waits in a
 * dozen promises, also where there are none.
 */
export function isCalledAtOnce(meta: ActionMetadata): boolean {
  const { params, appendParams, methodOverride } = meta;
  const takesNothing = params.length === 0 && appendParams === undefined && methodOverride === callHandler;
  return !isPlain && takesNothing && !hasInterceptors(meta);
}
