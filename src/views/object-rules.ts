/** Rules about one object: when they are asked, and that no answer leaves where they never were. */
import { requireUnanswered } from '../core/http/answered';
import { ImproperlyConfigured, NotFound } from '../core/http/exceptions';
import { after, attempt, inTurn, type Soon } from '../core/time/soon';
import { deny } from '../permissions/denial';
import { forgetMembers } from '../permissions/evaluated';
import { evaluate } from '../permissions/evaluation';
import { namesOf } from '../permissions/rule-words';
import { isKnown, type Outcome, type PermissionTree, type Subject } from '../permissions/tree';
import { AnswerGate } from './answer-gate';
import { ObjectChecks } from './object-checks';
import { askAnotherCaller } from './permission-checks';
import { headOf, setHead } from './response-head';
import { visitOf, type Visit } from './visit';

/**
 * Runs the object rules of the controller's request on this object. The promise is safe to forget: the handler's answer
 * waits for it, and a refusal is the answer.
 */
export function checkObjectPermissions(controller: object, object: unknown): Promise<void> {
  const visit = visitOf(controller);
  if (visit !== undefined) return startCheck(visit, () => checkObject(visit, object));
  return Promise.reject(
    new ImproperlyConfigured(`${controller.constructor.name}.checkObjectPermissions was called outside of a request.`),
  );
}

function checkObject(visit: Visit, object: unknown): Soon<void> {
  return after(
    visit.asItsRoute(() => askObjectRules(visit, object)),
    () => {
      visit.isObjectPending = false;
    },
  );
}

/** Runs a controller's own `checkObjectPermissions`, with the same safety. */
export function checkByOwnMethod<T>(controller: object, check: () => Soon<T>): Soon<T> {
  const visit = visitOf(controller);
  return visit === undefined ? check() : startCheck(visit, check);
}

function startCheck<T>(visit: Visit, ask: () => Soon<T>): Promise<T> {
  const checks = (visit.checks ??= new ObjectChecks(visit));
  const started = checks.start(ask);
  if (checks.isRunning) visit.gate ??= new AnswerGate(visit);
  return started;
}

const attributes = namesOf('attribute');

function askObjectRules(visit: Visit, value: unknown): Soon<void> {
  requireOwnRequest(visit);
  // A handler may check several objects, and a getter may name another property for each.
  forgetMembers(visit.controller, attributes);
  const subject = { ...visit.subject, object: { value } };
  return after(askAnotherCaller(visit), () =>
    inTurn(visit.permissions, tree =>
      after(judge(tree, subject), outcome => {
        // Again: the handler may have dispatched the request while a rule was asked.
        requireOwnRequest(visit);
        return outcome.truth === true ? undefined : deny(outcome, visit.permissions, subject);
      }),
    ),
  );
}

// A rule for the request that was not needed so far is asked only if the object's rules do not decide without it: a
// handler may have changed the fields that they read.
function judge(tree: PermissionTree, subject: Subject): Soon<Outcome> {
  return after(evaluate(tree, { ...subject, only: 'answered' }), outcome =>
    outcome.truth === undefined ? evaluate(tree, subject) : outcome,
  );
}

// The caller of a request that was dispatched again is the new route's: its rules would decide for another route.
function requireOwnRequest({ isCurrent, rules }: Visit): void {
  if (!isCurrent)
    throw new ImproperlyConfigured(
      `${rules.place} checked an object after it had dispatched the request to another route. Check the object before app.handle().`,
    );
}

/**
 * Loads the object of an object action, where the controller can, and asks the rules about it.
 *
 * @throws NotFound where there is none.
 */
export function loadObject(visit: Visit): Soon<void> {
  const { controller } = visit;
  if (!visit.isObjectAction || controller.getObject === undefined) return;
  const { response } = visit;
  requireUnanswered(response);
  const before = headOf(response);
  const loaded = (): Soon<void> =>
    after(controller.getObject?.(), value => {
      if (value === undefined || value === null) throw new NotFound();
      visit.object = { value };
      return askAboutLoaded(visit);
    });
  return attempt(loaded, error => {
    // What it has set on the response is about the object.
    if (!response.headersSent) setHead(response, before);
    throw error;
  });
}

/** Asks the rules about the object that was loaded, where they were asked about a request without its form. */
export function checkObjectAgain(visit: Visit): Soon<void> {
  if (!visit.permissions.every(isKnown)) return askAboutLoaded(visit);
}

function askAboutLoaded(visit: Visit): Soon<void> {
  if (visit.object === undefined) return;
  return after(askObjectRules(visit, visit.object.value), () => {
    visit.isObjectPending = false;
  });
}

/** Holds the handler's answer back while the rule about the object has not been asked. */
export function holdUntilAsked(visit: Visit): void {
  visit.gate ??= new AnswerGate(visit);
}
