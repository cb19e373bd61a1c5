/** Compiles object filters to conditions of SQL, for PostgreSQL, MySQL, MariaDB and SQLite. */
export { toSql, type SqlCondition, type SqlOptions } from './to-sql';
export type { SqlColumn, SqlColumnType, SqlRelation } from './columns';
export type { SqlDialect } from './dialects';
