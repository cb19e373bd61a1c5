/** Every client that the stores in Redis are tested with, each with its default options, as an app makes it. */
import * as ioredis5 from 'ioredis';
import * as ioredis6 from 'ioredis-6';
import * as redis5 from 'redis';
import * as redis6 from 'redis-6';
import type { RedisClient } from '../../src/redis';
import { masterName } from './redis-topologies';

export interface OpenClient {
  readonly client: RedisClient;
  close(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ClientKind {
  readonly name: string;
  open(...addresses: Address[]): Promise<OpenClient>;
}

// The major versions differ in their types, but not in what is used here.
const versionsOfIoredis = { 'ioredis 5': ioredis5, 'ioredis 6': ioredis6 as unknown as typeof ioredis5 };
const versionsOfRedis = { 'redis 5': redis5, 'redis 6': redis6 as unknown as typeof redis5 };

function ofIoredis(client: ioredis5.Redis | ioredis5.Cluster): OpenClient {
  const close = (): Promise<void> => {
    client.disconnect();
    return Promise.resolve();
  };
  return { client: client, close };
}

/** A client of `redis`: version 4 has no `destroy()`. */
interface Closing {
  connect(): Promise<unknown>;
  destroy?(): unknown;
  disconnect?(): Promise<unknown>;
}

async function ofRedis(client: Closing): Promise<OpenClient> {
  await client.connect();
  const close = async (): Promise<void> => {
    try {
      await (client.destroy === undefined ? client.disconnect?.() : client.destroy());
    } catch (error) {
      // A pool of `redis` before 5.5 may have closed its connections itself.
      if ((error as Error).message !== 'The client is closed') throw error;
    }
  };
  return { client: client as unknown as RedisClient, close };
}

/**
 * Whether a cluster's client shows its options. Before `redis` 5.5 it does not, and it goes on sending commands to a master that
 * has died: docs/compatibility.md.
 */
export function showsOptions(client: object): boolean {
  return '_options' in client;
}

type Kinds<Library> = Readonly<Record<string, Library>>;

function kindsOf<Library extends object>(
  libraries: Kinds<Library>,
  what: string,
  open: (library: Library, addresses: Address[]) => OpenClient | Promise<OpenClient>,
): ClientKind[] {
  const [maker] = /create\w+/.exec(what) ?? [];
  return Object.entries(libraries)
    .filter(([, library]) => maker === undefined || maker in library)
    .map(([name, library]) => ({ name: `${name}, ${what}`, open: async (...addresses) => open(library, addresses) }));
}

/** Clients of one server. */
export const singleClients: readonly ClientKind[] = [
  ...kindsOf(versionsOfIoredis, 'new Redis()', ({ Redis }, [one]) => ofIoredis(new Redis({ ...one }))),
  ...kindsOf(versionsOfRedis, 'createClient()', ({ createClient }, [socket]) =>
    ofRedis(createClient({ socket: { ...socket } })),
  ),
  ...kindsOf(versionsOfRedis, 'createClientPool()', ({ createClientPool }, [socket]) =>
    ofRedis(createClientPool({ socket: { ...socket } })),
  ),
];

// Version 4 is tested on one server alone.
const versionsForClusters = Object.fromEntries(
  Object.entries(versionsOfRedis).filter(([, library]) => 'createClientPool' in library),
);

/** Clients of a cluster. */
export const clusterClients: readonly ClientKind[] = [
  ...kindsOf(versionsOfIoredis, 'new Cluster()', ({ Cluster }, addresses) => ofIoredis(new Cluster(addresses))),
  ...kindsOf(versionsForClusters, 'createCluster()', ({ createCluster }, addresses) =>
    ofRedis(createCluster({ rootNodes: addresses.map(socket => ({ socket })) })),
  ),
];

/** Clients that ask a Sentinel for the master. */
export const sentinelClients: readonly ClientKind[] = [
  ...kindsOf(versionsOfIoredis, 'Sentinel', ({ Redis }, sentinels) =>
    ofIoredis(new Redis({ sentinels, name: masterName })),
  ),
  ...kindsOf(versionsOfRedis, 'createSentinel()', ({ createSentinel }, sentinelRootNodes) =>
    ofRedis(createSentinel({ name: masterName, sentinelRootNodes })),
  ),
];
