/** Keeps the keys of one issuer: decides when to fetch them, which answers to accept, and which requests must wait. */
import {
  fetchJson,
  FetchFailure,
  keySetTypes,
  orAborted,
  type FailureKind,
  type JsonAnswer,
  type JsonRequest,
} from '../http/bounded-fetch';
import { Deadline } from '../time/deadline';
import { Discovery } from './discovery';
import { keyRefreshes, type JwksEvent } from '../reports/events';
import type { IssuerStatus, Surroundings } from './issuer-status';
import { KeySetReport } from './key-set-report';
import { InvalidToken, ServiceUnavailable } from '../http/exceptions';
import { readKeys } from './fetched-keys';
import { refreshAfter } from '../http/freshness';
import { KeySet, type KeyName, type VerificationKey } from './key-set';
import { localHeaders, localKeys, withdrawalCount, withoutWithdrawn } from './local-issuers';
import { RefreshPace } from './refresh-pace';
import type { Settings } from '../settings/settings';
import type { Soon } from '../time/soon';
import { startTimer } from '../time/timers';
import { nameOf } from '../settings/trusted-issuers';

interface Version {
  readonly url: string;
  readonly etag: string | undefined;
}

/** At most one discovery per so many cooldowns, however many unknown keys an attacker names. */
const cooldownsPerDiscovery = 10;

/** Holds the keys of one issuer. See {@link JwksManager} for what its methods promise. */
export class IssuerKeys {
  /** The name of the issuer. If several issuers share these keys, the name of the first. */
  readonly issuer: string;
  readonly #settings: Settings;
  readonly #surroundings: Surroundings;
  readonly #discovery: Discovery;
  readonly #pace: RefreshPace;
  readonly #closing = new AbortController();
  #keySet = KeySet.empty;
  #seenWithdrawals = withdrawalCount();
  #version: Version | undefined;
  #inFlight: Promise<void> | undefined;
  #failure: FetchFailure | undefined;
  #lastSuccess: number | null = null;
  #isStarted = false;
  #isClosed = false;
  #timer: unknown;
  #refreshAt: number | undefined;
  #fetchCount = 0;
  readonly #report: KeySetReport;

  constructor(settings: Settings, surroundings: Surroundings) {
    const { jwksUrl, allowInsecureUrls, logger } = settings;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.issuer = nameOf(settings);
    this.#discovery = new Discovery({ issuer: this.issuer, jwksUrl, allowInsecureUrls, logger });
    this.#pace = new RefreshPace(settings);
    this.#report = new KeySetReport(this.issuer, settings.logger);
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#schedule();
    if (this.#settings.jwksPrefetch) await this.#refreshQuietly();
  }

  close(): void {
    this.#isClosed = true;
    this.#closing.abort(new FetchFailure('closed', this.issuer, 'the server is closing'));
    this.#surroundings.timers.clearTimeout(this.#timer);
    this.#refreshAt = undefined;
  }

  async refresh(): Promise<void> {
    try {
      await this.#fetchOnce();
    } catch {
      throw this.#unavailable();
    }
  }

  getKey(name: KeyName): Soon<VerificationKey> {
    return this.#find(name) ?? this.#findAnew(name);
  }

  /**
   * Returns the key that replaced `failed` under this name, or `undefined` if there is none. Call it after a signature
   * failed under `failed`. It fetches the keys if the budget allows it.
   */
  getNewerKey(name: KeyName, failed: VerificationKey): Soon<VerificationKey | undefined> {
    const mayFetch = this.#inFlight !== undefined || this.#pace.takeSignatureRefetch(this.#now);
    return mayFetch ? this.#findNewer(name, failed) : undefined;
  }

  // Runs on every request. With a thousand issuers in turn its data is seldom in the processor's cache, so it reads
  // little.
  isCurrent(key: VerificationKey): boolean {
    const now = this.#now;
    if (this.#isClosed || !this.#pace.isUsable(now) || !this.#keys.has(key)) return false;
    if (this.#pace.isStale(now)) this.refreshIfStale();
    return true;
  }

  refreshIfStale(): void {
    const now = this.#now;
    if (!this.#pace.isStale(now)) return;
    const isWaiting = this.#inFlight !== undefined || this.#pace.retryIn(now) > 0;
    if (!isWaiting) void this.#refreshQuietly();
  }

  status(): IssuerStatus {
    return {
      issuer: this.issuer,
      jwksUrl: this.#discovery.jwksUrl ?? null,
      keys: this.#keys.keys.map(({ kid, alg }) => ({ kid, alg: alg ?? null })),
      lastSuccess: this.#lastSuccess,
      lastError: this.#failure?.message ?? null,
      nextRefresh: this.#nextRefresh,
      stale: this.#pace.isStale(this.#now),
      usable: this.#isUsable && this.#keys.keys.length > 0,
      fetchCount: this.#fetchCount,
    };
  }

  get #now(): number {
    return this.#surroundings.monotonic();
  }

  get #nextRefresh(): number | null {
    if (this.#refreshAt === undefined) return null;
    return Math.round(this.#surroundings.clock() + this.#refreshAt - this.#now);
  }

  get #keys(): KeySet {
    if (this.#seenWithdrawals !== withdrawalCount()) this.#dropWithdrawn();
    return this.#keySet;
  }

  get #isUsable(): boolean {
    return !this.#isClosed && this.#pace.isUsable(this.#now);
  }

  // A known key never waits for the network, however old it is.
  #find(name: KeyName): VerificationKey | undefined {
    const key = this.#isUsable ? this.#keys.find(name) : undefined;
    if (key !== undefined) this.refreshIfStale();
    return key;
  }

  async #findAnew(name: KeyName): Promise<VerificationKey> {
    if (this.#mayFetch()) await (this.#isUsable ? this.#refetch() : this.refresh());
    const key = this.#keys.find(name);
    if (key === undefined)
      throw new InvalidToken('The access token is signed with an unknown key', { reason: 'token_key' });
    return key;
  }

  async #findNewer(name: KeyName, failed: VerificationKey): Promise<VerificationKey | undefined> {
    // Ignores a failed fetch, which is logged already. The key is known, so the wrong signature is refused; a 503 would
    // ask the client to try again.
    await this.#refetch().catch(() => undefined);
    const key = this.#isUsable ? this.#keys.find(name) : undefined;
    return key === failed ? undefined : key;
  }

  // Unknown kids are not stored, because an attacker could fill the memory with them. One cooldown covers all of them.
  #mayFetch(): boolean {
    if (this.#inFlight !== undefined) return true;
    if (this.#pace.retryIn(this.#now) > 0) throw this.#unavailable();
    // The first load does not start the cooldown: a key that was published just after it must still be found.
    return !this.#isUsable || this.#pace.takeRefetch(this.#now);
  }

  // A failure is logged already, and no request waits for this refresh.
  async #refreshQuietly(): Promise<void> {
    await this.#fetchOnce().catch(() => undefined);
  }

  // Fetches the keys for a token that the known keys do not verify.
  async #refetch(): Promise<void> {
    try {
      await this.#fetchOnce(() => this.#attemptAlsoElsewhere());
    } catch {
      throw this.#unavailable();
    }
  }

  #fetchOnce(attempt = () => this.#attempt()): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closing.signal.reason as FetchFailure);
    this.#inFlight ??= attempt().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  // An issuer that moved its keys may still serve the old set at the old URL. If a fetch brings no new key, the
  // discovery is repeated.
  async #attemptAlsoElsewhere(): Promise<void> {
    const previous = this.#keySet;
    await this.#attempt();
    const pause = cooldownsPerDiscovery * this.#settings.jwksCooldown * 1000;
    if (this.#keySet.hasMoreThan(previous) || !this.#discovery.mayHaveMoved(this.#now, pause)) return;
    const url = this.#discovery.jwksUrl;
    if ((await this.#rediscover()) !== url) await this.#attempt();
  }

  async #attempt(): Promise<void> {
    const deadline = this.#deadline(this.#settings.jwksTimeout, this.#closing.signal);
    const tell = keyRefreshes.hasSubscribers ? this.#teller() : undefined;
    try {
      const outcome = await this.#download(deadline.signal);
      tell?.(outcome);
    } catch (error) {
      const failure = error instanceof FetchFailure ? error : new FetchFailure('network', this.issuer, String(error));
      this.#fail(failure);
      tell?.('failed', failure.kind);
      throw failure;
    } finally {
      deadline.end();
      this.#schedule();
    }
  }

  #deadline(seconds: number, outer: AbortSignal): Deadline {
    return new Deadline(seconds, this.#surroundings.timers, outer);
  }

  #teller(): (outcome: JwksEvent['outcome'], failure?: FailureKind) => void {
    const start = this.#now;
    return (outcome, failure) => {
      const keys = this.#keySet.keys.length;
      keyRefreshes.publish({ issuer: this.issuer, outcome, failure, keys, duration: this.#now - start });
    };
  }

  async #download(signal: AbortSignal): Promise<'refreshed' | 'unchanged'> {
    const local = this.#settings.jwksUrl === undefined ? localKeys(this.issuer) : undefined;
    if (local !== undefined) return this.#takeOver(local, signal);
    const url = await this.#locate(signal);
    const etag = this.#version?.url === url ? this.#version.etag : undefined;
    this.#fetchCount++;
    const answer = await this.#fetch(url, signal, { accept: keySetTypes, etag });
    if (!answer.isUnchanged) this.#replaceKeys(answer.document, url);
    this.#version = { url, etag: answer.headers.get('etag') ?? (answer.isUnchanged ? etag : undefined) };
    this.#succeed(answer.headers);
    return answer.isUnchanged ? 'unchanged' : 'refreshed';
  }

  // Takes the keys of an issuer in this process: without HTTP, and otherwise by the same rules.
  async #takeOver(keySet: Promise<unknown>, signal: AbortSignal): Promise<'refreshed'> {
    this.#fetchCount++;
    this.#replaceKeys(await orAborted(keySet, signal), this.issuer);
    this.#version = undefined;
    this.#succeed(localHeaders);
    return 'refreshed';
  }

  async #rediscover(): Promise<string> {
    const deadline = this.#deadline(this.#settings.jwksTimeout, this.#closing.signal);
    return this.#locate(deadline.signal).finally(() => {
      deadline.end();
    });
  }

  // A repeated discovery gets half of the time. If it hangs, there must be time left to fetch the keys, or they would
  // expire.
  async #locate(signal: AbortSignal): Promise<string> {
    const { jwksTimeout } = this.#settings;
    const deadline = this.#deadline(this.#discovery.jwksUrl === undefined ? jwksTimeout : jwksTimeout / 2, signal);
    const ask = async (url: string): Promise<unknown> => (await this.#fetch(url, deadline.signal)).document;
    return this.#discovery.locate(ask, this.#now).finally(() => {
      deadline.end();
    });
  }

  #fetch(url: string, signal: AbortSignal, request?: JsonRequest): Promise<JsonAnswer> {
    const { fetch, clock } = this.#surroundings;
    return fetchJson(url, { fetch, clock, signal }, request);
  }

  // An issuer always has keys, so a set without a usable one is its mistake. It does not revoke the good keys, and no
  // token becomes invalid by it.
  #replaceKeys(document: unknown, url: string): void {
    const keySet = withoutWithdrawn(readKeys(document, url, this.#keySet));
    this.#report.tell(keySet);
    if (keySet.isUnusable)
      throw new FetchFailure('content', url, 'the JWK Set has no usable key; the last good keys stay');
    this.#keySet = keySet;
  }

  #dropWithdrawn(): void {
    this.#seenWithdrawals = withdrawalCount();
    const rest = withoutWithdrawn(this.#keySet);
    // Ends the cooldown: the successor of a withdrawn key must be found at once, even just after a fetch for an unknown
    // key.
    if (rest !== this.#keySet) this.#pace.endCooldown();
    this.#keySet = rest;
  }

  #succeed(headers: Headers): void {
    if (this.#pace.isFailing)
      this.#settings.logger.info('The keys of the issuer can be fetched again', { issuer: this.issuer });
    this.#lastSuccess = this.#surroundings.clock();
    const interval = refreshAfter(headers, this.#settings.jwksRefreshInterval, this.#lastSuccess);
    this.#pace.succeeded(this.#now, interval * 1000);
    this.#failure = undefined;
  }

  #fail(failure: FetchFailure): void {
    this.#failure = failure;
    if (this.#isClosed) return;
    this.#pace.failed(this.#now, this.#surroundings.random, failure.retryAfter);
    this.#discovery.doubt();
    const { kind, message: reason } = failure;
    const data = { issuer: this.issuer, kind, reason, retryInSeconds: this.#pace.retryIn(this.#now) / 1000 };
    const { logger } = this.#settings;
    if (this.#isUsable && kind !== 'content') logger.warn('The keys of the issuer could not be refreshed', data);
    else logger.error('The keys of the issuer could not be fetched', data);
  }

  #schedule(): void {
    const { timers, random } = this.#surroundings;
    timers.clearTimeout(this.#timer);
    if (!this.#isStarted || this.#isClosed) return;
    const delay = this.#pace.untilRefresh(this.#now, random);
    this.#refreshAt = this.#now + delay;
    this.#timer = startTimer(timers, () => void this.#refreshQuietly(), delay);
  }

  // A new error for each request, because the code that answers the request may add headers to it.
  #unavailable(): ServiceUnavailable {
    const retryAfter = this.#pace.retryIn(this.#now) / 1000;
    return new ServiceUnavailable(
      'The keys of the issuer cannot be fetched at the moment',
      retryAfter > 0 ? retryAfter : 1,
      {
        reason: 'keys_unavailable',
        cause: this.#isClosed ? (this.#closing.signal.reason as unknown) : this.#failure,
      },
    );
  }
}
