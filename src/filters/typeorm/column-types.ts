/** Which of TypeORM's column types can be compared exactly, and as what. */
import type { DataSource, EntityMetadata } from 'typeorm';
import type { SqlColumnType } from '../sql/columns';
import type { SqlDialect } from '../sql/dialects';

/** A column as TypeORM describes it. */
export type ColumnMetadata = EntityMetadata['columns'][number];

type Types = Readonly<Record<string, SqlColumnType>>;

const integers = typed('integer', 'number', 'int', 'integer', 'smallint', 'bigint');

const types: Readonly<Record<SqlDialect, Types>> = {
  postgresql: {
    ...integers,
    ...typed('text', 'string', 'varchar', 'character varying', 'text'),
    ...typed('uuid', 'uuid'),
    ...typed('integer', 'int2', 'int4', 'int8'),
    ...typed('number', 'double precision', 'float8', 'float'),
    ...typed('boolean', 'boolean', 'bool'),
    ...typed('date', 'timestamptz', 'timestamp with time zone'),
    ...typed('utc', 'date()', 'timestamp', 'timestamp without time zone'),
  },
  mysql: {
    ...integers,
    ...typed('text', 'string', 'varchar', 'nvarchar', 'national varchar', 'text', 'tinytext', 'mediumtext', 'longtext'),
    ...typed('uuid', 'uuid'),
    ...typed('integer', 'tinyint', 'mediumint'),
    ...typed('number', 'double', 'double precision', 'real'),
    ...typed('boolean', 'boolean', 'bool'),
    ...typed('utc', 'date()', 'datetime', 'timestamp'),
  },
  sqlite: {
    ...integers,
    ...typed('text', 'string', 'varchar', 'varying character', 'nvarchar', 'text', 'clob', 'uuid'),
    ...typed('integer', 'tinyint', 'mediumint', 'unsigned big int', 'int2', 'int8'),
    ...typed('number', 'double', 'double precision', 'real', 'float'),
    ...typed('boolean', 'boolean'),
    ...typed('date', 'date()', 'datetime'),
  },
};

function typed(type: SqlColumnType, ...names: readonly string[]): Types {
  return Object.fromEntries(names.map(name => [name, type]));
}

/** Returns what the column holds; `undefined` for a type that cannot be compared exactly. */
export function typeOf({ type }: ColumnMetadata, dialect: SqlDialect, source: DataSource): SqlColumnType | undefined {
  const name = nameOf(type);
  if (name === 'uuid' && dialect === 'mysql') return source.driver.normalizeType({ type }) === 'uuid' ? 'uuid' : 'text';
  const known = types[dialect];
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

// `Date`, and not the type `date`, which is a day.
function nameOf(type: ColumnMetadata['type']): string {
  if (typeof type === 'string') return type;
  return type === Date ? 'date()' : (type as { readonly name: string }).name.toLowerCase();
}

/** Does the driver read times without a zone as times in UTC? */
export function readsUtc({ options }: DataSource): boolean {
  const zone = 'timezone' in options ? options.timezone : undefined;
  if (zone !== undefined && zone !== 'local') return ['Z', '+00:00'].includes(zone);
  return ['UTC', 'Etc/UTC', 'GMT'].includes(Intl.DateTimeFormat().resolvedOptions().timeZone);
}
