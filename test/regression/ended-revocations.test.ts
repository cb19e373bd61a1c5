/**
 * A revocation of every token of a user came back once it was over: a later log-out of the same user made the local copy refuse
 * the tokens of new sign-ins, too, for as long as the log-out was kept. In a process without requests, it began anew when the
 * next request made the copy read it, and did the same.
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
  let redis: Redis;
  let prefix: string;
  let copied: RedisDenylist;
  let other: RedisDenylist;

  before(async function () {
    await requireRedis(this);
  });
  beforeEach(() => {
    redis = new Redis(redisUrl);
    prefix = `axioms-test:${randomUUID()}:`;
    copied = new RedisDenylist(redis, { prefix, timeout: 20, localCopy: { maxStaleness: 0.5 } });
    other = new RedisDenylist(redis, { prefix, timeout: 20 });
  });
  afterEach(async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  });

  it('accepts new sign-ins after a log-out, although every token of the user was revoked for a time before', async () => {
    const now = Date.now() / 1000;
    await untilItSays(copied, false, now);
    // A denylist keeps a revocation 300 seconds longer than it says.
    await other.revoke({ ...user, expiresAt: now - 298 });
    await untilItSays(copied, true, now + 100);
    await untilItSays(copied, false, now + 100);
    await other.revoke({ ...user, before: now });
    await untilItSays(copied, true, now);
    expect(await copied.isRevoked({ ...user, iat: now + 100 })).to.equal(false);
  });

  for (const [what, isLoggedOut] of [
    ['that was over before the copy read it', false],
    ['that was over before a log-out, and the copy reads both at once', true],
  ] as const)
    it(`does not begin a revocation anew ${what}`, async () => {
      const now = Date.now() / 1000;
      const later = { ...user, iat: now + 100 };
      await untilItSays(copied, false, now);
      // From here on, this process has no requests. The copy still is where it was.
      await pass(600);
      await other.revoke({ ...user, expiresAt: Date.now() / 1000 - 298 });
      await untilItSays(other, false, later.iat);
      if (isLoggedOut) await other.revoke({ ...user, before: now });
      // The next request makes the copy read, and those behind it are answered from the copy.
      const answers: unknown[] = [];
      for (let times = 0; times < 15; times += 1) {
        answers.push(copied.isRevoked(later));
        await pass(50);
      }
      expect(await Promise.all(answers)).to.deep.equal(answers.map(() => false));
      expect(answers, 'the copy answered').to.include(false);
      expect(await copied.isRevoked({ ...user, iat: now })).to.equal(isLoggedOut);
    });
});
