/** Counts requests for a server in its store, and follows the store's outage policy while the store is unavailable. */
import { ServiceUnavailable } from '../core/http/exceptions';
import type { Settings } from '../core/settings/settings';
import { answerInTime } from '../core/time/answer-in-time';
import { isPending, type Soon } from '../core/time/soon';
import { StoreWatch } from '../core/reports/store-watch';
import type { Hit, OutagePolicy, Rate, ThrottleStore } from '../core/settings/throttle-rates';
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
   * Counts one request.
   *
   * @returns `undefined` if the store is unavailable and its policy is `open`: the request is allowed
   * @throws ServiceUnavailable if the store is unavailable and its policy is `closed`
   */
  hit(key: string, rate: Rate): Soon<Hit | undefined> {
    try {
      const answer: Soon<Hit> = this.#store.hit(key, rate);
      return isPending(answer) ? this.#later(answer, key, rate) : this.#worked(answer);
    } catch (error) {
      return this.#withoutStore(error, key, rate);
    }
  }

  async #later(answer: Promise<Hit>, key: string, rate: Rate): Promise<Hit | undefined> {
    try {
      return this.#worked(await answerInTime(answer, this.#store));
    } catch (error) {
      return this.#withoutStore(error, key, rate);
    }
  }

  #worked(answer: Hit): Hit {
    requireHit(answer);
    this.#watch.worked(this.#store);
    return answer;
  }

  #withoutStore(error: unknown, key: string, rate: Rate): Hit | undefined {
    this.#watch.failed(error);
    if (this.#policy === 'closed') throw new ServiceUnavailable(undefined, 1, { cause: error });
    return this.#policy === 'open' ? undefined : this.#local.hit(key, rate);
  }
}

// A malformed answer counts as an outage, so that it cannot allow a request by itself.
function requireHit(answer: unknown): void {
  const { isAllowed, remaining, reset } = (answer ?? {}) as Partial<Record<keyof Hit, unknown>>;
  if (typeof isAllowed !== 'boolean' || typeof remaining !== 'number' || typeof reset !== 'number')
    throw new TypeError('The throttle store must answer { isAllowed, remaining, reset }');
}

const countings = new WeakMap<Settings, Counting>();

/** Returns the counting of a server, which all of its throttles share. */
export function countingOf(settings: Settings): Counting {
  const known = countings.get(settings);
  if (known !== undefined) return known;
  const made = new Counting(settings);
  countings.set(settings, made);
  return made;
}
