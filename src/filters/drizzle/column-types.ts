/** What each type of column of Drizzle holds, and how it is written so that it holds just that. */
import { sql, type Column, type SQL } from 'drizzle-orm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { SqlColumnType } from '../sql/columns';
import type { SqlDialect } from '../sql/dialects';

const dialects: Readonly<Record<string, SqlDialect>> = { Pg: 'postgresql', MySql: 'mysql', SQLite: 'sqlite' };

// Drizzle pads `char`, rounds `real` and `float`, and reads what is not here as something else than it is stored as.
const columnTypes: Readonly<Record<SqlColumnType, readonly string[]>> = {
  text: ['PgText', 'PgVarchar', 'MySqlText', 'MySqlVarChar', 'SQLiteText'],
  uuid: ['PgUUID'],
  integer: [
    ...['PgInteger', 'PgSmallInt', 'PgSerial', 'PgSmallSerial'],
    ...['PgBigInt53', 'PgBigInt64', 'PgBigSerial53', 'PgBigSerial64'],
    ...['MySqlInt', 'MySqlTinyInt', 'MySqlSmallInt', 'MySqlMediumInt', 'MySqlSerial', 'MySqlBigInt53', 'MySqlBigInt64'],
    'SQLiteInteger',
  ],
  number: ['PgDoublePrecision', 'MySqlDouble', 'SQLiteReal'],
  boolean: ['PgBoolean', 'MySqlBoolean', 'SQLiteBoolean'],
  date: ['PgTimestamp', 'MySqlTimestamp', 'MySqlDateTime'],
  utc: [],
  milliseconds: ['SQLiteTimestamp'],
};

const typeOf = new Map(
  Object.entries(columnTypes).flatMap(([type, names]) => names.map(name => [name, type as SqlColumnType] as const)),
);

/** Returns the dialect of a column's table; `undefined` if it is another. */
export function dialectOfColumn({ columnType }: Column): SqlDialect | undefined {
  const [prefix = ''] = /^(?:Pg|MySql|SQLite)/.exec(columnType) ?? [];
  return dialects[prefix];
}

/** @throws ImproperlyConfigured if no comparison with a column of this type is exact */
export function typeOfColumn(column: Column, property: string): SqlColumnType {
  const { columnType } = column;
  // Without a zone, Drizzle reads it in UTC, whatever the zone of the session.
  if (columnType === 'PgTimestamp' && settings(column).withTimezone !== true) return 'utc';
  const type = typeOf.get(columnType);
  if (type === undefined)
    throw new ImproperlyConfigured(
      `A filter names '${property}', a column of the type ${columnType}, which cannot be compared exactly. Use a column of text without padding, uuid, whole numbers, double precision, boolean, or a timestamp that is read as Date.`,
    );
  return type;
}

/** Does Drizzle read the column as `number`, though it may hold larger whole numbers? */
export function isReadAsNumber({ dataType, columnType }: Column): boolean {
  return dataType === 'number' && typeOf.get(columnType) === 'integer';
}

/** Returns the column's value as Drizzle reads it. */
export function valueOfColumn(column: Column): SQL {
  const { columnType } = column;
  // Every other number is read as false.
  if (columnType === 'MySqlBoolean' || columnType === 'SQLiteBoolean') return sql`(${column} = 1)`;
  if (columnType === 'SQLiteTimestamp' && settings(column).mode === 'timestamp')
    return sql`CAST(${column} * 1000 AS INTEGER)`;
  return sql`${column}`;
}

function settings(column: object): { readonly withTimezone?: boolean; readonly mode?: string } {
  return column;
}
