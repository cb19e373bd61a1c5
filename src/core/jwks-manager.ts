/** Which key verifies a token: the issuer's keys, kept, refreshed and served through its outages. */
import { IssuerKeys, type IssuerStatus, type Surroundings } from './issuer-keys';
import type { KeyName, VerificationKey } from './key-set';
import type { Settings } from './settings';
import { globalTimers, type Timers } from './timers';

export type { IssuerStatus } from './issuer-keys';
export type { VerificationKey } from './key-set';

/**
 * The keys of the trusted issuer. One fetch at a time, however many wait; a key that is known never waits for the
 * network; an unknown one causes at most one fetch a `jwksCooldown`; while the issuer is down the last good keys serve
 * until `jwksCacheTtl`.
 *
 * @example
 * const manager = new JwksManager(settings);
 * await manager.start();
 * const { keyObject } = await manager.getKey({ alg: 'RS256', kid: 'k1' });
 * manager.close();
 */
export class JwksManager implements Surroundings {
  /** How documents are fetched; default: `globalThis.fetch`, read at the moment of use. */
  fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request);
  /** Milliseconds since 1970; default: `Date.now()`. */
  clock: () => number = () => Date.now();
  /** What refreshes and timeouts wait with; default: the global timers. No timer keeps the process alive. */
  timers: Timers = globalTimers;
  /** From 0 up to, and without, 1: for the jitter; default: `Math.random()`. */
  random: () => number = () => Math.random();

  readonly #issuer: IssuerKeys;
  #started: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#issuer = new IssuerKeys(settings, this);
  }

  /**
   * Fetches the keys (where the setting `jwksPrefetch` says so) and starts the background refresh. Once is enough;
   * a failed fetch is logged, tried again after the back-off, and rejects nothing.
   */
  start(): Promise<void> {
    return (this.#started ??= this.#issuer.start());
  }

  /** Gives up the fetch in flight and every timer. From here on `getKey` and `refresh` throw `ServiceUnavailable`. */
  close(): void {
    this.#issuer.close();
  }

  /**
   * Fetches the keys now, whatever cooldown or back-off say; joins a fetch that is in flight.
   *
   * @throws ServiceUnavailable where that fails; the reason is its `cause` and in the log. The last good keys stay.
   */
  refresh(): Promise<void> {
    return this.#issuer.refresh();
  }

  /**
   * The key that a token's header names.
   *
   * @throws InvalidToken where the issuer has no such key, as far as is known and may be asked.
   * @throws ServiceUnavailable where that cannot be known at the moment; `retryAfter` is the rest of the back-off in seconds.
   * @example
   * const { keyObject } = await manager.getKey({ alg: 'ES256', kid: '2025-01' });
   */
  getKey(header: KeyName): Promise<VerificationKey> {
    return this.#issuer.getKey(header);
  }

  /**
   * Would `getKey` still give out this very object? Answers at once, so that it can be asked for each request; like
   * `getKey` it sets off the background refresh where that is due.
   */
  isCurrent(key: VerificationKey): boolean {
    return this.#issuer.isCurrent(key);
  }

  /** Sets off the fetches that are due, and waits for none: with it an API that nobody has asked anything gets its keys. */
  refreshIfStale(): void {
    this.#issuer.refreshIfStale();
  }

  /** What is known about each issuer's keys; plain data, for health checks. */
  status(): IssuerStatus[] {
    return [this.#issuer.status()];
  }
}
