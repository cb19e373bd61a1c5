/** Hashes passwords with Argon2id (RFC 9106), if the package `@node-rs/argon2` is installed. */
import { randomBytes } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { unpadded, type PasswordScheme } from './password-scheme';

/** The part of `@node-rs/argon2` that is used. */
export interface Argon2 {
  hash(password: string, options: Argon2Costs): Promise<string>;
  hashRaw(password: string, options: Argon2Costs & { salt: Uint8Array }): Promise<Buffer>;
  verify(hash: string, password: string): Promise<boolean>;
}

interface Argon2Costs {
  memoryCost: number;
  timeCost: number;
  parallelism: number;
}

/** Configures the cost of hashing with Argon2id (RFC 9106 §3.1). */
export interface Argon2Parameters {
  /** Memory in KiB, from 8192 to 1048576. */
  readonly m: number;
  /** Passes over the memory, from 1 to 16. */
  readonly t: number;
  /** Lanes, from 1 to 16. */
  readonly p: number;
}

/** The first recommendation of OWASP's password storage cheat sheet: 19 MiB, two passes. */
export const defaultArgon2: Argon2Parameters = { m: 19_456, t: 2, p: 1 };

/** Returns the package, or `undefined` if it is not installed. */
export function installedArgon2(): Argon2 | undefined {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the package is optional
    return require('@node-rs/argon2') as Argon2;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw new ImproperlyConfigured(
      `The package '@node-rs/argon2' is installed and cannot be loaded: install it anew.`,
      {
        cause: error,
      },
    );
  }
}

/** Argon2id hashes as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
export class Argon2Scheme implements PasswordScheme {
  readonly id = 'argon2id';
  readonly decoy: string;
  readonly #argon2: Argon2;
  readonly #today: Argon2Parameters;

  /** @throws ImproperlyConfigured for parameters that are out of bounds */
  constructor(argon2: Argon2, parameters: Argon2Parameters = defaultArgon2) {
    const { m, t, p } = parameters;
    if (!areInBounds(parameters) || m < 8192)
      throw new ImproperlyConfigured(
        `The Argon2 parameters are ${JSON.stringify({ m, t, p })}; expected m from 8192 to 1048576 (KiB), t and p from 1 to 16.`,
      );
    this.#argon2 = argon2;
    this.#today = parameters;
    this.decoy = `$argon2id$v=19$m=${m},t=${t},p=${p}$${unpadded(randomBytes(16))}$${unpadded(randomBytes(32))}`;
  }

  hash(password: string): Promise<string> {
    return this.#argon2.hash(password, costs(this.#today));
  }

  accepts(hash: string): boolean {
    return parse(hash) !== undefined;
  }

  async verify(password: string, hash: string): Promise<boolean> {
    const isRight = await this.#argon2.verify(hash, password);
    if (!isRight) await this.#makeUpFor(password, hash);
    return isRight;
  }

  isCurrent(hash: string): boolean {
    const stored = parse(hash);
    return stored !== undefined && stored.m >= this.#today.m && work(stored) >= work(this.#today);
  }

  // Adds the missing work, as for scrypt, but only roughly: work is not proportional to time here. Most of a first pass
  // is spent on allocating memory, which depends on the system's page sizes. No rule for the parameters fits every
  // machine.
  async #makeUpFor(password: string, hash: string): Promise<void> {
    const stored = parse(hash) ?? this.#today;
    const passes = Math.round((work(this.#today) - work(stored)) / this.#today.m);
    if (passes < 1) return;
    await this.#argon2.hashRaw(password, { ...costs({ ...this.#today, t: passes }), salt: randomBytes(16) });
  }
}

function work({ m, t }: Argon2Parameters): number {
  return m * t;
}

function costs({ m, t, p }: Argon2Parameters): Argon2Costs {
  return { memoryCost: m, timeCost: t, parallelism: p };
}

function areInBounds({ m, t, p }: Argon2Parameters): boolean {
  const isWithin = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
  return isWithin(m, 1_048_576) && isWithin(t, 16) && isWithin(p, 16);
}

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

function parse(hash: string): Argon2Parameters | undefined {
  const [, m, t, p] = form.exec(hash) ?? [];
  const parameters = { m: Number(m), t: Number(t), p: Number(p) };
  return areInBounds(parameters) ? parameters : undefined;
}
