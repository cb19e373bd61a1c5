/** Compiles a filter to the `where` of TypeORM's `find`. */
import { And, Equal, Raw, type FindOptionsWhere, type ObjectLiteral, type Repository } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { isPlain } from '../../core/process/plain';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import { conditionOn, type EntityCondition } from './conditions';
import { dataSourceOf } from './entities';
import { bracketed } from './own-conditions';

/**
 * Compiles a filter to the `where` of `find`, `findOne`, `findAndCount`, `count` and `exists`. It selects exactly the rows
 * that `matches` accepts, and your own conditions are joined to it by AND.
 *
 * The result is a frozen list: TypeORM refuses an object into which it was spread, which would otherwise lose the filter.
 * Pass your own conditions as `where`, and never add to the list: its items are alternatives.
 *
 * @param where your own condition, or a list of alternatives
 * @throws ImproperlyConfigured if the filter is wrong, names what the entity does not have or what cannot be compared exactly,
 * or has more than 10,000 values; if TypeORM would take a part of `where` for "no condition" (`[]`, `undefined`, `null`); and
 * for a database other than PostgreSQL, MySQL, MariaDB and SQLite
 * @example
 * declare const notes: Repository<Note>;
 * const mine = await notes.find({ where: toTypeOrm(whereEquals('authorSub', 'alice'), notes, { state: 'open' }) });
 */
export function toTypeOrm<Entity extends ObjectLiteral>(
  filter: ObjectFilter,
  repository: Repository<Entity>,
  where: FindOptionsWhere<Entity> | readonly FindOptionsWhere<Entity>[] = noOwnCondition,
): FindOptionsWhere<Entity>[] {
  const { metadata, manager } = repository;
  const condition = conditionOn(filter, metadata, dataSourceOf(manager));
  const known = where === noOwnCondition && !isPlain ? alone.get(condition) : undefined;
  const written = known ?? branches(where, condition, anchorOf(metadata));
  if (known === undefined && where === noOwnCondition) alone.set(condition, written);
  return written as FindOptionsWhere<Entity>[];
}

const noOwnCondition = Object.freeze({});

/** What was made of a condition without one of the app's own. Nothing of it can be changed. */
const alone = new WeakMap<EntityCondition, readonly object[]>();

function branches(where: unknown, condition: EntityCondition, anchor: string): readonly object[] {
  const given: readonly unknown[] = Array.isArray(where) ? where : [where];
  if (given.length === 0)
    throw new ImproperlyConfigured(
      'Your own condition is an empty list, which TypeORM takes for no condition: leave it out.',
    );
  return Object.freeze(given.map((one, index) => Object.freeze(branch(one, `where[${index}]`, condition, anchor))));
}

// The whole condition is SQL on one column, next to the app's own condition on that column.
function branch(given: unknown, path: string, condition: EntityCondition, anchor: string): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || '@instanceof' in given)
    throw new ImproperlyConfigured(`'${path}' of your own condition must be an object of conditions.`);
  const { dialect } = condition;
  const own = Object.entries(given).map(([key, value]) => [key, bracketed(value, `${path}.${key}`, dialect)] as const);
  const others: Record<string, unknown> = Object.fromEntries(own);
  const filter = Raw(aliasPath => written(aliasPath, condition, anchor), condition.parameters);
  const onAnchor = others[anchor];
  const isMissing = !Object.hasOwn(others, anchor);
  return { ...others, [anchor]: noValue(isMissing ? filter : And(filter, And(asOperator(onAnchor)))) };
}

// The first versions of 0.3 take a list given to `repository.delete()` for a list of ids. The driver of MySQL then made SQL of
// the operator's members, which deleted other rows.
function noValue<T extends object>(operator: T): T {
  const value = (): never => {
    throw new ImproperlyConfigured(
      'TypeORM took what toTypeOrm() returned for a list of ids: use applyFilter() with a query builder to change rows.',
    );
  };
  return Object.freeze(Object.defineProperties(operator, { toSqlString: { value }, toPostgres: { value } }));
}

function asOperator(value: unknown): ReturnType<typeof And> {
  return typeof value === 'object' && value !== null && '@instanceof' in value
    ? (value as ReturnType<typeof And>)
    : Equal(value);
}

function written(aliasPath: string, condition: EntityCondition, anchor: string): string {
  if (aliasPath === anchor) return condition.ofTable();
  if (aliasPath.endsWith(`.${anchor}`)) return condition.ofAlias(aliasPath.slice(0, -anchor.length - 1));
  throw new ImproperlyConfigured('A part of what toTypeOrm() returned was put on another column: use it as it is.');
}

/** Returns the property of a column that TypeORM hands to us as it is. */
function anchorOf({ columns, name }: Repository<ObjectLiteral>['metadata']): string {
  const plain = columns.filter(
    one => !one.isVirtual && !one.isVirtualProperty && one.transformer === undefined && !one.embeddedMetadata,
  );
  const anchor = plain.find(one => one.isPrimary) ?? plain[0];
  if (anchor !== undefined) return anchor.propertyName;
  throw new ImproperlyConfigured(`The entity '${name}' has no column without a transformer, which a filter needs.`);
}
