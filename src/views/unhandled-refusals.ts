/**
 * Keeps the process alive if code of a handler receives a refusal and does not handle it. An example is a handler with
 * `void this.publish()`, where `publish()` awaits a check. Node ends the process on such a rejection, so any refused
 * user could end it. The promise that rejects is that of `publish()`, which no library can reach.
 */
import type { Response } from 'express';
import { isClosed } from './response-close';

interface Watcher {
  readonly response: Response;
  /**
   * Called when Node finds that a promise was rejected with the error and not handled, or that the error is uncaught.
   */
  report(): void;
}

// Several watchers per error, because a rule may throw the same error each time.
const watchers = new WeakMap<object, readonly Watcher[]>();
let isWatching = false;

// Includes uncaught exceptions: Node throws the error with which a listener of an EventTarget, such as an AbortSignal,
// rejects. Many callbacks throw it, too.
const fatal = new Set<unknown>(['unhandledRejection', 'uncaughtException']);

/** Keeps the process alive if no code handles this error of a check. */
export function watchRefusal(error: object, watcher: Watcher): void {
  const others = (watchers.get(error) ?? []).filter(({ response }) => !isClosed(response));
  watchers.set(error, [...others, watcher]);
  if (!isWatching) watch();
  isWatching = true;
}

// Replaces process.emit() and adds no listener: a listener would turn off Node's treatment of all other rejections, and
// could not keep the app's own listeners from ending the process. Every other event and rejection is passed on
// unchanged.
function watch(): void {
  const { emit } = process;
  process.emit = function (this: NodeJS.Process, ...given: unknown[]): boolean {
    const [event, error] = given;
    const waiting = fatal.has(event) ? watchers.get(error as object) : undefined;
    if (waiting === undefined) return Reflect.apply(emit as (...all: unknown[]) => boolean, this, given);
    for (const watcher of waiting) watcher.report();
    return true;
  } as typeof process.emit;
}
