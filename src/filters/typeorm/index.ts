/** Compiles object filters for TypeORM, on PostgreSQL, MySQL, MariaDB and SQLite. */
export { applyFilter, type FilterableBuilder } from './guarded-builder';
export { toTypeOrm } from './find-where';
