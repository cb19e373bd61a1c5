/** What the microservice stores: families of refresh tokens, signing keys and used values. Secrets are hashed or sealed. */

/**
 * A sign-in and the sequence of its refresh tokens. A stored row is valid until it expires; a family ends when its row is
 * removed. Times are in whole milliseconds since 1970: the microservice rounds expiry times up, and other times down.
 */
export interface RefreshFamily {
  /** The `sid` of all access tokens of the family. */
  readonly id: string;
  /** The hash of the part that all tokens of the family share. Identifies the family. */
  readonly handle: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly userId: string;
  /** The thumbprint of the DPoP key at sign-in (RFC 9449 §6.1); `null` without one. */
  readonly jkt: string | null;
  /** The hash of the current token. */
  readonly current: string;
  /** The hash of the token before it. */
  readonly previous: string | null;
  /** The number of rotations. */
  readonly generation: number;
  readonly signedInAt: number;
  readonly rotatedAt: number;
  /** The family ends at this time unless it is refreshed. */
  readonly idleUntil: number;
  /** The family ends at this time even if it is refreshed. */
  readonly expiresAt: number;
}

/** The replacement of a token by its successor. */
export interface Rotation {
  readonly handle: string;
  /** The expected current hash, together with `generation`. If they differ, nothing changes. */
  readonly from: string;
  readonly generation: number;
  readonly to: string;
  /** The hash of the token that is replaced; default: `from`. It differs where `from` was never used. */
  readonly previous?: string | undefined;
  readonly at: number;
  readonly idleUntil: number;
  /**
   * The time, by the store's own clock, after which nothing may change any more: the client has been told that the
   * refresh failed. A store without a clock of its own ignores it.
   */
  readonly deadline?: number | undefined;
}

/** The clock of a store, by which all of its processes measure expiry: their own clocks may differ. */
export interface StoreClock {
  /**
   * Returns the time in whole milliseconds since 1970. A store in one process has no clock of its own and leaves this out.
   *
   * @param handle a family; a store in several parts, such as a cluster, answers with the clock of the family's part
   */
  now?(handle?: string): Promise<number>;
  /** Milliseconds within which a rotation is carried out or not at all; default 5,000. Used only together with `now`. */
  readonly patience?: number;
}

/** Stores families of refresh tokens. It is a part of {@link MicroserviceStore}. */
export interface FamilyStore extends StoreClock {
  addFamily(family: RefreshFamily): Promise<void>;
  /** Returns the family, which may be expired; callers must check. */
  findFamily(handle: string): Promise<RefreshFamily | undefined>;
  /**
   * Returns whether this call rotated the family. Of several calls with the same `from` at most one does, across
   * processes.
   */
  rotateFamily(rotation: Rotation): Promise<boolean>;
  /** Returns whether this call removed the family. */
  removeFamily(handle: string): Promise<boolean>;
  /** Returns the user's families, which may include expired ones. */
  familiesOf(issuer: string, userId: string): Promise<readonly RefreshFamily[]>;
}

/** A key that signs access tokens. */
export interface StoredSigningKey {
  readonly issuer: string;
  /** The number of the key: 1, 2, 3, … for each issuer. */
  readonly generation: number;
  readonly kid: string;
  readonly alg: string;
  /**
   * The private JWK, encrypted and authenticated with the microservice's secret: write access to the store cannot add a
   * key.
   */
  readonly sealedJwk: string;
  /** In whole milliseconds since 1970, like `activeFrom`. */
  readonly createdAt: number;
  /** When the key begins to sign. It is published before. */
  readonly activeFrom: number;
}

/**
 * Stores signing keys. It is a part of {@link MicroserviceStore}. The option `signingKeyStore` accepts a separate one.
 */
export interface SigningKeyStore extends Pick<StoreClock, 'now'> {
  /** Returns whether the key was added; `false` if the issuer already has a key of this generation. */
  addSigningKey(key: StoredSigningKey): Promise<boolean>;
  signingKeys(issuer: string): Promise<readonly StoredSigningKey[]>;
  removeSigningKey(issuer: string, generation: number): Promise<void>;
}

/** Remembers values that may be used only once. It is a part of {@link MicroserviceStore}. */
export interface OnceStore extends Pick<StoreClock, 'now'> {
  /**
   * Marks a value as used. A value that the store still has was used, even after `until`: the clock of the store may have been
   * set.
   *
   * @param until when the value may be forgotten, in whole milliseconds since 1970, like `now`
   * @param now the time of the store, for one that needs a lifetime: `until - now`
   * @returns whether this was the first use; `true` for one call only, across processes
   */
  useOnce(key: string, until: number, now: number): Promise<boolean>;
}

/**
 * Stores what must outlive a process and be shared by all processes. Every method is one atomic step. A custom store
 * must pass the contract suite in `test/microservice/stores`.
 */
export interface MicroserviceStore extends FamilyStore, SigningKeyStore, OnceStore {
  /** Removes the rows that expired before `now` (whole milliseconds since 1970), and returns their number. */
  removeExpired(now: number): Promise<number>;
  /** Closes the connections that the store opened itself. */
  close(): Promise<void>;
  /** Whether a part of the store is away, such as a shard: while it is, the log does not say that the store works again. */
  readonly isAway?: boolean | undefined;
}

/** Returns the key of a user's rows. It contains the issuer, because a `sub` is unique for one issuer only. */
export function ownerKey(issuer: string, userId: string): string {
  return JSON.stringify([issuer, userId]);
}

/** Returns when a family's row may be removed. */
export function endOf({ idleUntil, expiresAt }: Pick<RefreshFamily, 'idleUntil' | 'expiresAt'>): number {
  return Math.min(idleUntil, expiresAt);
}
