/** Sends commands through either client of Redis, with a time limit and without piling up commands during an outage. */
import { listenForErrors } from '../core/process/error-listener';
import { SteadyClock, systemClock } from '../core/time/steady-clock';
import { globalTimers, startTimer, type Timers } from '../core/time/timers';

/** The part of an `ioredis` client that is used; a cluster client has it, too. */
export interface IoredisClient {
  readonly status: string;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** The part of a `redis` client that is used. The app calls `connect()`. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  mGet(keys: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client that the app creates and closes. */
export type RedisClient = IoredisClient | NodeRedisClient;

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
  #retryAt: number | undefined;

  constructor(
    private readonly client: RedisClient,
    { timeout = 1 }: RedisOptions,
  ) {
    this.#timeout = timeout * 1000;
    listenForErrors(client);
  }

  /** Runs a script in one command and one round trip. The script is sent each time; Redis caches its compiled form. */
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
