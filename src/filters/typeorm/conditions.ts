/** A filter as a condition on an entity of TypeORM, to be written for whichever alias the query gives to the entity. */
import { randomBytes } from 'node:crypto';
import type { DataSource, EntityMetadata } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import { tablesOf } from '../sql/described';
import { aliasOfRelated, conditionOf } from '../sql/statement';
import { dialectOf, TypeOrmEntity } from './entities';

export interface EntityCondition {
  /** The condition in parentheses, for an entity that a query selects by this alias. Without a joined row, it is not met. */
  ofAlias(alias: string): string;
  /** The condition in parentheses, for an update or a delete, which have no aliases. */
  ofTable(): string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

// Two filters may be in one query, where the name of a parameter has one value. No name can be guessed: the app may give
// the query parameters from an object that a client has sent.
const prefix = `axioms_filter_${randomBytes(12).toString('hex')}`;
let parameters = 0;

/** @throws ImproperlyConfigured if the filter cannot be compiled exactly for the entity */
export function conditionOn(filter: ObjectFilter, entity: EntityMetadata, source: DataSource): EntityCondition {
  const dialect = dialectOf(source);
  const values: Record<string, unknown> = {};
  const parameter = (value: unknown): string => {
    const name = `${prefix}_${++parameters}`;
    values[name] = value;
    return `:${name}`;
  };
  const tables = tablesOf(filter, new TypeOrmEntity(entity, source));
  const text = conditionOf(filter, { dialect, ...tables }, { parameter, outerColumn: marked, hasNoArrays: true });
  const [primary] = entity.primaryColumns;
  const joined = primary === undefined ? text : `${marked(primary.databaseName)} IS NOT NULL AND ${text}`;
  return {
    ofAlias: alias => withAlias(joined, alias, source),
    ofTable: () => withoutBareWords(withAlias(text, entity.tableName, source)),
    parameters: Object.freeze(values),
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
