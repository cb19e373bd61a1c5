/** Opens a database for the microservice, with its tables: a file of SQLite, or a schema of PostgreSQL. */
import { mkdirSync, renameSync, writeFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { lockFile } from './file-lock';
import { microserviceMigrations } from './migrations';
import { microserviceEntities } from './tables';

/** The place of the tables. */
export type DatabasePlace =
  /**
   * A file of SQLite, read and written by `sql.js`: for one process and little data, because each change rewrites the
   * file.
   */
  | { readonly file: string }
  /** A PostgreSQL database. The schema, default `public`, is created if it is missing. */
  | { readonly url: string; readonly schema?: string };

const shared = {
  entities: [...microserviceEntities],
  migrations: [...microserviceMigrations],
  migrationsTableName: 'axioms_migrations',
};

/** A database that a store has opened. */
export interface OpenDatabase {
  readonly dataSource: DataSource;
  close(): Promise<void>;
}

/**
 * Opens the database and runs the missing migrations, in one process at a time.
 *
 * @throws ImproperlyConfigured if another process has the file
 */
export async function openDatabase(place: DatabasePlace): Promise<OpenDatabase> {
  if (!('file' in place)) return opened(place, () => undefined);
  mkdirSync(dirname(place.file), { recursive: true });
  return opened(place, lockFile(place.file));
}

async function opened(place: DatabasePlace, release: () => void): Promise<OpenDatabase> {
  try {
    const dataSource = await new DataSource(optionsFor(place)).initialize();
    const close = (): Promise<void> => dataSource.destroy().finally(release);
    await migrate(dataSource, place).catch(async (error: unknown) => {
      await dataSource.destroy();
      throw error;
    });
    return { dataSource, close };
  } catch (error) {
    release();
    throw error;
  }
}

async function migrate(database: DataSource, place: DatabasePlace): Promise<void> {
  if ('file' in place) await database.runMigrations();
  else await migrateAlone(database, place.schema);
}

function optionsFor(place: DatabasePlace): DataSourceOptions {
  if ('file' in place) return { ...shared, type: 'sqljs', ...fileOf(place.file) };
  // A database that does not answer must not hold a request for longer than its client waits. The limits are the client's:
  // PgBouncer refuses `statement_timeout` at the start of a connection, and in transaction mode a SET would reach others.
  const limits = { connectionTimeoutMillis: 5000, query_timeout: 5000 };
  return { ...shared, type: 'postgres', url: place.url, schema: place.schema, extra: limits };
}

// Writes a second file and renames it, so that a process that is killed leaves either the old file or the new one.
function fileOf(file: string) {
  return {
    database: existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined,
    autoSave: true,
    autoSaveCallback: (content: Uint8Array) => {
      writeFileSync(`${file}.new`, content, { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
    },
  };
}

const lockNumber = 0x61_78_69_6f;

// Without a lock, processes that start together would each create the tables. The lock ends with its transaction, which a
// pool of connections, such as PgBouncer, keeps on one connection.
async function migrateAlone(database: DataSource, schema: string | undefined): Promise<void> {
  const runner = database.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query('SELECT pg_advisory_xact_lock($1)', [lockNumber]);
    if (schema !== undefined) await createSchema(database, schema);
    await database.runMigrations();
    await runner.commitTransaction();
  } finally {
    await runner.release();
  }
}

// Looks first: a service that may only read and write rows may not "create if not exists" either.
async function createSchema(database: DataSource, schema: string): Promise<void> {
  const found = await database.query<unknown[]>('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found.length > 0) return;
  await database.query(`CREATE SCHEMA IF NOT EXISTS "${schema.replaceAll('"', '""')}"`);
}
