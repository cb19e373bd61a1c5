/** Counts tries by key in bounded memory. An attacker who sends many keys can only make the counts higher. */

/** A try that is being slowed down. */
export interface WaitingTry {
  /** The site that the try comes from. */
  readonly site: string;
  /** Refuses the try, so that another one can wait in its place. */
  giveWay(): void;
}

/** The tries of one key, or of all keys that share a counter. */
export interface TryCount {
  tries: number;
  /** Tries that are being slowed down now. */
  readonly waiting: Set<WaitingTry>;
  /** When the tries stop counting, in milliseconds by the clock of the caller's `now`. */
  end: number;
  /** The key; absent if several keys share this counter. */
  readonly key?: string;
}

/**
 * Number of counters for the keys that come while the table is full. A higher number makes it rarer that two keys share
 * one.
 */
const sharedCounters = 8192;

/**
 * Gives each key a counter of its own while there is room. A counter that still counts is never evicted. While the
 * table is full, a new key is counted in one of a fixed number of shared counters, where other keys can only bring it
 * closer to a limit.
 */
export class TryCounts {
  /** Oldest first, and therefore in the order in which the counters end. */
  readonly #own = new Map<string, TryCount>();
  readonly #shared = new Map<number, TryCount>();

  /**
   * @param size the most keys with a counter of their own
   * @param window milliseconds for which tries count, from the first one
   */
  constructor(
    private readonly size: number,
    private readonly window: number,
  ) {}

  /** How many keys have a counter of their own. */
  get keys(): number {
    return this.#own.size;
  }

  /** Returns the counter of this key, or `undefined` if no try counts. Stores nothing. */
  find(key: string, now: number): TryCount | undefined {
    const shared = this.#shared.get(placeOf(key));
    // A key that was counted in a shared counter stays there: it must not begin at zero when room becomes free.
    return this.findOwn(key, now) ?? (isCounting(shared, now) ? shared : undefined);
  }

  /** Returns the counter that this key does not share. */
  findOwn(key: string, now: number): TryCount | undefined {
    const own = this.#own.get(key);
    return isCounting(own, now) ? own : undefined;
  }

  /** Counts a try of this key. */
  add(key: string, now: number): TryCount {
    const count = this.find(key, now) ?? this.#begin(key, now);
    count.tries++;
    // Otherwise the tries of one key would end with the window of another.
    if (count.key === undefined) count.end = now + this.window;
    return count;
  }

  /** Takes one try back. */
  takeBack(count: TryCount): void {
    if (count.tries > 0) count.tries--;
    if (count.tries === 0 && count.key !== undefined) this.#forget(count.key, count);
  }

  /** Takes back all tries of a key, or one try if other keys share its counter. */
  clear(count: TryCount): void {
    if (count.key !== undefined) count.tries = 0;
    this.takeBack(count);
  }

  #begin(key: string, now: number): TryCount {
    this.#forgetEnded(now);
    const count = { tries: 0, waiting: new Set<WaitingTry>(), end: now + this.window };
    if (this.#own.size >= this.size) {
      this.#shared.set(placeOf(key), count);
      return count;
    }
    const own = { ...count, key };
    this.#own.set(key, own);
    return own;
  }

  #forgetEnded(now: number): void {
    for (const [key, count] of this.#own) {
      if (isCounting(count, now)) return;
      this.#own.delete(key);
    }
  }

  #forget(key: string, count: TryCount): void {
    if (this.#own.get(key) === count) this.#own.delete(key);
  }
}

function isCounting(count: TryCount | undefined, now: number): count is TryCount {
  return count !== undefined && count.tries > 0 && now < count.end;
}

// Keys are hexadecimal hashes.
function placeOf(key: string): number {
  return parseInt(key.slice(0, 8), 16) % sharedCounters;
}
