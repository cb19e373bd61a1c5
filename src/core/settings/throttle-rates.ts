/** How many requests in how long, and the contract of what counts them. */

/** `'100/hour'`, taken apart. */
export interface Rate {
  /** Requests that are let through in any span of `seconds`. */
  readonly amount: number;
  readonly seconds: number;
}

/** What came of counting a request. */
export interface Hit {
  /** Only `true` lets the request through. */
  readonly isAllowed: boolean;
  /** How many more would be let through now. */
  readonly remaining: number;
  /** Seconds until more are: after a refusal the time to wait. */
  readonly reset: number;
}

/** What a throttle does while its store cannot be reached: let through, answer 503, or count in this process alone. */
export type OutagePolicy = 'open' | 'closed' | 'local';

/** Counts requests; what a throttle of this server or of several shares its counts through. */
export interface ThrottleStore {
  /** Default: `'local'`. */
  readonly fail?: OutagePolicy | undefined;
  /** Counts one request unless that would be one too many, in one atomic step. A rejection is an outage. */
  hit(key: string, rate: Rate): Hit | Promise<Hit>;
}

const periods: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const mostRequests = 1_000_000;

/**
 * `'100/hour'`, `'3/min'`, `'10/s'`: the first letter of the period counts (s, m, h, d), as in DRF, unless the word is
 * another period's (month, millisecond, decade).
 *
 * @returns `undefined` for anything else.
 */
export function parseRate(text: unknown): Rate | undefined {
  const [, digits = '', word = ''] = /^(\d{1,7})\/([smhd][a-z]*)$/.exec(typeof text === 'string' ? text : '') ?? [];
  const [amount, seconds] = [Number(digits), periods[word.charAt(0)]];
  if (digits === '' || seconds === undefined || amount > mostRequests || /^(?:mo|ms|mil|de)/.test(word))
    return undefined;
  return { amount, seconds };
}

/** What {@link parseRate} takes, in words. */
export const rateForm = `'N/period' with N from 0 to ${mostRequests} and a period of second, minute, hour or day, such as '100/hour'`;
