/** Reads a JWK Set (RFC 7517 §5): finds the keys that verify signatures, and the one that a token's header names. */
import type { KeyObject } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../http/bounded-fetch';
import { publicKeyOf } from '../jws/public-key';
import { isSameAlgorithm, keyFits, supportedAlgorithms } from '../jws/signature';

/** A public key of the issuer. It stays the same object for as long as the issuer publishes the same key. */
export interface VerificationKey {
  readonly kid: string;
  /** The only algorithm that the key may be used with; without one, every algorithm that it fits. */
  readonly alg?: string;
  readonly keyObject: KeyObject;
}

/** What a token's header says about its key. */
export interface KeyName {
  readonly alg: string;
  readonly kid: string;
}

/** Most entries of a JWK Set that is read. Real issuers publish a handful, and each one costs time. */
export const mostKeys = 200;

/** A JWK Set with more than {@link mostKeys} entries. */
export class TooManyKeys extends Error {
  override readonly name = 'TooManyKeys';

  constructor(readonly count: number) {
    super(`the JWK Set has ${count} keys; at most ${mostKeys} are accepted`);
  }
}

/** An issuer's usable keys. A bad key is left out and named in `problems`, and does not affect the good ones. */
export class KeySet {
  static readonly empty = new KeySet([], [], true);

  readonly #byKid: ReadonlyMap<string, ReadonlyMap<string, VerificationKey>>;
  readonly #members: ReadonlySet<VerificationKey>;

  private constructor(
    /** Without ambiguous keys: no token may be verified with one, even if it was known before. */
    readonly keys: readonly VerificationKey[],
    /** What is wrong with the set, one sentence for each key. Never has key material. */
    readonly problems: readonly string[],
    /** Whether no key for signatures could be read. An issuer always has one, so such a set is a mistake. */
    readonly isUnusable: boolean,
  ) {
    this.#byKid = new Map([...byKid(keys)].map(([kid, group]) => [kid, byAlgorithm(group)]));
    this.#members = new Set(keys);
  }

  /**
   * Returns the usable keys of a JWK Set. Keys that `previous` has, too, are the same objects.
   *
   * @returns `undefined` if the document is not a JWK Set (it has no `keys` array).
   * @throws TooManyKeys before any key is read.
   * @example
   * const key = KeySet.read(await response.json())?.find({ alg: 'RS256', kid: 'k1' });
   */
  static read(document: unknown, previous: KeySet = KeySet.empty): KeySet | undefined {
    const jwks = isJsonObject(document) ? document['keys'] : undefined;
    if (!Array.isArray(jwks)) return undefined;
    if (jwks.length > mostKeys) throw new TooManyKeys(jwks.length);
    const readings = jwks.map((jwk: unknown, index) => readKey(jwk, index));
    const keys = readings.flatMap(({ key }) => (key === undefined ? [] : [previous.#same(key) ?? key]));
    const problems = readings.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    const confused = confusedKeys(keys);
    const clear = keys.filter(key => !confused.has(key));
    return new KeySet(clear, [...problems, ...ambiguities(confused)], keys.length === 0);
  }

  /** Tells whether the set has a key that `previous` does not have. */
  hasMoreThan(previous: KeySet): boolean {
    return this.keys.some(key => !previous.has(key));
  }

  /** Returns the set without the keys that `isLeftOut` selects. */
  without(isLeftOut: (kid: string) => boolean): KeySet {
    const rest = this.keys.filter(({ kid }) => !isLeftOut(kid));
    return rest.length === this.keys.length ? this : new KeySet(rest, this.problems, rest.length === 0);
  }

  /** Returns the one key that a header names. */
  find({ alg, kid }: KeyName): VerificationKey | undefined {
    return this.#byKid.get(kid)?.get(alg);
  }

  /** Tells whether this object, not just an equal one, is one of the keys. */
  has(key: VerificationKey): boolean {
    return this.#members.has(key);
  }

  #same({ kid, alg, keyObject }: VerificationKey): VerificationKey | undefined {
    const known = [...(this.#byKid.get(kid)?.values() ?? [])];
    return known.find(key => key.alg === alg && key.keyObject.equals(keyObject));
  }
}

function byKid(keys: readonly VerificationKey[]): Map<string, VerificationKey[]> {
  const groups = new Map<string, VerificationKey[]>();
  for (const key of keys) {
    const group = groups.get(key.kid);
    if (group === undefined) groups.set(key.kid, [key]);
    else group.push(key);
  }
  return groups;
}

/**
 * Returns the key of this group for each algorithm. All keys have the same `kid`, and no two different ones fit the
 * same algorithm.
 */
function byAlgorithm(group: readonly VerificationKey[]): ReadonlyMap<string, VerificationKey> {
  const found = supportedAlgorithms.map(alg => [alg, fitting(group, alg)[0]] as const);
  return new Map(found.filter((entry): entry is [string, VerificationKey] => entry[1] !== undefined));
}

function fitting(keys: readonly VerificationKey[], alg: string): readonly VerificationKey[] {
  return keys.filter(key => isSameAlgorithm(key.alg ?? alg, alg) && keyFits(key.keyObject, alg));
}

/** Returns the keys that share their `kid` and an algorithm with a different key: choosing one would be a guess. */
function confusedKeys(keys: readonly VerificationKey[]): ReadonlySet<VerificationKey> {
  const groups = [...byKid(keys).values()].filter(group => group.length > 1);
  const candidates = groups.flatMap(group => supportedAlgorithms.map(alg => fitting(group, alg)));
  return new Set(candidates.filter(group => !areTheSame(group)).flat());
}

function areTheSame([first, ...others]: readonly VerificationKey[]): boolean {
  return others.every(other => first?.keyObject.equals(other.keyObject));
}

function ambiguities(confused: ReadonlySet<VerificationKey>): string[] {
  const kids = new Set([...confused].map(({ kid }) => kid));
  return [...kids].map(kid => `different keys have the kid ${quoted(kid)}; it names none of them`);
}

interface Reading {
  readonly key?: VerificationKey;
  readonly problem?: string;
}

// RFC 7517 §4.2, §4.3: a key that is not for signatures is skipped without a warning.
function readKey(jwk: unknown, index: number): Reading {
  if (!isJsonObject(jwk)) return { problem: `key ${index} is not an object` };
  if (!isForSignatures(jwk)) return {};
  const { kid } = jwk;
  if (typeof kid !== 'string' || kid === '') return { problem: `key ${index} has no kid` };
  const key = hasRightMembers(jwk) ? importKey(kid, jwk) : 'is not a public RSA, EC or OKP key';
  return typeof key === 'string' ? { problem: `the key with the kid ${quoted(kid)} ${key}` } : { key };
}

function isForSignatures({ use, key_ops: operations }: JsonObject): boolean {
  const isForUse = use === undefined || use === 'sig';
  return isForUse && (operations === undefined || (Array.isArray(operations) && operations.includes('verify')));
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

// RFC 7517 §9.2: a published private key is not secret any more, so a signature that it verifies proves nothing.
function hasRightMembers(jwk: JsonObject): boolean {
  const isAsymmetric = jwk['kty'] === 'RSA' || jwk['kty'] === 'EC' || jwk['kty'] === 'OKP';
  return isAsymmetric && !privateMembers.some(member => Object.hasOwn(jwk, member));
}

function importKey(kid: string, jwk: JsonObject): VerificationKey | string {
  const keyObject = publicKeyOf(jwk);
  if (typeof keyObject === 'string') return keyObject;
  const { alg } = jwk;
  if (alg !== undefined && typeof alg !== 'string') return 'has an alg that is not a string';
  const fits = alg === undefined ? supportedAlgorithms.some(name => keyFits(keyObject, name)) : keyFits(keyObject, alg);
  if (!fits) return 'is too weak, or of a type, curve or alg that is not accepted';
  return Object.freeze({ kid, ...(alg === undefined ? {} : { alg }), keyObject });
}

function quoted(kid: string): string {
  return JSON.stringify(kid.slice(0, 100));
}
