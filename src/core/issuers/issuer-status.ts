/** What an issuer's keys depend on, and what is shown of them. */
import type { Timers } from '../time/timers';

/**
 * The clocks, timers and functions that the library uses. They are read at the moment of use, so that a test can
 * replace them.
 */
export interface Surroundings {
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds since 1970: for times that are shown, and for dates in answers. */
  readonly clock: () => number;
  /** Milliseconds from any start, by a clock that only runs forward: for the age of keys, cooldowns and back-offs. */
  readonly monotonic: () => number;
  readonly timers: Timers;
  /** Returns a number from 0 to 1, 1 not included, for the jitter. */
  readonly random: () => number;
}

/** The state of one issuer's keys, as plain data. Times are in milliseconds since 1970. */
export interface IssuerStatus {
  /** The setting `issuerUrl`, or without one `jwksUrl` without its query. */
  readonly issuer: string;
  /** The URL of the keys; `null` until it is discovered. */
  readonly jwksUrl: string | null;
  readonly keys: readonly { readonly kid: string; readonly alg: string | null }[];
  /** Time of the last successful fetch; a 304 counts. */
  readonly lastSuccess: number | null;
  /** The error of the last fetch; `null` if it succeeded. */
  readonly lastError: string | null;
  /** Time of the next background refresh; `null` before the start and after the end. */
  readonly nextRefresh: number | null;
  /** Whether there are no keys, or only keys that are older than the refresh interval. */
  readonly stale: boolean;
  /** Whether there are keys that tokens may be verified with. */
  readonly usable: boolean;
  /** Number of fetches of the keys so far; discovery is not counted. */
  readonly fetchCount: number;
}
