/** Whether a column of a table of Drizzle is unique: then a relation to it leads to one row at most. */
import { is, type Column, type Table } from 'drizzle-orm';
import { getTableConfig as configOfMySql, MySqlTable } from 'drizzle-orm/mysql-core';
import { getTableConfig as configOfPostgres, PgTable } from 'drizzle-orm/pg-core';
import { getTableConfig as configOfSqlite, SQLiteTable } from 'drizzle-orm/sqlite-core';

interface Key {
  readonly columns: readonly unknown[];
}

interface TableConfig {
  readonly primaryKeys: readonly Key[];
  readonly uniqueConstraints: readonly Key[];
  readonly indexes: readonly { readonly config: Key & { readonly unique?: boolean; readonly where?: unknown } }[];
}

const known = new WeakMap<Column, boolean>();

export function isUnique(table: Table, column: Column): boolean {
  const unique = known.get(column) ?? (column.primary || column.isUnique || hasKey(table, column));
  known.set(column, unique);
  return unique;
}

// A unique index with a condition allows other rows.
function hasKey(table: Table, column: Column): boolean {
  const { primaryKeys, uniqueConstraints, indexes } = configOf(table);
  const unique = indexes.map(({ config }) => config).filter(one => one.unique === true && one.where === undefined);
  return [...primaryKeys, ...uniqueConstraints, ...unique].some(
    ({ columns }) => columns.length === 1 && (columns[0] as Partial<Column>).name === column.name,
  );
}

function configOf(table: Table): TableConfig {
  if (is(table, PgTable)) return configOfPostgres(table);
  if (is(table, MySqlTable)) return configOfMySql(table);
  if (is(table, SQLiteTable)) return configOfSqlite(table);
  return { primaryKeys: [], uniqueConstraints: [], indexes: [] };
}
