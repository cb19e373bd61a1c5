/** Rules about one object: when they are asked, and that no answer leaves where they never were. */
import type { Response } from 'express';
import { currentCaller } from '../authentication/caller';
import { requireUnanswered } from '../core/answered';
import { ImproperlyConfigured, NotFound } from '../core/exceptions';
import { after, inTurn, type Soon } from '../core/soon';
import { deny } from '../permissions/denial';
import { forgetMembers, rememberEvaluations } from '../permissions/evaluated';
import { evaluate } from '../permissions/evaluation';
import { leavesOf } from '../permissions/tree';
import { answerTo, logAnswer, sendAnswer } from './exception-handler';
import { visitOf, type Visit } from './visit';

/** Runs the object rules of the controller's request on this object. */
export async function checkObjectPermissions(controller: object, object: unknown): Promise<void> {
  const visit = visitOf(controller);
  if (visit === undefined)
    throw new ImproperlyConfigured(
      `${controller.constructor.name}.checkObjectPermissions was called outside of a request.`,
    );
  await visit.asItsRoute(() => askObjectRules(visit, object));
}

function askObjectRules(visit: Visit, value: unknown): Soon<void> {
  // Which property names the owner depends on the object, and a handler may check several.
  forgetMembers(visit.controller, ['ownerAttribute', 'ownerIssuerAttribute']);
  forgetAnotherCaller(visit);
  const subject = { ...visit.subject, object: { value } };
  const asked = inTurn(visit.permissions, tree =>
    after(evaluate(tree, subject), outcome =>
      outcome.truth === true ? undefined : deny(outcome, visit.permissions, subject),
    ),
  );
  return after(asked, () => {
    visit.isObjectPending = false;
  });
}

// A handler may have removed or replaced its session's user: what was allowed to that one is asked again.
function forgetAnotherCaller(visit: Visit): void {
  const caller = currentCaller(visit.request);
  if (caller === visit.askedCaller) return;
  visit.askedCaller = caller;
  rememberEvaluations(visit.controller);
  for (const leaf of visit.permissions.flatMap(leavesOf)) delete leaf.viewRule;
}

/**
 * Loads the object of an object action, where the controller can, and asks the rules about it.
 *
 * @throws NotFound where there is none.
 */
export function loadObject(visit: Visit): Soon<void> {
  const { controller } = visit;
  if (!visit.isObjectAction || controller.getObject === undefined) return;
  return after(controller.getObject(), value => {
    requireUnanswered(visit.response);
    if (value === undefined || value === null) throw new NotFound();
    visit.object = { value };
    return askObjectRules(visit, value);
  });
}

const writerNames = ['write', 'end', 'writeHead', 'writeEarlyHints'] as const;
type Writer = (typeof writerNames)[number];

/**
 * While a rule about the object has not been asked, no success leaves: an answer below 400 becomes a 500, and nothing
 * of what the handler wrote is sent, by whatever method it writes.
 */
export function holdUntilAsked(visit: Visit): void {
  const { response } = visit;
  const { write, end, writeHead, writeEarlyHints } = response;
  const writers = { write, end, writeHead, writeEarlyHints };
  // A copy: appendHeader() adds to a list of values in place.
  const headers = structuredClone({ ...response.getHeaders() });
  const isHeld = (): boolean => visit.isObjectPending && !response.headersSent && !(response.statusCode >= 400);
  const refuse = (): void => {
    Object.assign(response, writers);
    replaceHeaders(response, headers);
    const error = neverAsked(visit);
    visit.observation?.failed(error);
    const answer = answerTo(error, visit.request, visit.settings);
    logAnswer(answer, visit.rules.place, visit.settings);
    sendAnswer(response, answer);
    silence(response);
  };
  const held = (name: Writer) => {
    return (...given: unknown[]): unknown => {
      if (name === 'writeHead') response.statusCode = given[0] as number;
      if (!isHeld()) return Reflect.apply(writers[name], response, given) as unknown;
      refuse();
      return Reflect.apply(response[name], response, given) as unknown;
    };
  };
  for (const name of writerNames) Object.assign(response, { [name]: held(name) });
}

function replaceHeaders(response: Response, headers: Readonly<Record<string, unknown>>): void {
  response.statusMessage = '';
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
}

// The handler goes on, it may be in a stream: what it still writes goes nowhere, and it need not know.
function silence(response: Response): void {
  const drop = <T>(result: T) => {
    return (...chunk: unknown[]): T => {
      const written = chunk.at(-1);
      if (typeof written === 'function') process.nextTick(written);
      return result;
    };
  };
  Object.assign(response, { write: drop(true), end: drop(response), writeHead: drop(response) });
  response.writeEarlyHints = drop(undefined);
}

function neverAsked({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} is about one object, and its object rule was never asked: give the controller getObject(), or call this.checkObjectPermissions(object) before answering. If it is about no object, list it in notObjectActions.`,
  );
}
