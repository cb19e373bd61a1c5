/** Reports of something that strangers can cause as often as they like: one a minute, with a count. */
import { startTimer, type Timers } from '../time/timers';

const minute = 60_000;

/**
 * Reports the first occurrence at once, and those of the minutes after it once a minute. It keeps one timer, and of all
 * occurrences only their number and the last one's data. A timer needs no clock, so a clock that is set back delays no
 * report.
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
