/** Calls handlers, and decides which of them can be called synchronously. */
import type { NextFunction, Request } from 'express';
import { getMetadataArgsStorage, type Action, type ActionMetadata } from 'routing-controllers';
import { requireUnanswered } from '../../core/http/answered';
import { isPlain } from '../../core/process/plain';
import { after, isPending } from '../../core/time/soon';
import { permitCaller } from '../../views/lifecycle';
import { findVisit, type Visit } from '../../views/visit';
import { notPlain } from './plain-results';

const visitKey = Symbol('axioms.visit');
const copyKey = Symbol('axioms.copy');

/** The action object that routing-controllers passes around for one call of a handler. */
interface HandlerAction extends Action {
  readonly [visitKey]?: Visit;
  readonly [copyKey]?: unknown;
}

/** Returns the action object for the handler of this visit. */
export function handlerAction(visit: Visit, next: NextFunction): Action {
  const { request, response } = visit;
  const action: HandlerAction = { request, response, next, [visitKey]: visit };
  return action;
}

/**
 * Returns the visit of this call. The request itself may be on a later visit by now, if the handler has dispatched it
 * again.
 */
export function visitOfAction(action: Action): Visit | undefined {
  return (action as HandlerAction)[visitKey] ?? findVisit(action.request as Request);
}

/** Returns the action with which upstream answers: with the copy of the result, and with another `next`. */
export function withCopy(action: Action, copy: unknown, next: NextFunction): Action {
  const answering: HandlerAction = { ...action, next, [copyKey]: copy };
  return answering;
}

/** Returns the copy of the result; `notPlain` if there is none. */
export function copyIn(action: Action): unknown {
  const { [copyKey]: copy = notPlain } = action as HandlerAction;
  return copy;
}

/** The signature of the function that routing-controllers uses to call a handler. */
export type CallHandler = (meta: ActionMetadata, action: Action, params: unknown[]) => unknown;

/** Calls the handler on the controller that was created for the request. */
export const callHandler: CallHandler = checkedBefore((meta, _action, params, { controller }) => {
  return (controller as unknown as Record<string, (...params: unknown[]) => unknown>)[meta.method]?.(...params);
});

/** Returns how a handler is called, or what its metadata names in its place. */
export function checkedCall({ methodOverride }: ActionMetadata): CallHandler {
  return methodOverride === undefined ? callHandler : checkedBefore(methodOverride);
}

// The last check of the request.
function checkedBefore(call: (...given: [...Parameters<CallHandler>, visit: Visit]) => unknown): CallHandler {
  return (meta, action, params) => {
    const visit = visitOfAction(action) as Visit;
    // The app's checker or a parameter decorator of the app may have sent a response, or changed the request.
    if (meta.params.length > 0) requireUnanswered(visit.response);
    visit.requireItsMethod();
    const asked = permitCaller(visit);
    return asked === undefined
      ? asPromise(call(meta, action, params, visit))
      : asked.then(() => call(meta, action, params, visit));
  };
}

// Upstream calls `then().catch()`, which not every object with a `then` method has: its rejection would end the process.
function asPromise(result: unknown): unknown {
  return typeof result === 'object' && isPending(result) ? Promise.resolve(result) : result;
}

/** Returns the call with a look at what the handler returns, before an interceptor receives it. */
export function seeingResults(call: CallHandler, see: (result: unknown, action: Action) => void): CallHandler {
  return (meta, action, params) =>
    after(call(meta, action, params), result => {
      see(result, action);
      return result;
    });
}

/** Whether interceptors run for the handler. Any interceptor registered for the whole app counts. */
export function hasInterceptors({ interceptors, controllerMetadata }: ActionMetadata): boolean {
  const ofApp = getMetadataArgsStorage().interceptors;
  return [...interceptors, ...controllerMetadata.interceptors, ...ofApp].length > 0;
}

/**
 * Whether the handler may be called synchronously: nothing intercepts it. For parameters and interceptors
 * routing-controllers waits for about a dozen promises, even if there are none.
 */
export function isCalledAtOnce(meta: ActionMetadata): boolean {
  const { appendParams, methodOverride } = meta;
  const isOwnCall = appendParams === undefined && methodOverride === callHandler;
  return !isPlain && isOwnCall && !hasInterceptors(meta);
}

/**
 * Goes on behind the handler once its answer is sent, unless that was refused. What fails after a refusal, such as a file that
 * is sent, is handed to error middleware; with nothing left to go on to, Express would end the connection.
 */
export function goOnBehind(visit: Visit, next: NextFunction): void {
  const { response } = visit;
  const goOn = (): void => {
    if (visit.gate?.isOver !== true) next();
  };
  if (response.headersSent) goOn();
  else response.once('finish', goOn);
}
