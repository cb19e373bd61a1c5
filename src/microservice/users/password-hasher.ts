/** Hashes passwords with the best available scheme, and verifies hashes of every known scheme. */
import type { Logger } from '../../core/settings/logger';
import { consoleLogger } from '../../core/settings/logger';
import { Argon2Scheme, installedArgon2, type Argon2, type Argon2Parameters } from './argon2-scheme';
import { HashingQueue, type HashingBounds } from './hashing-queue';
import type { PasswordScheme } from './password-scheme';
import { ScryptScheme, type ScryptParameters } from './scrypt-scheme';

/** Creates and verifies hashes of passwords. */
export interface PasswordHasher {
  /** A hash that matches no password, with the parameters of a new hash. Used for users that do not exist. */
  readonly decoy: string;
  /** @param address the address of the caller, if there is one; a limit of the hasher may go by it */
  hash(password: string, address?: string): Promise<string>;
  /**
   * Takes the same time for every user. An unreadable hash matches no password.
   *
   * @param address the address of the caller, if there is one; a limit of the hasher may go by it
   */
  verify(password: string, hash: string, address?: string): Promise<boolean>;
  /** Returns whether a new hash would be stronger. */
  needsRehash(hash: string): boolean;
}

/** Options of {@link PhcPasswordHasher}. */
export interface PasswordHasherOptions extends HashingBounds {
  /** Default: N = 2^15, r = 8, p = 3. */
  readonly scrypt?: ScryptParameters;
  /** Default: 19 MiB, two passes, one lane. `false` means scrypt for new hashes, even if the package is installed. */
  readonly argon2?: Argon2Parameters | false;
  /** Receives an error for each hash that cannot be read. Default: a logger that writes to the console. */
  readonly logger?: Logger;
}

/**
 * Creates hashes as PHC strings, with Argon2id if the package `@node-rs/argon2` is installed, otherwise with scrypt.
 * Verifies hashes of both with any reasonable parameters. A few jobs run at once, a few wait, and further ones are
 * refused. Addresses wait in equal shares, if the caller of `verify()` and `hash()` passes them.
 *
 * A wrong password takes as long as an unknown user if the hash has the current parameters, or if both are scrypt and
 * the hash is weaker. An Argon2id hash with other parameters, or a hash of the other scheme, takes a different time,
 * which reveals that the account exists, until a successful sign-in replaces the hash. A more expensive hash of the
 * same scheme is not replaced. `PasswordSignIn` hides these differences with its `refusalTime`.
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

  /** @throws ImproperlyConfigured for parameters that are out of bounds */
  constructor(
    options: PasswordHasherOptions = {},
    /** For tests only: the package; `null` if there is none. */
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

  /** @throws ServiceUnavailable if too many jobs are waiting */
  hash(password: string, address?: string): Promise<string> {
    return this.#queue.run(() => this.#best.hash(normalized(password)), address);
  }

  /** @throws ServiceUnavailable if too many jobs are waiting */
  async verify(password: string, hash: string, address?: string): Promise<boolean> {
    const scheme = this.#schemeOf(hash);
    if (scheme === undefined) this.#report(hash);
    const isRight = await this.#queue.run(
      () => (scheme ?? this.#best).verify(normalized(password), scheme === undefined ? this.decoy : hash),
      address,
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

// NIST SP 800-63B §3.1.1.2: the same characters must match, however the keyboard composes them.
function normalized(password: string): string {
  return password.normalize('NFKC');
}
