/** The columns and relations that a filter may name, as the app describes them. */
import { ImproperlyConfigured } from '../../core/http/exceptions';

/**
 * What a column holds. `text`: varchar, text and the like, without padding. `integer`: whole numbers. `number`: double
 * precision. `boolean`: true and false, or 1 and 0. `date`: a time, in UTC where its type has no zone, and with its zone on
 * PostgreSQL. `utc`: a time in UTC without a zone. `milliseconds`: a time as a whole number of milliseconds since 1970. `uuid`:
 * the database's own type of that name, which PostgreSQL and MariaDB have.
 */
export type SqlColumnType = 'text' | 'uuid' | 'integer' | 'number' | 'boolean' | 'date' | 'utc' | 'milliseconds';

/** A column of a table, by its name in the database. */
export interface SqlColumn {
  readonly column: string;
  readonly type: SqlColumnType;
}

/** A column as a compiler for a library knows it. */
export interface StatementColumn extends SqlColumn {
  /** Does the library read whole numbers as `number`? A larger one loses digits, and then equals none. */
  readonly isReadAsNumber?: boolean;
  /** Does the library read every number but 0 as true? */
  readonly isReadAsTruth?: boolean;
  /** The column's own collation, as SQL, if it is known to be deterministic: by such a one `=` compares bytes. */
  readonly collation?: string | undefined;
}

/** A relation to one row of another table: `from` is the column of this table, and `to` the unique one of the other. */
export interface SqlRelation {
  /** The table's name, or `schema.table`. */
  readonly table: string;
  readonly from: string;
  readonly to: string;
  /** The column that is set once a row is deleted softly. Such a row counts as none. */
  readonly deleted?: string | undefined;
  readonly columns: Readonly<Record<string, SqlColumn>>;
}

/** @throws ImproperlyConfigured if the table does not name it */
export function columnOf(columns: Readonly<Record<string, SqlColumn>>, name: string, path: string): StatementColumn {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (column === undefined) throw unknown(path, 'columns');
  if (!types.includes(column.type))
    throw new ImproperlyConfigured(`The column of '${path}' has an unknown type. The types are: ${types.join(', ')}.`);
  return column;
}

const types: readonly unknown[] = ['text', 'uuid', 'integer', 'number', 'boolean', 'date', 'utc', 'milliseconds'];

/** @throws ImproperlyConfigured if no relation has this name */
export function relationOf(
  relations: Readonly<Record<string, SqlRelation>> | undefined,
  name: string,
  path: string,
): SqlRelation {
  const relation = relations !== undefined && Object.hasOwn(relations, name) ? relations[name] : undefined;
  if (relation === undefined) throw unknown(path, 'relations');
  return relation;
}

function unknown(path: string, option: string): ImproperlyConfigured {
  return new ImproperlyConfigured(`A filter names '${path}', and the option '${option}' does not: describe it there.`);
}
