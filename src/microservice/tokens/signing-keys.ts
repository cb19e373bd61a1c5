/** The keys that sign access tokens: which one signs, which are published, and how they are rotated with an overlap. */
import type { webcrypto } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { ServiceUnavailable } from '../../core/http/exceptions';
import { isWithdrawn, withdrawKeys } from '../../core/issuers/local-issuers';
import type { Logger } from '../../core/settings/logger';
import { SteadyClock } from '../../core/time/steady-clock';
import type { Secrets } from '../secrets';
import type { SigningKeyStore, StoredSigningKey } from '../stores/store';
import { seal, unseal } from './sealed-key';

/** Names an algorithm that can sign access tokens: `EdDSA` (Ed25519), `ES256` or `RS256`. */
export type SigningAlgorithm = 'EdDSA' | 'ES256' | 'RS256';

/** The public part of a signing key (RFC 7517 §4). */
export interface PublicJwk {
  readonly kty?: string | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly kid?: string | undefined;
  readonly alg?: string | undefined;
  readonly use?: string | undefined;
}

export interface SigningKeyOptions {
  readonly issuer: string;
  readonly algorithm: SigningAlgorithm;
  /** Seconds between the publication of a new key and its first signature. */
  readonly signingKeyOverlap: number;
  /** In seconds. A replaced key stays published until its last token has expired. */
  readonly accessTokenLifetime: number;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** A key that can sign. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly key: webcrypto.CryptoKey;
}

/** The key that `rotate` created. */
export interface NewSigningKey {
  readonly kid: string;
  /** When it begins to sign, in milliseconds since 1970. It is already published. */
  readonly activeFrom: number;
}

/** A JWK Set (RFC 7517 §5). */
export interface PublicKeySet {
  readonly keys: readonly PublicJwk[];
}

interface KnownKey extends SigningKey, Pick<StoredSigningKey, 'generation' | 'activeFrom'> {
  readonly publicJwk: PublicJwk;
}

/** Milliseconds for which a process caches the keys. Other processes see a new key up to this much later. */
const cacheTime = 60_000;

/** Milliseconds of tolerance for clocks and for caches in between. */
const margin = 60_000;

export class SigningKeys {
  #known: { readonly keys: readonly KnownKey[]; readonly at: number } | undefined;
  /** What the store's clock said, and when. */
  #told: { readonly time: number; readonly at: number } | undefined;
  readonly #steady = new SteadyClock(() => this.options.clock);
  #reading: Promise<readonly KnownKey[]> | undefined;
  #rotations = 0;
  #isReplacing = false;

  constructor(
    private readonly options: SigningKeyOptions,
    private readonly store: SigningKeyStore,
    private readonly secrets: Secrets,
  ) {}

  /** Returns the key that signs now. Creates one if there is none. */
  async current(): Promise<SigningKey> {
    const [keys, now] = [await this.keys(), await this.time()];
    // If no key is active yet, the clock was set back, or is behind that of the process that created the first key.
    // Uses the oldest key then, because verifiers know it.
    const active = keys.filter(({ activeFrom }) => activeFrom <= now).at(-1) ?? keys[0];
    if (active === undefined) throw new ServiceUnavailable('There is no signing key yet');
    return active;
  }

  /** Returns the public keys that may have signed tokens in use, and the next key. */
  async published(): Promise<PublicKeySet> {
    const [keys, now] = [await this.keys(), await this.time()];
    const inUse = keys.filter(key => !this.isRetired(key, keys, now));
    return { keys: inUse.map(({ publicJwk }) => publicJwk) };
  }

  /**
   * Creates the next key, publishes it, and lets it sign after the overlap. Removes keys that cannot have signed a
   * token in use.
   *
   * @param overlap in seconds; default: `signingKeyOverlap`. 0 is for a key that has leaked: the new key signs
   * immediately, and every earlier key is withdrawn with all tokens that it signed, here now, and from verifiers elsewhere
   * when they fetch the keys again.
   */
  async rotate(overlap?: number): Promise<NewSigningKey> {
    const { kid, activeFrom } = overlap === 0 ? await this.replaceAll() : await this.announce(overlap);
    this.options.logger.info('A new signing key was made', { kid, activeFrom: new Date(activeFrom).toISOString() });
    return { kid, activeFrom };
  }

  private async announce(overlap = this.options.signingKeyOverlap): Promise<NewSigningKey> {
    const keys = await this.read();
    // The very first key signs immediately.
    const made = await this.add(await this.nextGeneration(), keys.length === 0 ? 0 : overlap * 1000);
    const now = await this.time();
    for (const key of keys.filter(one => this.isRetired(one, keys, now)))
      await this.store.removeSigningKey(this.options.issuer, key.generation);
    this.forgetKnown();
    return made;
  }

  // Keys are withdrawn in this process first: if the store then fails, their tokens are refused all the same, and the
  // caller can rotate again.
  private async replaceAll(): Promise<NewSigningKey> {
    const { issuer } = this.options;
    const made = await this.addActive();
    const earlier = (await this.store.signingKeys(issuer)).filter(({ generation }) => generation < made.generation);
    const kids = earlier.map(({ kid }) => kid);
    this.forgetKnown();
    withdrawKeys(kids);
    await this.removeReplaced(earlier);
    if (kids.length > 0) this.options.logger.warn('Signing keys were withdrawn', { kids });
    return made;
  }

  private async removeReplaced(keys: readonly StoredSigningKey[]): Promise<void> {
    this.#isReplacing = true;
    try {
      for (const { generation } of keys) await this.store.removeSigningKey(this.options.issuer, generation);
    } finally {
      this.#isReplacing = false;
    }
  }

  private async addActive(): Promise<StoredSigningKey> {
    const made = await this.add(await this.nextGeneration(), 0);
    // Another process was faster, with a key that does not sign yet.
    return made.activeFrom > (await this.time()) ? this.addActive() : made;
  }

  // Also drops a read that is still running.
  private forgetKnown(): void {
    this.#known = undefined;
    this.#reading = undefined;
    this.#rotations++;
  }

  private async keys(): Promise<readonly KnownKey[]> {
    if (this.#known !== undefined && this.isGood(this.#known)) return this.#known.keys;
    this.#reading ??= this.readAndKeep();
    return this.#reading;
  }

  // Another microservice of this process may have withdrawn a key.
  private isGood({ keys, at }: { readonly keys: readonly KnownKey[]; readonly at: number }): boolean {
    return this.#steady.now() - at < cacheTime && !keys.some(({ kid }) => isWithdrawn(kid));
  }

  private async readAndKeep(): Promise<readonly KnownKey[]> {
    const rotations = this.#rotations;
    try {
      const keys = await this.readOrMake();
      // The keys were read before a rotation, and may include a key that it withdrew.
      if (rotations !== this.#rotations) return await this.keys();
      this.#known = { keys, at: this.#steady.now() };
      return keys;
    } finally {
      if (rotations === this.#rotations) this.#reading = undefined;
    }
  }

  private async readOrMake(): Promise<readonly KnownKey[]> {
    const stored = await this.store.signingKeys(this.options.issuer);
    const keys = await this.openAll(await this.withoutReturned(stored));
    if (keys.some(({ alg }) => alg === this.options.algorithm)) return keys;
    // The very first key signs immediately. A key for another algorithm is published in advance like any other. The
    // generation follows the keys that were read: if another process makes a key meanwhile, both use that one.
    await this.add(generationAfter(stored), keys.length === 0 ? 0 : this.options.signingKeyOverlap * 1000);
    return this.read();
  }

  // A fail-over that has lost the withdrawal of a key brings the key back, and so does a backup. Its thief must not profit.
  private async withoutReturned(stored: readonly StoredSigningKey[]): Promise<readonly StoredSigningKey[]> {
    const returned = stored.filter(({ kid }) => isWithdrawn(kid));
    if (returned.length > 0 && !this.#isReplacing) {
      const kids = returned.map(({ kid }) => kid);
      this.options.logger.error('Withdrawn signing keys are in the store: they are removed', { kids });
      // A failure is in the log, and the next read tries again.
      await Promise.allSettled(returned.map(key => this.store.removeSigningKey(this.options.issuer, key.generation)));
    }
    return stored.filter(({ kid }) => !isWithdrawn(kid));
  }

  /** Reads the keys, in the order of generations. */
  private async read(): Promise<readonly KnownKey[]> {
    return this.openAll(await this.store.signingKeys(this.options.issuer));
  }

  private async openAll(stored: readonly StoredSigningKey[]): Promise<readonly KnownKey[]> {
    const inOrder = [...stored].sort((a, b) => a.generation - b.generation);
    const opened = await Promise.all(inOrder.map(key => this.open(key)));
    return opened.filter(key => key !== undefined);
  }

  private async open({ sealedJwk, ...stored }: StoredSigningKey): Promise<KnownKey | undefined> {
    const { kid, alg, generation, activeFrom } = stored;
    const jwk = await unseal(sealedJwk, stored, this.secrets);
    if (jwk === undefined) {
      this.options.logger.warn('A signing key cannot be opened with this secret: it is not used', { kid });
      return undefined;
    }
    const key = (await importJWK(jwk, alg)) as webcrypto.CryptoKey;
    return { kid, alg, key, generation, activeFrom, publicJwk: publicPart(jwk) };
  }

  private async nextGeneration(): Promise<number> {
    return generationAfter(await this.store.signingKeys(this.options.issuer));
  }

  // If two processes create the same generation, one wins, and both use its key.
  private async add(generation: number, delay: number): Promise<StoredSigningKey> {
    const { issuer, algorithm: alg } = this.options;
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(privateKey);
    // RFC 7638: the thumbprint is unique for the key.
    const kid = await calculateJwkThumbprint(jwk);
    const sealedJwk = await seal({ ...jwk, kid, alg, use: 'sig' }, { issuer, kid }, this.secrets);
    // Rounded down, so that a key without a delay signs immediately.
    const createdAt = Math.floor(await this.time());
    const activeFrom = Math.floor(createdAt + delay);
    const stored = { issuer, generation, kid, alg, sealedJwk, createdAt, activeFrom };
    if (await this.store.addSigningKey(stored)) return stored;
    const winner = (await this.store.signingKeys(issuer)).find(key => key.generation === generation);
    if (winner === undefined) throw new ServiceUnavailable('The signing keys are being changed');
    return winner;
  }

  // A key is retired when a later key signs and the last token of this one has expired.
  private isRetired({ generation }: KnownKey, keys: readonly KnownKey[], now: number): boolean {
    const rest = this.options.accessTokenLifetime * 1000 + cacheTime + margin;
    return keys.some(later => later.generation > generation && later.activeFrom + rest <= now);
  }

  /** Returns the time by the store's clock, which is asked as often as the keys are read. */
  private async time(): Promise<number> {
    if (this.store.now === undefined) return this.options.clock();
    const at = this.#steady.now();
    if (this.#told === undefined || at - this.#told.at >= cacheTime) this.#told = { time: await this.store.now(), at };
    return this.#told.time + at - this.#told.at;
  }
}

function generationAfter(stored: readonly StoredSigningKey[]): number {
  return Math.max(0, ...stored.map(({ generation }) => generation)) + 1;
}

function publicPart({ kty, crv, x, y, n, e, kid, alg, use }: PublicJwk): PublicJwk {
  const members = { kty, crv, x, y, n, e, kid, alg, use };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
