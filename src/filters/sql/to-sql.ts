/** Compiles a filter to a condition of SQL. */
import type { ObjectFilter } from '../../core/requirements/object-filter';
import type { SqlColumn, SqlRelation } from './columns';
import { placeholder, type SqlDialect } from './dialects';
import { conditionOf } from './statement';

/** A condition and its parameters, in order. */
export interface SqlCondition {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What `toSql` must know of the table and of the app's statement. */
export interface SqlOptions {
  readonly dialect: SqlDialect;
  /** The alias or the name of the table in the app's statement; needed where the filter goes over a relation. */
  readonly alias?: string | undefined;
  readonly columns: Readonly<Record<string, SqlColumn>>;
  readonly relations?: Readonly<Record<string, SqlRelation>> | undefined;
  /** The app's own condition. Its parameters come first; the filter is joined to it by AND. */
  readonly where?: SqlCondition | undefined;
}

/**
 * Compiles a filter to a condition that selects exactly the rows that `matches` accepts. The text is in parentheses.
 *
 * @throws ImproperlyConfigured if the filter is wrong, or names what the options do not describe, or has more than 10,000
 * values
 * @example
 * const { text, values } = toSql(whereEquals('authorSub', 'alice'), {
 *   dialect: 'postgresql',
 *   columns: { authorSub: { column: 'author_sub', type: 'text' } },
 *   where: { text: 'state = $1', values: ['published'] },
 * });
 * const { rows } = await pool.query(`SELECT * FROM note WHERE ${text}`, [...values]);
 */
export function toSql(filter: ObjectFilter, options: SqlOptions): SqlCondition {
  const { where, dialect } = options;
  const values = [...(where?.values ?? [])];
  const parameter = (value: unknown): string => placeholder(dialect, values.push(value));
  const text = conditionOf(filter, options, { parameter });
  // A comment at the end of the app's condition ends with the line.
  return { text: where === undefined ? `(${text})` : `((${where.text}\n) AND ${text})`, values };
}
