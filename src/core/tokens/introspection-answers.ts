/** What was said about tokens shortly before: bounded memories, one of good answers and one of bad ones. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Claims } from '../jws/compact-jws';

/** The claims of an active token; `null`: the token is not active. */
export type Introspected = Claims | null;

/** A time by two clocks, in milliseconds. */
export interface Moment {
  /** Since 1970: what `exp` is compared with. */
  readonly date: number;
  /** From any start, and only forward: what the cache counts by. */
  readonly steady: number;
}

interface Entry {
  readonly answer: Introspected;
  /** By the steady clock. */
  readonly until: number;
  /** Milliseconds since 1970. RFC 7662 §4: an answer "MUST NOT be cached beyond the time that the token expires". */
  readonly expiresAt: number;
}

const mostBytes = 32 * 1024 * 1024;
/** Seconds. Tokens do not come back to life; this only spares the issuer a client that insists. */
const longestRefusal = 5;

/** Answers, by the hash of the token, each for a while. Bad ones are kept apart: whoever sends junk displaces no good one. */
export class IntrospectionAnswers {
  readonly #active: LRUCache<string, Entry> | undefined;
  readonly #inactive: LRUCache<string, Entry> | undefined;

  constructor(
    size: number,
    /** Seconds. */
    private readonly ttl: number,
  ) {
    if (size === 0 || ttl === 0) return;
    this.#active = new LRUCache({ max: size, maxSize: mostBytes });
    this.#inactive = new LRUCache({ max: size });
  }

  get(key: string, { date, steady }: Moment): Introspected | undefined {
    const entry = this.#active?.get(key) ?? this.#inactive?.get(key);
    return entry !== undefined && steady < entry.until && date < entry.expiresAt ? entry.answer : undefined;
  }

  set(key: string, answer: Introspected, { steady }: Moment): void {
    this.delete(key);
    const until = steady + 1000 * (answer === null ? Math.min(longestRefusal, this.ttl) : this.ttl);
    if (answer === null) this.#inactive?.set(key, { answer, until, expiresAt: Infinity });
    else this.#active?.set(key, { answer, until, expiresAt: expiryOf(answer) }, { size: sizeOf(answer) });
  }

  delete(key: string): boolean {
    const wasInactive = this.#inactive?.delete(key) ?? false;
    return (this.#active?.delete(key) ?? false) || wasInactive;
  }
}

function expiryOf({ exp }: Claims): number {
  return typeof exp === 'number' ? exp * 1000 : Infinity;
}

// Parsed claims take about four times their text; the rest is the entry itself.
function sizeOf(claims: Claims): number {
  return 4 * JSON.stringify(claims).length + 512;
}

/** A token must not lie about in memory as a key. */
export function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
