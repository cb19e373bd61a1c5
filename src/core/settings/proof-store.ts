/** The contract of a store that remembers used DPoP proofs, so that nobody can use one twice. */

/** The use of a proof, as a store records it. */
export interface ProofUse {
  /** The thumbprint of the proof's key (RFC 7638): each key has a share of the store. */
  readonly thumbprint: string;
  /** A hash of the thumbprint and `jti`: 43 characters, equal for every use of the same proof. */
  readonly id: string;
  /** When no server accepts the proof any more, in milliseconds since 1970. */
  readonly end: number;
}

/**
 * The answer of a store. `first`: the use is recorded, and the proof was never used before; only this accepts it. `again`:
 * it was used before. `late`: by the store's clock, the proof is too old to know. `early`: by that clock, it ends too far ahead.
 * `share`: the key has its share of the store in use. `full`: the store has no room.
 */
export type ProofAnswer = 'first' | 'again' | 'late' | 'early' | 'share' | 'full';

/** What became of a use. */
export interface ProofVerdict {
  readonly answer: ProofAnswer;
  /** Seconds until there may be room, for `share` and `full`. */
  readonly wait?: number | undefined;
}

/** Remembers used proofs, for one or several servers. */
export interface ProofStore {
  /**
   * Records the use of a proof unless it was used before, in one atomic step. The store keeps it until `end` by its own
   * clock, and never forgets it before. A rejected promise means an outage, which refuses the request with 503.
   */
  use(proof: ProofUse): ProofVerdict | Promise<ProofVerdict>;
  /** Whether a part of the store is away, such as a shard: while it is, the log does not say that the store works again. */
  readonly isAway?: boolean | undefined;
  /** Seconds after which a missing answer counts as an outage; default 5. */
  readonly timeout?: number | undefined;
}
