/**
 * Finds the key that verifies a token. Caches the issuers' keys, refreshes them and keeps them usable during an outage
 * of the issuer.
 */
import { InvalidToken } from '../http/exceptions';
import { IssuerKeys } from './issuer-keys';
import type { IssuerStatus, Surroundings } from './issuer-status';
import type { KeyName, VerificationKey } from './key-set';
import type { Settings } from '../settings/settings';
import { issuersByKeys, keyPlace, keySettings } from '../settings/shared-key-urls';
import type { Soon } from '../time/soon';
import { SteadyClock, systemClock } from '../time/steady-clock';
import { globalTimers, type Timers } from '../time/timers';
import { issuerSettings, nameOf } from '../settings/trusted-issuers';

export type { IssuerStatus } from './issuer-status';
export type { VerificationKey } from './key-set';

/**
 * Manages the keys of the trusted issuers.
 *
 * - Each issuer has its own key set, except that issuers with the same `jwksUrl` share one.
 * - A key set is fetched once at a time, however many requests wait for it.
 * - A known key never waits for the network. An unknown key causes at most one fetch per `jwksCooldown`.
 * - While an issuer cannot be reached, its last good keys are used for up to `jwksCacheTtl` seconds.
 *
 * @example
 * const manager = new JwksManager(settings);
 * await manager.start();
 * const { keyObject } = await manager.getKey({ alg: 'RS256', kid: 'k1' });
 * manager.close();
 */
export class JwksManager implements Surroundings {
  /** The function that fetches documents; default: `globalThis.fetch`, read at the moment of use. */
  fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request);
  /** Milliseconds since 1970, for times that are shown; default: `Date.now()`. */
  clock: () => number = systemClock;
  /**
   * Milliseconds from any start, for everything that waits: the age of keys, cooldowns, back-offs. It must only run
   * forward. Default: `performance.now()`; if `clock` was replaced, that clock's steps forward.
   */
  monotonic: () => number = () => this.#steady.now();
  /** The timers of refreshes and timeouts; default: the global timers. No timer keeps the process alive. */
  timers: Timers = globalTimers;
  /** Returns a number from 0 to 1, 1 not included, for the jitter; default: `Math.random()`. */
  random: () => number = () => Math.random();

  readonly #steady = new SteadyClock(() => this.clock);
  readonly #keySets: readonly IssuerKeys[];
  readonly #byIssuer: ReadonlyMap<string, IssuerKeys>;
  #started: Promise<unknown> | undefined;

  constructor(settings: Settings) {
    const issuers = issuerSettings(settings);
    const byPlace = new Map(
      [...issuersByKeys(issuers)].map(([place, sharing]) => [place, new IssuerKeys(keySettings(sharing), this)]),
    );
    this.#keySets = [...byPlace.values()];
    this.#byIssuer = new Map(issuers.map(one => [nameOf(one), byPlace.get(keyPlace(one)) as IssuerKeys]));
  }

  /**
   * Starts the background refresh. With the setting `jwksPrefetch` it fetches the keys of all issuers at once and waits
   * for them. A failed fetch is logged and repeated after the back-off; it rejects nothing. Further calls do nothing.
   */
  async start(): Promise<void> {
    await (this.#started ??= Promise.all(this.#keySets.map(one => one.start())));
  }

  /**
   * Aborts the fetch in flight and stops every timer. From then on `getKey` and `refresh` throw `ServiceUnavailable`.
   */
  close(): void {
    for (const one of this.#keySets) one.close();
  }

  /**
   * Fetches the keys of all issuers now, regardless of cooldown and back-off. Joins a fetch that is in flight.
   *
   * @throws ServiceUnavailable if the fetch fails for an issuer, after all have been tried. The reason is its `cause`
   * and is in the log. The last good keys stay.
   */
  async refresh(): Promise<void> {
    const attempts = await Promise.allSettled(this.#keySets.map(one => one.refresh()));
    for (const attempt of attempts) if (attempt.status === 'rejected') throw attempt.reason;
  }

  /**
   * Returns the key that a token's header names.
   *
   * @param issuer the issuer, as the settings spell it; it may be left out if only one issuer is trusted
   * @throws InvalidToken if the issuer is not trusted, or if it has no such key as far as is known while the cooldown
   * allows no fetch.
   * @throws ServiceUnavailable if the keys cannot be fetched at the moment; `retryAfter` is the rest of the back-off in
   * seconds.
   * @example
   * const { keyObject } = await manager.getKey({ alg: 'ES256', kid: '2025-01' });
   */
  async getKey(header: KeyName, issuer?: string): Promise<VerificationKey> {
    return this.getKeySoon(header, issuer);
  }

  /** Does what `getKey` does, but returns a known key without a promise. */
  getKeySoon(header: KeyName, issuer?: string): Soon<VerificationKey> {
    return this.keysOf(issuer).getKey(header);
  }

  /**
   * Returns the keys of one issuer, for callers that use them repeatedly.
   *
   * @throws InvalidToken if the issuer is not trusted.
   */
  keysOf(issuer?: string): IssuerKeys {
    const keys = this.#trusted(issuer);
    if (keys !== undefined) return keys;
    throw new InvalidToken('The access token is from another issuer', { reason: 'token_issuer' });
  }

  /**
   * Tells whether `getKey` would still return this object. Never waits, so it can run on every request. Like `getKey`
   * it starts the background refresh if that is due.
   */
  isCurrent(key: VerificationKey, issuer?: string): boolean {
    return this.#trusted(issuer)?.isCurrent(key) ?? false;
  }

  /**
   * Starts the fetches that are due, and waits for none of them. A health check uses it to get the keys of an API
   * without traffic.
   */
  refreshIfStale(): void {
    for (const one of this.#keySets) one.refreshIfStale();
  }

  /** Returns the state of each issuer's keys as plain data, for health checks. */
  status(): IssuerStatus[] {
    return [...this.#byIssuer].map(([issuer, keys]) => ({ ...keys.status(), issuer }));
  }

  // With several issuers the issuer must be named: choosing one would be a guess.
  #trusted(issuer: string | undefined): IssuerKeys | undefined {
    if (issuer !== undefined) return this.#byIssuer.get(issuer);
    return this.#byIssuer.size === 1 ? this.#keySets[0] : undefined;
  }
}
