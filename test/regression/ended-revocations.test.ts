/**
 * A revocation of every token of a user came back once it was over: a later log-out of the same user made the local copy refuse
 * the tokens of new sign-ins, too, for as long as the log-out was kept.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RedisDenylist } from 'axioms-routing-controllers/redis';
import { redisUrl, requireRedis } from '../redis/redis-server';

const iss = 'https://auth.example.com';
const user = { iss, sub: 'ged' };

/** Asks about a token that is issued now, until the answer is as expected. */
async function untilItSays(denylist: RedisDenylist, isRevoked: boolean, iat: number): Promise<void> {
  const end = performance.now() + 10_000;
  while ((await denylist.isRevoked({ ...user, iat })) !== isRevoked) {
    if (performance.now() > end) throw new Error(`The copy does not say ${String(isRevoked)}.`);
    await pass(20);
  }
}

describe('A local copy of the denylist', () => {
  it('accepts new sign-ins after a log-out, although every token of the user was revoked for a time before', async function () {
    await requireRedis(this);
    const redis = new Redis(redisUrl);
    const prefix = `axioms-test:${randomUUID()}:`;
    const copied = new RedisDenylist(redis, { prefix, timeout: 20, localCopy: { maxStaleness: 0.5 } });
    const other = new RedisDenylist(redis, { prefix, timeout: 20 });
    try {
      const now = Date.now() / 1000;
      await untilItSays(copied, false, now);
      // A denylist keeps a revocation 300 seconds longer than it says.
      await other.revoke({ ...user, expiresAt: now - 298 });
      await untilItSays(copied, true, now + 100);
      await untilItSays(copied, false, now + 100);
      await other.revoke({ ...user, before: now });
      await untilItSays(copied, true, now);
      expect(await copied.isRevoked({ ...user, iat: now + 100 })).to.equal(false);
    } finally {
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
    }
  });
});
