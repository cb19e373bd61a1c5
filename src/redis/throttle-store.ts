/** Counts requests in Redis: one limit for all processes. */
import { hash } from 'node:crypto';
import type { Hit, OutagePolicy, Rate, ThrottleStore } from '../core/settings/throttle-rates';
import { grainOf } from '../throttling/request-log';
import { RedisConnection, type RedisClient, type RedisOptions } from './client';

/** Options of {@link RedisThrottleStore}. */
export interface RedisThrottleStoreOptions extends RedisOptions {
  /**
   * What throttles do while Redis is unavailable: allow every request (`'open'`), answer 503 (`'closed'`), or count in
   * each process separately (`'local'`, the default, which allows up to the rate per process).
   */
  readonly fail?: OutagePolicy | undefined;
}

/**
 * A `throttleStore` that servers share. The window slides as in memory. It is measured by the clock of Redis, in one
 * atomic step and one round trip. Keys are hashes, so that Redis holds no address and no subject, and each has
 * a slot of its own in a cluster.
 *
 * It uses its own script because rate-limiter-flexible counts fixed windows, which allow twice the rate around their
 * border.
 *
 * @example
 * const throttleStore = new RedisThrottleStore(new Redis('redis://localhost'), { fail: 'closed' });
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, throttleStore } });
 */
export class RedisThrottleStore implements ThrottleStore {
  readonly fail: OutagePolicy;
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor(client: RedisClient, options: RedisThrottleStoreOptions = {}) {
    this.fail = options.fail ?? 'local';
    this.#prefix = options.prefix ?? 'axioms:throttle:';
    this.#connection = new RedisConnection(client, options);
  }

  /** The time limit for an answer, in seconds. */
  get timeout(): number {
    return this.#connection.timeout;
  }

  /** Whether a shard did not answer the last command. */
  get isAway(): boolean {
    return this.#connection.isAway;
  }

  async hit(key: string, rate: Rate): Promise<Hit> {
    const values = [rate.amount, rate.seconds * 1000, grainOf(rate)];
    const answer = await this.#connection.eval(script, [this.#prefix + hash('sha256', key, 'base64url')], values);
    return hitOf(answer);
  }
}

function hitOf(answer: unknown): Hit {
  const [isAllowed, remaining = NaN, reset = NaN] = (Array.isArray(answer) ? answer : []).map(Number);
  if (Number.isNaN(remaining + reset)) throw new Error('Redis answered something else than was asked');
  return { isAllowed: isAllowed === 1, remaining, reset: reset / 1000 };
}

// `RequestLog` in Lua. The value is an array of slots, oldest first: [time of the last request, count]. A slot whose time is in
// the future is from before the clock of Redis was set back. It counts from now on, so that no wait is longer than the period.
const script = `
local amount, period, grain = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local slots, count, isSetBack = {}, 0, false
for _, slot in ipairs(cjson.decode(redis.call('GET', KEYS[1]) or '[]')) do
  if slot[1] > now then
    slot[1] = now
    isSetBack = true
  end
  if slot[1] > now - period then
    slots[#slots + 1] = slot
    count = count + slot[2]
  end
end
if count >= amount then
  if isSetBack then redis.call('SET', KEYS[1], cjson.encode(slots), 'PX', period) end
  local surplus = count - amount + 1
  for _, slot in ipairs(slots) do
    surplus = surplus - slot[2]
    if surplus <= 0 then return {0, 0, slot[1] + period - now} end
  end
  return {0, 0, period}
end
local last = slots[#slots]
if last and math.floor(last[1] / grain) == math.floor(now / grain) then
  last[1] = now
  last[2] = last[2] + 1
else
  slots[#slots + 1] = {now, 1}
end
redis.call('SET', KEYS[1], cjson.encode(slots), 'PX', period)
return {1, amount - count - 1, slots[1][1] + period - now}
`;
