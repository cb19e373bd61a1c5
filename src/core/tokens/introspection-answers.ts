/** Caches recent answers about tokens, in two bounded caches: one for active tokens, and one for inactive ones. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Claims } from '../jws/compact-jws';

/** The claims of an active token; `null` for an inactive one. */
export type Introspected = Claims | null;

/** A time by two clocks, in milliseconds. */
export interface Moment {
  /** Since 1970, to compare with `exp`. */
  readonly date: number;
  /** From any start, and only forward: the age of answers. */
  readonly steady: number;
}

interface Entry {
  readonly answer: Introspected;
  /** When the answer is too old, by the steady clock. */
  readonly until: number;
  /** Milliseconds since 1970. RFC 7662 §4: an answer "MUST NOT be cached beyond the time that the token expires". */
  readonly expiresAt: number;
}

const mostBytes = 32 * 1024 * 1024;
/**
 * Most seconds that a refusal is cached. An inactive token never becomes active again; the cache only spares the issuer
 * from a client that keeps sending it.
 */
const longestRefusal = 5;

/**
 * Caches answers by the hash of the token. Refusals have a cache of their own, so that an attacker who sends random
 * tokens cannot evict active ones.
 */
export class IntrospectionAnswers {
  readonly #active: LRUCache<string, Entry> | undefined;
  readonly #inactive: LRUCache<string, Entry> | undefined;

  constructor(
    size: number,
    /** Most seconds that an answer is used again; 0 turns the cache off. */
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

/** Returns the hash of a token, so that no token is in memory as a key. */
export function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
