/** How often somebody may try to sign in: by account and address together, by address, and, only slowed down, by account. */
import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { networkOf, siteOf } from '../http/client-address';
import { Throttled } from '../http/exceptions';
import { SteadyClock } from '../time/steady-clock';
import { globalTimers, startTimer, type Timers } from '../time/timers';
import { TryCounts, type TryCount, type WaitingTry } from './try-counts';

/** Who tries. */
export interface Attempt {
  /** The name as it was sent, whether there is such a user or not. */
  readonly account: string;
  /** The address of the caller. */
  readonly address: string;
}

/** Counts tries. An implementation for several processes would count in what they share. */
export interface SignInAttempts {
  /**
   * Counts a try, before anything is looked up or hashed; the promise may take its time.
   *
   * @throws Throttled where it comes too soon.
   */
  begin(attempt: Attempt): Promise<void>;
  /** The try was good, and does not count. */
  succeeded(attempt: Attempt): void | Promise<void>;
  /** The try could not be decided, and does not count. */
  undecided(attempt: Attempt): void | Promise<void>;
}

/** Options of {@link MemorySignInAttempts}: how many failed tries are allowed, and how long they count. */
export interface SignInLimits {
  /** Tries that fail before an account is closed to an address; default 10. */
  readonly triesPerAccountAndAddress?: number;
  /** Tries that fail, whatever the account, before an address is refused; default 100. */
  readonly triesPerAddress?: number;
  /** Tries that fail, from wherever, before those of an account are slowed down; default 10. */
  readonly quickTriesPerAccount?: number;
  /** Seconds for which tries count, from the first; default 900. */
  readonly window?: number;
  /** Seconds that the first slow try waits; doubles with each; default 0.25. */
  readonly firstDelay?: number;
  /** Most seconds that a try waits; default 5. */
  readonly longestDelay?: number;
  /**
   * Tries that wait at the same time for one account; default 20. Each further one is refused, or takes the place of one
   * from the site (IPv4 /24, IPv6 /48) with the most of them.
   */
  readonly mostWaiting?: number;
  /**
   * Accounts, addresses and pairs that are counted by themselves, of each; default 20000. Beyond them, new ones share a
   * fixed number of counters.
   */
  readonly size?: number;
}

interface Keys {
  readonly pair: string;
  readonly address: string;
  readonly account: string;
}

type Counted = Readonly<Record<keyof Keys, TryCount>>;

/**
 * Counts in the memory of this process; bounded. A stranger can close an account to their own address. An account alone is
 * slowed down, and not for addresses that signed in to it before. To keep its owner from waiting with the others, at an
 * address new to it, a stranger needs tries from `mostWaiting` sites at the same time. A flood of names or addresses can
 * only make a limit stricter, because nothing that is counting is forgotten.
 *
 * @example
 * const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 5, window: 600 });
 */
export class MemorySignInAttempts implements SignInAttempts {
  /** Milliseconds from any start; only steps forward count. Default: a clock that nobody can set. */
  clock: () => number = () => performance.now();
  /** What slow tries wait with. */
  timers: Timers = globalTimers;

  readonly #limits: Required<SignInLimits>;
  readonly #pairs: TryCounts;
  readonly #addresses: TryCounts;
  readonly #accounts: TryCounts;
  readonly #known: LRUCache<string, true>;
  // A window may end, and another begin, while a try is being decided: it is taken back where it was counted.
  readonly #counted = new WeakMap<Attempt, Counted>();
  // With it nobody can choose names that share a counter with somebody else's.
  readonly #salt = randomBytes(16).toString('base64');
  readonly #steady = new SteadyClock(() => this.clock);

  constructor(limits: SignInLimits = {}) {
    this.#limits = { ...defaults, ...limits };
    const { size, window } = this.#limits;
    this.#pairs = new TryCounts(size, window * 1000);
    this.#addresses = new TryCounts(size, window * 1000);
    this.#accounts = new TryCounts(size, window * 1000);
    this.#known = new LRUCache({ max: size });
  }

  async begin(attempt: Attempt): Promise<void> {
    const keys = this.#keysOf(attempt);
    const now = this.#steady.now();
    this.#refuseOver(this.#pairs.find(keys.pair, now), this.#limits.triesPerAccountAndAddress, now);
    this.#refuseOver(this.#addresses.find(keys.address, now), this.#limits.triesPerAddress, now);
    const site = siteOf(attempt.address);
    const delay = this.#delay(keys, site, now);
    const counted = {
      pair: this.#pairs.add(keys.pair, now),
      address: this.#addresses.add(keys.address, now),
      account: this.#accounts.add(keys.account, now),
    };
    this.#counted.set(attempt, counted);
    if (delay > 0) await this.#slowDown(attempt, counted.account, site, delay);
  }

  succeeded(attempt: Attempt): void {
    const keys = this.#keysOf(attempt);
    const { pair, address, account } = this.#countedOf(attempt, keys);
    if (pair !== undefined) this.#pairs.clear(pair);
    // Taken back, not set to nothing: one's own account must not clear the way for tries at others.
    if (address !== undefined) this.#addresses.takeBack(address);
    if (account !== undefined) this.#accounts.takeBack(account);
    this.#known.set(keys.pair, true);
  }

  undecided(attempt: Attempt): void {
    const { pair, address, account } = this.#countedOf(attempt, this.#keysOf(attempt));
    if (pair !== undefined) this.#pairs.takeBack(pair);
    if (address !== undefined) this.#addresses.takeBack(address);
    if (account !== undefined) this.#accounts.takeBack(account);
  }

  /** How many of each are remembered by themselves. */
  get remembered(): { readonly accounts: number; readonly addresses: number; readonly pairs: number } {
    return { accounts: this.#accounts.keys, addresses: this.#addresses.keys, pairs: this.#pairs.keys };
  }

  // An attempt that was begun with another object: of a shared counter others' tries could be taken back.
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

  /** Seconds that this try has to wait. @throws Throttled where too many wait already. */
  #delay({ account, pair }: Keys, site: string, now: number): number {
    const { quickTriesPerAccount, firstDelay, longestDelay, mostWaiting } = this.#limits;
    const count = this.#accounts.find(account, now);
    const tries = count?.tries ?? 0;
    if (tries < quickTriesPerAccount || this.#known.get(pair) === true) return 0;
    if (count !== undefined && count.waiting.size >= mostWaiting) this.#makeRoom(count.waiting, site);
    return Math.min(longestDelay, firstDelay * 2 ** (tries - quickTriesPerAccount));
  }

  /** @throws Throttled where no other try has to give way. */
  #makeRoom(waiting: ReadonlySet<WaitingTry>, site: string): void {
    const yielding = tryToYield(waiting, site);
    // It is not counted: the owner, who comes while a stranger tries, must not be closed out for it.
    if (yielding === undefined) throw new Throttled(this.#limits.longestDelay);
    yielding.giveWay();
  }

  #slowDown(attempt: Attempt, { waiting }: TryCount, site: string, delay: number): Promise<void> {
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

  // Hashes: names and addresses can have any length, and a name may be a password in the wrong field.
  #keysOf({ account, address }: Attempt): Keys {
    // Spellings that some table may take for the same name count as one.
    const name = account.normalize('NFKC').trim().toLowerCase();
    const place = networkOf(address);
    return { pair: this.#hash(place, name), address: this.#hash(place), account: this.#hash(name) };
  }

  #hash(...parts: readonly string[]): string {
    return hash('sha256', JSON.stringify([this.#salt, ...parts]));
  }
}

/**
 * The latest try of the site with the most of them. A site that would then have fewer than this one keeps its tries: each
 * site has its share, however many addresses are in it.
 */
function tryToYield(waiting: ReadonlySet<WaitingTry>, site: string): WaitingTry | undefined {
  const counts = new Map<string, number>();
  for (const one of waiting) counts.set(one.site, (counts.get(one.site) ?? 0) + 1);
  const most = Math.max(...counts.values());
  if (most <= (counts.get(site) ?? 0) + 1) return undefined;
  return [...waiting].findLast(one => counts.get(one.site) === most);
}

const defaults: Required<SignInLimits> = {
  triesPerAccountAndAddress: 10,
  triesPerAddress: 100,
  quickTriesPerAccount: 10,
  window: 900,
  firstDelay: 0.25,
  longestDelay: 5,
  mostWaiting: 20,
  size: 20_000,
};
