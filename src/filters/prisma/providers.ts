/** What the databases behind Prisma can hold and compare. */
import { ImproperlyConfigured } from '../../core/http/exceptions';

/** The databases that `toPrisma` writes for, as the schema of Prisma names them. `mysql` is MariaDB, too. */
export type PrismaProvider = 'postgresql' | 'mysql' | 'sqlite';

export interface Provider {
  /** The values that one filter may have. Prisma sends no more than 999 parameters to SQLite. */
  readonly maxValues: number;
  /** What an `Int` can be. An integer of MySQL may be unsigned, and one of SQLite has 64 bits. */
  readonly int: { readonly min: number; readonly max: number };
  readonly maxBigInt: bigint;
  /** Is NaN a number, and more than infinity? */
  readonly hasNaN: boolean;
  /** Does a column of times hold what Prisma cannot read, such as `infinity`? It can write the year 10000, then. */
  readonly hasUnreadableTimes: boolean;
  /** Does `=` ignore trailing spaces, also where it compares bytes? */
  readonly padsText: boolean;
}

const maxSigned = 2n ** 63n - 1n;
const safeIntegers = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

const providers: Readonly<Record<PrismaProvider, Provider>> = {
  postgresql: {
    maxValues: 10_000,
    int: { min: -(2 ** 31), max: 2 ** 31 - 1 },
    maxBigInt: maxSigned,
    hasNaN: true,
    hasUnreadableTimes: true,
    padsText: false,
  },
  mysql: {
    maxValues: 10_000,
    int: safeIntegers,
    maxBigInt: 2n ** 64n - 1n,
    hasNaN: false,
    hasUnreadableTimes: false,
    padsText: true,
  },
  sqlite: {
    maxValues: 900,
    int: safeIntegers,
    maxBigInt: maxSigned,
    hasNaN: false,
    hasUnreadableTimes: false,
    padsText: false,
  },
};

/** @throws ImproperlyConfigured if the name is of no provider */
export function providerOf(name: PrismaProvider): Provider {
  if (Object.hasOwn(providers, name)) return providers[name];
  throw new ImproperlyConfigured(`The option 'provider' must be one of: ${Object.keys(providers).join(', ')}.`);
}
