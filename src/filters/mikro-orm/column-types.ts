/** Which of MikroORM's column types can be compared exactly, and as what. */
import { BigIntType, DoubleType, type EntityProperty } from '@mikro-orm/core';
import type { SqlColumnType } from '../sql/columns';
import type { SqlDialect } from '../sql/dialects';

type Types = Readonly<Record<string, SqlColumnType>>;

const types: Readonly<Record<SqlDialect, Types>> = {
  postgresql: {
    ...typed('text', 'varchar', 'character varying', 'text'),
    ...typed('uuid', 'uuid'),
    ...typed('integer', 'int', 'integer', 'smallint', 'bigint', 'int2', 'int4', 'int8'),
    ...typed('integer', 'serial', 'smallserial', 'bigserial'),
    ...typed('number', 'double precision', 'float8'),
    ...typed('boolean', 'boolean', 'bool'),
    ...typed('date', 'timestamptz', 'timestamp with time zone'),
    ...typed('utc', 'timestamp', 'timestamp without time zone'),
  },
  mysql: {
    ...typed('text', 'varchar', 'text', 'tinytext', 'mediumtext', 'longtext'),
    ...typed('uuid', 'uuid'),
    ...typed('integer', 'int', 'integer', 'tinyint', 'smallint', 'mediumint', 'bigint'),
    ...typed('number', 'double', 'double precision'),
    ...typed('utc', 'datetime', 'timestamp'),
  },
  sqlite: {
    ...typed('text', 'varchar', 'text'),
    ...typed('integer', 'int', 'integer', 'tinyint', 'smallint', 'mediumint', 'bigint'),
    ...typed('number', 'double', 'double precision', 'real'),
    // MikroORM writes a Date as a number there.
    ...typed('milliseconds', 'datetime', 'timestamp'),
  },
};

function typed(type: SqlColumnType, ...names: readonly string[]): Types {
  return Object.fromEntries(names.map(name => [name, type]));
}

/** What MikroORM describes of a property. */
export type Property = EntityProperty<object>;

/** Returns what the column holds; `undefined` for a type that cannot be compared exactly. */
export function typeOf(property: Property, dialect: SqlDialect): SqlColumnType | undefined {
  const [column = ''] = property.columnTypes;
  if (property.columnTypes.length !== 1 || !isReadAsIs(property)) return undefined;
  const name = column.toLowerCase().replace(/\s*\(\d+\)$|\s*\(\d+\)(?= with)|(?<=\)) unsigned$| unsigned$/g, '');
  if (property.runtimeType === 'boolean') return isForBooleans(name, dialect) ? 'boolean' : undefined;
  const known = types[dialect];
  const type = Object.hasOwn(known, name) ? known[name] : undefined;
  return isTime(type) === (property.runtimeType === 'Date') ? type : undefined;
}

function isForBooleans(name: string, dialect: SqlDialect): boolean {
  return dialect === 'postgresql'
    ? ['boolean', 'bool'].includes(name)
    : ['tinyint', 'boolean', 'integer'].includes(name);
}

function isTime(type: SqlColumnType | undefined): boolean {
  return type === 'date' || type === 'utc' || type === 'milliseconds';
}

// The two types of MikroORM itself that change no value that a filter compares.
function isReadAsIs({ customType }: Property): boolean {
  const prototype: unknown = (customType as unknown) && Object.getPrototypeOf(customType);
  return prototype === undefined || prototype === BigIntType.prototype || prototype === DoubleType.prototype;
}
