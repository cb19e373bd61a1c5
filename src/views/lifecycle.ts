/**
 * The whole security flow of a request. On every route the binding calls `admit` first, `permit` once a JSON body is
 * parsed, and `handle` to run the handler. An error of any step refuses the request.
 */
import type { Request } from 'express';
import { requireUnanswered } from '../core/http/answered';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { isPending, type Soon } from '../core/time/soon';
import { authenticate, authenticateAgain, mayBeAnother } from './authenticate';
import { checkBindingRules } from './binding-rules';
import { askAboutLoaded, holdBack, loadObject } from './object-rules';
import { askOwnChecker, isCallerAsked } from './own-checker';
import { askAboutForm, askAnotherCaller, checkEarlyPermissions, checkLatePermissions } from './permission-checks';
import { headOf } from './response-head';
import type { RouteRules } from './start/route-rules';
import { checkThrottles, checkUncountedThrottles } from './throttles';
import { findVisit, type Stage, type Visit } from './visit';

type Step = (visit: Visit) => Soon<void>;

/** What needs only the caller, the method and the controller. */
const beforeTheBody: readonly Step[] = [
  asItsRoute([authenticate, checkEarlyPermissions, checkBindingRules]),
  reaching('admitted'),
];

/** What may look at more of the request. Where other credentials are asked for, `checkLatePermissions` asks everything. */
const afterTheBody: readonly Step[] = [
  ...checking([askAnotherCaller, checkLatePermissions, checkThrottles, loadObject]),
  reaching('permitted'),
];

/** `permit` has seen no field and no file of a form, and the object may be another one. */
const behindTheForm: readonly Step[] = [
  ...checking([askAnotherCaller, askAboutForm, checkUncountedThrottles, loadObject]),
  reaching('form permitted'),
];

/** The session may have another user now. */
const forAnotherCaller = checking([askAnotherCaller, checkLatePermissions, askAboutLoaded]);

/** Authenticates the caller and asks the early rules, before anything of the body is read. */
export function admit(visit: Visit): Soon<void> {
  return inOrder(beforeTheBody, visit);
}

/** Asks the app's own checker, late rules, throttles and object rules, before uploads are stored and parameters validated. */
export function permit(visit: Visit): Soon<void> {
  return inOrder(afterTheBody, visit);
}

/** Asks again once multer has read a form with files. A throttle counts the request once. */
export function permitForm(visit: Visit): Soon<void> {
  return inOrder(behindTheForm, visit);
}

/** Asks again, right before the handler's method, if the session's user is another one since `permit`. */
export function permitCaller(visit: Visit): Soon<void> {
  if (!isCallerAsked(visit)) return inOrder(forAnotherCaller, visit);
}

/** Runs the handler. Its answer is held back until the object rule has been asked. */
export function handle<A, T>(visit: Visit, run: (action: A) => T, action: A): T {
  visit.requireItsMethod();
  visit.stage = 'handled';
  // Always: the handler of any route may check an object, or list the objects of another controller.
  if (visit.gate === undefined) visit.headBefore = headOf(visit.response);
  return run(action);
}

/**
 * Returns the request's visit on this route.
 *
 * @throws ImproperlyConfigured if the visit is at another stage: error middleware can go on after a refusal.
 */
export function visitAt(stage: Stage, rules: RouteRules, request: Request): Visit {
  const visit = findVisit(request);
  if (visit?.rules === rules && visit.stage === stage) return visit;
  throw new ImproperlyConfigured(
    `${rules.place} was reached past its guard: a middleware called next() twice, or an error middleware went on after a refusal. If @UseBefore has requireAccessToken() in a router or an app, list it in @UseBefore itself.`,
  );
}

function checking(rules: readonly Step[]): readonly Step[] {
  return [askForOtherCredentials, askOwnChecker, asItsRoute(rules), checkBindingRules, requireNoAnswer];
}

function asItsRoute(rules: readonly Step[]): Step {
  const ask = inOrder.bind(undefined, rules);
  return visit => visit.asItsRoute(ask);
}

function reaching(stage: Stage): Step {
  return visit => {
    visit.stage = stage;
  };
}

// The body may ask for other credentials, and the app may have replaced its session's user.
function askForOtherCredentials(visit: Visit): Soon<void> {
  visit.requireItsMethod();
  if (mayBeAnother(visit)) return visit.asItsRoute(authenticateAgain);
}

// What no rule about objects has seen stays held back.
function requireNoAnswer(visit: Visit): void {
  if (visit.isObjectPending || visit.needsFilter) holdBack(visit);
  requireUnanswered(visit.response);
}

function inOrder(steps: readonly Step[], visit: Visit, first = 0): Soon<void> {
  for (let index = first; index < steps.length; index++) {
    const waiting = (steps[index] as Step)(visit);
    if (typeof waiting === 'object' && isPending(waiting))
      return Promise.resolve(waiting).then(() => inOrder(steps, visit, index + 1));
  }
}
