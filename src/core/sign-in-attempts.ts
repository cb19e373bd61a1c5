/** How often somebody may try to sign in: by account and address together, by address, and, only slowed down, by account. */
import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { Throttled } from './exceptions';
import { globalTimers, startTimer, type Timers } from './timers';

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
  /** Tries that wait at the same time for one account; default 20. Who comes then is refused. */
  readonly mostWaiting?: number;
  /** Accounts, addresses and pairs that are remembered, of each; default 20000. */
  readonly size?: number;
}

interface Count {
  tries: number;
  readonly end: number;
}

/**
 * Counts in the memory of this process; bounded. A stranger can close an account to their own address, and to nobody
 * else's: an account alone is slowed down, and not for addresses that signed in to it before.
 *
 * @example
 * const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 5, window: 600 });
 */
export class MemorySignInAttempts implements SignInAttempts {
  /** Milliseconds since 1970. */
  clock: () => number = () => Date.now();
  /** What slow tries wait with. */
  timers: Timers = globalTimers;

  readonly #limits: Required<SignInLimits>;
  readonly #pairs: LRUCache<string, Count>;
  readonly #addresses: LRUCache<string, Count>;
  readonly #accounts: LRUCache<string, Count>;
  readonly #known: LRUCache<string, true>;
  readonly #waiting = new Map<string, number>();

  constructor(limits: SignInLimits = {}) {
    this.#limits = { ...defaults, ...limits };
    const max = this.#limits.size;
    this.#pairs = new LRUCache({ max });
    this.#addresses = new LRUCache({ max });
    this.#accounts = new LRUCache({ max });
    this.#known = new LRUCache({ max });
  }

  async begin(attempt: Attempt): Promise<void> {
    const { account, address, pair } = keysOf(attempt);
    const { triesPerAccountAndAddress, triesPerAddress } = this.#limits;
    const ofPair = this.#count(this.#pairs, pair);
    const ofAddress = this.#count(this.#addresses, address);
    this.#refuseOver(ofPair, triesPerAccountAndAddress);
    this.#refuseOver(ofAddress, triesPerAddress);
    const ofAccount = this.#count(this.#accounts, account);
    for (const count of [ofPair, ofAddress, ofAccount]) count.tries++;
    if (!this.#known.has(pair)) await this.#slowDown(attempt, account, ofAccount.tries);
  }

  succeeded(attempt: Attempt): void {
    const { pair } = keysOf(attempt);
    this.undecided(attempt);
    this.#pairs.delete(pair);
    this.#known.set(pair, true);
  }

  undecided(attempt: Attempt): void {
    const { account, address, pair } = keysOf(attempt);
    // Taken back, not set to nothing: one's own account must not clear the way for tries at others.
    for (const count of [this.#pairs.get(pair), this.#addresses.get(address), this.#accounts.get(account)])
      if (count !== undefined && count.tries > 0) count.tries--;
  }

  /** How many of each are remembered. */
  get remembered(): { readonly accounts: number; readonly addresses: number; readonly pairs: number } {
    return { accounts: this.#accounts.size, addresses: this.#addresses.size, pairs: this.#pairs.size };
  }

  #count(counts: LRUCache<string, Count>, key: string): Count {
    const known = counts.get(key);
    if (known !== undefined && this.clock() < known.end) return known;
    const count = { tries: 0, end: this.clock() + this.#limits.window * 1000 };
    counts.set(key, count);
    return count;
  }

  #refuseOver({ tries, end }: Count, most: number): void {
    if (tries >= most) throw new Throttled((end - this.clock()) / 1000);
  }

  async #slowDown(attempt: Attempt, account: string, tries: number): Promise<void> {
    const { quickTriesPerAccount, firstDelay, longestDelay, mostWaiting } = this.#limits;
    if (tries <= quickTriesPerAccount) return;
    const waiting = this.#waiting.get(account) ?? 0;
    if (waiting >= mostWaiting) {
      // It looked at no password: the owner, who came in the middle of somebody's tries, must not be closed out for it.
      this.undecided(attempt);
      throw new Throttled(longestDelay);
    }
    this.#waiting.set(account, waiting + 1);
    const delay = Math.min(longestDelay, firstDelay * 2 ** (tries - quickTriesPerAccount - 1));
    await new Promise<void>(resolve => startTimer(this.timers, resolve, delay * 1000));
    this.#leave(account);
  }

  #leave(account: string): void {
    const left = (this.#waiting.get(account) ?? 1) - 1;
    if (left > 0) this.#waiting.set(account, left);
    else this.#waiting.delete(account);
  }
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

// Spellings that some table may take for the same name count as one.
function keysOf({ account, address }: Attempt): { account: string; address: string; pair: string } {
  const name = account.normalize('NFKC').trim().toLowerCase();
  const place = network(address);
  return { account: name, address: place, pair: `${place} ${name}` };
}

/** RFC 4291 §2.5.4: a host has a whole /64, and would otherwise have as many tries as addresses. */
function network(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(plain)) return plain;
  const [front = '', back = ''] = plain.split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === '' ? [] : back.split(':');
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail].slice(0, 4);
  return groups.map(group => group.replace(/^0+(?=.)/, '')).join(':');
}
