/** Removes expired rows from the store from time to time, in the background. */
import type { Logger } from '../../core/settings/logger';
import { SteadyClock } from '../../core/time/steady-clock';
import type { MicroserviceStore } from './store';

/** Milliseconds between two sweeps. */
const pause = 600_000;

export class Sweep {
  #last = -Infinity;
  readonly #steady = new SteadyClock(() => this.clock);
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Pick<MicroserviceStore, 'removeExpired'>,
    private readonly logger: Logger,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {}

  /** Starts a sweep in the background if one is due. */
  whenDue(): void {
    const now = this.#steady.now();
    if (now - this.#last < pause) return;
    this.#last = now;
    this.#running = this.sweep(Math.floor(this.clock()));
  }

  /** Resolves when no sweep is running. */
  async end(): Promise<void> {
    await this.#running;
  }

  private async sweep(now: number): Promise<void> {
    try {
      const removed = await this.store.removeExpired(now);
      this.logger.debug('Expired sessions were removed', { removed });
    } catch {
      // The store logs its own failures. The next sweep removes the rest.
    }
  }
}
