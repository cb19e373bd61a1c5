/** A store in Redis: one round trip per step, and Redis removes expired rows itself. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { listenForErrors } from '../../core/process/error-listener';
import {
  endOf,
  ownerKey,
  type MicroserviceStore,
  type RefreshFamily,
  type Rotation,
  type StoredSigningKey,
} from './store';

/** A connected client of `ioredis`, or of `redis`. */
export type RedisClient =
  | { call(command: string, ...parameters: string[]): Promise<unknown> }
  | { sendCommand(command: string[]): Promise<unknown> };

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** The prefix of every key; default `axioms:microservice:`. */
  readonly prefix?: string;
}

/**
 * Creates a store in Redis. The app owns the client: it sets time limits (`commandTimeout`), and closes it after the
 * microservice. Redis must not evict keys (`maxmemory-policy noeviction`) and must write to disk (`appendonly yes`).
 * Otherwise users are signed out and signing keys are lost. In a cluster the prefix needs a hash tag (`{axioms}:`),
 * because a family and its user's list change together. The store listens for the client's `error` event, so that a lost
 * connection does not end the process: requests get 503 until the client has connected again.
 *
 * @throws ImproperlyConfigured for a client of neither package
 * @example
 * const store = redisStore(new Redis('redis://127.0.0.1:6379'));
 */
export function redisStore(client: RedisClient, { prefix = 'axioms:microservice:' }: RedisStoreOptions = {}) {
  const send = sender(client);
  listenForErrors(client);
  return new RedisStore(send, prefix) as MicroserviceStore;
}

type Send = (command: string, ...parameters: (string | number)[]) => Promise<unknown>;

function sender(client: RedisClient): Send {
  if ('call' in client && typeof client.call === 'function')
    return (command, ...parameters) => client.call(command, ...parameters.map(String));
  if ('sendCommand' in client && typeof client.sendCommand === 'function')
    return (command, ...parameters) => client.sendCommand([command, ...parameters.map(String)]);
  throw new ImproperlyConfigured('redisStore() takes a connected client of ioredis or of redis.');
}

const texts = ['handle', 'id', 'issuer', 'clientId', 'userId', 'jkt', 'current', 'previous'] as const;
const numbers = ['generation', 'signedInAt', 'rotatedAt', 'idleUntil', 'expiresAt'] as const;
const fields = [...texts, ...numbers];

// Compares and changes in one step, because Redis runs a script atomically.
const rotation = `
local seen = redis.call('HMGET', KEYS[1], 'current', 'generation')
if seen[1] ~= ARGV[1] or seen[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'previous', ARGV[1], 'current', ARGV[3], 'generation', ARGV[4],
  'rotatedAt', ARGV[5], 'idleUntil', ARGV[6])
local last = tonumber(redis.call('HGET', KEYS[1], 'expiresAt'))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, math.min(last, tonumber(ARGV[6])) - tonumber(ARGV[5]))))
return 1`;

// One script, so that a row never exists without an expiry or without its entry in the user's list.
const addition = `
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[5])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return 1`;

const removal = `
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])`;

class RedisStore implements MicroserviceStore {
  constructor(
    private readonly send: Send,
    private readonly prefix: string,
  ) {}

  async addFamily(family: RefreshFamily): Promise<void> {
    const { handle, issuer, userId, signedInAt, expiresAt } = family;
    const lifetimes = [lifetime(endOf(family), signedInAt), lifetime(expiresAt, signedInAt)];
    const values = fields.flatMap(name => [name, family[name] ?? '']);
    const keys = [this.keyOf(handle), this.listOf(issuer, userId)];
    await this.send('EVAL', addition, 2, ...keys, ...lifetimes, signedInAt, ...values);
  }

  async findFamily(handle: string): Promise<RefreshFamily | undefined> {
    const values = (await this.send('HMGET', this.keyOf(handle), ...fields)) as (string | null)[];
    return values[0] === null ? undefined : readFamily(values as string[]);
  }

  async rotateFamily({ handle, from, generation, to, at, idleUntil }: Rotation): Promise<boolean> {
    const values = [from, generation, to, generation + 1, at, idleUntil];
    return (await this.send('EVAL', rotation, 1, this.keyOf(handle), ...values)) === 1;
  }

  async removeFamily(handle: string): Promise<boolean> {
    const family = await this.findFamily(handle);
    if (family === undefined) return false;
    const keys = [this.keyOf(handle), this.listOf(family.issuer, family.userId)];
    return (await this.send('EVAL', removal, 2, ...keys, handle)) === 1;
  }

  async familiesOf(issuer: string, userId: string): Promise<readonly RefreshFamily[]> {
    const list = this.listOf(issuer, userId);
    const handles = (await this.send('ZRANGE', list, 0, -1)) as string[];
    const families = await Promise.all(handles.map(handle => this.findFamily(handle)));
    const gone = handles.filter((_, index) => families[index] === undefined);
    if (gone.length > 0) await this.send('ZREM', list, ...gone);
    return families.filter(family => family !== undefined);
  }

  async addSigningKey(key: StoredSigningKey): Promise<boolean> {
    const added = await this.send('HSETNX', this.keysOf(key.issuer), key.generation, JSON.stringify(key));
    return added === 1;
  }

  async signingKeys(issuer: string): Promise<readonly StoredSigningKey[]> {
    const keys = (await this.send('HVALS', this.keysOf(issuer))) as string[];
    return keys.map(key => JSON.parse(key) as StoredSigningKey);
  }

  async removeSigningKey(issuer: string, generation: number): Promise<void> {
    await this.send('HDEL', this.keysOf(issuer), generation);
  }

  async useOnce(key: string, until: number, now: number): Promise<boolean> {
    const answer = await this.send('SET', `${this.prefix}once:${key}`, '1', 'PX', lifetime(until, now), 'NX');
    return answer !== null;
  }

  // Redis removes expired rows. Their entries in a user's list are removed at the next sign-in, or with the list.
  removeExpired(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private keyOf(handle: string): string {
    return `${this.prefix}family:${handle}`;
  }

  private listOf(issuer: string, userId: string): string {
    return `${this.prefix}user:${ownerKey(issuer, userId)}`;
  }

  private keysOf(issuer: string): string {
    return `${this.prefix}keys:${issuer}`;
  }
}

// A duration by the microservice's clock, which may differ from that of Redis.
function lifetime(end: number, now: number): number {
  return Math.max(1, Math.ceil(end - now));
}

function readFamily(values: readonly string[]): RefreshFamily {
  const read = Object.fromEntries(fields.map((name, index) => [name, values[index] ?? '']));
  const numeric = Object.fromEntries(numbers.map(name => [name, Number(read[name])]));
  const { jkt, previous } = read;
  return { ...read, ...numeric, jkt: jkt || null, previous: previous || null } as unknown as RefreshFamily;
}
