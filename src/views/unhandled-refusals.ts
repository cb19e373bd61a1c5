/**
 * Keeps the process alive if code of a handler receives a refusal and does not handle it. An example is a handler with
 * `void this.publish()`, where `publish()` awaits a check. Node ends the process on such a rejection, so any refused
 * user could end it. The promise that rejects is that of `publish()`, which no library can reach. The same holds if that
 * code rejects with an error of its own that names the refusal, such as `new Error('…', { cause: refusal })`.
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
    const waiting = fatal.has(event) ? watchersOf(error) : [];
    if (waiting.length === 0) return Reflect.apply(emit as (...all: unknown[]) => boolean, this, given);
    for (const watcher of waiting) watcher.report();
    return true;
  } as typeof process.emit;
}

// Search limit, so that an endless chain of causes ends.
const mostErrors = 1000;

/** Returns the watchers of the error and of the errors that it was made from. */
function watchersOf(error: unknown): readonly Watcher[] {
  // A set, because errors may contain each other. The loop also visits what it adds.
  const found = new Set([error]);
  for (const one of found) for (const inner of wrappedBy(one)) if (found.size < mostErrors) found.add(inner);
  return [...found].flatMap(one => watchers.get(one as object) ?? []);
}

/**
 * Returns the errors that an error names: its `cause`, the `errors` of an `AggregateError`, and both errors of a
 * `SuppressedError`.
 */
function wrappedBy(wrapper: unknown): readonly unknown[] {
  try {
    const { cause, errors, error, suppressed } = Object(wrapper) as Readonly<Record<string, unknown>>;
    return [cause, error, suppressed, ...(Array.isArray(errors) ? (errors as readonly unknown[]) : [])];
  } catch {
    // A getter of the app's error may throw. An exception here would end the process.
    return [];
  }
}
