/** Counts attempts to sign in in Redis: one limit for all processes. */
import { hash, randomUUID } from 'node:crypto';
import { partsOf } from '../core/attempts/attempt-parts';
import { checkedLimits, type SignInLimits } from '../core/attempts/sign-in-limits';
import type { Attempt, SignInAttempts } from '../core/attempts/sign-in-attempts';
import { siteOf } from '../core/http/client-address';
import { ImproperlyConfigured, Throttled } from '../core/http/exceptions';
import { globalTimers, startTimer, type Timers } from '../core/time/timers';
import { beginAtAccount, beginAtAddress, takeBackAtAccount, takeBackAtAddress } from './attempt-scripts';
import { RedisConnection, type RedisClient, type RedisOptions } from './client';

/** Options of {@link RedisSignInAttempts}: the limits, and how Redis is used. */
export interface RedisSignInAttemptsOptions extends RedisOptions, Omit<SignInLimits, 'size'> {}

interface Keys {
  readonly address: string;
  readonly account: string;
  readonly pair: string;
  readonly waiting: string;
  readonly known: string;
  /** The account and the site of the address. */
  readonly site: string;
  readonly spelling: string;
}

/** The windows in which a try was counted. */
interface Counted {
  readonly address: string;
  readonly account: string;
  readonly pair: string;
  /** Empty unless the try was the first one of its address at the account. */
  readonly site: string;
}

/**
 * Counts attempts to sign in for all processes, with the limits of `MemorySignInAttempts`. Windows are measured by the clock
 * of Redis. While Redis is unavailable, sign-ins get 503.
 *
 * - The counters of an account share a slot of a cluster, and so does the counter of an address. A try takes two round
 *   trips, and a third one if it was slowed down.
 * - Keys are hashes. A counter ends with its window, and a refused try stores nothing, so that an address can add at most
 *   `triesPerAddress` counters in a window. The fifty addresses that signed in last are known to the account for 30 days.
 * - A slowed-down try that gives way to one of another site is refused at the end of its wait.
 *
 * @example
 * const signInAttempts = new RedisSignInAttempts(new Redis('redis://localhost'));
 * const microservice = createMicroservice({ ...options, signInAttempts });
 */
export class RedisSignInAttempts implements SignInAttempts {
  /** The timers of slowed-down tries; default: the global timers. */
  timers: Timers = globalTimers;
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #limits: Required<SignInLimits>;
  readonly #counted = new WeakMap<Attempt, Counted>();

  /** @throws ImproperlyConfigured for a client of neither package, an unknown option, or a limit that is not a number from 0 */
  constructor(
    client: RedisClient,
    { prefix = 'axioms:attempts:', timeout, ...limits }: RedisSignInAttemptsOptions = {},
  ) {
    this.#connection = new RedisConnection(client, { timeout });
    this.#prefix = prefix;
    if ('size' in limits) throw new ImproperlyConfigured(noSize);
    this.#limits = checkedLimits(limits, 'RedisSignInAttempts');
  }

  /** Seconds; see `SignInLimits`. */
  get longestDelay(): number {
    return this.#limits.longestDelay;
  }

  /** Whether a shard did not answer the last command. */
  get isAway(): boolean {
    return this.#connection.isAway;
  }

  /**
   * @throws Throttled if the try comes too soon
   * @throws Error if Redis did not answer; the try may stay counted until its window ends
   */
  async begin(attempt: Attempt): Promise<void> {
    const [keys, id, site] = [this.#keysOf(attempt), randomUUID(), hashed(siteOf(attempt.address))];
    const address = await this.#beginAtAddress(keys, id);
    try {
      const { delay, ...counted } = await this.#beginAtAccount(keys, id, site);
      this.#counted.set(attempt, { address, ...counted });
      const waiting = counted.site === '' ? { key: keys.waiting, member: `${site} ${id}` } : undefined;
      if (delay > 0) await this.#slowDown(attempt, delay, waiting);
    } catch (error) {
      // The first error is the answer. A try that stays counted can only refuse more.
      await this.#takeBackAtAddress(keys, address).catch(() => undefined);
      throw error;
    }
  }

  /** @throws Error if Redis did not answer; the try stays counted until its window ends */
  succeeded(attempt: Attempt): Promise<void> {
    return this.#takeBack(attempt, memory);
  }

  /** @throws Error if Redis did not answer; the try stays counted until its window ends */
  undecided(attempt: Attempt): Promise<void> {
    return this.#takeBack(attempt, 0);
  }

  async #beginAtAddress({ address }: Keys, id: string): Promise<string> {
    const values = [this.#window, id, this.#limits.triesPerAddress];
    const [window] = begun(await this.#connection.eval(beginAtAddress, [address], values));
    return String(window);
  }

  async #beginAtAccount(keys: Keys, id: string, site: string): Promise<Omit<Counted, 'address'> & { delay: number }> {
    const { triesPerAccountAndAddress, quickTriesPerAccount, firstDelay, longestDelay, ...others } = this.#limits;
    const delays = [firstDelay, longestDelay].map(seconds => milliseconds(seconds));
    const limits = [triesPerAccountAndAddress, quickTriesPerAccount, ...delays, others.mostWaiting];
    const values = [this.#window, id, ...limits, keys.spelling, site, others.firstTriesPerSite];
    const named = [keys.account, keys.pair, keys.waiting, keys.known, keys.site];
    const [account, pair, delay, firstOfSite] = begun(await this.#connection.eval(beginAtAccount, named, values));
    return { account: String(account), pair: String(pair), site: String(firstOfSite), delay: Number(delay) };
  }

  /** @param waiting the place of the try, which another one may take in the meantime; the first try of an address has none */
  async #slowDown(attempt: Attempt, delay: number, waiting?: { readonly key: string; readonly member: string }) {
    await new Promise<void>(resolve => startTimer(this.timers, resolve, delay));
    if (waiting === undefined) return;
    const isStillWaiting = Number(await this.#connection.command('ZREM', waiting.key, waiting.member)) === 1;
    if (isStillWaiting) return;
    await this.#takeBackAtAccount(attempt, 0);
    throw new Throttled(this.#limits.longestDelay);
  }

  async #takeBack(attempt: Attempt, remembered: number): Promise<void> {
    const { address = '' } = this.#counted.get(attempt) ?? {};
    await Promise.all([
      this.#takeBackAtAccount(attempt, remembered),
      this.#takeBackAtAddress(this.#keysOf(attempt), address),
    ]);
  }

  async #takeBackAtAccount(attempt: Attempt, remembered: number): Promise<void> {
    const { account: accountId = '', pair: pairId = '', site: siteId = '' } = this.#counted.get(attempt) ?? {};
    this.#counted.delete(attempt);
    const { account, pair, known, site, spelling } = this.#keysOf(attempt);
    const values = [accountId, pairId, spelling, remembered, siteId];
    await this.#connection.eval(takeBackAtAccount, [account, pair, known, site], values);
  }

  async #takeBackAtAddress({ address }: Keys, id: string): Promise<void> {
    await this.#connection.eval(takeBackAtAddress, [address], [id]);
  }

  get #window(): number {
    return milliseconds(this.#limits.window);
  }

  // The hash tag in braces keeps the counters of an account in one slot of a cluster, because one script changes them.
  #keysOf(attempt: Attempt): Keys {
    const parts = partsOf(attempt);
    const [account, spelling] = [hashed(...parts.account), hashed(...parts.spelling)];
    const ofAccount = `${this.#prefix}{${account}}:`;
    return {
      address: `${this.#prefix}address:${hashed(...parts.address)}`,
      account: `${ofAccount}tries`,
      pair: `${ofAccount}from:${hashed(...parts.pair)}`,
      waiting: `${ofAccount}waiting`,
      known: `${ofAccount}known`,
      site: `${ofAccount}site:${hashed(...parts.site)}`,
      spelling,
    };
  }
}

const noSize =
  'RedisSignInAttempts: size is only for MemorySignInAttempts: Redis removes a counter with its window. Leave it out.';

/** Milliseconds for which an address that signed in is known to the account: 30 days. */
const memory = 30 * 86_400_000;

/** What Redis can keep: ten years. */
const longest = 315_360_000_000;

function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), longest);
}

// A separator in JSON: no part can pretend to be two.
function hashed(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url');
}

/**
 * Returns what a script answers behind its 1.
 *
 * @throws Throttled if it refuses the try
 */
function begun(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer) || answer.length < 2) throw new Error('Redis answered something else than was asked');
  const [isBegun, ...rest] = answer as unknown[];
  if (Number(isBegun) !== 1) throw new Throttled(Number(rest[0]) / 1000);
  return rest;
}
