/** When an issuer's keys may still be used, are due for a refresh, and may be asked for again. */
import type { Settings } from './settings';

type PaceSettings = Pick<
  Settings,
  'jwksRefreshInterval' | 'jwksCacheTtl' | 'jwksCooldown' | 'jwksRetryMin' | 'jwksRetryMax'
>;

/** The times of one issuer. Everything here is in milliseconds; the settings are in seconds. */
export class RefreshPace {
  readonly #settings: PaceSettings;
  readonly #longestUse: number;
  #loadedAt: number | undefined;
  #interval: number;
  #failures = 0;
  #retryAt = -Infinity;
  #refetchAt = -Infinity;

  constructor(settings: PaceSettings) {
    this.#settings = settings;
    this.#longestUse = settings.jwksCacheTtl * 1000;
    this.#interval = settings.jwksRefreshInterval * 1000;
  }

  /** When the keys were fetched or confirmed last. */
  get loadedAt(): number | undefined {
    return this.#loadedAt;
  }

  /** Did the last fetch fail? */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** The keys were fetched or confirmed; they are due again after `interval`. */
  succeeded(now: number, interval: number): void {
    this.#loadedAt = now;
    this.#interval = interval;
    this.#failures = 0;
    this.#retryAt = -Infinity;
  }

  /** A fetch failed: the back-off starts, or doubles. */
  failed(now: number, random: () => number): void {
    this.#retryAt = now + this.#backOff(random);
    this.#failures++;
  }

  /** May the keys be used, fresh or not? */
  isUsable(now: number): boolean {
    return this.#loadedAt !== undefined && now - this.#loadedAt < this.#longestUse;
  }

  /** Are the keys older than the refresh interval? */
  isStale(now: number): boolean {
    return this.#loadedAt === undefined || now - this.#loadedAt >= this.#interval;
  }

  /** How long the back-off still lasts. */
  retryIn(now: number): number {
    return Math.max(0, this.#retryAt - now);
  }

  /**
   * May the keys be fetched for a key that is not among them? Where they may, the cooldown starts. After a failure it
   * does not count: the back-off alone, see `retryIn`, decides.
   */
  takeRefetch(now: number): boolean {
    if (!this.isFailing && now < this.#refetchAt) return false;
    this.#refetchAt = now + this.#settings.jwksCooldown * 1000;
    return true;
  }

  /** How long to wait for the next background refresh. ± 5 %, so that many servers do not ask at once. */
  untilRefresh(now: number, random: () => number): number {
    return this.isFailing ? this.retryIn(now) : this.#interval * (0.95 + random() / 10);
  }

  // The jitter only shortens, and never below the first step: the gaps keep their least and their greatest length.
  #backOff(random: () => number): number {
    const { jwksRetryMin: least, jwksRetryMax: most } = this.#settings;
    const step = Math.min(most, least * 2 ** this.#failures);
    return 1000 * Math.max(least, step * (0.5 + random() / 2));
  }
}
