/** Whose answer it is, where a handler has passed its request on. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Visit } from './visit';

const answering = new AsyncLocalStorage<object>();
let inUse = 0;

/**
 * Runs what answers in place of the handler of this visit: another route, or the app's error middleware. The object rule of
 * the handler does not hold that answer back. It still holds back what the handler itself writes.
 *
 * @param another the visit of the other route, if it has one
 */
export function passOn(visit: Visit | undefined, run: () => void, another: object = {}): void {
  if (visit?.isObjectPending !== true) {
    run();
    return;
  }
  inUse += 1;
  visit.response.once('close', stopUsing);
  answering.run(another, run);
}

// Until Node 24 a storage in use slows every promise of the process down.
function stopUsing(): void {
  inUse -= 1;
  if (inUse === 0) answering.disable();
}

/** Does code that is not the handler of this visit answer its request now? */
export function isAnotherRoutes(visit: Visit): boolean {
  const current = answering.getStore();
  return current !== undefined && current !== visit;
}
