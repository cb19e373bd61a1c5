/** Stores of the microservice in a database that TypeORM supports. */
export { typeOrmStore, type TypeOrmStoreOptions } from './typeorm-store';
export type { DatabasePlace } from './database';
export { microserviceEntities } from './tables';
export { microserviceMigrations } from './migrations';
export { TypeOrmUserStore, type TypeOrmUserStoreOptions } from '../users/typeorm-user-store';
export type { UserColumns } from '../users/user-columns';
export { IdentityEntity, UserEntity, userEntities, type IdentityRow, type UserRow } from '../users/typeorm-entities';
export {
  CreateAxiomsIdentities1735689600001,
  CreateAxiomsUsers1735689600000,
  userMigrations,
} from '../users/create-users-migration';
