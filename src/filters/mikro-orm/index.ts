/** Compiles object filters for MikroORM, on PostgreSQL, MySQL, MariaDB and SQLite. */
export { toMikroOrm } from './entity-where';
