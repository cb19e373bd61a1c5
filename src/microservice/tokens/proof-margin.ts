/** How much longer than necessary the store remembers a used proof, because its clock may be set. */
import { SteadyClock } from '../../core/time/steady-clock';

const minute = 60_000;
const day = 1440 * minute;

/** About how many proofs of one process the store remembers longer at the same time: anybody can send a proof. */
const most = 100_000;

/**
 * Says how much longer the store remembers the next proof: a day, or less if many are used. A store whose clock is set by less
 * than that forgets no proof that a process still accepts.
 */
export class ProofMargin {
  readonly #steady: SteadyClock;
  #last = 0;
  /** The number of proofs in the last minute, roughly: each counts less as time passes. */
  #recent = 0;

  /** @param clock milliseconds since 1970 */
  constructor(clock: () => number) {
    this.#steady = new SteadyClock(() => clock);
  }

  /** Counts one more proof, and returns its margin in milliseconds. */
  next(): number {
    const now = this.#steady.now();
    this.#recent = 1 + this.#recent * Math.exp((this.#last - now) / minute);
    this.#last = now;
    return Math.min(day, (most * minute) / this.#recent);
  }
}
