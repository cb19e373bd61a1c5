/** Limits reports of events that an attacker can cause as often as they like: one a minute, with a count. */
import { startTimer, type Timers } from '../time/timers';

const minute = 60_000;

/**
 * Reports the first occurrence immediately, and later ones together once a minute. It keeps one timer, the number of
 * occurrences, and the data of the last one. A timer needs no clock, so setting the clock back delays no report.
 */
export class CountedReport<Data> {
  #count = 0;
  #last: Data | undefined;
  #isWaiting = false;

  /**
   * @param timers read at the moment of use
   * @param report receives the number of occurrences since the last report, and the data of the last of them
   */
  constructor(
    private readonly timers: () => Timers,
    private readonly report: (count: number, last: Data) => void,
  ) {}

  add(data: Data): void {
    this.#count++;
    this.#last = data;
    if (!this.#isWaiting) this.#tell();
  }

  #tell(): void {
    this.#isWaiting = this.#count > 0;
    if (!this.#isWaiting) return;
    const [count, last] = [this.#count, this.#last as Data];
    this.#count = 0;
    startTimer(
      this.timers(),
      () => {
        this.#tell();
      },
      minute,
    );
    this.report(count, last);
  }
}
