/** How a server counts: with its store, and by its policy while the store cannot be reached. */
import { ServiceUnavailable } from '../core/exceptions';
import type { Settings } from '../core/settings';
import { after, attempt, type Soon } from '../core/soon';
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
  hit(key: string, rate: Rate): Soon<Hit | undefined> {
    const counted = (): Soon<Hit | undefined> => after(this.#store.hit(key, rate), answer => this.#worked(answer));
    return attempt(counted, error => this.#withoutStore(error, key, rate));
  }

  #worked(answer: unknown): Hit {
    const hit = checkedHit(answer);
    this.#watch.worked();
    return hit;
  }

  #withoutStore(error: unknown, key: string, rate: Rate): Hit | undefined {
    this.#watch.failed(error);
    if (this.#policy === 'closed') throw new ServiceUnavailable(undefined, 1, { cause: error });
    return this.#policy === 'open' ? undefined : this.#local.hit(key, rate);
  }
}

// What is no answer is an outage: it must not let anybody through by itself.
function checkedHit(answer: unknown): Hit {
  const { isAllowed, remaining, reset } = Object(answer) as Partial<Record<keyof Hit, unknown>>;
  if (typeof isAllowed === 'boolean' && typeof remaining === 'number' && typeof reset === 'number')
    return { isAllowed, remaining, reset };
  throw new TypeError('The throttle store must answer { isAllowed, remaining, reset }');
}

const countings = new WeakMap<Settings, Counting>();

/** One for each server. */
export function countingOf(settings: Settings): Counting {
  const known = countings.get(settings) ?? new Counting(settings);
  countings.set(settings, known);
  return known;
}
