/** The test kit's clock, as these tests read it. */
import { TestClock } from 'axioms-routing-controllers/testing';

export class FakeTime {
  readonly #clock = new TestClock();
  readonly clock = this.#clock.now;
  readonly timers = this.#clock.timers;

  get now(): number {
    return this.#clock.now();
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#clock.waiting;
  }

  /** Lets this many seconds pass, and calls back what falls into them. */
  advance(seconds: number): void {
    this.#clock.advance(seconds);
  }
}

/** Waits, through real turns of the event loop, until what a test expects has happened. */
export async function eventually(hasHappened: () => boolean, milliseconds = 15_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!hasHappened()) {
    if (performance.now() > end) throw new Error(`did not happen: ${hasHappened.toString()}`);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}
