/**
 * Reads the revocations of one issuer from a Redis Stream: all at first, and from then on what was added.
 *
 * Every command is one script about one key, so that it takes the same way to Redis as the revocations do: a client that has
 * failed over reads where it writes. No connection is held open, so that there is none whose silence could be taken for "no
 * news".
 */
import { randomBytes } from 'node:crypto';
import type { RedisConnection } from './client';

/** A revocation as the stream and the keys have it. */
export interface StoredRevocation {
  /** The hash of the entry's key. */
  readonly name: string;
  /** Seconds since 1970. */
  readonly before: number;
  /** In milliseconds from the moment when it was read, or longer. */
  readonly lifetime: number;
}

/** The entry that was read last. An ID alone may come again in a data set that was lost. */
interface Position {
  readonly id: string;
  readonly nonce: string;
}

/** The end of the name of an issuer's stream. */
export const streamName = 'revocations';

/** The most revocations of an issuer that its stream keeps. A process that is further behind reads all keys again. */
const streamLength = 10_000;

/** Milliseconds after which Redis removes a stream that nobody reads. */
const streamLifetime = 86_400_000;

/** The most entries that are read at once. */
const pageSize = 500;

/** Returns what distinguishes an entry from one with the same ID in another data set. */
export function newNonce(): string {
  return randomBytes(9).toString('base64url');
}

/** Writes a revocation to the stream `KEYS[#KEYS]`, if a process follows it: `append(key, before, lifetime, nonce)`. */
export const appendFunction = `
local stream = KEYS[#KEYS]
local isFollowed = redis.call('EXISTS', stream) == 1
local function append(key, before, lifetime, nonce)
  if not isFollowed then return end
  redis.call('XADD', stream, 'MAXLEN', '~', ${streamLength}, '*', 'nonce', nonce, 'name', string.match(key, '[^:]*$'),
    'before', before, 'lifetime', lifetime)
end
`;

export class RevocationStream {
  #position: Position | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly key: string,
  ) {}

  /**
   * Reads up to the end of the stream, or the beginning: all keys, and then the stream from where it ended before.
   *
   * @param keep gets what was read. If it throws, the same is read again next time.
   * @param sending is called before each command; the last call is before the command that reached the end
   * @returns `false` after a gap: the entry that was read last is not there any more
   */
  async readOn(keep: (revocations: readonly StoredRevocation[]) => void, sending: () => void): Promise<boolean> {
    this.#position ??= await this.#readAll(keep);
    for (let isAtEnd = false; !isAtEnd;) {
      sending();
      const { id, nonce }: Position = this.#position;
      const [clock, found] = rows(await this.#run(readScript, id, nonce, pageSize + 1, streamLifetime));
      if (clock === undefined) {
        this.#position = undefined;
        return false;
      }
      const now = numeric(clock);
      const entries = rows(found)
        .slice(1)
        .map(entry => entryOf(entry, now));
      keep(entries.map(({ revocation }) => revocation).filter(isLasting));
      this.#position = entries.at(-1)?.position ?? this.#position;
      isAtEnd = entries.length < pageSize;
    }
    return true;
  }

  // The position is from before the keys, so that the stream has whatever was added since.
  async #readAll(keep: (revocations: readonly StoredRevocation[]) => void): Promise<Position> {
    const [id, nonce] = rows(await this.#run(openScript, newNonce(), streamLifetime)).map(text);
    if (id === undefined || nonce === undefined) throw unexpected();
    let [cursor, server] = ['0', ''];
    do {
      const [next, answering, found] = rows(await this.#run(scanScript, cursor, pageSize));
      // The cursor of one Redis means nothing to another one, which may leave keys out.
      if (server !== '' && server !== text(answering)) throw new Error('Another Redis answers');
      keep(rows(found).map(keyOf));
      [cursor, server] = [text(next), text(answering)];
    } while (cursor !== '0');
    return { id, nonce };
  }

  #run(script: string, ...values: (string | number)[]): Promise<unknown> {
    return this.connection.eval(script, [this.key], values);
  }
}

interface StreamEntry {
  readonly position: Position;
  /** Absent in the entry that begins a stream. */
  readonly revocation: StoredRevocation | undefined;
}

// The lifetime of an entry is that of the moment when it was added. A process without requests reads it much later.
function entryOf(entry: unknown, now: number): StreamEntry {
  const [id, fields] = rows(entry);
  const [, nonce, ...named] = rows(fields).map(text);
  const position = { id: text(id), nonce: text(nonce) };
  if (named.length === 0) return { position, revocation: undefined };
  const { lifetime, ...rest } = revocationOf(named[1], named[3], named[5]);
  return { position, revocation: { ...rest, lifetime: lifetime - ageOf(position, now) } };
}

// The ID of an entry begins with the time of Redis, or with that of an entry before, if the clock was set back.
function ageOf({ id }: Position, now: number): number {
  return Math.max(0, now - numeric(id.split('-', 1)[0]));
}

function isLasting(revocation: StoredRevocation | undefined): revocation is StoredRevocation {
  return revocation !== undefined && revocation.lifetime > 0;
}

function keyOf(found: unknown): StoredRevocation {
  const [name, before, lifetime] = rows(found);
  return revocationOf(name, before, lifetime);
}

function revocationOf(name: unknown, before: unknown, lifetime: unknown): StoredRevocation {
  return { name: text(name), before: numeric(before), lifetime: numeric(lifetime) };
}

function numeric(answer: unknown): number {
  const number = typeof answer === 'number' ? answer : Number(text(answer));
  if (Number.isNaN(number)) throw unexpected();
  return number;
}

function rows(answer: unknown): unknown[] {
  if (!Array.isArray(answer)) throw unexpected();
  return answer;
}

function text(answer: unknown): string {
  if (typeof answer !== 'string') throw unexpected();
  return answer;
}

function unexpected(): Error {
  return new Error('Redis answered something else than was asked');
}

// Each step writes, because only the primary may: a replica would answer with what it knows, which may be old.
const openScript = `
local function last() return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1] end
if not last() then redis.call('XADD', KEYS[1], '*', 'nonce', ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {last()[1], last()[2][2]}
`;

const readScript = `
if redis.call('PEXPIRE', KEYS[1], ARGV[4]) == 0 then return {} end
local entries = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[3])
local known = entries[1]
if not known or known[1] ~= ARGV[1] or known[2][2] ~= ARGV[2] then return {} end
local clock = redis.call('TIME')
return {string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000)), entries}
`;

// The keys of an issuer begin as its stream does. A client may have put a prefix of its own before the name of the stream.
const scanScript = `
local info = redis.call('INFO', 'server')
if string.find(info, 'redis_mode:cluster', 1, true) then return redis.error_reply('A cluster cannot be copied') end
local home = string.sub(KEYS[1], 1, -1 - ${streamName.length})
local pattern = string.gsub(home, '[%[%]%*%?%^%-\\\\]', '\\\\%0') .. '*'
local page = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', ARGV[2])
local found = {}
for _, key in ipairs(page[2]) do
  if key ~= KEYS[1] then
    local before, lifetime = redis.call('GET', key), redis.call('PTTL', key)
    if before then found[#found + 1] = {string.sub(key, #home + 1), before, lifetime < 0 and 315360000000 or lifetime} end
  end
end
return {page[1], string.match(info, 'run_id:(%w+)'), found}
`;
