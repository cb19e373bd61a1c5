/** The microservice in a database that TypeORM reaches. */
export { typeOrmStore, type TypeOrmStoreOptions } from './typeorm-store';
export type { DatabasePlace } from './database';
export { microserviceEntities } from './tables';
export { microserviceMigrations } from './migrations';
