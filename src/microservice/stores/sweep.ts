/** Removes expired rows from the store from time to time, in the background. */
import type { Logger } from '../../core/settings/logger';
import { SteadyClock } from '../../core/time/steady-clock';
import type { MicroserviceStore } from './store';

/** Milliseconds between two sweeps. */
const pause = 600_000;

/** Milliseconds for which expired rows are kept where only the clock of this process tells the time: it may be wrong. */
const day = 86_400_000;

export class Sweep {
  #last = -Infinity;
  readonly #steady = new SteadyClock(() => this.clock);
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Pick<MicroserviceStore, 'removeExpired' | 'now'>,
    private readonly logger: Logger,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {}

  /** Starts a sweep in the background if one is due. */
  whenDue(): void {
    const now = this.#steady.now();
    if (now - this.#last < pause) return;
    this.#last = now;
    this.#running = this.sweep();
  }

  /** Resolves when no sweep is running. */
  async end(): Promise<void> {
    await this.#running;
  }

  private async sweep(): Promise<void> {
    try {
      const now = this.store.now === undefined ? this.clock() - day : await this.store.now();
      const removed = await this.store.removeExpired(Math.floor(now));
      this.logger.debug('Expired sessions were removed', { removed });
    } catch {
      // The store logs its own failures. The next sweep removes the rest.
    }
  }
}
