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

interface Slot {
  time: number;
  count: number;
}

export class RequestLog {
  /** Oldest first. */
  readonly #slots: Slot[] = [];
  #count = 0;

  /** @param now milliseconds */
  hit(rate: Rate, now: number): Hit {
    this.#forget(now - rate.seconds * 1000);
    const isAllowed = this.#count < rate.amount;
    if (isAllowed) this.#record(grainOf(rate), now);
    return { isAllowed, remaining: Math.max(0, rate.amount - this.#count), reset: this.#reset(rate, now, isAllowed) };
  }

  #forget(until: number): void {
    for (let oldest = this.#slots[0]; oldest !== undefined && oldest.time <= until; oldest = this.#slots[0]) {
      this.#count -= oldest.count;
      this.#slots.shift();
    }
  }

  #record(grain: number, now: number): void {
    const last = this.#slots.at(-1);
    this.#count += 1;
    if (last === undefined || Math.floor(last.time / grain) !== Math.floor(now / grain))
      this.#slots.push({ time: now, count: 1 });
    else {
      last.time = now;
      last.count += 1;
    }
  }

  // More are let through once one leaves; after a refusal, once as many have left as are too many.
  #reset({ amount, seconds }: Rate, now: number, isAllowed: boolean): number {
    let surplus = isAllowed ? 1 : this.#count - amount + 1;
    const leaving = this.#slots.find(({ count }) => (surplus -= count) <= 0);
    return leaving === undefined ? seconds : leaving.time / 1000 + seconds - now / 1000;
  }
}
