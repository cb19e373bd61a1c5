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
  /** The tries of each part of the key; empty if several keys share this counter. */
  readonly parts: Map<string, number>;
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

  /** Counts a try of this part of the key; by default, a key has one part. */
  add(key: string, now: number, part = ''): TryCount {
    const count = this.find(key, now) ?? this.#begin(key, now);
    count.tries++;
    // Otherwise the tries of one key would end with the window of another.
    if (count.key === undefined) count.end = now + this.window;
    else count.parts.set(part, (count.parts.get(part) ?? 0) + 1);
    return count;
  }

  /** Takes one try of this part back. */
  takeBack(count: TryCount, part = ''): void {
    this.#lower(count, part, 1);
  }

  /** Takes back all tries of this part of a key, or one try if other keys share its counter. */
  clear(count: TryCount, part = ''): void {
    this.#lower(count, part, Infinity);
  }

  #lower(count: TryCount, part: string, most: number): void {
    if (count.key === undefined) count.tries = Math.max(0, count.tries - 1);
    else this.#lowerPart(count, part, most);
    if (count.tries === 0 && count.key !== undefined) this.#forget(count.key, count);
  }

  #lowerPart(count: TryCount, part: string, most: number): void {
    const tries = count.parts.get(part) ?? 0;
    if (tries > most) count.parts.set(part, tries - most);
    else count.parts.delete(part);
    count.tries -= Math.min(tries, most);
  }

  #begin(key: string, now: number): TryCount {
    this.#forgetEnded(now);
    const parts = new Map<string, number>();
    const count = { tries: 0, parts, waiting: new Set<WaitingTry>(), end: now + this.window };
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
