/** Limits how many passwords are hashed at the same time, and how many may wait. */
import { oneToYield } from '../../core/attempts/fair-shares';
import { networkOf, siteOf } from '../../core/http/client-address';
import { ServiceUnavailable } from '../../core/http/exceptions';

/** Limits how many passwords are hashed at the same time, and how many jobs wait. */
export interface HashingBounds {
  /**
   * The number of simultaneous hashes; default 2. Each takes one of the four threads of Node's pool, and tens of
   * megabytes.
   */
  readonly concurrency?: number;
  /**
   * The number of waiting jobs; default 32. A further one is refused, or takes the place of one from the site (IPv4 /24,
   * IPv6 /48), or in its own site from the address (IPv6 /64), with the most waiting jobs.
   */
  readonly longestQueue?: number;
}

interface WaitingJob {
  readonly site: string;
  readonly network: string;
  start(): void;
  refuse(error: ServiceUnavailable): void;
}

/**
 * Runs a few jobs at a time and lets a few wait. Hashing is slow on purpose: without a limit, an anonymous client that
 * sends passwords could use up the memory and all threads that read files and resolve names. Addresses wait in equal
 * shares, because no other limit applies to a client that sends right passwords.
 */
export class HashingQueue {
  readonly #concurrency: number;
  readonly #longestQueue: number;
  readonly #waiting: WaitingJob[] = [];
  #running = 0;

  constructor({ concurrency = 2, longestQueue = 32 }: HashingBounds = {}) {
    this.#concurrency = concurrency;
    this.#longestQueue = longestQueue;
  }

  /**
   * Runs a job when it is its turn.
   *
   * @param address the address that the job is done for; jobs without one have one share together
   * @throws ServiceUnavailable if too many jobs are waiting
   */
  async run<Result>(job: () => Promise<Result>, address = ''): Promise<Result> {
    await this.#turn({ site: siteOf(address), network: networkOf(address) });
    try {
      return await job();
    } finally {
      this.#next();
    }
  }

  async #turn(from: Pick<WaitingJob, 'site' | 'network'>): Promise<void> {
    if (this.#running < this.#concurrency) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= this.#longestQueue) this.#makeRoom(from);
    await new Promise<void>((start, refuse) => this.#waiting.push({ ...from, start, refuse }));
  }

  // Sites come first, because a site may have more IPv6 networks than there are places.
  #makeRoom({ site, network }: Pick<WaitingJob, 'site' | 'network'>): void {
    const neighbors = this.#waiting.filter(job => job.site === site);
    const yielding =
      oneToYield(this.#waiting, job => job.site, site) ?? oneToYield(neighbors, job => job.network, network);
    if (yielding === undefined) throw tooMany();
    this.#waiting.splice(this.#waiting.indexOf(yielding), 1);
    yielding.refuse(tooMany());
  }

  // Hands the place to the next job directly, so that a new job cannot take it in between.
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next.start();
  }
}

function tooMany(): ServiceUnavailable {
  return new ServiceUnavailable('Too many passwords are being checked at the moment');
}
