/**
 * Chains steps that wait only for promises. A value that is available costs no turn of the event loop: a known token is
 * accepted, and its rules are checked, in the turn in which the request came.
 */

/** A value, or a promise of it. */
export type Soon<T> = T | Promise<T>;

/** Tells whether the value is a promise, or any other object with a `then` method. */
export function isPending<T>(value: Soon<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Calls `goOn` with the value: immediately if it is available, otherwise when it resolves. */
export function after<T, R>(value: Soon<T>, goOn: (value: T) => Soon<R>): Soon<R> {
  // Most steps return nothing, and a call more for each of them adds up.
  return typeof value === 'object' && isPending(value) ? Promise.resolve(value).then(goOn) : goOn(value);
}

/** Runs one step for each item, one after the other. */
export function inTurn<T>(items: readonly T[], step: (item: T, index: number) => Soon<void>, first = 0): Soon<void> {
  for (let index = first; index < items.length; index++) {
    const waiting = step(items[index] as T, index);
    if (typeof waiting === 'object' && isPending(waiting))
      return Promise.resolve(waiting).then(() => inTurn(items, step, index + 1));
  }
}

/** Calls `run`, and calls `last` when it has returned, thrown, resolved or rejected. */
export function lastly<T>(run: () => Soon<T>, last: () => void): Soon<T> {
  let result: Soon<T>;
  try {
    result = run();
  } catch (error) {
    last();
    throw error;
  }
  if (typeof result === 'object' && isPending(result)) return Promise.resolve(result).finally(last);
  last();
  return result;
}

/** Calls `run`. If it throws or rejects, returns what `failed` returns for the error. */
export function attempt<T>(run: () => Soon<T>, failed: (error: unknown) => Soon<T>): Soon<T> {
  try {
    const result = run();
    return isPending(result) ? Promise.resolve(result).catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
