/** Limits how many passwords are hashed at the same time, and how many may wait. */
import { ServiceUnavailable } from '../../core/http/exceptions';

/** Limits how many passwords are hashed at the same time, and how many jobs wait. */
export interface HashingBounds {
  /**
   * The number of simultaneous hashes; default 2. Each takes one of the four threads of Node's pool, and tens of
   * megabytes.
   */
  readonly concurrency?: number;
  /** The number of waiting jobs; default 32. Further ones are refused. */
  readonly longestQueue?: number;
}

/**
 * Runs a few jobs at a time and lets a few wait. Hashing is slow on purpose: without a limit, an anonymous client that
 * sends passwords could use up the memory and all threads that read files and resolve names.
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

  /**
   * Runs a job when it is its turn.
   *
   * @throws ServiceUnavailable if too many jobs are waiting
   */
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

  // Hands the place to the next job directly, so that a new job cannot take it in between.
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
