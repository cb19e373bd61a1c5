/**
 * The whole security flow of a request. On every route the binding calls `admit` first, `permit` once a JSON body is
 * parsed, and `handle` to run the handler. An error of any step refuses the request.
 */
import type { Request } from 'express';
import { requireUnanswered } from '../core/http/answered';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { after, isPending, type Soon } from '../core/time/soon';
import { authenticate, authenticateAgain, mayBeAnother } from './authenticate';
import { checkBindingRules } from './binding-rules';
import { askAboutLoaded, holdBack, loadObject } from './object-rules';
import { askOwnChecker, isCallerAsked } from './own-checker';
import { askAboutForm, askAnotherCaller, checkEarlyPermissions, checkLatePermissions } from './permission-checks';
import type { RouteRules } from './start/route-rules';
import { checkThrottles, checkUncountedThrottles } from './throttles';
import { findVisit, type Stage, type Visit } from './visit';

type Step = (visit: Visit) => Soon<void>;

/** What needs only the caller, the method and the controller. */
const beforeTheBody: readonly Step[] = [authenticate, checkEarlyPermissions, checkBindingRules];

/** What may look at more of the request. Where other credentials are asked for, `checkLatePermissions` asks everything. */
const afterTheBody: readonly Step[] = [askAnotherCaller, checkLatePermissions, checkThrottles, loadObject];

/** `permit` has seen no field and no file of a form, and the object may be another one. */
const behindTheForm: readonly Step[] = [askAnotherCaller, askAboutForm, checkUncountedThrottles, loadObject];

/** The session may have another user now. */
const forAnotherCaller: readonly Step[] = [askAnotherCaller, checkLatePermissions, askAboutLoaded];

/** Authenticates the caller and asks the early rules, before anything of the body is read. */
export function admit(visit: Visit): Soon<void> {
  return after(inOrder(beforeTheBody, visit), () => {
    visit.stage = 'admitted';
  });
}

/** Asks the app's own checker, late rules, throttles and object rules, before uploads are stored and parameters validated. */
export function permit(visit: Visit): Soon<void> {
  return check(afterTheBody, visit, 'permitted');
}

/** Asks again once multer has read a form with files. A throttle counts the request once. */
export function permitForm(visit: Visit): Soon<void> {
  return check(behindTheForm, visit, 'form permitted');
}

/** Asks again, right before the handler's method, if the session's user is another one since `permit`. */
export function permitCaller(visit: Visit): Soon<void> {
  if (isCallerAsked(visit)) return;
  return check(forAnotherCaller, visit, visit.stage);
}

/** Runs the handler. Its answer is held back until the object rule has been asked. */
export function handle<T>(visit: Visit, run: () => T): T {
  visit.requireItsMethod();
  visit.stage = 'handled';
  return run();
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

function check(steps: readonly Step[], visit: Visit, next: Stage): Soon<void> {
  visit.requireItsMethod();
  // The body may ask for other credentials, and the app may have replaced its session's user.
  const authenticated = mayBeAnother(visit) ? visit.asItsRoute(() => authenticateAgain(visit)) : undefined;
  const checked = after(authenticated, () => askOwnChecker(visit));
  return after(
    after(checked, () => inOrder(steps, visit)),
    () => {
      checkBindingRules(visit);
      if (visit.isObjectPending || visit.needsFilter) holdBack(visit);
      requireUnanswered(visit.response);
      visit.stage = next;
    },
  );
}

function inOrder(steps: readonly Step[], visit: Visit): Soon<void> {
  return visit.asItsRoute(() => fromStep(0, steps, visit));
}

function fromStep(first: number, steps: readonly Step[], visit: Visit): Soon<void> {
  for (let index = first; index < steps.length; index++) {
    const waiting = (steps[index] as Step)(visit);
    if (typeof waiting === 'object' && isPending(waiting))
      return Promise.resolve(waiting).then(() => fromStep(index + 1, steps, visit));
  }
}
