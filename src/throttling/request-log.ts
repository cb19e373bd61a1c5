/** Keeps the requests of one key that still count: the history of DRF's throttles, in a bounded number of slots. */
import type { Hit, Rate } from '../core/settings/throttle-rates';

const mostSlots = 64;

/**
 * Returns the width of a slot in milliseconds. Requests in the same slot are stored together, under the time of the
 * last one. For rates of up to 64 requests each request has its own slot; above that, a slot is a 64th of the period.
 * Either way no span of the period ever contains more requests than the rate.
 */
export function grainOf({ amount, seconds }: Rate): number {
  return amount > mostSlots ? (seconds * 1000) / mostSlots : 1;
}

// A slot is two numbers: the time of its last request and the number of requests. One flat list takes the least memory.
const width = 2;

export class RequestLog {
  /** Oldest first. */
  readonly #slots: number[] = [];
  #count = 0;

  /**
   * Counts a request unless that would exceed the rate.
   *
   * @param now milliseconds
   */
  hit(rate: Rate, now: number): Hit {
    const { amount, seconds } = rate;
    this.#forget(now - seconds * 1000);
    const isAllowed = this.#count < amount;
    if (isAllowed) this.#record(grainOf(rate), now);
    // The next request is allowed once one slot has left the window; after a refusal, once the surplus has left it.
    const leaving = this.#leavingTime(isAllowed ? 1 : this.#count - amount + 1);
    const reset = leaving === undefined ? seconds : leaving / 1000 + seconds - now / 1000;
    return { isAllowed, remaining: Math.max(0, amount - this.#count), reset };
  }

  #forget(until: number): void {
    let over = 0;
    for (let time = this.#slots[0]; time !== undefined && time <= until; time = this.#slots[over]) {
      this.#count -= this.#slots[over + 1] as number;
      over += width;
    }
    if (over > 0) this.#slots.splice(0, over);
  }

  #record(grain: number, now: number): void {
    const last = this.#slots.length - width;
    const time = this.#slots[last];
    this.#count += 1;
    if (time === undefined || Math.floor(time / grain) !== Math.floor(now / grain)) this.#slots.push(now, 1);
    else {
      this.#slots[last] = now;
      (this.#slots[last + 1] as number) += 1;
    }
  }

  /** Returns the time of the request after whose departure `surplus` of the oldest requests have left the window. */
  #leavingTime(surplus: number): number | undefined {
    let slot = 0;
    for (let left = surplus; slot < this.#slots.length; slot += width) {
      left -= this.#slots[slot + 1] as number;
      if (left <= 0) break;
    }
    return this.#slots[slot];
  }
}
