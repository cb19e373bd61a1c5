/** What the library waits with: timers that never keep the process alive, and that a test can replace. */

/** The global `setTimeout` and `clearTimeout`, or a test's own pair. */
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

// A longer delay does not fit into 31 bits, and Node would call back at once.
const longestDelay = 2 ** 31 - 1;

/** Calls back after `delay` milliseconds (24.8 days at most), unless the process has nothing else to do and ends before. */
export function startTimer(timers: Timers, callback: () => void, delay: number): unknown {
  const timer = timers.setTimeout(callback, Math.min(delay, longestDelay));
  (timer as { unref?: () => unknown } | undefined)?.unref?.();
  return timer;
}
