/** Compiles object filters to the `where` of Prisma, for PostgreSQL, MySQL, MariaDB and SQLite. */
export { toPrisma, type PrismaOptions, type PrismaWhere } from './to-prisma';
export type { PrismaField, PrismaProperties, PrismaScalar } from './properties';
export type { PrismaProvider } from './providers';
