/** The limits of attempts to sign in, and their checks. */
import { ImproperlyConfigured } from '../http/exceptions';

/** How many failed tries to sign in are allowed, and how long they count. */
export interface SignInLimits {
  /** Failed tries after which an account is closed to an address; default 10. */
  readonly triesPerAccountAndAddress?: number;
  /** Failed tries after which an address is refused, whatever the account; default 100. */
  readonly triesPerAddress?: number;
  /** Failed tries, from any address, after which the tries of an account are slowed down; default 10. */
  readonly quickTriesPerAccount?: number;
  /** Seconds for which tries count, from the first one; default 900. */
  readonly window?: number;
  /** Seconds that the first slowed-down try waits; each further one waits twice as long; default 0.25. */
  readonly firstDelay?: number;
  /** Most seconds that a try waits; default 5. */
  readonly longestDelay?: number;
  /**
   * Tries that may wait at the same time for one account; default 20. A further try is refused, or takes the place of
   * one from the site (IPv4 /24, IPv6 /48) with the most waiting tries. The first try of an address needs no place.
   */
  readonly mostWaiting?: number;
  /**
   * Tries of an account from one site (IPv4 /24, IPv6 /48) that may wait without a place, because each is the first one of
   * its address; default 100.
   */
  readonly firstTriesPerSite?: number;
  /**
   * Most accounts, most addresses and most pairs that have a counter of their own; default 20000. Further ones share a
   * fixed number of counters.
   */
  readonly size?: number;
}

const defaults: Required<SignInLimits> = {
  triesPerAccountAndAddress: 10,
  triesPerAddress: 100,
  quickTriesPerAccount: 10,
  window: 900,
  firstDelay: 0.25,
  longestDelay: 5,
  mostWaiting: 20,
  firstTriesPerSite: 100,
  size: 20_000,
};

/**
 * Returns the limits, with the defaults for those that are not given.
 *
 * @param owner the class, for the message
 * @throws ImproperlyConfigured if a limit is unknown or not a number from 0, or `size` not a whole number from 1
 */
export function checkedLimits(given: SignInLimits, owner: string): Required<SignInLimits> {
  const limits: Record<keyof SignInLimits, number> = { ...defaults };
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    if (!isLimit(name)) throw new ImproperlyConfigured(`${owner} has no limit '${name}'.`);
    limits[name] = name === 'size' ? checkedSize(value, owner) : checkedLimit(`${owner}: ${name}`, value);
  }
  return limits;
}

function checkedSize(size: unknown, owner: string): number {
  if (Number.isSafeInteger(size) && Number(size) > 0) return Number(size);
  throw new ImproperlyConfigured(`${owner}: size is ${String(size)}; expected a whole number from 1.`);
}

// A limit that is no number would never be reached.
function checkedLimit(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new ImproperlyConfigured(`${name} is ${String(value)}; expected a number from 0.`);
}

function isLimit(name: string): name is keyof SignInLimits {
  return Object.hasOwn(defaults, name);
}
