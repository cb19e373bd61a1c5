/**
 * A few DPoP keys filled a store of used proofs, and every other client got 503: five in one of the eight parts that Redis
 * had, and a single key in a `MemoryProofStore` whose `size` was at most the default share.
 */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { ImproperlyConfigured, MemoryProofStore, type ProofStore } from 'axioms-routing-controllers';
import { RedisProofStore } from 'axioms-routing-controllers/redis';
import { redisUrl, requireRedis } from '../redis/redis-server';

async function usesOf(key: string, store: ProofStore): Promise<number> {
  for (let used = 0; ; used++) {
    const use = { thumbprint: key, id: `${used} ${key}`.padEnd(43, 'x'), end: Date.now() + 100_000 };
    const { answer } = await store.use(use);
    if (answer !== 'first') return used;
  }
}

async function expectRoomBeside(keys: number, store: ProofStore, room: number): Promise<void> {
  for (let key = 0; key < keys; key++) await usesOf(`flood ${key}`, store);
  expect(await usesOf('victim', store)).to.be.at.least(room);
}

describe('A store of used proofs', () => {
  it('is not filled by a single key, whatever its size is', async () => {
    for (const size of [2, 20, 200, 5000]) await expectRoomBeside(1, new MemoryProofStore({ size }), 1);
  });

  it('is not filled by a key whose share is the whole store', async () => {
    await expectRoomBeside(1, new MemoryProofStore({ size: 200, share: 200 }), 50);
  });

  it('has room for one more key beside twenty keys that use what they can', async () => {
    await expectRoomBeside(20, new MemoryProofStore({ size: 2000, share: 100 }), 35);
  });

  it('has room for one more key beside a hundred keys that use what they can', async () => {
    await expectRoomBeside(100, new MemoryProofStore(), 25);
  });

  it('has room in Redis for every other key beside five keys', async function () {
    await requireRedis(this);
    const redis = new Redis(redisUrl);
    const prefix = `axioms-test:${randomUUID()}:`;
    try {
      const store = new RedisProofStore(redis, { prefix, timeout: 20, size: 400, share: 10 });
      await expectRoomBeside(5, store, 8);
      for (let key = 0; key < 20; key++) expect(await usesOf(`other ${key}`, store), `other ${key}`).to.be.at.least(5);
    } finally {
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
    }
  });

  it('refuses a share above its size at construction', () => {
    expect(() => new MemoryProofStore({ size: 200, share: 201 })).to.throw(
      ImproperlyConfigured,
      "'share' at most 'size'. They are 200 and 201.",
    );
  });
});
