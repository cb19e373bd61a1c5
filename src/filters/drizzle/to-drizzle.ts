/** Compiles a filter to a condition of Drizzle. */
import { aliasedTable, getTableName, is, sql, SQL, type Column, type Table } from 'drizzle-orm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import type { SqlRelation } from '../sql/columns';
import { piecesOf, type RelatedWriting, type StatementOptions } from '../sql/statement';
import { valueOfColumn } from './column-types';
import {
  columnsByProperty,
  columnsOf,
  dialectOfTable,
  propertyOfColumn,
  requireRelatedTable,
  requireTable,
  type DrizzleRelation,
  type DrizzleTable,
} from './tables';
import { isUnique } from './unique-columns';

/**
 * Compiles a filter to a condition that selects exactly the rows that `matches` accepts. Properties are those of the
 * table's columns. It stands in parentheses, so that other conditions cannot widen it.
 *
 * @param table the table or the alias that the query selects from
 * @param relations the relations that the filter may go over, by name
 * @param where the app's own condition, which is joined by AND. Leave it out if there is none: `undefined` is refused,
 * because `or()` of an empty list returns it, and Drizzle takes it for every row
 * @throws ImproperlyConfigured if the filter is wrong, names what the table does not have or a column whose type cannot be
 * compared exactly, or has more than 10,000 values, or if a relation does not lead to a unique column
 * @example
 * const filter = whereEquals('team.id', 'blue');
 * const relations = { team: { table: teams, from: notes.teamId, to: teams.id } };
 * const found = await db.select().from(notes).where(toDrizzle(filter, notes, relations, eq(notes.project, 7)));
 */
export function toDrizzle<T extends DrizzleTable>(
  filter: ObjectFilter,
  table: T,
  relations: Readonly<Record<string, DrizzleRelation>> = {},
  ...where: readonly [] | readonly [where: ReturnType<T['getSQL']>]
): ReturnType<T['getSQL']> {
  const condition = conditionFor(filter, requireTable(table), relations);
  return frozen(where.length === 0 ? condition : both(where[0], condition)) as ReturnType<T['getSQL']>;
}

// A comment at the end of the app's condition ends with the line.
function both(where: unknown, condition: SQL): SQL {
  if (is(where, SQL)) return sql`((${where}\n) and ${condition})`;
  throw new ImproperlyConfigured(
    'The condition of the app must be a condition of Drizzle. It is undefined if and() or or() has nothing to join: leave it out to select every row of the filter, or use sql`false` to select none.',
  );
}

// `append()` would write behind the parentheses.
function frozen(condition: SQL): SQL {
  Object.freeze(condition.queryChunks);
  return condition;
}

function conditionFor(filter: ObjectFilter, table: Table, relations: Readonly<Record<string, DrizzleRelation>>): SQL {
  const described = Object.entries(relations).map(([name, one]) => [name, relationOf(table, name, one)] as const);
  const options: StatementOptions = {
    dialect: dialectOfTable(table),
    alias: getTableName(table),
    columns: columnsOf(table),
    relations: Object.fromEntries(described),
  };
  const { strings, values } = piecesOf(filter, options, property => columnChunk(table, property), related);
  return sql(strings as TemplateStringsArray, ...values);
}

interface RelatedTable extends SqlRelation {
  readonly related: Table;
}

function relationOf(table: Table, name: string, { from, to, deleted, ...relation }: DrizzleRelation): RelatedTable {
  const related = requireRelatedTable(relation.table, name);
  const property = propertyOfColumn(related, to, `'to' of the relation '${name}'`);
  if (!isUnique(related, to as Column))
    throw new ImproperlyConfigured(
      `The relation '${name}' leads to '${to.name}', which is not unique: a filter goes over a relation to one row only.`,
    );
  return {
    related,
    table: getTableName(related),
    from: propertyOfColumn(table, from, `'from' of the relation '${name}'`),
    to: property,
    deleted: deleted && propertyOfColumn(related, deleted, `'deleted' of the relation '${name}'`),
    columns: columnsOf(related),
  };
}

const related: RelatedWriting<unknown> = {
  table: (relation, alias) => sql`${(relation as RelatedTable).related} ${sql.identifier(alias)}`,
  column: (relation, alias, property) =>
    keptAsIs(columnChunk(aliasedTable((relation as RelatedTable).related, alias), property)),
};

function columnChunk(table: Table, property: string): SQL {
  return valueOfColumn(columnsByProperty(table)[property] as Column);
}

// A relational query renames every column that it finds in a condition to one of its own table.
function keptAsIs(chunk: SQL): { getSQL(): SQL; shouldOmitSQLParens(): boolean } {
  return { getSQL: () => chunk, shouldOmitSQLParens: () => true };
}
