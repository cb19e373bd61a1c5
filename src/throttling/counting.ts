/** How a server counts: with its store, and by its policy while the store cannot be reached. */
import { ServiceUnavailable } from '../core/exceptions';
import type { Settings } from '../core/settings';
import { StoreWatch } from '../core/store-watch';
import type { Hit, OutagePolicy, Rate, ThrottleStore } from '../core/throttle-rates';
import { MemoryThrottleStore } from './memory-store';

const consequences: Readonly<Record<OutagePolicy, string>> = {
  open: 'throttles let every request through',
  closed: 'throttled routes answer 503',
  local: 'every process counts for itself',
};

class Counting {
  readonly #local = new MemoryThrottleStore();
  readonly #store: ThrottleStore;
  readonly #policy: OutagePolicy;
  readonly #watch: StoreWatch;

  constructor({ throttleStore, logger }: Settings) {
    this.#store = throttleStore ?? this.#local;
    this.#policy = this.#store.fail ?? 'local';
    this.#watch = new StoreWatch('throttle', logger, consequences[this.#policy]);
  }

  /**
   * @returns `undefined`: it could not be counted, and is let through.
   * @throws ServiceUnavailable where it could not be counted, and the policy is closed.
   */
  async hit(key: string, rate: Rate): Promise<Hit | undefined> {
    try {
      const hit = await this.#store.hit(key, rate);
      this.#watch.worked();
      return hit;
    } catch (error) {
      this.#watch.failed(error);
      if (this.#policy === 'closed') throw new ServiceUnavailable(undefined, 1, { cause: error });
      return this.#policy === 'open' ? undefined : this.#local.hit(key, rate);
    }
  }
}

const countings = new WeakMap<Settings, Counting>();

/** One for each server. */
export function countingOf(settings: Settings): Counting {
  const known = countings.get(settings) ?? new Counting(settings);
  countings.set(settings, known);
  return known;
}
