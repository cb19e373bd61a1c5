/** Describes an entity of MikroORM for the compiler to SQL. */
import { ReferenceKind, type EntityManager, type EntityMetadata } from '@mikro-orm/core';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { SqlColumn, StatementColumn } from '../sql/columns';
import type { DescribedEntity, DescribedRelation } from '../sql/described';
import type { SqlDialect } from '../sql/dialects';
import { typeOf, type Property } from './column-types';

const dialects: Readonly<Record<string, SqlDialect>> = {
  PostgreSqlPlatform: 'postgresql',
  MySqlPlatform: 'mysql',
  MariaDbPlatform: 'mysql',
  SqlitePlatform: 'sqlite',
  BetterSqlitePlatform: 'sqlite',
  LibSqlPlatform: 'sqlite',
};

/** @throws ImproperlyConfigured if the EntityManager is of another database */
export function dialectOf(em: EntityManager): SqlDialect {
  const { name } = em.getPlatform().constructor;
  const dialect = Object.hasOwn(dialects, name) ? dialects[name] : undefined;
  if (dialect !== undefined) return dialect;
  throw new ImproperlyConfigured(
    `Filters cannot be compiled for MikroORM's '${name}'. The platforms are: ${Object.keys(dialects).join(', ')}.`,
  );
}

/** An entity as MikroORM describes it. */
export class MikroOrmEntity implements DescribedEntity {
  constructor(
    private readonly entity: EntityMetadata<object>,
    private readonly em: EntityManager,
  ) {}

  column(name: string, path: string): StatementColumn {
    const property = this.#property(name);
    const [column, ...others] = property?.fieldNames ?? [];
    if (
      property?.kind !== ReferenceKind.SCALAR ||
      property.embedded !== undefined ||
      column === undefined ||
      others.length > 0
    )
      throw this.#refused(path, `'${name}' is no column of it`);
    if (property.formula !== undefined || property.persist === false)
      throw this.#refused(path, 'it is not stored in a column');
    return { column, type: this.#typeOf(property, path), isReadAsTruth: dialectOf(this.em) !== 'postgresql' };
  }

  relation(name: string, path: string): DescribedRelation {
    const property = this.#property(name);
    const [from, ...others] = property?.joinColumns ?? [];
    const [to] = property?.referencedColumnNames ?? [];
    const related = property?.targetMeta as EntityMetadata<object> | undefined;
    const isToOne =
      property?.kind === ReferenceKind.MANY_TO_ONE || (property?.kind === ReferenceKind.ONE_TO_ONE && property.owner);
    if (!isToOne || from === undefined || to === undefined || others.length > 0 || related === undefined)
      throw this.#refused(path, `'${name}' is no relation to one entity by one column of this one`);
    if (property.formula !== undefined || property.persist === false)
      throw this.#refused(path, `'${name}' is not stored in a column`);
    // MikroORM 7 has copies of what describes an entity.
    if (related.root.class !== related.class || related.discriminatorColumn !== undefined)
      throw this.#refused(path, `'${name}' refers to an entity that shares its table`);
    return { table: this.#tableOf(related), from, to, entity: new MikroOrmEntity(related, this.em) };
  }

  #property(name: string): Property | undefined {
    const properties = this.entity.properties as Readonly<Record<string, Property>>;
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }

  // As MikroORM chooses the schema of a table that it joins.
  #tableOf({ schema, tableName }: EntityMetadata<object>): string {
    const chosen = schema !== undefined && schema !== '*' ? schema : (this.em.schema ?? this.em.config.get('schema'));
    return chosen === undefined ? tableName : `${chosen}.${tableName}`;
  }

  #typeOf(property: Property, path: string): SqlColumn['type'] {
    const type = typeOf(property, dialectOf(this.em));
    if (type === undefined) throw this.#refused(path, 'its column type cannot be compared exactly');
    if (type === 'utc' && !readsUtc(this.em))
      throw this.#refused(path, 'its times have no zone: set forceUtcTimezone in the options of MikroORM');
    return type;
  }

  #refused(path: string, reason: string): ImproperlyConfigured {
    return new ImproperlyConfigured(
      `A filter names '${path}' of the entity '${this.entity.className}', and cannot be compiled: ${reason}.`,
    );
  }
}

function readsUtc(em: EntityManager): boolean {
  const zone = em.getPlatform().getTimezone() ?? 'local';
  if (zone !== 'local') return ['Z', '+00:00'].includes(zone);
  return ['UTC', 'Etc/UTC', 'GMT'].includes(Intl.DateTimeFormat().resolvedOptions().timeZone);
}
