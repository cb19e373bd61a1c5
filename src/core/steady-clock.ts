/** Time that only runs forward, for everything that waits: setting the system's clock must not make a wait longer. */

/** The default clock of everything that compares with times in tokens: milliseconds since 1970, read at the moment of use. */
export const systemClock = (): number => Date.now();

/**
 * Measures durations by a clock that a test may replace. The system's clock can be set, so `performance.now()` is read
 * in its place. Of any other clock only the steps forward count: where it is set back, time stands still for that step.
 */
export class SteadyClock {
  #clock = systemClock;
  #lastRead = performance.now();
  #elapsed = 0;

  /** @param clockOf returns the clock to go by; read at the moment of use */
  constructor(private readonly clockOf: () => () => number) {}

  /** Whole milliseconds from any start: only differences count, and those of fractions would not be exact. */
  now(): number {
    const clock = this.clockOf();
    if (clock !== this.#clock) this.#switchTo(clock);
    this.#passUntil(clock === systemClock ? performance.now() : clock());
    return Math.floor(this.#elapsed);
  }

  // A test may move its time by replacing one clock with another, so the step between the two counts.
  #switchTo(clock: () => number): void {
    if (this.#clock === systemClock) {
      this.#passUntil(performance.now());
      // Whole milliseconds: one is added, so that a time that has passed has passed.
      this.#lastRead = Date.now() - 1;
    }
    if (clock === systemClock) this.#lastRead = performance.now();
    this.#clock = clock;
  }

  #passUntil(read: number): void {
    this.#elapsed += Math.max(0, read - this.#lastRead);
    this.#lastRead = read;
  }
}
