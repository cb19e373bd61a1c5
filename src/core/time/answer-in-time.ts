/** Limits the time of a store, so that no request waits for one that never answers. */
import { inTime } from './deadline';
import { isPending, type Soon } from './soon';

/** A store that may say how long its answers take. */
export interface TimedStore {
  /** Seconds after which a missing answer counts as an outage; default 5. */
  readonly timeout?: number | undefined;
}

/**
 * Returns the answer of a store: immediately if it is available.
 *
 * @throws TimeIsUp if it takes longer than the store allows itself
 */
export function answerInTime<T>(answer: Soon<T>, { timeout = 5 }: TimedStore): Soon<T> {
  return typeof answer === 'object' && isPending(answer) ? inTime(() => answer, timeout) : answer;
}
