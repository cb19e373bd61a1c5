/** Remembers used proofs in the memory of a process. */
import { ImproperlyConfigured } from '../http/exceptions';
import type { ProofStore, ProofUse, ProofVerdict } from '../settings/proof-store';
import { systemClock } from '../time/steady-clock';
import { ForgottenTimes } from './forgotten-times';

/** Options of {@link MemoryProofStore}. */
export interface ProofStoreLimits {
  /** Most proofs at the same time; default 100,000, of about 250 bytes each. In Redis 200,000 of about 150 bytes. */
  readonly size?: number | undefined;
  /**
   * Most proofs of one key at the same time, while the store is empty. The fuller the store, the smaller the share: in a
   * store that is half full a key has half of it, so that no few keys can fill the store. At most `size`. Default: a
   * twentieth of `size`, and at most 5000, which is about 80 requests per second.
   */
  readonly share?: number | undefined;
}

/**
 * Seconds from now to the latest end that is taken for one of this time: the `iat` may be a minute ahead of a server's clock,
 * and that clock ten minutes ahead of the store's. What ends later was recorded while the clock of the store was ahead, and
 * gives its place to others. Nobody else can bring that about: what is forgotten early closes its second for all keys.
 */
export const furthestEnd = 180 + 600;

/** The proofs of one key. */
interface OfKey {
  readonly thumbprint: string;
  proofs: number;
}

interface Entry {
  readonly id: string;
  readonly key: OfKey;
}

/**
 * The default store of used proofs: for one process. Servers in several processes share a `RedisProofStore`.
 *
 * @example
 * const proofStore = new MemoryProofStore({ size: 500_000, share: 20_000 });
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, proofStore } });
 */
export class MemoryProofStore implements ProofStore {
  /** Milliseconds since 1970; read at the moment of use. */
  clock: () => number = systemClock;
  readonly #size: number;
  readonly #share: number;
  readonly #used = new Set<string>();
  readonly #keys = new Map<string, OfKey>();
  /** The entries by the second in which they end. */
  readonly #seconds = new Map<number, Entry[]>();
  #firstSecond = Infinity;
  readonly #forgotten = new ForgottenTimes();

  /** @throws ImproperlyConfigured for limits that are no whole numbers above 0, and for a `share` above `size` */
  constructor(limits: ProofStoreLimits = {}) {
    const { size, share } = checkedLimits(limits, 100_000);
    this.#size = size;
    this.#share = share;
  }

  use({ thumbprint, id, end }: ProofUse): ProofVerdict {
    const now = this.clock();
    if (now >= this.#firstSecond * 1000) this.#forget(second => second * 1000 <= now);
    // Negated, so that an end that is no number is refused. An entry is kept until its second is over.
    if (!(end > now) || this.#forgotten.has(secondOf(end))) return { answer: 'late' };
    if (this.#used.has(id)) return { answer: 'again' };
    const key = this.#keys.get(thumbprint) ?? { thumbprint, proofs: 0 };
    if (this.#refusal(key, now) !== undefined) this.#forget(second => second * 1000 > now + furthestEnd * 1000);
    const refusal = this.#refusal(key, now);
    if (refusal === undefined) this.#record(id, key, end);
    return refusal ?? first;
  }

  #refusal({ proofs }: OfKey, now: number): ProofVerdict | undefined {
    if (this.#used.size >= this.#size) return { answer: 'full', wait: this.#waitFrom(now) };
    return proofs >= this.#shareNow ? { answer: 'share', wait: this.#waitFrom(now) } : undefined;
  }

  // Shrinks as the store fills, so that a few keys leave room for all others: filling it takes hundreds of keys.
  get #shareNow(): number {
    return this.#share * (1 - this.#used.size / this.#size);
  }

  #record(id: string, key: OfKey, end: number): void {
    const second = secondOf(end);
    const entries = this.#seconds.get(second) ?? [];
    if (entries.length === 0) this.#seconds.set(second, entries);
    entries.push({ id, key });
    this.#firstSecond = Math.min(this.#firstSecond, second);
    this.#used.add(id);
    key.proofs += 1;
    if (key.proofs === 1) this.#keys.set(key.thumbprint, key);
  }

  #forget(isOver: (second: number) => boolean): void {
    for (const second of [...this.#seconds.keys()].filter(isOver)) {
      for (const { id, key } of this.#seconds.get(second) ?? []) this.#forgetOne(id, key);
      this.#seconds.delete(second);
      this.#forgotten.add(second);
    }
    this.#firstSecond = Math.min(...this.#seconds.keys());
  }

  #forgetOne(id: string, key: OfKey): void {
    this.#used.delete(id);
    key.proofs -= 1;
    if (key.proofs === 0) this.#keys.delete(key.thumbprint);
  }

  #waitFrom(now: number): number {
    return Math.max(1, this.#firstSecond - now / 1000);
  }
}

function secondOf(end: number): number {
  return Math.ceil(end / 1000);
}

const first: ProofVerdict = Object.freeze({ answer: 'first' });

/**
 * Returns the limits of a store of used proofs.
 *
 * @throws ImproperlyConfigured for limits that are no whole numbers above 0, and for a `share` above `size`
 */
export function checkedLimits(
  limits: ProofStoreLimits,
  defaultSize: number,
): { readonly size: number; readonly share: number } {
  const { size = defaultSize, share = Math.min(5000, Math.ceil(size / 20)) } = limits;
  const areRight = [size, share].every(limit => Number.isSafeInteger(limit) && limit > 0) && share <= size;
  if (areRight) return { size, share };
  throw new ImproperlyConfigured(
    `The options 'size' and 'share' of a store of used proofs must be whole numbers above 0, and 'share' at most 'size'. They are ${String(size)} and ${String(share)}.`,
  );
}
