/** Limits the time of several steps together. */
import { globalTimers, startTimer, type Timers } from './timers';

/** The reason of a signal that was aborted because its time is up. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';

  constructor(seconds: number) {
    super(`no complete answer in time (${seconds} s)`);
  }
}

/**
 * Provides a signal that is aborted when its time is up, or when the outer signal is. Several steps that share one
 * deadline take no longer than it together.
 *
 * @example
 * const deadline = new Deadline(5, globalTimers, closing.signal);
 * const response = await fetch(url, { signal: deadline.signal }).finally(() => deadline.end());
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timers: Timers;
  readonly #timer: unknown;
  readonly #unfollow: () => void;

  constructor(seconds: number, timers: Timers, outer: AbortSignal) {
    this.#timers = timers;
    this.#unfollow = follow(outer, this.#controller);
    const onTimeout = (): void => {
      this.#controller.abort(new TimeIsUp(seconds));
    };
    this.#timer = startTimer(timers, onTimeout, seconds * 1000);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Clears the timer and stops following the outer signal. The signal is not aborted any more. */
  end(): void {
    this.#timers.clearTimeout(this.#timer);
    this.#unfollow();
  }
}

/**
 * Aborts `own` with the reason of `outer` when that is aborted, until the returned function is called.
 * `AbortSignal.any` would stay registered with a signal that lives as long as the server.
 */
export function follow(outer: AbortSignal, own: AbortController): () => void {
  const onAbort = (): void => {
    own.abort(outer.reason);
  };
  if (outer.aborted) onAbort();
  outer.addEventListener('abort', onAbort);
  return () => {
    outer.removeEventListener('abort', onAbort);
  };
}

/**
 * Returns what the step returns.
 *
 * @throws TimeIsUp if it takes longer; the step may go on
 */
export async function inTime<T>(step: () => T | Promise<T>, seconds: number): Promise<T> {
  let timer: unknown;
  const timeIsUp = new Promise<never>((_, reject) => {
    const refuse = (): void => {
      reject(new TimeIsUp(seconds));
    };
    timer = startTimer(globalTimers, refuse, seconds * 1000);
  });
  try {
    return await Promise.race([step(), timeIsUp]);
  } finally {
    globalTimers.clearTimeout(timer);
  }
}
