/** Sends commands through any client of Redis, with a time limit and without piling up commands during an outage. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import { listenForErrors } from '../core/process/error-listener';
import { SteadyClock, systemClock } from '../core/time/steady-clock';
import { globalTimers, startTimer, type Timers } from '../core/time/timers';

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
interface Commands {
  eval(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown>;
  mget(keys: readonly string[]): Promise<unknown>;
  /** Sends one command about one key. */
  command(name: string, key: string, values: readonly string[]): Promise<unknown>;
}

/** Options that `RedisDenylist` and `RedisThrottleStore` share. */
export interface RedisOptions {
  /** The prefix of every key; default `axioms:denylist:` for the denylist, `axioms:throttle:` for throttles. */
  readonly prefix?: string | undefined;
  /** The time limit for an answer, in seconds; default 1. */
  readonly timeout?: number | undefined;
}

/** Milliseconds after a failure during which only one request tries Redis again. The others fail immediately. */
const pause = 1000;

/**
 * Sends commands to a client. A failed or late command rejects. After that, only one request per second tries Redis, so
 * that neither waiting requests nor the client's command queue grow during an outage.
 */
export class RedisConnection {
  /** Measures the pause after a failure, in milliseconds. Default: a clock that cannot be set. */
  clock: () => number = systemClock;
  timers: Timers = globalTimers;
  readonly #steady = new SteadyClock(() => this.clock);
  readonly #timeout: number;
  readonly #commands: Commands;
  #retryAt: number | undefined;

  /** @throws ImproperlyConfigured for anything but a client of `ioredis` or `redis` */
  constructor(client: RedisClient, { timeout = 1 }: RedisOptions) {
    this.#timeout = timeout * 1000;
    this.#commands = commandsOf(client);
    listenForErrors(client);
  }

  /** Runs a script in one command and one round trip. The script is sent each time; Redis caches its compiled form. */
  eval(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    return this.#ask(commands => commands.eval(script, keys, values.map(String)));
  }

  mget(keys: readonly string[]): Promise<unknown> {
    return this.#ask(commands => commands.mget(keys));
  }

  /** Sends one command about one key. */
  command(name: string, key: string, ...values: (string | number)[]): Promise<unknown> {
    return this.#ask(commands => commands.command(name, key, values.map(String)));
  }

  async #ask(send: (commands: Commands) => Promise<unknown>): Promise<unknown> {
    this.#admit();
    try {
      const answer = await this.#inTime(send(this.#commands));
      this.#retryAt = undefined;
      return answer;
    } catch (error) {
      this.#retryAt = this.#steady.now() + pause;
      throw error;
    }
  }

  #admit(): void {
    if (this.#retryAt === undefined) return;
    const now = this.#steady.now();
    if (now < this.#retryAt) throw new Error('Redis did not answer a moment ago');
    this.#retryAt = now + Math.max(pause, this.#timeout);
  }

  async #inTime(answer: Promise<unknown>): Promise<unknown> {
    let timer: unknown;
    const late = new Promise<never>((_, reject) => {
      const onTimeout = (): void => {
        reject(new Error(`Redis did not answer in time (${this.#timeout / 1000} s)`));
      };
      timer = startTimer(this.timers, onTimeout, this.#timeout);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      this.timers.clearTimeout(timer);
    }
  }
}

// `redis` has mGet, and `ioredis` mget. Their clients for clusters, pools and Sentinel differ in everything but scripts, so
// that every command is a script for them.
function commandsOf(client: RedisClient): Commands {
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

const oneCommand = 'return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))';

function ofRedis(client: NodeRedisClient): Commands {
  const run: Commands['eval'] = (script, keys, values) =>
    client.eval(script, { keys: [...keys], arguments: [...values] });
  return {
    eval: run,
    mget: keys => client.mGet([...keys]),
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
