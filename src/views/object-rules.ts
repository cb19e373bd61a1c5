/** Asks the rules about one object, and makes sure that no response is sent if they were not asked. */
import { requireUnanswered } from '../core/http/answered';
import { ImproperlyConfigured, NotFound } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import { after, attempt, inTurn, isPending, type Soon } from '../core/time/soon';
import { deny } from '../permissions/denial';
import { forgetMembers } from '../permissions/evaluated';
import { evaluate } from '../permissions/evaluation';
import { namesOf } from '../permissions/rule-words';
import type { Outcome, PermissionTree, Subject } from '../permissions/tree';
import { AnswerGate } from './answer-gate';
import { ObjectChecks } from './object-checks';
import { askAnotherCaller } from './permission-checks';
import { headOf, setHead } from './response-head';
import { visitOf, type Visit } from './visit';

/**
 * Runs the object rules of the controller's request on this object. The handler need not await the promise: its
 * response waits for the check, and a refusal is sent in its place.
 */
export function checkObjectPermissions(controller: object, object: unknown): Promise<void> {
  const visit = visitOf(controller);
  if (visit !== undefined) return startCheck(visit, () => checkObject(visit, object));
  return Promise.reject(
    new ImproperlyConfigured(`${controller.constructor.name}.checkObjectPermissions was called outside of a request.`),
  );
}

function checkObject(visit: Visit, object: unknown): Soon<void> {
  if (isPending(seen(object)))
    throw new ImproperlyConfigured(
      `${visit.rules.place} called checkObjectPermissions() with a promise or a query: await it, and check the object that it resolves to.`,
    );
  return after(
    visit.asItsRoute(() => askObjectRules(visit, object)),
    () => {
      visit.isObjectPending = false;
      if (Object(object) === object) (visit.allowedObjects ??= new WeakSet()).add(object as object);
    },
  );
}

/** Runs a `checkObjectPermissions` that the controller defines itself, with the same safety. */
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
  // Forgets the attribute names: a handler may check several objects, and a getter may return another name for each.
  forgetMembers(visit.controller, attributes);
  const subject = { ...visit.subject, object: { value } };
  return after(askAnotherCaller(visit), () =>
    inTurn(visit.permissions, tree =>
      after(judge(tree, subject), outcome => {
        // Checks again, because the handler may have dispatched the request while a rule was asked.
        requireOwnRequest(visit);
        return outcome.truth === true ? undefined : deny(outcome, visit.permissions, subject);
      }),
    ),
  );
}

// Evaluates first with the answers that exist. A rule for the request that was not needed so far is asked only if the
// object rules do not decide without it, because the handler may have changed the fields that it reads.
function judge(tree: PermissionTree, subject: Subject): Soon<Outcome> {
  return after(evaluate(tree, { ...subject, only: 'answered' }), outcome =>
    outcome.truth === undefined ? evaluate(tree, subject) : outcome,
  );
}

// Refuses the check after the handler has dispatched the request: the caller is then the new route's, and its rules
// would decide for another route.
function requireOwnRequest({ isCurrent, rules }: Visit): void {
  if (!isCurrent)
    throw new ImproperlyConfigured(
      `${rules.place} checked an object after it had dispatched the request to another route. Check the object before app.handle().`,
    );
}

/**
 * Loads the object of an object action, if the controller has `getObject()`, and asks the rules about it.
 *
 * @throws NotFound if there is no object.
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
    // Undoes what getObject() set on the response, because it may describe the object.
    if (!response.headersSent) setHead(response, before);
    throw error;
  });
}

/** Asks the rules about the object that `getObject()` loaded. */
export function askAboutLoaded(visit: Visit): Soon<void> {
  if (visit.object === undefined) return;
  return after(askObjectRules(visit, visit.object.value), () => {
    visit.isObjectPending = false;
  });
}

/** Holds back the handler's response until the object rule has been asked, or the filter of its list was used. */
export function holdBack(visit: Visit): void {
  visit.gate ??= new AnswerGate(visit);
}
