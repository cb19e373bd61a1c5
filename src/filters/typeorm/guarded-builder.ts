/** Adds a filter to a query builder of TypeORM, so that nothing before or after it widens it. */
import type { EntityMetadata } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import { inBrackets } from '../closed-sql';
import { conditionOn } from './conditions';
import { dataSourceOf, dialectOf, type Connected } from './entities';

/** What `applyFilter` needs of a query builder of TypeORM. */
export interface FilterableBuilder {
  readonly alias: string;
  andWhere(where: string, parameters?: object): unknown;
}

interface Alias {
  readonly name: string;
  readonly hasMetadata: boolean;
  readonly metadata: EntityMetadata;
}

/** The members of TypeORM's builders. */
interface Builder extends Connected {
  readonly expressionMap: {
    readonly queryType: string;
    readonly mainAlias?: Alias;
    readonly aliases: readonly Alias[];
    wheres: Where[];
  };
  clone(): Builder;
  andWhere(where: unknown, parameters?: object): unknown;
  createWhereConditionExpression(condition: unknown): string;
}

interface Where {
  readonly type: string;
  readonly condition: unknown;
}

/**
 * Adds a filter to a query builder: to a select for an alias, or to an update, a delete, a soft delete or a restore. The
 * conditions before it go into brackets, and so does what `andWhere()` adds after it. `where()` and `orWhere()`, which would
 * remove or widen the filter, throw.
 *
 * @param alias the alias of the entity that the filter is about; default: the main one
 * @returns the query builder
 * @throws ImproperlyConfigured if the filter is wrong, names what the entity does not have or what cannot be compared exactly,
 * or has more than 10,000 values; if the alias has no entity; if a condition, before or after it, may end the brackets around
 * it; and for another query or database
 * @example
 * declare const notes: Repository<Note>;
 * const query = notes.createQueryBuilder('note').where('note.state = :state', { state: 'open' });
 * const mine = await applyFilter(query, whereEquals('authorSub', 'alice')).getMany();
 */
export function applyFilter<T extends FilterableBuilder>(queryBuilder: T, filter: ObjectFilter, alias?: string): T {
  const builder = queryBuilder as unknown as Builder;
  const isSelect = requireFilterable(builder);
  const { name, metadata } = aliasOf(builder, alias, isSelect);
  const condition = conditionOn(filter, metadata, dataSourceOf(builder));
  const { expressionMap } = builder;
  const before = expressionMap.wheres;
  if (before.length > 0) expressionMap.wheres = [{ type: 'simple', condition: bracketed(builder, before, 'where()') }];
  // On a line of its own: a comment at the end of a join's condition, or of a value, would take the filter for its text.
  builder.andWhere(`\n${isSelect ? condition.ofAlias(name) : condition.ofTable()}`, condition.parameters);
  return guarded(builder) as unknown as T;
}

const writes = ['update', 'delete', 'soft-delete', 'restore'];

/** @returns whether it is a select */
function requireFilterable({ expressionMap: { queryType } }: Builder): boolean {
  if (queryType !== 'select' && !writes.includes(queryType))
    throw new ImproperlyConfigured(`A filter cannot be applied to a query of the type '${queryType}'.`);
  return queryType === 'select';
}

function aliasOf({ expressionMap }: Builder, given: string | undefined, isSelect: boolean): Alias {
  const main = expressionMap.mainAlias;
  const alias = given === undefined ? main : expressionMap.aliases.find(one => one.name === given);
  if (alias?.hasMetadata !== true)
    throw new ImproperlyConfigured(
      given === undefined ? 'The query is about no entity.' : `The query has no entity with the alias '${given}'.`,
    );
  if (!isSelect && alias !== main) throw new ImproperlyConfigured('Only a select can be filtered by another alias.');
  return alias;
}

const widening = ['where', 'orWhere', 'whereInIds', 'orWhereInIds', 'whereEntity', 'whereExists', 'orWhereExists'];

// Each makes a builder of another kind, or a query about another entity, in which the filter would be unguarded.
const leaving = ['insert', 'update', 'delete', 'softDelete', 'restore', 'relation', 'from', 'fromDummy'];

function guarded(builder: Builder): Builder {
  const isSelect = builder.expressionMap.queryType === 'select';
  for (const name of widening) refuse(builder, name, 'would widen the filter: call it before applyFilter()');
  for (const name of isSelect ? leaving : [...leaving, 'select'])
    refuse(builder, name, 'would leave the filter behind: call it before applyFilter()');
  const clone = builder.clone.bind(builder);
  replace(builder, 'clone', () => guarded(clone()));
  const andWhere = builder.andWhere.bind(builder);
  replace(builder, 'andWhere', (where: unknown, parameters?: object) => {
    andWhere(where, parameters);
    bracketLast(builder);
    return builder;
  });
  return builder;
}

// TypeORM writes SQL of the app's own without brackets, also in a Raw() and inside of Brackets: an OR would widen the filter.
function bracketLast(builder: Builder): void {
  const { wheres } = builder.expressionMap;
  const last = wheres.pop();
  if (last !== undefined) wheres.push({ ...last, condition: bracketed(builder, last.condition, 'andWhere()') });
}

function bracketed(builder: Builder, condition: unknown, method: string): string {
  const written = builder.createWhereConditionExpression(condition);
  return inBrackets(written, dialectOf(dataSourceOf(builder)), `A condition of ${method}`);
}

function refuse(builder: Builder, name: string, reason: string): void {
  replace(builder, name, () => {
    throw new ImproperlyConfigured(`${name}() ${reason}. To narrow the query, use andWhere().`);
  });
}

function replace(builder: Builder, name: string, value: unknown): void {
  Object.defineProperty(builder, name, { value, configurable: true });
}
