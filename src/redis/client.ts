/** Sends commands through any client of Redis, with a time limit and without piling up commands during an outage. */
import { listenForErrors } from '../core/process/error-listener';
import { SteadyClock, systemClock } from '../core/time/steady-clock';
import { globalTimers, startTimer, type Timers } from '../core/time/timers';
import { codeOf, isRefusedWrite, silenceOf } from './causes';
import { commandsOf, type Commands, type RedisClient } from './commands';
import { Outages, RedisUnavailable } from './outages';
import { reconnect, rediscover } from './reconnect';
import { shardsOf } from './shards';

export type { IoredisClient, NodeRedisClient, RedisClient } from './commands';

/** Options that the stores in Redis share. */
export interface RedisOptions {
  /**
   * The prefix of every key; default `axioms:denylist:` for the denylist, `axioms:throttle:` for throttles,
   * `axioms:proof:` for used proofs, `axioms:attempts:` for attempts to sign in.
   */
  readonly prefix?: string | undefined;
  /** The time limit for an answer, in seconds; default 1. */
  readonly timeout?: number | undefined;
}

/**
 * Sends commands to a client. A failed or late command rejects. After that, only one request per second tries its shard
 * again, so that neither waiting requests nor the client's command queue grow during an outage. The other shards of a
 * cluster are not affected.
 */
export class RedisConnection {
  /** Measures the pause after a failure, in milliseconds. Default: a clock that cannot be set. */
  clock: () => number = systemClock;
  timers: Timers = globalTimers;
  readonly #steady = new SteadyClock(() => this.clock);
  readonly #timeout: number;
  readonly #client: RedisClient;
  readonly #commands: Commands;
  readonly #shardOf: (key: string) => string;
  readonly #outages: Outages;

  /** @throws ImproperlyConfigured for anything but a client of `ioredis` or `redis`, and for one that reads from replicas */
  constructor(client: RedisClient, { timeout = 1 }: RedisOptions) {
    this.#timeout = timeout * 1000;
    this.#commands = commandsOf(client);
    this.#client = client;
    this.#shardOf = shardsOf(client);
    this.#outages = new Outages(this.#shardOf);
    listenForErrors(client);
  }

  /** The time limit for an answer, in seconds. */
  get timeout(): number {
    return this.#timeout / 1000;
  }

  /** Whether a part of Redis did not answer the last command: the single server, or a shard of a cluster. */
  get isAway(): boolean {
    return this.#outages.areAny;
  }

  /** Whether the shard of a key did not answer the last command. */
  isAwayAt(key: string): boolean {
    return this.#outages.isAway(this.#shardOf(key));
  }

  /** Runs a script in one command and one round trip. The script is sent each time; Redis caches its compiled form. */
  eval(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown> {
    return this.#ask(keys[0] ?? '', commands => commands.eval(script, keys, values.map(String)));
  }

  mget(keys: readonly string[]): Promise<unknown> {
    return this.#ask(keys[0] ?? '', commands => commands.mget(keys));
  }

  /** Sends one command about one key. */
  command(name: string, key: string, ...values: (string | number)[]): Promise<unknown> {
    return this.#ask(key, commands => commands.command(name, key, values.map(String)));
  }

  async #ask(key: string, send: (commands: Commands) => Promise<unknown>): Promise<unknown> {
    const shard = this.#shardOf(key);
    this.#outages.admit(shard, this.#steady.now(), this.#timeout);
    try {
      const answer = await this.#inTime(send(this.#commands));
      this.#outages.answered(shard);
      return answer;
    } catch (error) {
      this.#note(error, shard, key);
      throw error;
    }
  }

  #note(error: unknown, shard: string, key: string): void {
    // Other keys can be read, and a caller that is refused a write must not close them to everybody.
    if (isRefusedWrite(error)) {
      this.#outages.answered(shard);
      return;
    }
    const code = codeOf(error);
    this.#outages.failed(shard, { key, code }, this.#steady.now());
    if (code === 'READONLY') reconnect(this.#client);
    else rediscover(this.#client, shard);
  }

  async #inTime(answer: Promise<unknown>): Promise<unknown> {
    let timer: unknown;
    const late = new Promise<never>((_, reject) => {
      const onTimeout = (): void => {
        const message = `Redis did not answer in time (${this.#timeout / 1000} s)`;
        reject(new RedisUnavailable(message, silenceOf(this.#client)));
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
