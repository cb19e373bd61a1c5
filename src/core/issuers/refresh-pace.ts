/** When an issuer's keys may still be used, are due for a refresh, and may be asked for again. */
import type { Settings } from '../settings/settings';

type PaceSettings = Pick<
  Settings,
  'jwksRefreshInterval' | 'jwksCacheTtl' | 'jwksCooldown' | 'jwksRetryMin' | 'jwksRetryMax'
>;

/**
 * The times of one issuer. Everything here is in milliseconds, the settings are in seconds. `now` comes from a clock that
 * only runs forward: none of these waits may become longer because the system's clock was set back.
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

  /**
   * A fetch failed: the back-off starts, or doubles.
   *
   * @param asked the seconds for which the issuer asks to be left alone; they count up to `jwksRetryMax`
   */
  failed(now: number, random: () => number, asked = 0): void {
    const wait = Math.max(this.#backOff(random), asked);
    this.#retryAt = now + 1000 * Math.min(wait, this.#settings.jwksRetryMax);
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
    this.#refetchAt = now + this.#cooldown;
    this.#spend(now);
    return true;
  }

  /** The next unknown key may be fetched, whatever was fetched before. */
  endCooldown(): void {
    this.#refetchAt = -Infinity;
  }

  /**
   * May the keys be fetched because a signature failed under a known key? Only with what unknown keys left of the budget of
   * one fetch a cooldown, and only with half of it: a stranger who sends wrong signatures must not delay a new key.
   */
  takeSignatureRefetch(now: number): boolean {
    if (now < Math.max(this.#budgetSpentUntil, this.#signatureRefetchAt, this.#retryAt)) return false;
    this.#signatureRefetchAt = now + 2 * this.#cooldown;
    this.#spend(now);
    return true;
  }

  /** How long to wait for the next background refresh. ± 5 %, so that many servers do not ask at once. */
  untilRefresh(now: number, random: () => number): number {
    return this.isFailing ? this.retryIn(now) : this.#interval * (0.95 + random() / 10);
  }

  get #cooldown(): number {
    return this.#settings.jwksCooldown * 1000;
  }

  // While fetches fail the cooldown does not count, and what is spent then must not add up.
  #spend(now: number): void {
    this.#budgetSpentUntil = Math.min(Math.max(this.#budgetSpentUntil, now) + this.#cooldown, now + 2 * this.#cooldown);
  }

  // In seconds. The jitter keeps many servers from asking at once, also after their first failure. It lengthens the first
  // step and shortens the others: every gap is between the least and the greatest length.
  #backOff(random: () => number): number {
    const { jwksRetryMin: least, jwksRetryMax: most } = this.#settings;
    if (this.#failures === 0) return Math.min(most, least * (1 + random() / 2));
    const step = Math.min(most, least * 2 ** this.#failures);
    return Math.max(least, step * (0.5 + random() / 2));
  }
}
