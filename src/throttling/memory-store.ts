/** Counts requests in the memory of this process. */
import { LRUCache } from 'lru-cache';
import type { Hit, Rate, ThrottleStore } from '../core/settings/throttle-rates';
import { SteadyClock, systemClock } from '../core/time/steady-clock';
import { RequestLog } from './request-log';

/** Options of {@link MemoryThrottleStore}. */
export interface MemoryThrottleStoreOptions {
  /**
   * The number of keys that are kept, of all throttles together. Default: 50,000, which take about 20 MB and at most 60
   * MB.
   */
  readonly maxKeys?: number;
}

/**
 * The default `throttleStore`: a sliding window for each key, as in DRF, in this process. Its size is bounded: the key
 * that was used least recently is evicted first.
 *
 * @example
 * const throttleStore = new MemoryThrottleStore({ maxKeys: 200_000 });
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, throttleStore } });
 */
export class MemoryThrottleStore implements ThrottleStore {
  /**
   * Measures windows, in milliseconds. Default: a clock that cannot be set. Of any other clock only the steps forward
   * count, so that setting it back makes no window longer.
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
