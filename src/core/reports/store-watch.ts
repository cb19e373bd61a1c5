/**
 * Reports that a shared store stopped working, and that it works again: once each, however many requests are affected.
 */
import { storeChanges, type StoreEvent } from './events';
import type { Logger } from '../settings/logger';

/** A store that may be away in part, such as a cluster. */
export interface PartlyAway {
  readonly isAway?: boolean | undefined;
}

export class StoreWatch {
  #isDown = false;

  /** @param consequence what happens to requests during the outage, for the log */
  constructor(
    private readonly store: StoreEvent['store'],
    private readonly logger: Logger,
    private readonly consequence = 'requests with a token are answered 503',
  ) {}

  /** @param store the store that answered: while another part of it is away, the outage goes on */
  worked(store: PartlyAway): void {
    if (!this.#isDown || store.isAway === true) return;
    this.#isDown = false;
    this.logger.info(`The ${this.store} store works again`);
    storeChanges.publish({ store: this.store, outcome: 'recovered' });
  }

  failed(error: unknown): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.logger.error(`The ${this.store} store cannot be used; until it can, ${this.consequence}`, {
      cause: error instanceof Error ? error.message : typeof error,
    });
    storeChanges.publish({ store: this.store, outcome: 'failed' });
  }
}
