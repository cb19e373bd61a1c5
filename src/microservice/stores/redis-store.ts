/** A store in Redis: one round trip per step, and Redis removes expired rows itself. */
import { RedisConnection, type RedisClient } from '../../redis/client';
import {
  endOf,
  ownerKey,
  type MicroserviceStore,
  type RefreshFamily,
  type Rotation,
  type StoredSigningKey,
} from './store';

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** The prefix of every key; default `axioms:microservice:`. */
  readonly prefix?: string;
  /** The time limit for an answer, in seconds; default 1. */
  readonly timeout?: number;
}

/**
 * Creates a store in Redis, for a client of `ioredis` or of `redis`: one server, a pool, a cluster or Sentinel. The app owns
 * the client, and closes it after the microservice. Redis must not evict keys (`maxmemory-policy noeviction`) and must write
 * to disk (`appendonly yes`). Otherwise users are signed out and signing keys are lost. While Redis does not answer, requests
 * get 503, and one request a second tries it again. A dead shard of a cluster closes only its own keys: a session has one
 * shard, and the signing keys of an issuer have one. A lost connection does not end the process.
 *
 * @throws ImproperlyConfigured for a client of neither package, and for one that reads from replicas
 * @example
 * const store = redisStore(new Redis('redis://127.0.0.1:6379'));
 */
export function redisStore(
  client: RedisClient,
  { prefix = 'axioms:microservice:', timeout = 1 }: RedisStoreOptions = {},
) {
  return new RedisStore(new RedisConnection(client, { timeout }), prefix, timeout * 1000) as MicroserviceStore;
}

const texts = ['handle', 'id', 'issuer', 'clientId', 'userId', 'jkt', 'current', 'previous'] as const;
const numbers = ['generation', 'signedInAt', 'rotatedAt', 'idleUntil', 'expiresAt'] as const;
const fields = [...texts, ...numbers];

const now = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;

// Compares and changes in one step, because Redis runs a script atomically.
const rotation = `
${now}
if tonumber(ARGV[8]) < now then return 0 end
local seen = redis.call('HMGET', KEYS[1], 'current', 'generation')
if seen[1] ~= ARGV[1] or seen[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'previous', ARGV[7], 'current', ARGV[3], 'generation', ARGV[4],
  'rotatedAt', ARGV[5], 'idleUntil', ARGV[6])
local last = tonumber(redis.call('HGET', KEYS[1], 'expiresAt'))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, math.min(last, tonumber(ARGV[6])) - tonumber(ARGV[5]))))
return 1`;

// One script, so that a row never exists without an expiry.
const addition = `
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`;

const listing = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1`;

// A family and its user's list are in different slots of a cluster, so that each step names one key.
class RedisStore implements MicroserviceStore {
  constructor(
    private readonly connection: RedisConnection,
    private readonly prefix: string,
    readonly patience: number,
  ) {}

  get isAway(): boolean {
    return this.connection.isAway;
  }

  async now(handle?: string): Promise<number> {
    const key = handle === undefined ? this.keyThatAnswers() : this.keyOf(handle);
    return Number(await this.connection.eval(`${now} return now`, [key], []));
  }

  // The family comes first: one that is in no list is known to no client, and expires.
  async addFamily(family: RefreshFamily): Promise<void> {
    const { handle, issuer, userId, signedInAt, expiresAt } = family;
    const values = fields.flatMap(name => [name, family[name] ?? '']);
    await this.run(addition, this.keyOf(handle), lifetime(endOf(family), signedInAt), ...values);
    const rest = lifetime(expiresAt, signedInAt);
    await this.run(listing, this.listOf(issuer, userId), rest, signedInAt, handle);
  }

  async findFamily(handle: string): Promise<RefreshFamily | undefined> {
    const values = (await this.call('HMGET', this.keyOf(handle), ...fields)) as (string | null)[];
    return values[0] === null ? undefined : readFamily(values as string[]);
  }

  async rotateFamily(rotated: Rotation): Promise<boolean> {
    const {
      handle,
      from,
      generation,
      to,
      previous = from,
      at,
      idleUntil,
      deadline = Number.MAX_SAFE_INTEGER,
    } = rotated;
    const values = [from, generation, to, generation + 1, at, idleUntil, previous, deadline];
    return Number(await this.run(rotation, this.keyOf(handle), ...values)) === 1;
  }

  async removeFamily(handle: string): Promise<boolean> {
    const family = await this.findFamily(handle);
    if (family === undefined) return false;
    const isRemoved = Number(await this.call('DEL', this.keyOf(handle))) === 1;
    await this.call('ZREM', this.listOf(family.issuer, family.userId), handle);
    return isRemoved;
  }

  async familiesOf(issuer: string, userId: string): Promise<readonly RefreshFamily[]> {
    const list = this.listOf(issuer, userId);
    const handles = (await this.call('ZRANGE', list, 0, -1)) as string[];
    const families = await Promise.all(handles.map(handle => this.findFamily(handle)));
    const gone = handles.filter((_, index) => families[index] === undefined);
    if (gone.length > 0) await this.call('ZREM', list, ...gone);
    return families.filter(family => family !== undefined);
  }

  async addSigningKey(key: StoredSigningKey): Promise<boolean> {
    const added = await this.call('HSETNX', this.keysOf(key.issuer), key.generation, JSON.stringify(key));
    return Number(added) === 1;
  }

  async signingKeys(issuer: string): Promise<readonly StoredSigningKey[]> {
    const keys = (await this.call('HVALS', this.keysOf(issuer))) as string[];
    return keys.map(key => JSON.parse(key) as StoredSigningKey);
  }

  async removeSigningKey(issuer: string, generation: number): Promise<void> {
    await this.call('HDEL', this.keysOf(issuer), generation);
  }

  async useOnce(key: string, until: number, at: number): Promise<boolean> {
    const answer = await this.call('SET', `${this.prefix}once:${key}`, '1', 'PX', lifetime(until, at), 'NX');
    return answer !== null;
  }

  // Redis removes expired rows. Their entries in a user's list are removed at the next sign-in, or with the list.
  removeExpired(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  // Without a family the clock of any shard will do, and that of one dead shard must not close the others.
  private keyThatAnswers(): string {
    const keys = Array.from({ length: 16 }, (_, index) => `${this.prefix}clock:${index}`);
    return keys.find(key => !this.connection.isAwayAt(key)) ?? `${this.prefix}clock:0`;
  }

  private call(command: string, key: string, ...values: (string | number)[]): Promise<unknown> {
    return this.connection.command(command, key, ...values);
  }

  private run(script: string, key: string, ...values: (string | number)[]): Promise<unknown> {
    return this.connection.eval(script, [key], values);
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

function lifetime(end: number, now: number): number {
  return Math.max(1, Math.ceil(end - now));
}

function readFamily(values: readonly string[]): RefreshFamily {
  const read = Object.fromEntries(fields.map((name, index) => [name, values[index] ?? '']));
  const numeric = Object.fromEntries(numbers.map(name => [name, Number(read[name])]));
  const { jkt, previous } = read;
  return { ...read, ...numeric, jkt: jkt || null, previous: previous || null } as unknown as RefreshFamily;
}
