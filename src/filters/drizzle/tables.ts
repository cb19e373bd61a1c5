/** Reads the tables and the columns of Drizzle. */
import { Column, getTableColumns, getTableName, is, Table } from 'drizzle-orm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { SqlColumn, StatementColumn } from '../sql/columns';
import type { SqlDialect } from '../sql/dialects';
import { dialectOfColumn, isReadAsNumber, typeOfColumn } from './column-types';

/**
 * A table of Drizzle, or an alias of it. It is described by its shape: an app that is an ES module has other types of the
 * same package than this one.
 */
export interface DrizzleTable {
  getSQL(): object;
}

/** A column of a table of Drizzle. */
export interface DrizzleColumn {
  readonly name: string;
  readonly columnType: string;
}

/** A relation to one row of another table: `from` is a column of this table, and `to` a unique one of the other. */
export interface DrizzleRelation {
  /** The table itself, not an alias. */
  readonly table: DrizzleTable;
  readonly from: DrizzleColumn;
  readonly to: DrizzleColumn;
  /** The column that is set once a row is deleted softly. Such a row counts as none. */
  readonly deleted?: DrizzleColumn | undefined;
}

// As `alias()` marks it.
const isAlias = Symbol.for('drizzle:IsAlias');
const originalName = Symbol.for('drizzle:OriginalName');
const schema = Symbol.for('drizzle:Schema');

interface Marked {
  readonly [isAlias]?: boolean;
  readonly [originalName]?: string;
  readonly [schema]?: string | undefined;
}

/** Returns the columns of a table or of an alias by their property. */
export function columnsByProperty(table: Table): Readonly<Record<string, Column>> {
  return getTableColumns(table);
}

/** @throws ImproperlyConfigured if it is not a table */
export function requireTable(table: unknown): Table {
  if (is(table, Table)) return table;
  throw new ImproperlyConfigured('An object filter is compiled for a table of Drizzle or an alias of one, not a view.');
}

/** @throws ImproperlyConfigured if it is not a table, or an alias */
export function requireRelatedTable(table: unknown, relation: string): Table {
  const related = requireTable(table);
  if ((related as Marked)[isAlias] !== true) return related;
  throw new ImproperlyConfigured(
    `The relation '${relation}' names the alias '${getTableName(related)}': give the table itself, which gets an alias of its own.`,
  );
}

/** @throws ImproperlyConfigured if the table is of a database that no compiler writes for */
export function dialectOfTable(table: Table): SqlDialect {
  const [column] = Object.values(columnsByProperty(table));
  const dialect = column && dialectOfColumn(column);
  if (dialect !== undefined) return dialect;
  throw new ImproperlyConfigured(
    `The table '${getTableName(table)}' must be of PostgreSQL, MySQL, MariaDB or SQLite for an object filter.`,
  );
}

/** Describes the columns by their property. The type of one that cannot be compared throws where a filter names it. */
export function columnsOf(table: Table): Readonly<Record<string, SqlColumn>> {
  const described = (property: string, column: Column): StatementColumn => ({
    column: property,
    isReadAsNumber: isReadAsNumber(column),
    get type() {
      return typeOfColumn(column, property);
    },
  });
  return Object.fromEntries(
    Object.entries(columnsByProperty(table)).map(([property, column]) => [property, described(property, column)]),
  );
}

/**
 * Returns the property of the table's column, which may be given as a column of the table or of an alias.
 *
 * @throws ImproperlyConfigured if it is a column of another table
 */
export function propertyOfColumn(table: Table, column: unknown, what: string): string {
  const found = Object.entries(columnsByProperty(table)).find(([, own]) => isSameColumn(own, column));
  if (found !== undefined) return found[0];
  throw new ImproperlyConfigured(`${what} must be a column of the table '${getTableName(table)}'.`);
}

function isSameColumn(own: Column, column: unknown): boolean {
  if (!is(column, Column) || own.name !== column.name) return false;
  const [left, right] = [own.table as Marked, column.table as Marked];
  return left[originalName] === right[originalName] && left[schema] === right[schema];
}
