/** A clock and timers that move only when a test says so. */
import type { Timers } from '../../src/core/timers';

interface Pending {
  readonly at: number;
  readonly callback: () => void;
}

export class FakeTime {
  now = Date.UTC(2025, 0, 1);
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  readonly clock = (): number => this.now;

  readonly timers: Timers = {
    setTimeout: (callback, delay) => {
      this.#pending.set(++this.#lastId, { at: this.now + delay, callback });
      return this.#lastId;
    },
    clearTimeout: timer => {
      this.#pending.delete(timer as number);
    },
  };

  /** Timers that wait. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Lets this many seconds pass, and calls back what falls into them. */
  advance(seconds: number): void {
    const end = this.now + seconds * 1000;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      const [id, { at, callback }] = next;
      this.#pending.delete(id);
      this.now = at;
      callback();
    }
    this.now = end;
  }

  #nextUntil(end: number): [number, Pending] | undefined {
    return [...this.#pending].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
  }
}

/** Waits, through real turns of the event loop, until what a test expects has happened. */
export async function eventually(hasHappened: () => boolean, milliseconds = 2000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!hasHappened()) {
    if (performance.now() > end) throw new Error(`did not happen: ${hasHappened.toString()}`);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}
