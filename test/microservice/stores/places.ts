/** The stores that every test of the microservice is run on, each in a place of its own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import type { DataSource } from 'typeorm';
import { memoryStore, redisStore, type MicroserviceStore } from '../../../src/microservice';
import { createDatabase, dropDatabase, openDatabase } from '../mariadb';

export type StoreAddress =
  { readonly schema: string } | { readonly prefix: string; readonly timeout?: number } | { readonly database: string };

export interface OpenStore {
  readonly store: MicroserviceStore;
  /** Where another process finds the same; nothing but this one sees a memory, or a file of sql.js. */
  readonly address?: StoreAddress;
  /** Leaves nothing behind. */
  remove(): Promise<void>;
}

export interface StorePlace {
  readonly name: string;
  /** As in `REQUIRED_SERVERS`; none is needed where it is missing. */
  readonly server?: string;
  open(): Promise<OpenStore>;
}

export const postgresUrl = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
export const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

export const places: readonly StorePlace[] = [
  { name: 'memory', open: () => Promise.resolve({ store: memoryStore(), remove: () => Promise.resolve() }) },
  { name: 'sql.js', open: openFile },
  { name: 'PostgreSQL', server: 'postgres', open: openPostgres },
  { name: 'MariaDB', server: 'mariadb', open: openMariadb },
  { name: 'Redis (ioredis)', server: 'redis', open: openIoredis },
  { name: 'Redis (redis)', server: 'redis', open: openNodeRedis },
];

/** The tests of this place are pending where its server is not there. */
export function needsServer(place: StorePlace): void {
  before(async function () {
    const { remove } = await openOrSkip(place, this);
    await remove();
  });
}

/** Opens it; without its server the test is pending, or fails where the server is required. */
export async function openOrSkip({ open, server = '' }: StorePlace, test: Context): Promise<OpenStore> {
  try {
    return await open();
  } catch (error) {
    if ((process.env.REQUIRED_SERVERS ?? '').split(',').includes(server)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const runnable = test.currentTest ?? test.test;
    if (runnable !== undefined) runnable.title += ` (${server} cannot be reached: ${code ?? message})`;
    return test.skip();
  }
}

async function openFile(): Promise<OpenStore> {
  const { typeOrmStore } = await import('../../../src/microservice/typeorm/index.js');
  const folder = await mkdtemp(join(tmpdir(), 'microservice-'));
  const store = typeOrmStore({ file: join(folder, 'sessions.sqlite') });
  const remove = async (): Promise<void> => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { store, remove };
}

async function openPostgres(): Promise<OpenStore> {
  const address = { schema: `axioms_sessions_${randomUUID().replaceAll('-', '')}` };
  const { store, close } = await storeAt(address);
  // Asked something, so that a database that is not there is noticed here.
  await store.signingKeys('nobody');
  const remove = async (): Promise<void> => {
    await close();
    await dropSchema(address.schema);
  };
  return { store, address, remove };
}

interface OwnStore {
  readonly store: MicroserviceStore;
  close(): Promise<void>;
}

/** Opens a separate store on a place that another store may have opened. Loads nothing that is not needed. */
export async function storeAt(address: StoreAddress): Promise<OwnStore> {
  if ('schema' in address) {
    const { typeOrmStore } = await import('../../../src/microservice/typeorm/index.js');
    const store = typeOrmStore({ url: postgresUrl, schema: address.schema });
    return { store, close: () => store.close() };
  }
  if ('database' in address) return storeInMariadb(address.database);
  const { Redis } = await import('ioredis');
  const client = new Redis(redisUrl);
  const close = (): Promise<void> => {
    client.disconnect();
    return Promise.resolve();
  };
  return { store: redisStore(client, address), close };
}

async function openMariadb(): Promise<OpenStore> {
  const database = await createDatabase();
  const { store, close, dataSource } = await storeInMariadb(database);
  await dataSource.runMigrations();
  const remove = async (): Promise<void> => {
    await close();
    await dropDatabase(database);
  };
  return { store, address: { database }, remove };
}

/** A store on the app's own DataSource, as an app on MariaDB has it. */
async function storeInMariadb(database: string): Promise<OwnStore & { readonly dataSource: DataSource }> {
  const library = await import('../../../src/microservice/typeorm/index.js');
  const tables = { entities: [...library.microserviceEntities], migrations: [...library.microserviceMigrations] };
  const dataSource = await openDatabase(database, tables);
  return { dataSource, store: library.typeOrmStore({ dataSource }), close: () => dataSource.destroy() };
}

export async function dropSchema(schema: string): Promise<void> {
  const { DataSource } = await import('typeorm');
  const database = await new DataSource({ type: 'postgres', url: postgresUrl }).initialize();
  await database.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  await database.destroy();
}

async function openIoredis(): Promise<OpenStore> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null });
  client.on('error', () => undefined);
  await client.connect();
  const prefix = `axioms:test:${randomUUID()}:`;
  return {
    store: redisStore(client, { prefix }),
    address: { prefix },
    remove: async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(...keys);
      client.disconnect();
    },
  };
}

/** Version 4 has no `destroy()`. */
export async function endClient(client: { destroy?(): void; disconnect?(): unknown }): Promise<void> {
  if (client.destroy === undefined) await client.disconnect?.();
  else client.destroy();
}

async function openNodeRedis(): Promise<OpenStore> {
  const { createClient } = await import('redis');
  const client = createClient({ url: redisUrl, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  const prefix = `axioms:test:${randomUUID()}:`;
  return {
    store: redisStore(client, { prefix }),
    address: { prefix },
    remove: async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(keys);
      await endClient(client);
    },
  };
}
