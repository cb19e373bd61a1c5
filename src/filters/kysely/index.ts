/** Compiles object filters to expressions of Kysely. */
export { toKysely, type KyselyFilterOptions } from './to-kysely';
export type { SqlColumn, SqlColumnType, SqlRelation } from '../sql/columns';
export type { SqlDialect } from '../sql/dialects';
