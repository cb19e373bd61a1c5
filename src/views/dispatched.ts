/** Tracks which code answers a request that a handler has passed on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isClosed, onceClosed } from './response-close';
import { isUnfiltered } from './unfiltered-lists';
import type { Visit } from './visit';

/** Marks code that runs in place of the handler of a visit. */
interface PassedOn {
  readonly by: Visit;
  /** The answer to an error of the handler that the code sends, if it sends one. */
  readonly sent: object | undefined;
  readonly earlier: PassedOn | undefined;
}

const answering = new AsyncLocalStorage<PassedOn>();
let inUse = 0;

/**
 * Runs the code that answers in place of the handler of this visit: another route, or the app's error middleware. The
 * handler's object rule does not hold that response back, but still holds back what the handler itself writes.
 */
export function passOn(visit: Visit | undefined, run: () => void): void {
  // If the client has left, nothing is answered, and no event would end the use of the storage.
  if (visit === undefined || !isWithheld(visit)) run();
  else mark(visit, undefined, run);
}

/**
 * Runs the code that answers an error of the handler of this visit: what sends this library's answer, or the app's error
 * middleware. A middleware may go on with the answer later. `isSendingNow()` tells it from the handler, which may still write.
 *
 * @param sent stands for the answer
 */
export function answerErrorOf(visit: Visit, sent: object, run: () => void): void {
  mark(visit, sent, run);
}

function mark(visit: Visit, sent: object | undefined, run: () => void): void {
  if (isClosed(visit.response)) {
    run();
    return;
  }
  inUse += 1;
  onceClosed(visit.response, stopUsing);
  answering.run({ by: visit, sent, earlier: answering.getStore() }, run);
}

/** Runs listeners of a response, which may be the handler's, whichever code emits the event. */
export function outsideOfAnswers<T>(run: () => T): T {
  return answering.getStore() === undefined ? run() : answering.exit(run);
}

function isWithheld(visit: Visit): boolean {
  return visit.isObjectPending || isUnfiltered(visit);
}

// Before Node 24, a storage in use slows every promise of the process.
function stopUsing(): void {
  inUse -= 1;
  if (inUse === 0) answering.disable();
}

/**
 * Returns whether code other than the handler of this visit answers its request now. Checks for this very visit,
 * because code that requests share may run in the context of another request.
 */
export function isAnotherRoutes(visit: Visit): boolean {
  return isMarked(({ by }) => by === visit);
}

/** Returns whether the code that runs now sends this answer to an error, and is not the handler. */
export function isSendingNow(answer: object): boolean {
  return isMarked(({ sent }) => sent === answer);
}

function isMarked(isMeant: (mark: PassedOn) => boolean): boolean {
  for (let store = answering.getStore(); store !== undefined; store = store.earlier) if (isMeant(store)) return true;
  return false;
}
