/** Remembers used DPoP proofs in Redis: each proof is used once, whichever process it reaches. */
import { hash } from 'node:crypto';
import { mostSpans, shortestGap } from '../core/proofs/forgotten-times';
import { checkedLimits, furthestEnd, type ProofStoreLimits } from '../core/proofs/memory-proof-store';
import type { ProofAnswer, ProofStore, ProofUse, ProofVerdict } from '../core/settings/proof-store';
import { RedisConnection, type RedisClient, type RedisOptions } from './client';

/** Options of {@link RedisProofStore}. */
export interface RedisProofStoreOptions extends RedisOptions, ProofStoreLimits {}

/**
 * How much longer than `end` a proof is kept, in milliseconds. The clock of a server may be this much behind that of Redis. If
 * it is further behind, its proofs are refused, and none is accepted twice.
 */
const slack = 60_000;

/**
 * A `proofStore` that servers share. A proof is recorded, or refused, in one atomic step and one round trip. Redis holds
 * hashes, about 150 bytes for each proof. Its clock decides when a proof is forgotten. In a cluster, all proofs are in one
 * slot: if they were divided by their keys, a stranger could make keys that fill one part.
 *
 * Redis must not evict (`maxmemory-policy noeviction`), and a failover to a replica that lacks the latest writes forgets
 * them: the proofs of that moment could be used once more.
 *
 * @example
 * const proofStore = new RedisProofStore(new Redis('redis://localhost'));
 * const app = createExpressServer({ controllers: [BookController], axioms: { ...settings, proofStore } });
 */
export class RedisProofStore implements ProofStore {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #size: number;
  readonly #share: number;

  /**
   * @param options `size`: most proofs at the same time, default 200,000; `share`: most proofs of one key, default a
   * twentieth of `size`, at most 5000
   * @throws ImproperlyConfigured for limits that are no whole numbers above 0, a `share` above `size`, and anything but a
   * client
   */
  constructor(client: RedisClient, options: RedisProofStoreOptions = {}) {
    const { size, share } = checkedLimits(options, 200_000);
    this.#size = size;
    this.#share = share;
    this.#prefix = options.prefix ?? 'axioms:proof:';
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

  async use({ thumbprint, id, end }: ProofUse): Promise<ProofVerdict> {
    const key = hash('sha256', thumbprint, 'base64url').slice(0, 22);
    const keys = ['ends', 'counts', 'forgotten'].map(name => `${this.#prefix}{used}:${name}`);
    // A proof may be issued at a fraction of a second. Redis keeps whole milliseconds.
    const values = [`${key} ${id.slice(0, 22)}`, key, Math.ceil(end) + slack, this.#share, this.#size];
    return verdictOf(await this.#connection.eval(script, keys, values));
  }
}

const answers: readonly ProofAnswer[] = ['first', 'again', 'late', 'early', 'share', 'full'];

function verdictOf(answered: unknown): ProofVerdict {
  const [name, wait] = Array.isArray(answered) ? (answered as unknown[]) : [];
  const answer = answers.find(one => one === String(name));
  if (answer === undefined) throw new Error('Redis answered something else than was asked');
  return wait === undefined ? { answer } : { answer, wait: Math.max(1, Number(wait) / 1000) };
}

// `MemoryProofStore` in Lua. `ends` has the proofs by their ends, `counts` the number of each key, and `forgotten` the spans of
// `ForgottenTimes`, in milliseconds. Each call forgets more proofs than it adds, and not so many that others would wait. Before
// it refuses one, it forgets more, because ended proofs are no reason to refuse. No key has a lifetime: Redis measures it by a clock that may jump, and `size` bounds what is there.
const script = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stop, share, size = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local spans = {}
for from, to in string.gmatch(redis.call('GET', KEYS[3]) or '', '(%d+)-(%d+)') do
  spans[#spans + 1] = {tonumber(from), tonumber(to)}
end
local function add(time)
  for _, span in ipairs(spans) do
    if span[1] <= time and time <= span[2] then return end
  end
  spans[#spans + 1] = {time, time}
  table.sort(spans, function(one, other) return one[1] < other[1] end)
  local joined = {spans[1]}
  for index = 2, #spans do
    local last = joined[#joined]
    if spans[index][1] - last[2] <= ${shortestGap * 1000} then last[2] = math.max(last[2], spans[index][2])
    else joined[#joined + 1] = spans[index] end
  end
  spans = joined
  if #spans <= ${mostSpans} then return end
  local place, shortest
  for index = 1, #spans - 1 do
    local gap = spans[index + 1][1] - spans[index][2]
    if not shortest or gap < shortest then place, shortest = index, gap end
  end
  spans[place][2] = spans[place + 1][2]
  table.remove(spans, place + 1)
end
local function forget(from, to, most)
  local ended = redis.call('ZRANGEBYSCORE', KEYS[1], from, to, 'WITHSCORES', 'LIMIT', 0, most)
  for index = 1, #ended, 2 do
    redis.call('ZREM', KEYS[1], ended[index])
    local owner = string.match(ended[index], '^(%S+)')
    if redis.call('HINCRBY', KEYS[2], owner, -1) <= 0 then redis.call('HDEL', KEYS[2], owner) end
    add(tonumber(ended[index + 1]))
  end
  if #ended == 0 then return end
  local texts = {}
  for index, span in ipairs(spans) do texts[index] = string.format('%.0f-%.0f', span[1], span[2]) end
  redis.call('SET', KEYS[3], table.concat(texts, ' '))
end
local function refusal()
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  local wait = string.format('%.0f', math.max(0, tonumber(first[2] or now) - now))
  local used = redis.call('ZCARD', KEYS[1])
  -- Somebody may have deleted one of the two.
  if used == 0 then redis.call('DEL', KEYS[2]) end
  if used >= size then return {'full', wait} end
  local ofKey = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or 0)
  if ofKey >= share * (1 - used / size) then return {'share', wait} end
end
forget('-inf', now, 100)
local furthest = now + ${furthestEnd * 1000 + slack}
if stop <= now then return {'late'} end
if stop > furthest then return {'early'} end
for _, span in ipairs(spans) do
  if span[1] <= stop and stop <= span[2] then return {'late'} end
end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {'again'} end
local refused = refusal()
if refused then
  forget('-inf', now, 5000)
  forget(string.format('(%.0f', furthest), '+inf', 100)
  refused = refusal()
end
if refused then return refused end
redis.call('ZADD', KEYS[1], stop, ARGV[1])
redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
-- An earlier version gave them a lifetime.
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
return {'first'}
`;
