/** Compiles a filter to an expression of Kysely. */
import { expressionBuilder, sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import type { SqlColumn, SqlRelation } from '../sql/columns';
import type { SqlDialect } from '../sql/dialects';
import { piecesOf, type RelatedWriting, type SqlPieces } from '../sql/statement';

/** What `toKysely` must know of the table and of the app's query. Names are as in the app's own queries. */
export interface KyselyFilterOptions {
  readonly dialect: SqlDialect;
  /** The alias or the name of the table in the app's query; needed where the filter goes over a relation. */
  readonly alias?: string | undefined;
  readonly columns: Readonly<Record<string, SqlColumn>>;
  readonly relations?: Readonly<Record<string, SqlRelation>> | undefined;
  /** The app's own condition. The filter is joined to it by AND. */
  readonly where?: Expression<SqlBool> | undefined;
}

/**
 * Compiles a filter to an expression that selects exactly the rows that `matches` accepts. It stands in parentheses, so
 * that other conditions cannot widen it. Kysely writes the names and the parameters, and its plugins see them.
 *
 * @throws ImproperlyConfigured if the filter is wrong, or names what the options do not describe, or has more than 10,000
 * values, or if `where` is no expression of Kysely
 * @example
 * const filter = toKysely(whereEquals('authorSub', 'alice'), {
 *   dialect: 'postgresql',
 *   alias: 'note',
 *   columns: { authorSub: { column: 'author_sub', type: 'text' } },
 *   where: sql<boolean>`note.state = ${'published'}`,
 * });
 * const notes = await db.selectFrom('note').selectAll().where(filter).execute();
 */
export function toKysely(filter: ObjectFilter, options: KyselyFilterOptions): Expression<SqlBool> {
  const { alias, where } = options;
  const outer = (column: string): unknown => sql.id(...(alias === undefined ? [] : partsOf(alias)), ...partsOf(column));
  const condition = raw(piecesOf(filter, options, outer, relatedOf(alias)));
  if (where === undefined) return condition;
  requireExpression(where);
  // A comment at the end of the app's condition ends with the line.
  return sql<SqlBool>`((${where}\n) and ${condition})`;
}

function raw({ strings, values }: SqlPieces): RawBuilder<SqlBool> {
  return sql<SqlBool>(strings as TemplateStringsArray, ...values);
}

// Without an alias, a column of the outer table could be taken for one of the inner table.
function relatedOf(outer: string | undefined): RelatedWriting<unknown> {
  return {
    table({ table }, alias) {
      if (outer === undefined)
        throw new ImproperlyConfigured(
          "A filter goes over a relation: give the option 'alias', the name of the table in your query.",
        );
      requireName(table);
      // Only a table of a subquery gets the schema of `withSchema()`.
      return sql`${expressionBuilder<Record<string, object>>().selectFrom(table).selectAll()} as ${sql.id(alias)}`;
    },
    column: (_, alias, column) => sql.id(alias, ...partsOf(column)),
  };
}

function partsOf(name: string): readonly string[] {
  requireName(name);
  return name.split('.');
}

// Kysely reads more than a name from a text, such as `note as n`.
function requireName(name: unknown): void {
  if (typeof name !== 'string' || !/^[^\0.\s]+(?:\.[^\0.\s]+)?$/.test(name))
    throw new ImproperlyConfigured(
      'The name of a table or a column must be a text that is not empty and without spaces.',
    );
}

function requireExpression(where: unknown): void {
  const { toOperationNode } = Object(where) as { readonly toOperationNode?: unknown };
  if (typeof toOperationNode !== 'function')
    throw new ImproperlyConfigured(
      "The option 'where' must be an expression of Kysely, such as sql<boolean>`…` or one of an expression builder.",
    );
}
