/** Logs what is wrong with the key set of an issuer. */
import type { Logger } from '../settings/logger';
import type { KeySet } from './key-set';

/** Logs the problems of a key set, and logs them again only if they are others. */
export class KeySetReport {
  #told: string | undefined;

  constructor(
    private readonly issuer: string,
    private readonly logger: Logger,
  ) {}

  tell({ keys, problems }: KeySet): void {
    const summary = JSON.stringify([keys.length === 0, problems]);
    if (summary === this.#told) return;
    this.#told = summary;
    const { issuer, logger } = this;
    if (problems.length > 0) logger.warn("Keys of the issuer's JWK Set are not used", { issuer, problems });
    if (keys.length === 0) logger.error("The issuer's JWK Set has no usable key", { issuer });
  }
}
