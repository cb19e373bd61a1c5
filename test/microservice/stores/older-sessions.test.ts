/** Sessions and keys as version 0.1.0 stored them in Redis: an update signs nobody out. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { redisStore } from '../../../src/microservice';
import { redisUrl, requireRedis } from '../../redis/redis-server';

const issuer = 'https://auth.example.com';

describe('a session that an older version stored in Redis', () => {
  const prefix = `axioms:test:${randomUUID()}:`;
  let client: Redis;

  before(async function () {
    await requireRedis(this);
    client = new Redis(redisUrl);
  });
  after(async () => {
    const keys = await client.keys(`${prefix}*`);
    if (keys.length > 0) await client.del(...keys);
    client.disconnect();
  });

  it('is found, listed, rotated and removed', async () => {
    const now = Date.now();
    const times = { signedInAt: now, rotatedAt: now, idleUntil: now + 60_000, expiresAt: now + 600_000 };
    const texts = { handle: 'h', id: 'i', issuer, clientId: 'web', userId: 'ged', current: 'c', generation: 3 };
    await client.hset(`${prefix}family:h`, { ...texts, ...times, jkt: '', previous: 'b' });
    await client.pexpire(`${prefix}family:h`, 60_000);
    await client.zadd(`${prefix}user:["${issuer}","ged"]`, now, 'h');
    const store = redisStore(client, { prefix });
    const family = { ...texts, ...times, jkt: null, previous: 'b' };
    expect(await store.findFamily('h')).to.deep.equal(family);
    expect(await store.familiesOf(issuer, 'ged')).to.deep.equal([family]);
    const rotation = { handle: 'h', from: 'c', generation: 3, to: 'd', at: now + 1, idleUntil: now + 61_000 };
    expect(await store.rotateFamily(rotation)).to.equal(true);
    expect(await store.findFamily('h')).to.include({ current: 'd', previous: 'c', generation: 4 });
    expect(await store.removeFamily('h')).to.equal(true);
  });

  it('is signed by the key that was stored, and a used value stays used', async () => {
    const key = { issuer, generation: 1, kid: 'k', alg: 'ES256', sealedJwk: 'a.b.c', createdAt: 1, activeFrom: 2 };
    await client.hset(`${prefix}keys:${issuer}`, '1', JSON.stringify(key));
    await client.set(`${prefix}once:proof`, '1', 'PX', 60_000);
    const store = redisStore(client, { prefix });
    expect(await store.signingKeys(issuer)).to.deep.equal([key]);
    expect(await store.addSigningKey({ ...key, kid: 'other' })).to.equal(false);
    expect(await store.useOnce('proof', Date.now() + 60_000, Date.now())).to.equal(false);
  });
});
