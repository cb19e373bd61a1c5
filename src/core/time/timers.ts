/** Timers that never keep the process alive, and that a test can replace. */

/** The global `setTimeout` and `clearTimeout`, or a test's replacements. */
export interface Timers {
  /** @param delay in milliseconds. */
  setTimeout(callback: () => void, delay: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The global timers, read at the moment of use. */
export const globalTimers: Timers = {
  setTimeout: (callback, delay) => globalThis.setTimeout(callback, delay),
  clearTimeout: timer => {
    globalThis.clearTimeout(timer as NodeJS.Timeout | undefined);
  },
};

// A longer delay does not fit into 31 bits, and Node would call back immediately.
const longestDelay = 2 ** 31 - 1;

/**
 * Starts a timer that does not keep the process alive.
 *
 * @param delay milliseconds; at most 24.8 days
 */
export function startTimer(timers: Timers, callback: () => void, delay: number): unknown {
  const timer = timers.setTimeout(callback, Math.min(delay, longestDelay));
  (timer as { unref?: () => unknown } | undefined)?.unref?.();
  return timer;
}
