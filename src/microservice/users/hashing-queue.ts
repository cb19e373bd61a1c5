/** How many passwords are hashed at once, and how many may wait for it. */
import { ServiceUnavailable } from '../../core/exceptions';

export interface HashingBounds {
  /** Default 2: each takes a thread of Node's pool of four, and tens of megabytes. */
  readonly concurrency?: number;
  /** Default 32; who comes when so many wait is refused. */
  readonly longestQueue?: number;
}

/**
 * Lets a few jobs run and a few wait. Hashing is slow on purpose: without a bound a stranger who sends passwords would
 * take all of the memory, and every thread that reads files and resolves names.
 */
export class HashingQueue {
  readonly #concurrency: number;
  readonly #longestQueue: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ concurrency = 2, longestQueue = 32 }: HashingBounds = {}) {
    this.#concurrency = concurrency;
    this.#longestQueue = longestQueue;
  }

  /** @throws ServiceUnavailable where as many wait already as may. */
  async run<Result>(job: () => Promise<Result>): Promise<Result> {
    await this.#turn();
    try {
      return await job();
    } finally {
      this.#next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < this.#concurrency) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= this.#longestQueue)
      throw new ServiceUnavailable('Too many passwords are being checked at the moment');
    await new Promise<void>(resolve => this.#waiting.push(resolve));
  }

  // The place is handed over, so that nobody who comes in between takes it.
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
