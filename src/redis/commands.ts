/** Gives commands to any client of Redis. */
import { ImproperlyConfigured } from '../core/http/exceptions';

/** The part of an `ioredis` client that is used; a cluster client has it, too. */
export interface IoredisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
}

/** The part of a `redis` client that is used: of a single one, a pool, a cluster or Sentinel. The app calls `connect()`. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  mGet(keys: string[]): Promise<unknown>;
}

/** A wrapper of the app's around a client of `ioredis`. */
interface CallingClient {
  call(command: string, ...parameters: string[]): Promise<unknown>;
}

/** A wrapper of the app's around a client of `redis`. */
interface SendingClient {
  sendCommand(command: string[]): Promise<unknown>;
}

/** A client that the app creates and closes. */
export type RedisClient = IoredisClient | NodeRedisClient | CallingClient | SendingClient;

/** How commands are given to a client. */
export interface Commands {
  eval(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown>;
  mget(keys: readonly string[]): Promise<unknown>;
  /** Sends one command about one key. */
  command(name: string, key: string, values: readonly string[]): Promise<unknown>;
}

/**
 * Returns how commands are given to a client. `redis` has mGet, and `ioredis` mget. Their clients for clusters, pools and
 * Sentinel differ in everything but scripts, so that every command is a script for them.
 *
 * @throws ImproperlyConfigured for anything but a client, and for one that reads from replicas
 */
export function commandsOf(client: RedisClient): Commands {
  refuseReplicas(client);
  const has = (...names: readonly string[]): boolean =>
    names.every(name => typeof (Object(client) as Readonly<Record<string, unknown>>)[name] === 'function');
  if (has('eval', 'mGet')) return ofRedis(client as NodeRedisClient);
  if (has('eval', 'mget')) return ofIoredis(client as IoredisClient);
  if (has('call')) return ofWrapper(command => (client as CallingClient).call(...command));
  if (has('sendCommand')) return ofWrapper(command => (client as SendingClient).sendCommand(command));
  throw new ImproperlyConfigured(
    'A store in Redis takes a client of ioredis (new Redis(), new Cluster()) or of redis (createClient(), createClientPool(), createCluster(), createSentinel()).',
  );
}

/** Where `ioredis` and `redis` (clusters) keep the options that direct reads to a replica. */
interface Directed {
  readonly options?: { readonly scaleReads?: unknown; readonly role?: unknown };
  readonly _options?: { readonly useReplicas?: unknown };
}

// A replica lags behind: it would accept a revoked token, and it refuses every write.
function refuseReplicas(client: RedisClient): void {
  const { options, _options } = Object(client) as Directed;
  const { scaleReads = 'master', role = 'master' } = options ?? {};
  const found = [
    ...(scaleReads === 'master' ? [] : [`scaleReads: ${shown(scaleReads)}`]),
    ...(role === 'slave' ? ["role: 'slave'"] : []),
    ...(_options?.useReplicas === true ? ['useReplicas: true'] : []),
  ];
  if (found.length === 0) return;
  throw new ImproperlyConfigured(
    `A store in Redis was given a client with ${found.join(', ')}. A replica does not know the latest writes. Give the store a client without this option.`,
  );
}

/**
 * Whether a client is one for a cluster. `ioredis` says so, and `redis` has one of these methods: the first since
 * version 4.1, the second before.
 */
export function isForCluster(client: object): boolean {
  const { isCluster, getSlotRandomNode, getSlotMaster } = client as Readonly<Record<string, unknown>>;
  return isCluster === true || typeof getSlotRandomNode === 'function' || typeof getSlotMaster === 'function';
}

function shown(option: unknown): string {
  return typeof option === 'string' ? `'${option}'` : `a ${typeof option}`;
}

const oneCommand = 'return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))';
const allValues = "return redis.call('MGET', unpack(KEYS))";

function ofRedis(client: NodeRedisClient): Commands {
  const run: Commands['eval'] = (script, keys, values) =>
    client.eval(script, { keys: [...keys], arguments: [...values] });
  // Before version 5.5, `useReplicas` cannot be seen: MGET would go to a replica then, and a script goes to the master.
  const mayReadReplicas = isForCluster(client) && !('_options' in client);
  return {
    eval: run,
    mget: keys => (mayReadReplicas ? run(allValues, keys, []) : client.mGet([...keys])),
    command: (name, key, values) => run(oneCommand, [key], [name, ...values]),
  };
}

function ofIoredis(client: IoredisClient): Commands {
  const run: Commands['eval'] = (script, keys, values) => client.eval(script, keys.length, ...keys, ...values);
  return {
    eval: run,
    mget: keys => client.mget([...keys]),
    command: (name, key, values) => run(oneCommand, [key], [name, ...values]),
  };
}

function ofWrapper(send: (command: [string, ...string[]]) => Promise<unknown>): Commands {
  return {
    eval: (script, keys, values) => send(['EVAL', script, String(keys.length), ...keys, ...values]),
    mget: keys => send(['MGET', ...keys]),
    command: (name, key, values) => send([name, key, ...values]),
  };
}
