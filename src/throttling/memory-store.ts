/** Counts in the memory of this process. */
import { LRUCache } from 'lru-cache';
import type { Hit, Rate, ThrottleStore } from '../core/throttle-rates';
import { SteadyClock, systemClock } from '../core/steady-clock';
import { RequestLog } from './request-log';

export interface MemoryThrottleStoreOptions {
  /** Callers that are remembered, of all throttles together; default 50,000: about 20 MB, and 60 MB at most. */
  readonly maxKeys?: number;
}

/**
 * The default `throttleStore`: a sliding window, as DRF's, for each caller, in this process. It is bounded: who asked
 * longest ago is forgotten first.
 *
 * @example
 * const throttleStore = new MemoryThrottleStore({ maxKeys: 200_000 });
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, throttleStore } });
 */
export class MemoryThrottleStore implements ThrottleStore {
  /**
   * What windows are measured with, in milliseconds. Default: a clock that nobody can set. Of another one, only the steps
   * forward count, so that no window becomes longer where it is set back.
   */
  clock: () => number = systemClock;
  readonly #steady = new SteadyClock(() => this.clock);
  readonly #logs: LRUCache<string, RequestLog>;

  constructor({ maxKeys = 50_000 }: MemoryThrottleStoreOptions = {}) {
    this.#logs = new LRUCache({ max: maxKeys });
  }

  hit(key: string, rate: Rate): Hit {
    return this.#logOf(key).hit(rate, this.#steady.now());
  }

  #logOf(key: string): RequestLog {
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    const added = new RequestLog();
    this.#logs.set(key, added);
    return added;
  }
}
