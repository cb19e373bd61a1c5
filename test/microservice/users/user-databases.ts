/** Databases for a store of users, each with tables of its own. */
import { randomUUID } from 'node:crypto';
import { DataSource, Entity, PrimaryGeneratedColumn, Column, type DataSourceOptions } from 'typeorm';
import {
  CreateAxiomsIdentities1735689600001,
  userMigrations,
} from '../../../src/microservice/users/create-users-migration';
import { IdentityEntity, userEntities } from '../../../src/microservice/users/typeorm-entities';
import { createDatabase, dropDatabase, openDatabase } from '../mariadb';

export const postgresUrl = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

/** A table of users as an app has it: other names, a number for an id, and a column that must have a value. */
@Entity()
export class Account {
  @PrimaryGeneratedColumn()
  key!: number;

  @Column({ type: 'varchar', unique: true })
  login!: string;

  @Column({ type: 'varchar', nullable: true, unique: true })
  mail!: string | null;

  @Column({ type: 'varchar', nullable: true, select: false })
  secret!: string | null;

  @Column({ type: 'boolean', default: true })
  enabled!: boolean;

  @Column({ type: Date, precision: 3, nullable: true })
  seen!: Date | null;

  @Column({ type: 'varchar', default: 'reader' })
  role!: string;
}

export const accountColumns = {
  id: 'key',
  username: 'login',
  email: 'mail',
  passwordHash: 'secret',
  isActive: 'enabled',
  lastLogin: 'seen',
};

/** Our tables, made by the migrations, as they are in production. */
export const ourTables = { entities: [...userEntities], migrations: [...userMigrations] };

/** The app's own table of users, and ours of identities. */
export const accountTables = { entities: [Account, IdentityEntity], migrations: [CreateAxiomsIdentities1735689600001] };

type Tables = Pick<DataSourceOptions, 'entities' | 'migrations'>;

export interface Database {
  readonly dataSource: DataSource;
  remove(): Promise<void>;
}

export async function sqlite(tables: Tables): Promise<Database> {
  const dataSource = await new DataSource({ type: 'sqljs', ...tables }).initialize();
  await prepare(dataSource);
  return { dataSource, remove: () => dataSource.destroy() };
}

/** A schema of PostgreSQL that nobody else has. */
export async function postgres(tables: Tables): Promise<Database> {
  const schema = `axioms_users_${randomUUID()}`;
  const dataSource = await new DataSource({ type: 'postgres', url: postgresUrl, schema, ...tables }).initialize();
  await dataSource.query(`CREATE SCHEMA "${schema}"`);
  await prepare(dataSource);
  const remove = async (): Promise<void> => {
    await dataSource.query(`DROP SCHEMA "${schema}" CASCADE`);
    await dataSource.destroy();
  };
  return { dataSource, remove };
}

/** A database of MariaDB that nobody else has, with the collation that identities need. */
export async function mariadb(tables: Tables): Promise<Database> {
  const name = await createDatabase('utf8mb4_bin');
  const dataSource = await openDatabase(name, tables);
  await prepare(dataSource);
  const remove = async (): Promise<void> => {
    await dataSource.destroy();
    await dropDatabase(name);
  };
  return { dataSource, remove };
}

async function prepare(dataSource: DataSource): Promise<void> {
  await dataSource.runMigrations();
  if (dataSource.hasMetadata(Account)) await dataSource.synchronize();
}
