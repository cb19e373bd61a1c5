/** How each database writes names, parameters and comparisons. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { CompareOperator } from '../../core/requirements/object-filter';

/** The databases that `toSql` writes for. `mysql` is MariaDB, too. */
export type SqlDialect = 'postgresql' | 'mysql' | 'sqlite';

/** Collects the values of a statement, and returns the placeholder of each. */
export type Parameter = (value: unknown) => string;

export interface Dialect {
  /** The quotation mark of a name. */
  readonly quote: string;
  readonly maxInteger: bigint;
  /**
   * Equality of text: by `=`, so that an index can be used, and by bytes, because `=` follows the column's collation.
   *
   * @param collation the column's own, by which `=` compares bytes
   */
  texts(column: string, values: readonly string[], parameter: Parameter, collation?: string): string;
  uuids(column: string, values: readonly string[], parameter: Parameter): string;
  integers(column: string, values: readonly string[], parameter: Parameter): string;
  numbers(column: string, values: readonly number[], parameter: Parameter): string;
  boolean(value: boolean): string;
  /** Compares an integer with a whole number, by its digits. */
  integerOrder(column: string, operator: CompareOperator, value: string, parameter: Parameter): string;
  numberOrder(column: string, operator: CompareOperator, value: number, parameter: Parameter): string;
  /** The times that the database can write, in milliseconds since 1970. All of its rows are within them. */
  readonly times: { readonly min: number; readonly max: number };
  /** The condition under which a column has a time that a `Date` can hold. */
  isTime(column: string): string;
  /** Compares a time of at least millisecond precision with one of {@link times}. */
  timeOrder(column: string, operator: '<' | '>=', time: Date, parameter: Parameter, hasNoZone: boolean): string;
}

function listed(column: string, values: readonly unknown[], write: (value: unknown) => string): string {
  return values.length === 1 ? `${column} = ${write(values[0])}` : `${column} IN (${values.map(write).join(', ')})`;
}

const maxSigned = 2n ** 63n - 1n;

// What MySQL's and SQLite's functions take.
const fourDigitYears = { min: Date.parse('0001-01-01T00:00:00.000Z'), max: Date.parse('9999-12-31T23:59:59.999Z') };

function anyOf(column: string, values: readonly unknown[], type: string, parameter: Parameter): string {
  return values.length === 1
    ? `${column} = ${parameter(values[0])}::${type}`
    : `${column} = ANY(${parameter(values)}::${type}[])`;
}

const postgresql: Dialect = {
  quote: '"',
  maxInteger: maxSigned,
  texts(column, values, parameter) {
    const value = parameter(values.length === 1 ? values[0] : values);
    const compared = values.length === 1 ? `${value}::text` : `ANY(${value}::text[])`;
    return `(${column} = ${compared} AND ${column}::text COLLATE "C" = ${compared})`;
  },
  uuids: (column, values, parameter) => anyOf(column, values, 'uuid', parameter),
  integers: (column, values, parameter) => anyOf(column, values, 'bigint', parameter),
  numbers: (column, values, parameter) => anyOf(column, values.map(String), 'double precision', parameter),
  boolean: value => (value ? 'TRUE' : 'FALSE'),
  integerOrder: (column, operator, value, parameter) => `${column} ${operator} ${parameter(value)}::bigint`,
  // PostgreSQL takes NaN for the largest number.
  numberOrder: (column, operator, value, parameter) =>
    `(${column} ${operator} ${parameter(String(value))}::double precision AND ${column} <> 'NaN')`,
  // From 24 November 4714 BC to the last Date.
  times: { min: Date.UTC(-4713, 10, 24), max: 8.64e15 },
  isTime: postgresIsTime,
  timeOrder: (column, operator, time, parameter, hasNoZone) =>
    `(${column} ${operator} ${parameter(postgresTime(time))}::${timeType(hasNoZone)} AND ${postgresIsTime(column)})`,
};

// PostgreSQL also has infinite times, and times after the last Date.
function postgresIsTime(column: string): string {
  return `${column} > '-infinity' AND ${column} < '275760-09-13 00:00:00.001+00'`;
}

// PostgreSQL compares times with and without a zone by the zone of the session.
function timeType(hasNoZone: boolean): string {
  return hasNoZone ? 'timestamp' : 'timestamptz';
}

// PostgreSQL counts years before 1 as BC, and has no sign in front of a year.
function postgresTime(time: Date): string {
  const year = time.getUTCFullYear();
  const rest = time.toISOString().replace(/^[+-]?\d+/, '');
  const written = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${written}${rest}${year > 0 ? '' : ' BC'}`;
}

const mysql: Dialect = {
  quote: '`',
  maxInteger: 2n ** 64n - 1n,
  texts(column, values, parameter) {
    const bytes = (value: string): string => `CAST(CONVERT(${value} USING utf8mb4) AS BINARY)`;
    const equal = listed(column, values, parameter);
    return `(${equal} AND ${listed(bytes(column), values, value => bytes(parameter(value)))})`;
  },
  uuids: listed,
  integers: (column, values, parameter) => listed(column, values, value => mysqlInteger(value as string, parameter)),
  // A sum with a double is a double, whichever type the driver sends.
  numbers: (column, values, parameter) => listed(column, values, value => `(${parameter(value)} + 0e0)`),
  boolean: value => (value ? '1' : '0'),
  integerOrder: (column, operator, value, parameter) => `${column} ${operator} ${mysqlInteger(value, parameter)}`,
  numberOrder: (column, operator, value, parameter) => `${column} ${operator} (${parameter(value)} + 0e0)`,
  times: fourDigitYears,
  isTime: mysqlIsTime,
  timeOrder: (column, operator, time, parameter) =>
    `(${column} ${operator} CAST(${parameter(plainTime(time))} AS DATETIME(3)) AND ${mysqlIsTime(column)})`,
};

// MySQL may keep dates without a month or a day, such as 0000-00-00.
function mysqlIsTime(column: string): string {
  return `MONTH(${column}) * DAYOFMONTH(${column}) > 0`;
}

// Text that is compared with a number becomes a double, which has no room for every bigint.
function mysqlInteger(value: string, parameter: Parameter): string {
  return `CAST(${parameter(value)} AS ${BigInt(value) > maxSigned ? 'UNSIGNED' : 'SIGNED'})`;
}

const sqlite: Dialect = {
  quote: '"',
  maxInteger: maxSigned,
  texts(column, values, parameter) {
    const equal = listed(column, values, parameter);
    return `(${equal} AND ${listed(`CAST(${column} AS BLOB)`, values, value => `CAST(${parameter(value)} AS BLOB)`)})`;
  },
  uuids: (column, values, parameter) => sqlite.texts(column, values, parameter),
  integers: (column, values, parameter) => listed(column, values, value => `CAST(${parameter(value)} AS INTEGER)`),
  numbers: (column, values, parameter) => listed(column, values, value => `CAST(${parameter(value)} AS REAL)`),
  boolean: value => (value ? '1' : '0'),
  integerOrder: (column, operator, value, parameter) => `${column} ${operator} CAST(${parameter(value)} AS INTEGER)`,
  numberOrder: (column, operator, value, parameter) => `${column} ${operator} CAST(${parameter(value)} AS REAL)`,
  times: fourDigitYears,
  isTime: column => `${sqliteTime(column)} IS NOT NULL AND ${sqliteIsDate(column)}`,
  timeOrder: (column, operator, time, parameter) =>
    `(${sqliteTime(column)} ${operator} ${parameter(plainTime(time))} AND ${sqliteIsDate(column)})`,
};

// SQLite keeps times as text, in more than one form. It rounds what is below a millisecond, which a `Date` cuts off.
function sqliteTime(column: string): string {
  const isFiner = `${column} GLOB '????-??-??[T ]??:??:??.[0-9][0-9][0-9][0-9]*'`;
  const cut = `substr(${column}, 1, 23) || ltrim(substr(${column}, 24), '0123456789')`;
  return `strftime('%Y-%m-%d %H:%M:%f', CASE WHEN ${isFiner} THEN ${cut} ELSE ${column} END)`;
}

// SQLite also takes `now`, a time of day and a number of days for a time.
function sqliteIsDate(column: string): string {
  return `${column} GLOB '[0-9][0-9][0-9][0-9]-*'`;
}

/** `YYYY-MM-DD HH:MM:SS.mmm` in UTC. */
function plainTime(time: Date): string {
  return time.toISOString().slice(0, 23).replace('T', ' ');
}

/** PostgreSQL, for libraries that take a list for several parameters. */
const postgresqlWithoutArrays: Dialect = {
  ...postgresql,
  texts(column, values, parameter, collation) {
    const written = values.map(value => `CAST(${parameter(value)} AS text)`);
    const write = (value: unknown): string => value as string;
    if (collation !== undefined) return listed(column, written, value => `${write(value)} COLLATE ${collation}`);
    return `(${listed(column, written, write)} AND ${listed(`CAST(${column} AS text) COLLATE "C"`, written, write)})`;
  },
  uuids: (column, values, parameter) => listed(column, values, value => `CAST(${parameter(value)} AS uuid)`),
  integers: (column, values, parameter) => listed(column, values, value => `CAST(${parameter(value)} AS bigint)`),
  numbers: (column, values, parameter) =>
    listed(column, values, value => `CAST(${parameter(String(value))} AS double precision)`),
  integerOrder: (column, operator, value, parameter) => `${column} ${operator} CAST(${parameter(value)} AS bigint)`,
  numberOrder: (column, operator, value, parameter) =>
    `(${column} ${operator} CAST(${parameter(String(value))} AS double precision) AND ${column} <> 'NaN')`,
  timeOrder: (column, operator, time, parameter, hasNoZone) =>
    `(${column} ${operator} CAST(${parameter(postgresTime(time))} AS ${timeType(hasNoZone)}) AND ${postgresIsTime(column)})`,
};

const dialects: Readonly<Record<SqlDialect, Dialect>> = { postgresql, mysql, sqlite };

/** @throws ImproperlyConfigured if the name is of no dialect */
export function dialectOf(name: SqlDialect, hasNoArrays = false): Dialect {
  if (name === 'postgresql' && hasNoArrays) return postgresqlWithoutArrays;
  if (Object.hasOwn(dialects, name)) return dialects[name];
  throw new ImproperlyConfigured(`The option 'dialect' must be one of: ${Object.keys(dialects).join(', ')}.`);
}

/** Returns what stands for the value at this position of a statement, counted from 1. */
export function placeholder(name: SqlDialect, position: number): string {
  return name === 'postgresql' ? `$${position}` : '?';
}

/** Quotes the name of a table or a column. A table may be `schema.table`. */
export function quotedName(name: unknown, { quote }: Dialect): string {
  if (typeof name !== 'string' || !/^[^\0.]+(?:\.[^\0.]+)?$/.test(name))
    throw new ImproperlyConfigured('The name of a table or a column must be a text that is not empty.');
  return name
    .split('.')
    .map(part => `${quote}${part.replaceAll(quote, quote + quote)}${quote}`)
    .join('.');
}
