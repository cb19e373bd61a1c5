/** The stores that every test of the microservice is run on, each in a place of its own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Context } from 'mocha';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { memoryStore, redisStore, type MicroserviceStore } from '../../../src/microservice';
import { typeOrmStore } from '../../../src/microservice/typeorm';

export interface OpenStore {
  readonly store: MicroserviceStore;
  /** A second store on the same place, as another process has it; the memory has none. */
  another?(): MicroserviceStore;
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
  { name: 'Redis (ioredis)', server: 'redis', open: openIoredis },
  { name: 'Redis (redis)', server: 'redis', open: openNodeRedis },
];

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
  const folder = await mkdtemp(join(tmpdir(), 'microservice-'));
  const store = typeOrmStore({ file: join(folder, 'sessions.sqlite') });
  const remove = async (): Promise<void> => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { store, remove };
}

async function openPostgres(): Promise<OpenStore> {
  const schema = `axioms_sessions_${randomUUID().replaceAll('-', '')}`;
  const place = { url: postgresUrl, schema };
  const opened = [typeOrmStore(place)];
  // Asked something, so that a database that is not there is noticed here.
  await opened[0]!.signingKeys('nobody');
  return {
    store: opened[0]!,
    another: () => {
      opened.push(typeOrmStore(place));
      return opened.at(-1)!;
    },
    remove: async () => {
      for (const store of opened) await store.close();
      await dropSchema(schema);
    },
  };
}

export async function dropSchema(schema: string): Promise<void> {
  const database = await new DataSource({ type: 'postgres', url: postgresUrl }).initialize();
  await database.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  await database.destroy();
}

async function openIoredis(): Promise<OpenStore> {
  const client = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null });
  client.on('error', () => undefined);
  await client.connect();
  const prefix = `axioms:test:${randomUUID()}:`;
  return {
    store: redisStore(client, { prefix }),
    another: () => redisStore(client, { prefix }),
    remove: async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(...keys);
      client.disconnect();
    },
  };
}

async function openNodeRedis(): Promise<OpenStore> {
  const client = createClient({ url: redisUrl, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  await client.connect();
  const prefix = `axioms:test:${randomUUID()}:`;
  return {
    store: redisStore(client, { prefix }),
    another: () => redisStore(client, { prefix }),
    remove: async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(keys);
      client.destroy();
    },
  };
}
