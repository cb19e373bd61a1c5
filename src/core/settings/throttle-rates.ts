/** The rates of throttles, and the interface of the stores that count requests. */

/** A rate such as `'100/hour'`, parsed. */
export interface Rate {
  /** Requests that are allowed in any span of `seconds`. */
  readonly amount: number;
  readonly seconds: number;
}

/** The result of counting a request. */
export interface Hit {
  /** Only `true` allows the request. */
  readonly isAllowed: boolean;
  /** How many more requests would be allowed now. */
  readonly remaining: number;
  /** Seconds until more requests are allowed; after a refusal, the time to wait. */
  readonly reset: number;
}

/**
 * What a throttle does while its store cannot be reached: allow the request, answer 503, or count in this process
 * alone.
 */
export type OutagePolicy = 'open' | 'closed' | 'local';

/** Counts requests for the throttles of one or several servers. */
export interface ThrottleStore {
  /** What to do during an outage of the store; default: `'local'`. */
  readonly fail?: OutagePolicy | undefined;
  /** Counts one request unless the rate is exceeded, in one atomic step. A rejected promise means an outage. */
  hit(key: string, rate: Rate): Hit | Promise<Hit>;
  /** Whether a part of the store is away, such as a shard: while it is, the log does not say that the store works again. */
  readonly isAway?: boolean | undefined;
  /** Seconds after which a missing answer counts as an outage; default 5. */
  readonly timeout?: number | undefined;
}

const periods: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const mostRequests = 1_000_000;

/**
 * Parses a rate such as `'100/hour'`, `'3/min'` or `'10/s'`. The first letter of the period counts (s, m, h, d), as in
 * DRF, unless the word is the name of another period (month, millisecond, decade).
 *
 * @returns `undefined` for any other text or value
 */
export function parseRate(text: unknown): Rate | undefined {
  const [, digits = '', word = ''] = /^(\d{1,7})\/([smhd][a-z]*)$/.exec(typeof text === 'string' ? text : '') ?? [];
  const [amount, seconds] = [Number(digits), periods[word.charAt(0)]];
  if (digits === '' || seconds === undefined || amount > mostRequests || /^(?:mo|ms|mil|de)/.test(word))
    return undefined;
  return { amount, seconds };
}

/** The text that {@link parseRate} accepts, for messages. */
export const rateForm = `'N/period' with N from 0 to ${mostRequests} and a period of second, minute, hour or day, such as '100/hour'`;
