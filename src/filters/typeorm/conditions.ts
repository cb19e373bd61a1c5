/** A filter as a condition on an entity of TypeORM, to be written for whichever alias the query gives to the entity. */
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { DataSource, EntityMetadata } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { isPlain } from '../../core/process/plain';
import { MadeOfFilters } from '../../core/requirements/filter-marks';
import { matches } from '../../core/requirements/matches';
import { checkedFilter, type ObjectFilter } from '../../core/requirements/object-filter';
import { tablesOf } from '../sql/described';
import type { SqlDialect } from '../sql/dialects';
import { aliasOfRelated, conditionOf } from '../sql/statement';
import { collationsLearned } from './collations';
import { dialectOf, TypeOrmEntity } from './entities';

export interface EntityCondition {
  /** The condition in parentheses, for an entity that a query selects by this alias. Without a joined row, it is not met. */
  ofAlias(alias: string): string;
  /** The condition in parentheses, for an update or a delete, which have no aliases. */
  ofTable(): string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly dialect: SqlDialect;
}

// Two filters may be in one query, where the name of a parameter has one value. No name can be guessed: the app may give
// the query parameters from an object that a client has sent.
const prefix = `axioms_filter_${randomBytes(12).toString('hex')}`;
let parameters = 0;

/** What was compiled for an entity, by the text of the filter. A caller mostly asks for the same list again. */
const compiled = new WeakMap<EntityMetadata, LRUCache<string, EntityCondition>>();
const maxTextLength = 2_000;

/** The last condition that was compiled of a filter. Rules may return the same object for the same caller. */
const lastOf = new MadeOfFilters<{
  readonly entity: EntityMetadata;
  readonly learned: number;
  readonly condition: EntityCondition;
}>();

/** @throws ImproperlyConfigured if the filter cannot be compiled exactly for the entity */
export function conditionOn(filter: ObjectFilter, entity: EntityMetadata, source: DataSource): EntityCondition {
  const checked = checkedFilter(filter);
  if (isPlain) return compile(checked, entity, source);
  const learned = collationsLearned();
  const last = lastOf.of(checked);
  if (last?.entity === entity && last.learned === learned) return last.condition;
  const condition = byText(`${learned} ${JSON.stringify(checked)}`, checked, entity, source);
  lastOf.keep(checked, { entity, learned, condition });
  return condition;
}

function byText(text: string, filter: ObjectFilter, entity: EntityMetadata, source: DataSource): EntityCondition {
  if (text.length > maxTextLength) return compile(filter, entity, source);
  const known = compiled.get(entity) ?? new LRUCache<string, EntityCondition>({ max: 200 });
  compiled.set(entity, known);
  const condition = known.get(text) ?? compile(filter, entity, source);
  known.set(text, condition);
  return condition;
}

function compile(filter: ObjectFilter, entity: EntityMetadata, source: DataSource): EntityCondition {
  const dialect = dialectOf(source);
  const values: Record<string, unknown> = {};
  const parameter = (value: unknown): string => {
    const name = `${prefix}_${++parameters}`;
    values[name] = value;
    return `:${name}`;
  };
  const tables = tablesOf(filter, new TypeOrmEntity(entity, source));
  const text = conditionOf(filter, { dialect, ...tables }, { parameter, outerColumn: marked, hasNoArrays: true });
  const joined = ofPresentRow(text, filter, entity);
  return Object.freeze({
    ofAlias: lastKept((alias: string) => withAlias(joined, alias, source)),
    ofTable: () => withoutBareWords(withAlias(text, entity.tableName, source)),
    parameters: Object.freeze(values),
    dialect,
  });
}

// Where a left join found no row, every column is null. Few filters are met by that.
function ofPresentRow(text: string, filter: ObjectFilter, { primaryColumns: [primary] }: EntityMetadata): string {
  if (primary === undefined || !matches(filter, {}, { missing: 'null' })) return text;
  return `${marked(primary.databaseName)} IS NOT NULL AND ${text}`;
}

function lastKept(write: (alias: string) => string): (alias: string) => string {
  let last: { readonly alias: string; readonly text: string } | undefined;
  return alias => {
    if (isPlain || last?.alias !== alias) last = { alias, text: write(alias) };
    return last.text;
  };
}

// The alias is known once the query is built.
function marked(column: string): string {
  return `\0${column}\0`;
}

function withAlias(text: string, alias: string, { driver }: DataSource): string {
  if (alias.toLowerCase() === aliasOfRelated)
    throw new ImproperlyConfigured(`The alias '${alias}' is used in subqueries of filters: choose another one.`);
  return `(${text.replace(/\0([^\0]+)\0/g, (_, column: string) => `${driver.escape(alias)}.${driver.escape(column)}`)})`;
}

const quotedOrBoundary = /('[^']*'|"[^"]*"|`[^`]*`)|([ ()])/g;

// In an update or a delete, TypeORM takes each word between spaces or brackets that is the name of a property for that
// property. One may be named `text`, `NOT` or `TRUE`.
function withoutBareWords(text: string): string {
  return text.replace(
    quotedOrBoundary,
    (_, quoted: string | undefined, boundary: string) => quoted ?? tabbed(boundary),
  );
}

function tabbed(boundary: string): string {
  if (boundary === '(') return '(\t';
  return boundary === ')' ? '\t)' : '\t';
}
