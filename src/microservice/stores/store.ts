/** What the microservice keeps: families of refresh tokens, signing keys, and what may be used once. Only hashes of secrets. */

/**
 * A sign-in and all refresh tokens that came of it, one at a time: a row that is there is good until it expires, and
 * ending a family is removing it. Times are in milliseconds since 1970.
 */
export interface RefreshFamily {
  /** The `sid` of every access token of the family. */
  readonly id: string;
  /** Hash of the part that all tokens of the family share; what a family is found by. */
  readonly handle: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly userId: string;
  /** RFC 9449 §6.1: thumbprint of the DPoP key that was shown at the sign-in; `null`: none was. */
  readonly jkt: string | null;
  /** Hash of the token that is good now. */
  readonly current: string;
  /** Hash of the one before it. */
  readonly previous: string | null;
  /** How often the family was rotated. */
  readonly generation: number;
  readonly signedInAt: number;
  readonly rotatedAt: number;
  /** Without a refresh until then the family ends. */
  readonly idleUntil: number;
  /** However often it is refreshed, the family ends then. */
  readonly expiresAt: number;
}

/** One step from a token to its successor. */
export interface Rotation {
  readonly handle: string;
  /** What must be the current hash and the generation, or nothing is changed. */
  readonly from: string;
  readonly generation: number;
  readonly to: string;
  readonly at: number;
  readonly idleUntil: number;
}

export interface FamilyStore {
  addFamily(family: RefreshFamily): Promise<void>;
  /** It may have expired: who asks looks at the times. */
  findFamily(handle: string): Promise<RefreshFamily | undefined>;
  /** @returns whether it was this call that rotated: of several with the same `from` at most one, however many processes. */
  rotateFamily(rotation: Rotation): Promise<boolean>;
  /** @returns whether it was this call that removed it. */
  removeFamily(handle: string): Promise<boolean>;
  /** The user's families, expired ones perhaps among them. */
  familiesOf(issuer: string, userId: string): Promise<readonly RefreshFamily[]>;
}

/** A key that signs access tokens. */
export interface StoredSigningKey {
  readonly issuer: string;
  /** 1, 2, 3, …: the order of an issuer's keys. */
  readonly generation: number;
  readonly kid: string;
  readonly alg: string;
  /** The private JWK, encrypted and authenticated by the microservice's secret: who only writes to the store makes no key. */
  readonly sealedJwk: string;
  readonly createdAt: number;
  /** From then on it signs; it is published before. */
  readonly activeFrom: number;
}

export interface SigningKeyStore {
  /** @returns whether it was added; `false`: the issuer has a key of that generation. */
  addSigningKey(key: StoredSigningKey): Promise<boolean>;
  signingKeys(issuer: string): Promise<readonly StoredSigningKey[]>;
  removeSigningKey(issuer: string, generation: number): Promise<void>;
}

export interface OnceStore {
  /**
   * @param until when it may be forgotten; milliseconds since 1970, as `now`
   * @returns whether this was the first use: for one call only, however many processes.
   */
  useOnce(key: string, until: number, now: number): Promise<boolean>;
}

/**
 * Where the microservice keeps what must outlive a process and be the same for all of them. Every method is one atomic
 * step. A store of one's own passes the contract suite of `test/microservice/stores`.
 */
export interface MicroserviceStore extends FamilyStore, SigningKeyStore, OnceStore {
  /** @returns how many rows that expired before `now` (milliseconds since 1970) are gone. */
  removeExpired(now: number): Promise<number>;
  /** Lets go of the connections that the store opened itself. */
  close(): Promise<void>;
}

/** The user's places: what a row of a user is found by. `sub` means nothing without `iss`. */
export function ownerKey(issuer: string, userId: string): string {
  return JSON.stringify([issuer, userId]);
}

/** When a family's row may go. */
export function endOf({ idleUntil, expiresAt }: Pick<RefreshFamily, 'idleUntil' | 'expiresAt'>): number {
  return Math.min(idleUntil, expiresAt);
}
