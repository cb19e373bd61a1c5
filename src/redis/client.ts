/** The two clients of Redis, and one way to ask either: in bounded time, and without a crowd at a closed door. */
import { SteadyClock, systemClock } from '../core/steady-clock';
import { globalTimers, startTimer, type Timers } from '../core/timers';

/** What is needed of a client of `ioredis`; a cluster's is one, too. */
export interface IoredisClient {
  readonly status: string;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What is needed of a client of `redis`; `connect()` it yourself. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  mGet(keys: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client that the app made, and that it closes. */
export type RedisClient = IoredisClient | NodeRedisClient;

export interface RedisOptions {
  /** What every key begins with. */
  readonly prefix?: string | undefined;
  /** Seconds that an answer may take; default 1. */
  readonly timeout?: number | undefined;
}

/** After a failure only one request in this time tries again, in milliseconds; the others are refused at once. */
const pause = 1000;

/**
 * Asks a client. A failure, or an answer that is late, rejects; from then on a request a second tries, so that neither
 * requests nor the client's queue of commands grow while Redis is away.
 */
export class RedisConnection {
  /** What the pause after a failure is measured with, in milliseconds. Default: a clock that nobody can set. */
  clock: () => number = systemClock;
  timers: Timers = globalTimers;
  readonly #steady = new SteadyClock(() => this.clock);
  readonly #timeout: number;
  #retryAt: number | undefined;

  constructor(
    private readonly client: RedisClient,
    { timeout = 1 }: RedisOptions,
  ) {
    this.#timeout = timeout * 1000;
    listenForErrors(client);
  }

  /** One command and one round trip: the script is sent each time, and Redis knows it again by itself. */
  eval(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    const texts = values.map(String);
    return this.#ask(client =>
      'isOpen' in client
        ? client.eval(script, { keys: [...keys], arguments: texts })
        : client.eval(script, keys.length, ...keys, ...texts),
    );
  }

  mget(keys: readonly string[]): Promise<unknown> {
    return this.#ask(client => ('isOpen' in client ? client.mGet([...keys]) : client.mget([...keys])));
  }

  async #ask(send: (client: RedisClient) => Promise<unknown>): Promise<unknown> {
    this.#admit();
    try {
      const answer = await this.#inTime(send(this.client));
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

const heard = new WeakSet<RedisClient>();

// Without a listener a lost connection ends the process (redis), or fills its console (ioredis). Each request that
// fails for it is told of where it fails.
function listenForErrors(client: RedisClient): void {
  if (heard.has(client)) return;
  heard.add(client);
  client.on('error', () => undefined);
}
