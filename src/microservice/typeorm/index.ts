/** The microservice in a database that TypeORM reaches. */
export { typeOrmStore, type TypeOrmStoreOptions } from './typeorm-store';
export type { DatabasePlace } from './database';
export { microserviceEntities } from './tables';
export { microserviceMigrations } from './migrations';
export { TypeOrmUserStore, type TypeOrmUserStoreOptions } from '../users/typeorm-user-store';
export { IdentityEntity, UserEntity, type IdentityRow, type UserRow } from '../users/typeorm-entities';
export { userMigrations } from '../users/create-users-migration';
