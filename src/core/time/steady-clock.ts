/** Measures time that only runs forward, because setting the system's clock must not make a wait longer. */

/** The default clock for comparisons with the times in tokens: milliseconds since 1970, read at the moment of use. */
export const systemClock = (): number => Date.now();

/**
 * Measures durations by a clock that a test may replace. For the system's clock, which can be set, it reads
 * `performance.now()`. Of any other clock it counts only the steps forward. If that clock is set back, the real time
 * that passed counts.
 */
export class SteadyClock {
  #clock = systemClock;
  #lastRead = 0;
  #lastReal = performance.now();
  #elapsed = 0;

  /** @param clockOf returns the clock to go by; read at the moment of use */
  constructor(private readonly clockOf: () => () => number) {}

  /** Returns whole milliseconds from any start. Only differences matter, and those of fractions would not be exact. */
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
    // Date.now() has whole milliseconds, so one more is subtracted: time that has really passed must always count.
    const from = this.#clock === systemClock ? Date.now() - 1 - passed : this.#lastRead;
    this.#clock = clock;
    this.#lastRead = clock();
    return this.#lastRead < from ? passed : this.#lastRead - from;
  }
}
