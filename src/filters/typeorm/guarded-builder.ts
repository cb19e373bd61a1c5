/** Adds a filter to a query builder of TypeORM, so that nothing before or after it widens it. */
import type { EntityMetadata } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import { conditionOn } from './conditions';
import { dataSourceOf, type Connected } from './entities';

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
    wheres: readonly unknown[];
  };
  clone(): Builder;
  andWhere(where: unknown, parameters?: object): unknown;
}

/**
 * Adds a filter to a query builder: to a select for an alias, or to an update, a delete, a soft delete or a restore. The
 * conditions before it go into brackets, and so does what `andWhere()` adds after it. `where()` and `orWhere()`, which would
 * remove or widen the filter, throw.
 *
 * @param alias the alias of the entity that the filter is about; default: the main one
 * @returns the query builder
 * @throws ImproperlyConfigured if the filter is wrong, names what the entity does not have or what cannot be compared exactly,
 * or has more than 10,000 values; if the alias has no entity; and for another query or database
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
  if (before.length > 0)
    expressionMap.wheres = [{ type: 'simple', condition: { operator: 'brackets', condition: before } }];
  builder.andWhere(isSelect ? condition.ofAlias(name) : condition.ofTable(), condition.parameters);
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
const leaving = ['insert', 'update', 'delete', 'softDelete', 'restore', 'from', 'fromDummy'];

function guarded(builder: Builder): Builder {
  for (const name of widening) refuse(builder, name, 'would widen the filter: call it before applyFilter()');
  for (const name of leaving) refuse(builder, name, 'would leave the filter behind: call it before applyFilter()');
  const clone = builder.clone.bind(builder);
  replace(builder, 'clone', () => guarded(clone()));
  const andWhere = builder.andWhere.bind(builder);
  replace(builder, 'andWhere', (where: unknown, ...parameters: [object?]) => andWhere(bracketed(where), ...parameters));
  return builder;
}

// TypeORM writes SQL of the app's own without brackets, so that an OR would widen the filter.
function bracketed(where: unknown): unknown {
  if (typeof where === 'string') return inBrackets(where);
  return typeof where === 'function' ? (builder: unknown) => inBrackets((where as Writer)(builder)) : where;
}

type Writer = (builder: unknown) => string;

/** @throws ImproperlyConfigured if the condition ends a bracket that it has not begun */
function inBrackets(condition: string): string {
  let depth = 0;
  for (const sign of condition.replace(quoted, '').match(/[()]/g) ?? []) {
    depth += sign === '(' ? 1 : -1;
    if (depth < 0) break;
  }
  if (depth !== 0) throw new ImproperlyConfigured('A condition of andWhere() has brackets that do not match.');
  // Behind a comment that reaches to the end of its line.
  return `(${condition}\n)`;
}

const quoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`/g;

function refuse(builder: Builder, name: string, reason: string): void {
  replace(builder, name, () => {
    throw new ImproperlyConfigured(`${name}() ${reason}. To narrow the query, use andWhere().`);
  });
}

function replace(builder: Builder, name: string, value: unknown): void {
  Object.defineProperty(builder, name, { value, configurable: true });
}
