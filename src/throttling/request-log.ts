/** The requests of one key that still count: DRF's history, in a bounded number of slots. */
import type { Hit, Rate } from '../core/throttle-rates';

const mostSlots = 64;

/**
 * Milliseconds within which requests are remembered together, under the time of the last: of up to 64 requests each is
 * remembered by itself, of more a 64th of the period. No span of the period ever has more requests than the rate says.
 */
export function grainOf({ amount, seconds }: Rate): number {
  return amount > mostSlots ? (seconds * 1000) / mostSlots : 1;
}

// Of each slot the time of its last request, and how many there were: numbers in one list take the least room.
const width = 2;

export class RequestLog {
  /** Oldest first. */
  readonly #slots: number[] = [];
  #count = 0;

  /** @param now milliseconds */
  hit(rate: Rate, now: number): Hit {
    const { amount, seconds } = rate;
    this.#forget(now - seconds * 1000);
    const isAllowed = this.#count < amount;
    if (isAllowed) this.#record(grainOf(rate), now);
    // More are let through once one leaves; after a refusal, once as many have left as are too many.
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

  /** When so many of the oldest will have left: the time of the last of them. */
  #leavingTime(surplus: number): number | undefined {
    let slot = 0;
    for (let left = surplus; slot < this.#slots.length; slot += width) {
      left -= this.#slots[slot + 1] as number;
      if (left <= 0) break;
    }
    return this.#slots[slot];
  }
}
