/** Time that only runs forward, for everything that waits: setting the system's clock must not make a wait longer. */

/** The default clock of everything that compares with times in tokens: milliseconds since 1970, read at the moment of use. */
export const systemClock = (): number => Date.now();

/**
 * Measures durations by a clock that a test may replace. The system's clock can be set, so `performance.now()` is read
 * in its place. Of any other clock only the steps forward count: where it is set back, the real time that passed does.
 */
export class SteadyClock {
  #clock = systemClock;
  #lastRead = 0;
  #lastReal = performance.now();
  #elapsed = 0;

  /** @param clockOf returns the clock to go by; read at the moment of use */
  constructor(private readonly clockOf: () => () => number) {}

  /** Whole milliseconds from any start: only differences count, and those of fractions would not be exact. */
  now(): number {
    const clock = this.clockOf();
    const real = performance.now();
    const passed = real - this.#lastReal;
    this.#lastReal = real;
    this.#elapsed += clock === systemClock && this.#clock === systemClock ? passed : this.#step(clock, passed);
    return Math.floor(this.#elapsed);
  }

  // A test may move its time by replacing one clock with another, so the step between the two counts.
  #step(clock: () => number, passed: number): number {
    // Whole milliseconds: one is added, so that a time that has passed has passed.
    const from = this.#clock === systemClock ? Date.now() - 1 - passed : this.#lastRead;
    this.#clock = clock;
    this.#lastRead = clock();
    return this.#lastRead < from ? passed : this.#lastRead - from;
  }
}
