/** A limit of time over everything that is done under it. */
import { startTimer, type Timers } from './timers';

/** The reason of a signal whose time is up. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';

  constructor(seconds: number) {
    super(`no complete answer in time (${seconds} s)`);
  }
}

/**
 * A signal that is aborted once its time is up, or with the signal that it stands under. Several steps that share one
 * take no longer than it together.
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

  /** Forgets the timer; what is done under the signal is not given up any more. */
  end(): void {
    this.#timers.clearTimeout(this.#timer);
    this.#unfollow();
  }
}

/**
 * Aborts `own` when `outer` is aborted, for its reason, until the returned function is called. `AbortSignal.any` would
 * never let go of a signal that lives as long as the server.
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
