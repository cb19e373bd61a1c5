/** What was said about tokens shortly before: bounded memories, one of good answers and one of bad ones. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Claims } from './compact-jws';

/** The claims of an active token; `null`: the token is not active. */
export type Introspected = Claims | null;

interface Entry {
  readonly answer: Introspected;
  /** Milliseconds since 1970. */
  readonly until: number;
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

  get(key: string, now: number): Introspected | undefined {
    const entry = this.#active?.get(key) ?? this.#inactive?.get(key);
    return entry !== undefined && now < entry.until ? entry.answer : undefined;
  }

  set(key: string, answer: Introspected, now: number): void {
    this.delete(key);
    if (answer === null) this.#inactive?.set(key, { answer, until: now + 1000 * Math.min(longestRefusal, this.ttl) });
    else this.#active?.set(key, { answer, until: this.#end(answer, now) }, { size: sizeOf(answer) });
  }

  delete(key: string): boolean {
    const wasInactive = this.#inactive?.delete(key) ?? false;
    return (this.#active?.delete(key) ?? false) || wasInactive;
  }

  // RFC 7662 §4: "a response MUST NOT be cached beyond the time that the token expires".
  #end({ exp }: Claims, now: number): number {
    const end = now + this.ttl * 1000;
    return typeof exp === 'number' ? Math.min(end, exp * 1000) : end;
  }
}

// Parsed claims take about four times their text; the rest is the entry itself.
function sizeOf(claims: Claims): number {
  return 4 * JSON.stringify(claims).length + 512;
}

/** A token must not lie about in memory as a key. */
export function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
