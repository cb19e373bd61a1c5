/** Which key verifies a token: the issuer's keys, kept, refreshed and served through its outages. */
import { InvalidToken } from '../http/exceptions';
import { IssuerKeys, type IssuerStatus, type Surroundings } from './issuer-keys';
import type { KeyName, VerificationKey } from './key-set';
import type { Settings } from '../settings/settings';
import { issuersByKeys, keyPlace, keySettings } from '../settings/shared-key-urls';
import type { Soon } from '../time/soon';
import { SteadyClock, systemClock } from '../time/steady-clock';
import { globalTimers, type Timers } from '../time/timers';
import { issuerSettings, nameOf } from '../settings/trusted-issuers';

export type { IssuerStatus } from './issuer-keys';
export type { VerificationKey } from './key-set';

/**
 * The keys of the trusted issuers, each for itself; those that name the same `jwksUrl` share one set. One fetch at a time,
 * however many wait; a key that is known never waits for the network; an unknown one causes at most one fetch a
 * `jwksCooldown`; while the issuer is down the last good keys serve until `jwksCacheTtl`.
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
  /** Milliseconds since 1970, for times that are shown; default: `Date.now()`. */
  clock: () => number = systemClock;
  /**
   * Milliseconds from any start, for everything that waits: the age of keys, cooldowns, back-offs. It must only run
   * forward. Default: `performance.now()`; if `clock` was replaced, that clock's steps forward.
   */
  monotonic: () => number = () => this.#steady.now();
  /** What refreshes and timeouts wait with; default: the global timers. No timer keeps the process alive. */
  timers: Timers = globalTimers;
  /** From 0 up to, and without, 1: for the jitter; default: `Math.random()`. */
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
   * Fetches the keys (where the setting `jwksPrefetch` says so), of all issuers at once, and starts the background
   * refresh. Once is enough; a failed fetch is logged, tried again after the back-off, and rejects nothing.
   */
  async start(): Promise<void> {
    await (this.#started ??= Promise.all(this.#keySets.map(one => one.start())));
  }

  /** Gives up the fetch in flight and every timer. From here on `getKey` and `refresh` throw `ServiceUnavailable`. */
  close(): void {
    for (const one of this.#keySets) one.close();
  }

  /**
   * Fetches the keys of all issuers now, whatever cooldown or back-off say; joins a fetch that is in flight.
   *
   * @throws ServiceUnavailable where that fails for one of them, once all have been tried; the reason is its `cause` and
   * in the log. The last good keys stay.
   */
  async refresh(): Promise<void> {
    const attempts = await Promise.allSettled(this.#keySets.map(one => one.refresh()));
    for (const attempt of attempts) if (attempt.status === 'rejected') throw attempt.reason;
  }

  /**
   * The key that a token's header names.
   *
   * @param issuer whose key, as the settings spell it; may be left out where only one issuer is trusted
   * @throws InvalidToken where the issuer is not trusted or has no such key, as far as is known and may be asked.
   * @throws ServiceUnavailable where that cannot be known at the moment; `retryAfter` is the rest of the back-off in seconds.
   * @example
   * const { keyObject } = await manager.getKey({ alg: 'ES256', kid: '2025-01' });
   */
  async getKey(header: KeyName, issuer?: string): Promise<VerificationKey> {
    return this.getKeySoon(header, issuer);
  }

  /** `getKey`, at once where the key is known. */
  getKeySoon(header: KeyName, issuer?: string): Soon<VerificationKey> {
    return this.keysOf(issuer).getKey(header);
  }

  /**
   * The keys of one issuer, for who asks about them again and again.
   *
   * @throws InvalidToken where the issuer is not trusted.
   */
  keysOf(issuer?: string): IssuerKeys {
    const keys = this.#trusted(issuer);
    if (keys !== undefined) return keys;
    throw new InvalidToken('The access token is from another issuer', { reason: 'token_issuer' });
  }

  /**
   * Would `getKey` still give out this very object? Answers at once, so that it can be asked for each request; like
   * `getKey` it sets off the background refresh where that is due.
   */
  isCurrent(key: VerificationKey, issuer?: string): boolean {
    return this.#trusted(issuer)?.isCurrent(key) ?? false;
  }

  /** Sets off the fetches that are due, and waits for none: with it an API that nobody has asked anything gets its keys. */
  refreshIfStale(): void {
    for (const one of this.#keySets) one.refreshIfStale();
  }

  /** What is known about each issuer's keys; plain data, for health checks. */
  status(): IssuerStatus[] {
    return [...this.#byIssuer].map(([issuer, keys]) => ({ ...keys.status(), issuer }));
  }

  // Which of several was meant must not be guessed.
  #trusted(issuer: string | undefined): IssuerKeys | undefined {
    if (issuer !== undefined) return this.#byIssuer.get(issuer);
    return this.#byIssuer.size === 1 ? this.#keySets[0] : undefined;
  }
}
