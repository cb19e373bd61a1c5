/** Compiles object filters to conditions of Drizzle. */
export { toDrizzle } from './to-drizzle';
export type { DrizzleColumn, DrizzleRelation, DrizzleTable } from './tables';
