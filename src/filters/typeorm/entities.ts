/** Describes an entity of TypeORM for the compiler to SQL. */
import type { DataSource, EntityMetadata } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { SqlColumn, StatementColumn } from '../sql/columns';
import type { DescribedEntity, DescribedRelation } from '../sql/described';
import type { SqlDialect } from '../sql/dialects';
import { collationOf } from './collations';
import { readsUtc, typeOf, type ColumnMetadata } from './column-types';

const dialects: Readonly<Record<string, SqlDialect>> = {
  postgres: 'postgresql',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqlite: 'sqlite',
  'better-sqlite3': 'sqlite',
  sqljs: 'sqlite',
};

/** @throws ImproperlyConfigured if the DataSource is of another database */
export function dialectOf({ options: { type } }: DataSource): SqlDialect {
  const dialect = Object.hasOwn(dialects, type) ? dialects[type] : undefined;
  if (dialect !== undefined) return dialect;
  throw new ImproperlyConfigured(
    `Filters cannot be compiled for a DataSource of the type '${type}'. The types are: ${Object.keys(dialects).join(', ')}.`,
  );
}

/** What belongs to a DataSource, under the names of TypeORM 1 and 0.3. */
export interface Connected {
  readonly dataSource?: DataSource;
  readonly connection: DataSource;
}

export function dataSourceOf(owner: Connected): DataSource {
  return owner.dataSource ?? owner.connection;
}

/** An entity as TypeORM describes it. */
export class TypeOrmEntity implements DescribedEntity {
  constructor(
    private readonly entity: EntityMetadata,
    private readonly source: DataSource,
  ) {}

  column(name: string, path: string): StatementColumn {
    const column = this.entity.columns.find(one => one.propertyPath === name && !one.isVirtual);
    if (column === undefined) throw this.#refused(path, `'${name}' is no column of it`);
    const { databaseName } = column;
    const type = this.#typeOf(column, path);
    const collation = type === 'text' ? collationOf(databaseName, this.entity, this.source) : undefined;
    return { column: databaseName, type, isReadAsTruth: dialectOf(this.source) !== 'postgresql', collation };
  }

  relation(name: string, path: string): DescribedRelation {
    const relation = this.entity.relations.find(one => one.propertyPath === name);
    const [join, ...others] = relation?.joinColumns ?? [];
    const to = join?.referencedColumn;
    const isToOne = relation?.isManyToOne === true || relation?.isOneToOneOwner === true;
    if (relation === undefined || !isToOne || join === undefined || to === undefined || others.length > 0)
      throw this.#refused(path, `'${name}' is no relation to one entity by one column of this one`);
    const related = relation.inverseEntityMetadata;
    if (!isUnique(to, related)) throw this.#refused(path, `the column that '${name}' refers to is not unique`);
    if (related.parentEntityMetadata as unknown)
      throw this.#refused(path, `'${name}' refers to an entity that shares its table`);
    return {
      table: related.tablePath,
      from: join.databaseName,
      to: to.databaseName,
      deleted: related.deleteDateColumn?.databaseName,
      entity: new TypeOrmEntity(related, this.source),
    };
  }

  #typeOf(column: ColumnMetadata, path: string): SqlColumn['type'] {
    if (column.transformer !== undefined) throw this.#refused(path, 'it has a transformer');
    if (column.isVirtualProperty) throw this.#refused(path, 'it is a virtual column');
    const dialect = dialectOf(this.source);
    const type = column.isArray ? undefined : typeOf(column, dialect, this.source);
    if (type === undefined) throw this.#refused(path, 'its column type cannot be compared exactly');
    if (type === 'utc' && !readsUtc(this.source))
      throw this.#refused(path, `its times have no zone: ${dialect === 'mysql' ? mysqlAdvice : postgresAdvice}`);
    return type;
  }

  #refused(path: string, reason: string): ImproperlyConfigured {
    return new ImproperlyConfigured(
      `A filter names '${path}' of the entity '${this.entity.name}', and cannot be compiled: ${reason}.`,
    );
  }
}

const mysqlAdvice = "set timezone: 'Z' in the DataSource";
const postgresAdvice = "use the type 'timestamptz', or run the process with TZ=UTC";

// With two rows behind one value, "the related entity" would have no meaning.
function isUnique(column: ColumnMetadata, entity: EntityMetadata): boolean {
  const isAlone = (columns: readonly ColumnMetadata[]): boolean => columns.length === 1 && columns[0] === column;
  return (
    isAlone(entity.primaryColumns) ||
    entity.uniques.some(unique => isAlone(unique.columns)) ||
    entity.indices.some(index => index.isUnique && index.where === undefined && isAlone(index.columns))
  );
}
