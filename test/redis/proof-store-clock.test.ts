/** The store of used proofs in Redis, with a clock of Redis that a test sets. */
import { hash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { proofStoreContract } from 'axioms-routing-controllers/testing';
import { RedisProofStore } from 'axioms-routing-controllers/redis';
import { redisUrl, requireRedis } from './redis-server';

let time = 0;
const now = (): number => time;

/** A client whose scripts read the test's time in place of that of Redis. */
class ClockedRedis extends Redis {
  constructor(url: string) {
    super(url);
    const run = this.eval.bind(this) as (script: string, ...rest: string[]) => Promise<unknown>;
    const clocked = (script: string, ...rest: string[]): Promise<unknown> => {
      const parts = script.split("redis.call('TIME')");
      if (parts.length !== 2) throw new Error('The script reads the time of Redis once.');
      return run(parts.join(`{'${Math.floor(now() / 1000)}', '${(now() % 1000) * 1000}'}`), ...rest);
    };
    Object.assign(this, { eval: clocked });
  }
}

describe('RedisProofStore, while the clock of Redis is set', () => {
  let redis: ClockedRedis;
  let prefix: string;

  before(async function () {
    await requireRedis(this);
  });
  beforeEach(() => {
    redis = new ClockedRedis(redisUrl);
    time = Date.now();
    prefix = `axioms-test:${randomUUID()}:`;
  });
  afterEach(async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  });

  const make = (limits = {}): RedisProofStore => new RedisProofStore(redis, { prefix, timeout: 20, ...limits });
  const advance = (seconds: number): void => {
    time += seconds * 1000;
  };
  for (const { name, run } of proofStoreContract({ make, advance, now })) it(name, run);

  // Redis measures lifetimes by its clock: one that is set by a day took every used proof away.
  it('gives no lifetime to what it keeps, and takes one away that is there', async () => {
    const use = (id: string) => make().use({ thumbprint: 'key', id: id.padEnd(43, 'x'), end: now() + 60_000 });
    await use('a');
    const ends = `${prefix}{used}:ends`;
    await redis.pexpire(ends, 86_400_000);
    await redis.pexpire(`${prefix}{used}:counts`, 86_400_000);
    advance(300);
    await use('b');
    const keys = (await redis.keys(`${prefix}*`)).sort();
    expect(keys.map(key => key.slice(prefix.length))).to.deep.equal(
      ['counts', 'ends', 'forgotten'].map(name => `{used}:${name}`),
    );
    expect(await Promise.all(keys.map(key => redis.pttl(key)))).to.deep.equal([-1, -1, -1]);
  });

  // A server whose clock is far ahead would let one key record proofs that are then given up, which closes their times for all.
  it('refuses what ends too far ahead by the clock of Redis, and takes it later', async () => {
    const use = (id: string, seconds: number) =>
      make().use({ thumbprint: 'key', id: id.padEnd(43, 'x'), end: now() + seconds * 1000 });
    expect(await use('a', 780)).to.deep.equal({ answer: 'first' });
    expect(await use('b', 780.001)).to.deep.equal({ answer: 'early' });
    advance(1);
    expect(await use('b', 779.001)).to.deep.equal({ answer: 'first' });
  });

  // Each call forgets 100 ended proofs. The key was refused until those that ended before its own were forgotten, too.
  it('counts no ended proofs when the first request after a busy time comes', async () => {
    const [busy, others, ofKey] = [4000, 12, 300];
    const keyOf = (name: string) => hash('sha256', name, 'base64url').slice(0, 22);
    const names = ['key', ...Array.from({ length: others }, (_, index) => `other${index}`)];
    const used = names.flatMap((name, place) =>
      Array.from({ length: place === 0 ? ofKey : busy / others }, (_, index) => [name, index] as const),
    );
    const members = used.flatMap(([name, index]) => [
      now() + (name === 'key' ? 60_000 : 30_000) + index,
      `${keyOf(name)} ${index}`,
    ]);
    await redis.zadd(`${prefix}{used}:ends`, ...members);
    const counts = names.flatMap(name => [keyOf(name), used.filter(([one]) => one === name).length]);
    await redis.hset(`${prefix}{used}:counts`, ...counts);
    const use = (id: string) =>
      make({ size: 10_000, share: 400 }).use({ thumbprint: 'key', id: id.padEnd(43, 'x'), end: now() + 60_000 });
    expect((await use('a')).answer).to.equal('share');
    advance(600);
    expect(await use('b')).to.deep.equal({ answer: 'first' });
  });

  it('gives a key its share again after somebody has deleted the proofs, and not their counts', async () => {
    const use = (id: string) =>
      make({ size: 20, share: 1 }).use({ thumbprint: 'key', id: id.padEnd(43, 'x'), end: now() + 60_000 });
    expect(await use('a')).to.deep.equal({ answer: 'first' });
    expect((await use('b')).answer).to.equal('share');
    await redis.del(`${prefix}{used}:ends`);
    expect(await use('c')).to.deep.equal({ answer: 'first' });
    expect((await use('d')).answer).to.equal('share');
  });

  it('keeps a few spans of forgotten times, however many there are', async () => {
    for (let index = 0; index < 40; index++) {
      await make().use({ thumbprint: 'key', id: String(index).padEnd(43, 'x'), end: now() + 60_000 });
      advance(300);
    }
    const spans = String(await redis.get(`${prefix}{used}:forgotten`)).split(' ');
    expect(spans).to.have.length(32);
    for (const span of spans) expect(span).to.match(/^\d{13}-\d{13}$/);
  });
});
