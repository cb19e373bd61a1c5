/**
 * Refusals that code of a handler received and nobody handled: `void this.publish()`, where `publish()` awaits a check. Node
 * ends the process over such a rejection, so that any refused user could end it. The promise that rejects is the one of
 * `publish()`, which no library can reach.
 */
import type { Response } from 'express';
import { isClosed } from './response-close';

interface Watcher {
  readonly response: Response;
  /** Node has found a promise unhandled that was rejected with the error, or the error uncaught. */
  report(): void;
}

// A rule may throw the same error each time.
const watchers = new WeakMap<object, readonly Watcher[]>();
let isWatching = false;

// Node throws what a listener of an EventTarget, such as an AbortSignal, rejects with. So do many callbacks.
const fatal = new Set<unknown>(['unhandledRejection', 'uncaughtException']);

/** Keeps the process alive where nobody handles this error of a check. */
export function watchRefusal(error: object, watcher: Watcher): void {
  const others = (watchers.get(error) ?? []).filter(({ response }) => !isClosed(response));
  watchers.set(error, [...others, watcher]);
  if (!isWatching) watch();
  isWatching = true;
}

// No listener: one would turn off what Node does with every other rejection, and could not keep the app's own listeners from
// ending the process. Every other event, and every other rejection, takes its way as if this were not here.
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
