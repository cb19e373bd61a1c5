/** Compiles a filter to a condition of MikroORM. */
import { raw, type EntityManager, type EntityMetadata, type EntityName, type FilterQuery } from '@mikro-orm/core';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { notTaken, type ObjectFilter } from '../../core/requirements/object-filter';
import { take } from '../../core/requirements/filter-marks';
import { requireClosed } from '../closed-sql';
import { tablesOf } from '../sql/described';
import { quotedName, dialectOf as writingOf, type SqlDialect } from '../sql/dialects';
import { piecesOf, type StatementOptions } from '../sql/statement';
import { dialectOf, MikroOrmEntity } from './entities';
import { ownSql, requireConditions } from './own-conditions';
import { markOf } from './value-mark';

/**
 * Compiles a filter to the `where` of `em.find`, `em.findOne`, `em.findAndCount` and `em.count`. It selects exactly the rows
 * that `matches` accepts, and your own condition is joined to it by AND. The filter is SQL under a key that no other
 * condition has, so that a spread narrows the query further. MikroORM forgets it once a query has used it: compile it anew
 * for each query. It ignores SQL in `populateWhere` with the strategy `joined`, which is its default, and in a global filter
 * of a relation that is joined: the filter of a list then counts as unused, and the list is not sent. Use the strategy
 * `select-in` there.
 *
 * @param where your own condition
 * @throws ImproperlyConfigured if the filter is wrong, names what the entity does not have or what cannot be compared exactly,
 * or has more than 10,000 values; if MikroORM would take a part of `where` for "no condition" (`$or: []`, `undefined`); if SQL
 * in `where` may end the brackets around it; and for a database other than PostgreSQL, MySQL, MariaDB and SQLite
 * @example
 * const mine = await em.find(Note, toMikroOrm(whereEquals('authorSub', 'alice'), em, Note, { state: 'open' }));
 */
export function toMikroOrm<Entity extends object>(
  filter: ObjectFilter,
  em: EntityManager,
  entity: EntityName<Entity>,
  where?: FilterQuery<NoInfer<Entity>>,
): FilterQuery<Entity> {
  const metadata = em.getMetadata(entity) as unknown as EntityMetadata<object>;
  const own = where === undefined || isEmpty(where) ? undefined : bracketed(where, dialectOf(em));
  const note = (): void => {
    take(filter);
  };
  const sql = sqlOf(notTaken(filter), metadata, em);
  const condition = marked({ [key(sql, note)]: [] }, sql);
  const joined: object = own === undefined ? condition : { ...condition, $and: [own] };
  return joined;
}

function marked(condition: object, sql: Sql): object {
  return { ...condition, ...markOf(sql, Object.getOwnPropertySymbols(condition).length > 0) };
}

// MikroORM 7 has symbols for SQL.
function isEmpty(where: unknown): boolean {
  return typeof where === 'object' && where !== null && !Array.isArray(where) && Reflect.ownKeys(where).length === 0;
}

function bracketed(where: unknown, dialect: SqlDialect): unknown {
  if (where === null || (Array.isArray(where) && where.length === 0))
    throw new ImproperlyConfigured('Your own condition is null or an empty list: leave it out.');
  requireConditions(where);
  const own = ownSql(where);
  for (const sql of own) requireClosed(sql, dialect, 'SQL of your own condition');
  // An OR in SQL of the app's own would widen the filter. The second alternative, which no row meets, adds the brackets.
  return own.length > 0 ? { $or: [where, { [raw('1 = 0', [])]: [] }] } : where;
}

interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

function sqlOf(filter: ObjectFilter, metadata: EntityMetadata<object>, em: EntityManager): Sql {
  const options = { dialect: dialectOf(em), ...tablesOf(filter, new MikroOrmEntity(metadata, em)) };
  const [primary, ...others] = metadata.primaryKeys.map(name => metadata.properties[name]) as Primary[];
  const { text, values } = written(filter, options);
  // A filter on a relation that is joined by LEFT JOIN is not met where there is no row.
  const column = others.length === 0 ? primary?.fieldNames[0] : undefined;
  return { text: column === undefined ? text : `(${columnName(column, options)} IS NOT NULL AND ${text})`, values };
}

interface Primary {
  readonly fieldNames: readonly string[];
}

class Column {
  constructor(readonly name: string) {}
}

function written(filter: ObjectFilter, options: StatementOptions): Sql {
  const { strings, values } = piecesOf(filter, options, column => new Column(column));
  const write = (value: unknown): string => (value instanceof Column ? columnName(value.name, options) : '?');
  const text = strings.map(
    (string, index) => withoutMarks(string) + (index < values.length ? write(values[index]) : ''),
  );
  return { text: text.join(''), values: values.filter(value => !(value instanceof Column)) };
}

const alias = '[::alias::]';

function columnName(column: string, { dialect }: StatementOptions): string {
  const writing = writingOf(dialect);
  return `${writing.quote}${alias}${writing.quote}.${withoutMarks(quotedName(column, writing))}`;
}

// MikroORM takes a question mark for a parameter.
function withoutMarks(text: string): string {
  if (!text.includes('?')) return text;
  throw new ImproperlyConfigured('MikroORM cannot write the name of a table or a column with a question mark.');
}

/** Returns the SQL as a key. Calls `note` when MikroORM reads the values, which it does when it writes a query with it. */
function key({ text, values }: Sql, note: () => void): string {
  return raw(text, watched(values, note));
}

// What MikroORM leaves out of a query must not count as used. It passes the list on as it is until it writes the query.
function watched(values: readonly unknown[], note: () => void): readonly unknown[] {
  return new Proxy(values, {
    get(list, name): unknown {
      note();
      return Reflect.get(list, name);
    },
  });
}
