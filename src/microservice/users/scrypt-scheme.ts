/** Hashes passwords with scrypt (RFC 7914), which is built into Node. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { unpadded, type PasswordScheme } from './password-scheme';

/** Configures the cost of hashing with scrypt (RFC 7914 §2). */
export interface ScryptParameters {
  /** The binary logarithm of the cost N, from 10 to 20: 15 is N = 32768. */
  readonly ln: number;
  /** Block size, from 1 to 32; a hash takes 128 · N · r bytes of memory. */
  readonly r: number;
  /** The number of consecutive rounds, from 1 to 16. */
  readonly p: number;
}

/** One of the equivalent recommendations of OWASP's password storage cheat sheet: 32 MiB, and some tenths of a second. */
export const defaultScrypt: ScryptParameters = { ln: 15, r: 8, p: 3 };

interface Stored extends ScryptParameters {
  readonly salt: Buffer;
  readonly key: Buffer;
}

const keyLength = 32;
const saltLength = 16;

/** scrypt hashes as PHC strings: `$scrypt$ln=15,r=8,p=3$salt$hash`. */
export class ScryptScheme implements PasswordScheme {
  readonly id = 'scrypt';
  readonly decoy: string;
  readonly #today: ScryptParameters;

  /** @throws ImproperlyConfigured for parameters that are out of bounds */
  constructor(parameters: ScryptParameters = defaultScrypt) {
    if (!areInBounds(parameters) || parameters.ln < 10)
      throw new ImproperlyConfigured(
        `The scrypt parameters are ${JSON.stringify(parameters)}; expected ln from 10 to 20, r from 1 to 32, p from 1 to 16.`,
      );
    this.#today = parameters;
    this.decoy = phcString({ ...parameters, salt: randomBytes(saltLength), key: randomBytes(keyLength) });
  }

  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltLength);
    const key = await derive(password, salt, keyLength, this.#today);
    return phcString({ ...this.#today, salt, key });
  }

  accepts(hash: string): boolean {
    return parse(hash) !== undefined;
  }

  async verify(password: string, hash: string): Promise<boolean> {
    const stored = parse(hash);
    if (stored === undefined) return false;
    const key = await derive(password, stored.salt, stored.key.length, stored);
    const isRight = timingSafeEqual(key, stored.key);
    if (!isRight) await this.#makeUpFor(password, stored);
    return isRight;
  }

  isCurrent(hash: string): boolean {
    const stored = parse(hash);
    return stored !== undefined && work(stored) >= work(this.#today) && memory(stored) >= memory(this.#today);
  }

  // Adds the missing work, so that a wrong password for an old, cheap hash takes as long as an unknown user.
  async #makeUpFor(password: string, stored: Stored): Promise<void> {
    const { ln: most, r } = this.#today;
    for (let rest = work(this.#today) - work(stored); rest >= 2 * r;) {
      const ln = Math.min(most, Math.floor(Math.log2(rest / r)));
      // In as few calls as possible, because each call allocates its memory again.
      const p = Math.floor(rest / (2 ** ln * r));
      await derive(password, stored.salt, keyLength, { ln, r, p });
      rest -= 2 ** ln * r * p;
    }
  }
}

function work({ ln, r, p }: ScryptParameters): number {
  return 2 ** ln * r * p;
}

function memory({ ln, r }: ScryptParameters): number {
  return 128 * 2 ** ln * r;
}

// Limits how much memory a stored hash can demand.
function areInBounds({ ln, r, p }: ScryptParameters): boolean {
  const isWithin = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
  return isWithin(ln, 20) && isWithin(r, 32) && isWithin(p, 16);
}

function derive(password: string, salt: Buffer, length: number, parameters: ScryptParameters): Promise<Buffer> {
  const { ln, r, p } = parameters;
  const options = { N: 2 ** ln, r, p, maxmem: 2 * memory(parameters) + 1024 * r * p };
  return new Promise((resolve, reject) => {
    // Without an error, Node passes null and Bun undefined.
    scrypt(password, salt, length, options, (error: Error | null | undefined, key) => {
      if (error instanceof Error) reject(error);
      else resolve(key);
    });
  });
}

function phcString({ ln, r, p, salt, key }: Stored): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(key)}`;
}

const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function parse(hash: string): Stored | undefined {
  const [, ln, r, p, salt = '', key = ''] = form.exec(hash) ?? [];
  const parameters = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (!areInBounds(parameters)) return undefined;
  return { ...parameters, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}
