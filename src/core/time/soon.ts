/**
 * Steps that wait only where there is something to wait for. An answer that is there at once costs no turn of the event
 * loop: a known token is accepted, and its rules are asked, in the turn in which the request came.
 */

/** A value, or the promise of one. */
export type Soon<T> = T | Promise<T>;

/** Is it a promise, whoever made it? */
export function isPending<T>(value: Soon<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Goes on with the value once it is there. */
export function after<T, R>(value: Soon<T>, goOn: (value: T) => Soon<R>): Soon<R> {
  return isPending(value) ? Promise.resolve(value).then(goOn) : goOn(value);
}

/** One step an item, each when the one before is done. */
export function inTurn<T>(items: readonly T[], step: (item: T, index: number) => Soon<void>, first = 0): Soon<void> {
  for (let index = first; index < items.length; index++) {
    const waiting = step(items[index] as T, index);
    if (isPending(waiting)) return Promise.resolve(waiting).then(() => inTurn(items, step, index + 1));
  }
}

/** Runs something, and `last` when it is over, however it ends. */
export function lastly<T>(run: () => Soon<T>, last: () => void): Soon<T> {
  let result: Soon<T>;
  try {
    result = run();
  } catch (error) {
    last();
    throw error;
  }
  if (isPending(result)) return Promise.resolve(result).finally(last);
  last();
  return result;
}

/** Runs something; what it throws, now or later, is handed to `failed`. */
export function attempt<T>(run: () => Soon<T>, failed: (error: unknown) => Soon<T>): Soon<T> {
  try {
    const result = run();
    return isPending(result) ? Promise.resolve(result).catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
