/** Remembers which shards do not answer, so that only one request a second tries each of them again. */

interface Outage {
  /** A key of the shard. */
  readonly key: string;
  readonly code: string | undefined;
  retryAt: number;
}

/** Milliseconds after a failure during which only one request tries a shard again. The others fail immediately. */
const pause = 1000;

/** A command without an answer: Redis is away, or was a moment ago. */
export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';

  /** @param code the code of the cause, such as `ECONNREFUSED` or `READONLY` */
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(code === undefined ? message : `${message}: ${code}`);
  }
}

export class Outages {
  readonly #away = new Map<string, Outage>();

  /** @param shardOf returns the name of the shard that has a key now */
  constructor(private readonly shardOf: (key: string) => string) {}

  /** Whether a shard did not answer the last command. */
  get areAny(): boolean {
    if (this.#away.size > 0) this.#forgetReplaced();
    return this.#away.size > 0;
  }

  isAway(shard: string): boolean {
    return this.#away.has(shard);
  }

  /**
   * Admits a command.
   *
   * @param now milliseconds from any start
   * @param timeout milliseconds that the command may take
   * @throws RedisUnavailable if its shard did not answer in the last second, or another command is trying it
   */
  admit(shard: string, now: number, timeout: number): void {
    const outage = this.#away.get(shard);
    if (outage === undefined) return;
    if (now < outage.retryAt) throw new RedisUnavailable('Redis did not answer a moment ago', outage.code);
    outage.retryAt = now + Math.max(pause, timeout);
  }

  answered(shard: string): void {
    if (this.#away.size > 0) this.#away.delete(shard);
  }

  failed(shard: string, outage: { readonly key: string; readonly code: string | undefined }, now: number): void {
    this.#forgetReplaced();
    this.#away.set(shard, { ...outage, retryAt: now + pause });
  }

  // After a fail-over another node has the keys, and nothing is sent to the first one any more.
  #forgetReplaced(): void {
    for (const [shard, { key }] of this.#away) if (this.shardOf(key) !== shard) this.#away.delete(shard);
  }
}
