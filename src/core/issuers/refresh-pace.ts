/** Decides when an issuer's keys may still be used, are due for a refresh, and may be fetched again. */
import type { Settings } from '../settings/settings';

type PaceSettings = Pick<
  Settings,
  'jwksRefreshInterval' | 'jwksCacheTtl' | 'jwksCooldown' | 'jwksRetryMin' | 'jwksRetryMax'
>;

/**
 * Keeps the times of one issuer. All times here are in milliseconds; the settings are in seconds. `now` comes from a
 * clock that only runs forward, because a system clock that is set back must not make a wait longer.
 */
export class RefreshPace {
  readonly #settings: PaceSettings;
  readonly #longestUse: number;
  #loadedAt: number | undefined;
  #interval: number;
  #failures = 0;
  #retryAt = -Infinity;
  #refetchAt = -Infinity;
  #signatureRefetchAt = -Infinity;
  #budgetSpentUntil = -Infinity;

  constructor(settings: PaceSettings) {
    this.#settings = settings;
    this.#longestUse = settings.jwksCacheTtl * 1000;
    this.#interval = settings.jwksRefreshInterval * 1000;
  }

  /** Tells whether the last fetch failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Records that the keys were fetched or confirmed. The next refresh is due after `interval`. */
  succeeded(now: number, interval: number): void {
    this.#loadedAt = now;
    this.#interval = interval;
    this.#failures = 0;
    this.#retryAt = -Infinity;
  }

  /**
   * Records that a fetch failed: starts the back-off, or doubles it.
   *
   * @param asked seconds that the issuer asks to wait; at most `jwksRetryMax` of them count
   */
  failed(now: number, random: () => number, asked = 0): void {
    const wait = Math.max(this.#backOff(random), asked);
    this.#retryAt = now + 1000 * Math.min(wait, this.#settings.jwksRetryMax);
    this.#failures++;
  }

  /** Tells whether the keys may be used, fresh or not. */
  isUsable(now: number): boolean {
    return this.#loadedAt !== undefined && now - this.#loadedAt < this.#longestUse;
  }

  /** Tells whether the keys are older than the refresh interval. */
  isStale(now: number): boolean {
    return this.#loadedAt === undefined || now - this.#loadedAt >= this.#interval;
  }

  /** Returns how long the back-off still lasts. */
  retryIn(now: number): number {
    return Math.max(0, this.#retryAt - now);
  }

  /**
   * Tells whether the keys may be fetched for a key that is not in the set; if so, starts the cooldown. After a failure
   * the cooldown is ignored, because the back-off decides (see `retryIn`).
   */
  takeRefetch(now: number): boolean {
    if (!this.isFailing && now < this.#refetchAt) return false;
    this.#refetchAt = now + this.#cooldown;
    this.#spend(now);
    return true;
  }

  /** Ends the cooldown, so that the next unknown key may cause a fetch at once. */
  endCooldown(): void {
    this.#refetchAt = -Infinity;
  }

  /**
   * Tells whether the keys may be fetched because a signature failed under a known key. The budget is one fetch per
   * cooldown. Unknown keys come first, and failed signatures may use at most half of the budget: an attacker who sends
   * wrong signatures must not delay a new key.
   */
  takeSignatureRefetch(now: number): boolean {
    if (now < Math.max(this.#budgetSpentUntil, this.#signatureRefetchAt, this.#retryAt)) return false;
    this.#signatureRefetchAt = now + 2 * this.#cooldown;
    this.#spend(now);
    return true;
  }

  /**
   * Returns how long to wait for the next background refresh. The jitter of ± 5 % keeps many servers from fetching at
   * once.
   */
  untilRefresh(now: number, random: () => number): number {
    return this.isFailing ? this.retryIn(now) : this.#interval * (0.95 + random() / 10);
  }

  get #cooldown(): number {
    return this.#settings.jwksCooldown * 1000;
  }

  // Caps the budget that is spent, because the cooldown is ignored while fetches fail.
  #spend(now: number): void {
    this.#budgetSpentUntil = Math.min(Math.max(this.#budgetSpentUntil, now) + this.#cooldown, now + 2 * this.#cooldown);
  }

  // Returns seconds. The jitter keeps many servers from fetching at once, even after their first failure. It lengthens
  // the first step and shortens the others, so that every wait stays between jwksRetryMin and jwksRetryMax.
  #backOff(random: () => number): number {
    const { jwksRetryMin: least, jwksRetryMax: most } = this.#settings;
    if (this.#failures === 0) return Math.min(most, least * (1 + random() / 2));
    const step = Math.min(most, least * 2 ** this.#failures);
    return Math.max(least, step * (0.5 + random() / 2));
  }
}
