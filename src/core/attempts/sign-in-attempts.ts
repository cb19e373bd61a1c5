/**
 * Limits attempts to sign in: by account and address together, by address, and by account alone, which is only slowed
 * down.
 */
import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { siteOf } from '../http/client-address';
import { Throttled } from '../http/exceptions';
import { SteadyClock } from '../time/steady-clock';
import { globalTimers, startTimer, type Timers } from '../time/timers';
import { partsOf, type Attempt } from './attempt-parts';
import { oneToYield } from './fair-shares';
import { checkedLimits, type SignInLimits } from './sign-in-limits';
import { slowingOf, type TriesSoFar } from './slowed-tries';
import { TryCounts, type TryCount, type WaitingTry } from './try-counts';

export type { Attempt } from './attempt-parts';
export type { SignInLimits } from './sign-in-limits';

/**
 * Counts attempts to sign in. An implementation for several processes must count in a store that they share:
 *
 * - Count in one atomic step: of many tries at the same time, no more may begin than of tries one after the other. A try
 *   that is refused may be counted first and taken back, because that can only refuse more.
 * - Refuse a try if its account and address together, or its address alone, have reached their limit.
 * - Slow a try down if its account has been tried too often, but never refuse the first try of an address at an account
 *   because of other addresses: otherwise a stranger could lock the owner out. Limit how many first tries of one site
 *   are such, because a site has 65,536 IPv6 networks.
 * - Forget nothing that counts. If memory is full, let keys share counters, so that a flood can only refuse more.
 * - Measure windows by a clock that all processes share, and take a try back only from the window in which it was counted.
 * - If the store is away, reject: the sign-in is answered 503 with `Retry-After`, and no password is checked.
 */
export interface SignInAttempts {
  /**
   * The most seconds for which `begin` makes a try wait; default 5. A method that takes more than a second longer counts as
   * an outage: 503.
   */
  readonly longestDelay?: number;
  /**
   * Counts a try before the user is looked up and the password is hashed. The promise may take time to resolve: a
   * slowed-down try waits.
   *
   * @throws Throttled if the try comes too soon.
   */
  begin(attempt: Attempt): Promise<void>;
  /**
   * Takes the try back, because the sign-in succeeded. If names are folded to count failures, it must not take back
   * those of another spelling, which may be another user.
   */
  succeeded(attempt: Attempt): void | Promise<void>;
  /** Takes the try back, because it was neither accepted nor refused. */
  undecided(attempt: Attempt): void | Promise<void>;
  /** Whether a part of the store is away, such as a shard: while it is, the log does not say that the store works again. */
  readonly isAway?: boolean | undefined;
}

interface Keys {
  readonly pair: string;
  readonly address: string;
  readonly account: string;
  /** The account and the site of the address. */
  readonly site: string;
  /** The pair with the name as it was sent. `ged` and `Ged` may be two users. */
  readonly spelling: string;
}

/** The counters of a try; `site` only if it is the first one of its address at the account. */
type Counted = Readonly<Record<'pair' | 'address' | 'account', TryCount>> & { readonly site?: TryCount };

/**
 * Counts attempts to sign in, in the memory of this process, which is bounded.
 *
 * - A stranger can close an account only to the stranger's own address.
 * - A name of another authentication class is another account. An address has one counter for all of them.
 * - Spellings of a name that a database may treat as the same count together. A success takes back only the failures of
 *   its own spelling.
 * - An account alone is slowed down, except for addresses that have signed in to it before. The first try of an address
 *   waits for at most `longestDelay` seconds and is not refused, however many other addresses try the account. Further
 *   tries of an address share `mostWaiting` places.
 * - In the hour that begins with the first try, n addresses can try an account at most 40 n times, and at most
 *   14,600 + 4 n times, with the default limits.
 * - A flood of names or addresses can only make a limit stricter, because no counter that still counts is evicted.
 *
 * @example
 * const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 5, window: 600 });
 */
export class MemorySignInAttempts implements SignInAttempts {
  /** Milliseconds from any start; only steps forward count. Default: `performance.now()`, which cannot be set. */
  clock: () => number = () => performance.now();
  /** The timers of slowed-down tries; default: the global timers. */
  timers: Timers = globalTimers;

  readonly #limits: Required<SignInLimits>;
  readonly #pairs: TryCounts;
  readonly #addresses: TryCounts;
  readonly #accounts: TryCounts;
  readonly #sites: TryCounts;
  // Allocated at the first success: an authentication class may construct its attempts for each request, and only the
  // first ones are used.
  #known: LRUCache<string, true> | undefined;
  // The counters of each try that is under way. A window may end and another begin in the meantime, and the try must be
  // taken back where it was counted.
  readonly #counted = new WeakMap<Attempt, Counted>();
  // Without a salt an attacker could choose names that share a counter with another account.
  readonly #salt = randomBytes(16).toString('base64');
  readonly #steady = new SteadyClock(() => this.clock);

  /** @throws ImproperlyConfigured if a limit is unknown or not a number from 0, or `size` not a whole number from 1 */
  constructor(limits: SignInLimits = {}) {
    this.#limits = checkedLimits(limits, 'MemorySignInAttempts');
    const { size, window } = this.#limits;
    this.#pairs = new TryCounts(size, window * 1000);
    this.#addresses = new TryCounts(size, window * 1000);
    this.#accounts = new TryCounts(size, window * 1000);
    this.#sites = new TryCounts(size, window * 1000);
  }

  get longestDelay(): number {
    return this.#limits.longestDelay;
  }

  async begin(attempt: Attempt): Promise<void> {
    const keys = this.#keysOf(attempt);
    const now = this.#steady.now();
    this.#refuseOver(this.#pairs.find(keys.pair, now), this.#limits.triesPerAccountAndAddress, now);
    this.#refuseOver(this.#addresses.find(keys.address, now), this.#limits.triesPerAddress, now);
    const site = siteOf(attempt.address);
    const { delay, isFirst } = slowingOf(this.#triesSoFar(keys, now), this.#limits);
    if (delay > 0 && !isFirst) this.#requirePlace(keys, site, now);
    const counted = {
      pair: this.#pairs.add(keys.pair, now, keys.spelling),
      address: this.#addresses.add(keys.address, now),
      account: this.#accounts.add(keys.account, now),
      ...(isFirst && { site: this.#sites.add(keys.site, now) }),
    };
    this.#counted.set(attempt, counted);
    const places = isFirst ? new Set<WaitingTry>() : counted.account.waiting;
    if (delay > 0) await this.#slowDown(attempt, places, site, delay);
  }

  succeeded(attempt: Attempt): void {
    const keys = this.#keysOf(attempt);
    const { pair, address, account, site } = this.#countedOf(attempt, keys);
    // Spellings are counted together, but a success takes back only the tries of its own: another may be another user.
    if (pair !== undefined) this.#pairs.clear(pair, keys.spelling);
    // Takes back one try and does not reset the counter: otherwise a sign-in to the attacker's own account would allow
    // more tries at others.
    if (address !== undefined) this.#addresses.takeBack(address);
    if (account !== undefined) this.#accounts.takeBack(account);
    if (site !== undefined) this.#sites.takeBack(site);
    this.#known ??= new LRUCache({ max: this.#limits.size });
    this.#known.set(keys.spelling, true);
  }

  undecided(attempt: Attempt): void {
    const keys = this.#keysOf(attempt);
    const { pair, address, account, site } = this.#countedOf(attempt, keys);
    if (pair !== undefined) this.#pairs.takeBack(pair, keys.spelling);
    if (address !== undefined) this.#addresses.takeBack(address);
    if (account !== undefined) this.#accounts.takeBack(account);
    if (site !== undefined) this.#sites.takeBack(site);
  }

  /** The number of accounts, addresses and pairs with a counter of their own. */
  get remembered(): { readonly accounts: number; readonly addresses: number; readonly pairs: number } {
    return { accounts: this.#accounts.keys, addresses: this.#addresses.keys, pairs: this.#pairs.keys };
  }

  // Without an entry the attempt was begun with another object. Shared counters are left out then: one may have counted
  // only the tries of others.
  #countedOf(attempt: Attempt, keys: Keys): Partial<Counted> {
    const counted = this.#counted.get(attempt);
    this.#counted.delete(attempt);
    if (counted !== undefined) return counted;
    const now = this.#steady.now();
    const [pair, address] = [this.#pairs.findOwn(keys.pair, now), this.#addresses.findOwn(keys.address, now)];
    const account = this.#accounts.findOwn(keys.account, now);
    return { ...(pair && { pair }), ...(address && { address }), ...(account && { account }) };
  }

  #refuseOver(count: TryCount | undefined, most: number, now: number): void {
    if (count !== undefined && count.tries >= most) throw new Throttled((count.end - now) / 1000);
  }

  #triesSoFar({ pair, site, account, spelling }: Keys, now: number): TriesSoFar {
    return {
      pair: this.#pairs.find(pair, now)?.tries ?? 0,
      site: this.#sites.find(site, now)?.tries ?? 0,
      account: this.#accounts.find(account, now)?.tries ?? 0,
      isKnown: this.#known?.get(spelling) === true,
    };
  }

  /** @throws Throttled if too many tries wait already. */
  #requirePlace({ account }: Keys, site: string, now: number): void {
    const waiting = this.#accounts.find(account, now)?.waiting;
    if (waiting !== undefined && waiting.size >= this.#limits.mostWaiting) this.#makeRoom(waiting, site);
  }

  /**
   * Makes one waiting try give way to a try from `site`.
   *
   * @throws Throttled if no waiting try has to give way.
   */
  #makeRoom(waiting: ReadonlySet<WaitingTry>, site: string): void {
    const yielding = oneToYield(waiting, one => one.site, site);
    // The refused try is not counted: otherwise a stranger's tries could close the account to its owner.
    if (yielding === undefined) throw new Throttled(this.#limits.longestDelay);
    yielding.giveWay();
  }

  #slowDown(attempt: Attempt, waiting: Set<WaitingTry>, site: string, delay: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = startTimer(
        this.timers,
        () => {
          waiting.delete(slowed);
          resolve();
        },
        delay * 1000,
      );
      const giveWay = (): void => {
        this.timers.clearTimeout(timer);
        waiting.delete(slowed);
        this.undecided(attempt);
        reject(new Throttled(this.#limits.longestDelay));
      };
      const slowed: WaitingTry = { site, giveWay };
      waiting.add(slowed);
    });
  }

  // Keys are hashes: names and addresses can have any length, and a name may be a password in the wrong field.
  #keysOf(attempt: Attempt): Keys {
    const { pair, address, account, site, spelling } = partsOf(attempt);
    return {
      pair: this.#hash(...pair),
      address: this.#hash(...address),
      account: this.#hash(...account),
      site: this.#hash(...site),
      spelling: this.#hash(...spelling),
    };
  }

  #hash(...parts: readonly string[]): string {
    return hash('sha256', JSON.stringify([this.#salt, ...parts]));
  }
}
