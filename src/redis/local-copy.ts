/** Keeps a copy of the denylist in the memory of this process, and says when it may be used. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import { SteadyClock } from '../core/time/steady-clock';
import { RedisConnection, type RedisClient } from './client';
import { isForCluster } from './commands';
import { RevocationStream, streamName, type StoredRevocation } from './revocation-stream';

/** The option `localCopy` of `RedisDenylist`. */
export interface LocalCopyOptions {
  /**
   * The most entries of the copy, of all issuers together; from 1 to 10,000,000, default 100,000. An entry takes about
   * 160 bytes of heap, so that the default takes at most 16 MB. Values that were used once (`useOnce`) count until they
   * expire. If the denylist has more entries, requests ask Redis, and the process tries again after a minute.
   */
  readonly maxEntries?: number | undefined;
  /**
   * The longest time until this process refuses a token that another process has revoked, in seconds; from 0.5 to 60,
   * default 5. Requests bring the copy up to date in the background, one command each quarter of this time for each
   * issuer. If the copy is older, as after a pause without requests, they ask Redis.
   */
  readonly maxStaleness?: number | undefined;
}

/** Issuers beyond that ask Redis: each issuer costs a command every quarter of `maxStaleness`. */
const mostIssuers = 100;

/** Milliseconds until a copy that was too small tries again. */
const pauseWhenFull = 60_000;

/** The copy has no room for a revocation, so that it does not know all of them. */
class CopyIsFull extends Error {}

interface Entry {
  readonly before: number;
  /** By the steady clock. */
  readonly end: number;
}

/** A moment by two clocks. */
interface Moment {
  readonly steady: number;
  readonly wall: number;
}

/**
 * Answers from memory, as long as it is certain that nothing older than `maxStaleness` is missing. It is certain of what
 * Redis had when the last read that reached the end of the stream was sent. It never forgets an entry before its time, even
 * if Redis has: a data set that was lost does not make a revoked token good again.
 */
export class LocalCopy {
  readonly #steady = new SteadyClock(() => this.clockOf());
  readonly #maxEntries: number;
  readonly #maxAge: number;
  readonly #entries = new Map<string, Entry>();
  readonly #issuers = new Map<string, FollowedIssuer>();
  /** Pauses by itself: a read that fails must not keep requests from asking Redis. */
  readonly #connection: RedisConnection;

  /** @throws ImproperlyConfigured for a cluster, and for a number that is out of bounds */
  constructor(
    client: RedisClient,
    timeout: number | undefined,
    { maxEntries = 100_000, maxStaleness = 5 }: LocalCopyOptions,
    private readonly clockOf: () => () => number,
  ) {
    refuseCluster(client);
    this.#connection = new RedisConnection(client, { timeout });
    this.#maxEntries = within('maxEntries', maxEntries, 1, 10_000_000);
    this.#maxAge = Math.floor(within('maxStaleness', maxStaleness, 0.5, 60) * 1000);
  }

  /**
   * Returns whether a token is revoked, or `undefined` if only Redis knows.
   *
   * @param home the beginning of the keys of the token's issuer
   * @param names the hashes under which the token may be revoked
   * @param isMet whether the token was issued before the logout of an entry
   */
  answer(home: string, names: readonly string[], isMet: (before: number) => boolean): boolean | undefined {
    const now = this.#now();
    if (names.some(name => this.#refuses(name, isMet, now.steady))) return true;
    return this.#issuers.get(home)?.isCurrent(now) === true ? false : undefined;
  }

  /** Brings the copy of an issuer up to date in the background, if it is time to. */
  readOn(home: string): void {
    this.#issuerOf(home)?.readOn();
  }

  /** Asks Redis until the copy has been read again, because this process has revoked tokens of the issuer. */
  distrust(home: string): void {
    this.#issuers.get(home)?.distrust();
  }

  #refuses(name: string, isMet: (before: number) => boolean, now: number): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && now < entry.end && isMet(entry.before);
  }

  #issuerOf(home: string): FollowedIssuer | undefined {
    const known = this.#issuers.get(home);
    if (known !== undefined || this.#issuers.size >= mostIssuers) return known;
    const issuer = new FollowedIssuer(
      new RevocationStream(this.#connection, home + streamName),
      this.#maxAge,
      () => this.#now(),
      this.#keep,
    );
    this.#issuers.set(home, issuer);
    return issuer;
  }

  readonly #keep = (revocations: readonly StoredRevocation[]): void => {
    const now = this.#steady.now();
    for (const { name, before, lifetime } of revocations) {
      const known = this.#entries.get(name) ?? this.#roomFor(now);
      this.#entries.set(name, {
        // A revocation that is over does not count any more: it might have been for every token, and this one is not.
        before: known.end > now ? Math.max(known.before, before) : before,
        end: Math.max(known.end, now + lifetime),
      });
    }
  };

  #roomFor(now: number): Entry {
    if (this.#entries.size >= this.#maxEntries)
      for (const [name, { end }] of this.#entries) if (end <= now) this.#entries.delete(name);
    if (this.#entries.size >= this.#maxEntries) throw new CopyIsFull('The local copy of the denylist is full');
    return { before: 0, end: 0 };
  }

  #now(): Moment {
    return { steady: this.#steady.now(), wall: this.clockOf()() };
  }
}

/** Brings the copy of one issuer's revocations up to date when a request asks, and knows how old it is. */
class FollowedIssuer {
  /** What Redis had then is in the copy. */
  #knownUntil: Moment | undefined;
  #nextReadAt = -Infinity;
  #isReading = false;
  #distrusted = 0;

  constructor(
    private readonly stream: RevocationStream,
    private readonly maxAge: number,
    private readonly now: () => Moment,
    private readonly keep: (revocations: readonly StoredRevocation[]) => void,
  ) {}

  isCurrent(now: Moment): boolean {
    return this.#knownUntil !== undefined && age(this.#knownUntil, now) < this.maxAge;
  }

  readOn(): void {
    if (!this.#isReading && this.now().steady >= this.#nextReadAt) void this.#read();
  }

  distrust(): void {
    this.#distrusted += 1;
    this.#knownUntil = undefined;
    this.#nextReadAt = -Infinity;
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    const [interval, distrusted] = [this.maxAge / 4, this.#distrusted];
    let pause = interval;
    try {
      let sentAt: Moment | undefined;
      const isComplete = await this.stream.readOn(this.keep, () => (sentAt = this.now()));
      if (distrusted === this.#distrusted) this.#knownUntil = isComplete ? sentAt : undefined;
    } catch (error) {
      // The copy becomes old, so that requests ask Redis. They report what Redis answers, or that it does not.
      if (error instanceof CopyIsFull) pause = pauseWhenFull;
    }
    this.#isReading = false;
    this.#nextReadAt = distrusted === this.#distrusted ? this.now().steady + pause : -Infinity;
  }
}

// The clock that cannot be set stands still while the machine is suspended, and the other one may be set back. So the longer
// time counts.
function age(then: Moment, now: Moment): number {
  return Math.max(now.steady - then.steady, now.wall - then.wall);
}

function within(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new ImproperlyConfigured(
    `The option 'localCopy.${name}' of RedisDenylist must be a number from ${least} to ${most}, and is ${String(value)}.`,
  );
}

// Behind a wrapper, Redis itself says it.
function refuseCluster(client: RedisClient): void {
  if (isForCluster(client))
    throw new ImproperlyConfigured(
      "The option 'localCopy' of RedisDenylist needs one Redis, or Sentinel. The client is one for a cluster, where keys that move to another node while they are read would be missing from the copy. Leave the option out.",
    );
}
