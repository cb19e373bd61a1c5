/** Hashes of passwords: made in the best scheme there is, verified in every one that is known. */
import type { Logger } from '../../core/setting-kinds';
import { consoleLogger } from '../../core/console-logger';
import { Argon2Scheme, installedArgon2, type Argon2, type Argon2Parameters } from './argon2-scheme';
import { HashingQueue, type HashingBounds } from './hashing-queue';
import type { PasswordScheme } from './password-scheme';
import { ScryptScheme, type ScryptParameters } from './scrypt-scheme';

/** Makes and verifies hashes of passwords. */
export interface PasswordHasher {
  /** A hash that nobody's password has, with the parameters of a new one: for users that do not exist. */
  readonly decoy: string;
  hash(password: string): Promise<string>;
  /** Takes as long whoever's hash it is. A hash that cannot be read has no password. */
  verify(password: string, hash: string): Promise<boolean>;
  /** Would a new hash be stronger? */
  needsRehash(hash: string): boolean;
}

export interface PasswordHasherOptions extends HashingBounds {
  /** Default: N = 2^15, r = 8, p = 3. */
  readonly scrypt?: ScryptParameters;
  /** Default: 19 MiB, two passes, one lane. `false`: new hashes are scrypt's, even where the package is installed. */
  readonly argon2?: Argon2Parameters | false;
  readonly logger?: Logger;
}

/**
 * Hashes in PHC strings: Argon2id where the package `@node-rs/argon2` is installed, else scrypt. Hashes of both, of any
 * strength in reason, are verified. A few run at once, a few wait, and who comes then is refused.
 *
 * A wrong password takes as long as an unknown user takes where the hash has today's parameters, and where it is a weaker
 * one of scrypt among scrypt's. An account whose hash is Argon2id's with other parameters, or of the other scheme, can be
 * told from an unknown user by time, until a good sign-in has made a new hash; a dearer hash of the same scheme stays.
 * `PasswordSignIn` covers that with its `refusalTime`.
 *
 * @example
 * const hasher = new PhcPasswordHasher({ concurrency: 2 });
 * const hash = await hasher.hash('correct horse battery staple');
 * const isRight = await hasher.verify('correct horse battery staple', hash); // true
 */
export class PhcPasswordHasher implements PasswordHasher {
  readonly decoy: string;
  readonly #best: PasswordScheme;
  readonly #schemes: readonly PasswordScheme[];
  readonly #queue: HashingQueue;
  readonly #logger: Logger;

  /** @throws ImproperlyConfigured for parameters that are out of bounds. */
  constructor(
    options: PasswordHasherOptions = {},
    /** Only for tests: the package, or that there is none. */
    argon2: Argon2 | null = installedArgon2() ?? null,
  ) {
    const scrypt = new ScryptScheme(options.scrypt);
    const others = argon2 === null ? [] : [new Argon2Scheme(argon2, options.argon2 || undefined)];
    this.#schemes = options.argon2 === false ? [scrypt, ...others] : [...others, scrypt];
    this.#best = this.#schemes[0] ?? scrypt;
    this.decoy = this.#best.decoy;
    this.#queue = new HashingQueue(options);
    this.#logger = options.logger ?? consoleLogger;
  }

  /** @throws ServiceUnavailable where too many wait. */
  hash(password: string): Promise<string> {
    return this.#queue.run(() => this.#best.hash(normalized(password)));
  }

  /** @throws ServiceUnavailable where too many wait. */
  async verify(password: string, hash: string): Promise<boolean> {
    const scheme = this.#schemeOf(hash);
    if (scheme === undefined) this.#report(hash);
    const isRight = await this.#queue.run(() =>
      (scheme ?? this.#best).verify(normalized(password), scheme === undefined ? this.decoy : hash),
    );
    return isRight && scheme !== undefined && hash !== this.decoy;
  }

  needsRehash(hash: string): boolean {
    return !this.#best.isCurrent(hash);
  }

  #schemeOf(hash: string): PasswordScheme | undefined {
    return this.#schemes.find(scheme => scheme.accepts(hash));
  }

  #report(hash: string): void {
    const scheme = /^\$([a-z0-9-]{1,32})\$/.exec(hash)?.[1];
    this.#logger.error("A user's password hash cannot be read: nobody can sign in with it", { scheme });
  }
}

// NIST SP 800-63B §3.1.1.2: the same characters, however a keyboard composes them.
function normalized(password: string): string {
  return password.normalize('NFKC');
}
