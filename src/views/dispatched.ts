/** Which code answers, where a handler has passed its request on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isClosed, onceClosed } from './response-close';
import type { Visit } from './visit';

/** Code runs in place of the handler of this visit. */
interface PassedOn {
  readonly by: Visit;
  readonly earlier: PassedOn | undefined;
}

const answering = new AsyncLocalStorage<PassedOn>();
let inUse = 0;

/**
 * Runs what answers in place of the handler of this visit: another route, or the app's error middleware. The object rule of
 * the handler does not hold that answer back. It still holds back what the handler itself writes.
 */
export function passOn(visit: Visit | undefined, run: () => void): void {
  // Where the client has left, nothing is answered, and no event would end the use of the storage.
  if (visit?.isObjectPending !== true || isClosed(visit.response)) {
    run();
    return;
  }
  inUse += 1;
  onceClosed(visit.response, stopUsing);
  answering.run({ by: visit, earlier: answering.getStore() }, run);
}

// Until Node 24 a storage in use slows every promise of the process down.
function stopUsing(): void {
  inUse -= 1;
  if (inUse === 0) answering.disable();
}

/**
 * Does code that is not the handler of this visit answer its request now? Only where this very visit was passed on: code
 * that requests share may run in the context of another request.
 */
export function isAnotherRoutes(visit: Visit): boolean {
  for (let store = answering.getStore(); store !== undefined; store = store.earlier)
    if (store.by === visit) return true;
  return false;
}
