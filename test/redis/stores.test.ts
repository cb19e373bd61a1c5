import { hash, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { RedisDenylist, RedisThrottleStore, type RedisClient } from '../../src/redis';
import { parseRate } from '../../src/core/settings/throttle-rates';
import { CountingProxy } from './counting-proxy';
import { redisUrl, requireRedis } from './redis-server';

interface Made {
  readonly client: RedisClient;
  close(): unknown;
}

const makers: Record<string, (url: string) => Promise<Made>> = {
  ioredis: async url => {
    const client = new Redis(url, { enableReadyCheck: false });
    await client.ping();
    return {
      client,
      close: () => {
        client.disconnect();
      },
    };
  },
  redis: async url => {
    const client = createClient({ url });
    client.on('error', () => undefined);
    await client.connect();
    // Version 4 has no close().
    const { close, quit } = client as { close?(): Promise<void>; quit(): Promise<unknown> };
    return { client, close: () => (close ?? quit).call(client) };
  },
};

const iss = 'https://auth.example.com';
const token = { iss, jti: 'j', sub: 'alice', sid: 's', client_id: 'web', iat: Math.floor(Date.now() / 1000) - 100 };

for (const [name, make] of Object.entries(makers))
  describe(`in Redis, by ${name}`, () => {
    let proxy: CountingProxy;
    let made: Made;
    let prefix: string;

    before(async function () {
      await requireRedis(this);
      proxy = await CountingProxy.start();
      made = await make(proxy.url);
    });
    beforeEach(() => {
      prefix = `axioms-test:${randomUUID()}:`;
      proxy.forget();
    });
    after(async () => {
      const cleaner = new Redis(redisUrl);
      const keys = await cleaner.keys('axioms-test:*');
      if (keys.length > 0) await cleaner.del(...keys);
      cleaner.disconnect();
      await made.close();
      proxy.close();
    });

    async function keysAndLives(): Promise<[key: string, milliseconds: number][]> {
      const client = new Redis(redisUrl);
      const keys = await client.keys(`${prefix}*`);
      const found = await Promise.all(keys.map(async key => [key, await client.pttl(key)] as [string, number]));
      client.disconnect();
      return found;
    }

    describe('a throttle store', () => {
      it('lets exactly as many through as the rate says, in one round trip each', async () => {
        const store = new RedisThrottleStore(made.client, { prefix });
        const hits = await Promise.all(
          Array.from({ length: 300 }, () => store.hit('somebody', parseRate('100/hour')!)),
        );
        expect(hits.filter(({ isAllowed }) => isAllowed)).to.have.lengthOf(100);
        expect(hits.map(({ remaining }) => remaining).slice(0, 101)).to.deep.equal([
          ...Array.from({ length: 100 }, (_, i) => 99 - i),
          0,
        ]);
        for (const { reset } of hits) expect(reset).to.be.within(3500, 3600);
        expect(proxy.commands).to.deep.equal(Array(300).fill('eval'));
      });

      it('counts each key and rate as it is asked, and keeps a hash of it, no longer than the period', async () => {
        const store = new RedisThrottleStore(made.client, { prefix });
        const hit = async (key: string, rate: string) => (await store.hit(key, parseRate(rate)!)).isAllowed;
        expect([await hit('alice', '1/minute'), await hit('alice', '1/minute')]).to.deep.equal([true, false]);
        expect([await hit('bob', '0/minute'), await hit('bob', '1/minute')]).to.deep.equal([false, true]);
        const found = await keysAndLives();
        expect(found).to.have.lengthOf(2);
        for (const [key, life] of found) {
          expect(key).to.match(/^axioms-test:[-\da-f]+:[-\w]{43}$/);
          expect(life).to.be.within(50_000, 60_000);
        }
      });

      /** What the store keeps of requests of these ages, in seconds. */
      async function seed(key: string, ages: [age: number, count: number][]): Promise<void> {
        const client = new Redis(redisUrl);
        const [seconds, microseconds] = await client.time();
        const now = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
        const slots = ages.map(([age, count]) => [now - age * 1000, count]);
        await client.set(prefix + hash('sha256', key, 'base64url'), JSON.stringify(slots));
        client.disconnect();
      }

      for (const [rate, ages, isAllowed, remaining, reset] of [
        ['3/minute', [[61, 3]], true, 2, 60],
        ['3/minute', [[60, 3]], true, 2, 60],
        [
          '3/minute',
          [
            [40, 1],
            [20, 1],
          ],
          true,
          0,
          20,
        ],
        [
          '3/minute',
          [
            [40, 1],
            [20, 2],
          ],
          false,
          0,
          20,
        ],
        [
          '3/minute',
          [
            [61, 2],
            [50, 1],
            [20, 1],
          ],
          true,
          0,
          10,
        ],
        [
          '2/minute',
          [
            [50, 1],
            [40, 1],
            [20, 1],
          ],
          false,
          0,
          20,
        ],
        [
          '2/minute',
          [
            [50, 1],
            [40, 3],
          ],
          false,
          0,
          20,
        ],
        [
          '1000/minute',
          [
            [50, 990],
            [0, 9],
          ],
          true,
          0,
          10,
        ],
        [
          '1000/minute',
          [
            [50, 990],
            [10, 10],
          ],
          false,
          0,
          10,
        ],
        ['0/minute', [], false, 0, 60],
      ] as [string, [number, number][], boolean, number, number][])
        it(`slides: at ${rate}, after requests of the ages ${JSON.stringify(ages)}, ${isAllowed ? 'allows' : 'refuses'}`, async () => {
          await seed('somebody', ages);
          const hit = await new RedisThrottleStore(made.client, { prefix }).hit('somebody', parseRate(rate)!);
          expect(hit).to.deep.include({ isAllowed, remaining });
          expect(hit.reset).to.be.within(reset - 20, reset);
        });

      // Regression: the wait was three hours and a minute.
      it('lets nobody wait longer than the period where the clock of Redis is set back by three hours', async () => {
        const store = new RedisThrottleStore(made.client, { prefix });
        await seed('somebody', [
          [-10_800, 1],
          [-10_805, 1],
        ]);
        expect(await store.hit('somebody', parseRate('2/minute')!)).to.deep.equal({
          isAllowed: false,
          remaining: 0,
          reset: 60,
        });
        const rate = parseRate('2/second')!;
        await seed('somebody else', [[-10_800, 2]]);
        expect((await store.hit('somebody else', rate)).isAllowed).to.be.false;
        await new Promise(resolve => setTimeout(resolve, 1050));
        expect((await store.hit('somebody else', rate)).isAllowed).to.be.true;
        await seed('a third', [[-10_800, 1]]);
        const answers = [await store.hit('a third', rate), await store.hit('a third', rate)];
        expect(answers.map(({ isAllowed }) => isAllowed)).to.deep.equal([true, false]);
      });

      it('shares its counts between clients', async () => {
        const other = await makers.ioredis!(redisUrl);
        const stores = [made.client, other.client].map(client => new RedisThrottleStore(client, { prefix }));
        const rate = parseRate('3/hour')!;
        const allowed: boolean[] = [];
        for (const store of [...stores, ...stores]) allowed.push((await store.hit('somebody', rate)).isAllowed);
        other.close();
        expect(allowed).to.deep.equal([true, true, true, false]);
      });
    });

    describe('a denylist', () => {
      for (const which of [
        { jti: 'j' },
        { sub: 'alice' },
        { sid: 's' },
        { client_id: 'web' },
        { sub: 'alice', sid: 's' },
      ])
        it(`refuses by ${JSON.stringify(which)}, of that issuer, in one round trip`, async () => {
          const list = new RedisDenylist(made.client, { prefix });
          expect(await list.isRevoked(token)).to.equal(false);
          await list.revoke({ iss, ...which });
          expect(await list.isRevoked(token)).to.equal(true);
          expect(await list.isRevoked({ ...token, iss: `${iss}/` })).to.equal(false);
          expect(await list.isRevoked({ ...token, jti: 'x', sub: 'x', sid: 'x', client_id: 'x' })).to.equal(false);
          expect(proxy.commands).to.deep.equal(['mget', 'eval', 'mget', 'mget', 'mget']);
        });

      it('asks nothing where there is nothing to ask', async () => {
        expect(await new RedisDenylist(made.client, { prefix }).isRevoked({ iss })).to.equal(false);
        expect(proxy.commands).to.deep.equal([]);
      });

      it('knows the time before which tokens are meant; of two the later, and the longer', async () => {
        const list = new RedisDenylist(made.client, { prefix, ttl: 100 });
        const { iat } = token;
        await list.revoke({ iss, sub: 'alice', before: iat - 5 });
        expect(await list.isRevoked({ ...token, iat: iat + 0.5 })).to.equal(false);
        expect(await list.isRevoked(token, undefined, 4)).to.equal(false);
        expect(await list.isRevoked(token)).to.equal(true);
        expect(await list.isRevoked({ iss, sub: 'alice' })).to.equal(true);
        await list.revoke({ iss, sub: 'alice', before: iat + 1, expiresAt: Date.now() / 1000 + 50 });
        await list.revoke({ iss, sub: 'alice', before: iat - 1, expiresAt: Date.now() / 1000 + 20 });
        expect(await list.isRevoked({ ...token, iat: iat + 6 })).to.equal(true);
        const [[, life] = []] = await keysAndLives();
        // With the longest clockTolerance of a server.
        expect(life).to.be.within(380_000, 400_000);
        await list.revoke({ iss, sub: 'alice' });
        expect(await list.isRevoked({ ...token, iat: 1e10 })).to.equal(true);
      });

      it('is atomic: of many at once the last time counts', async () => {
        const list = new RedisDenylist(made.client, { prefix });
        const times = Array.from({ length: 50 }, (_, index) => token.iat - 25 + index);
        await Promise.all(
          times.sort(() => Math.random() - 0.5).map(before => list.revoke({ iss, sub: 'alice', before })),
        );
        expect(await list.isRevoked({ ...token, iat: token.iat + 24 }, undefined, 0)).to.equal(true);
        expect(await list.isRevoked({ ...token, iat: token.iat + 25 }, undefined, 0)).to.equal(false);
      });

      it('expires at once where no server accepts the token any more, and late where it is for ever', async () => {
        const list = new RedisDenylist(made.client, { prefix });
        await list.revoke({ iss, jti: 'j', expiresAt: Date.now() / 1000 - 305 });
        for (const [, life] of await keysAndLives()) expect(life).to.be.lessThan(2);
        await list.revoke({ iss, jti: 'k', expiresAt: Infinity });
        expect(await list.isRevoked({ ...token, jti: 'k' })).to.equal(true);
      });

      it('counts lifetimes by the clock of Redis, whatever the clock of the process says', async () => {
        const list = new RedisDenylist(made.client, { prefix, ttl: 100 });
        const expiresAt = Date.now() / 1000 + 60;
        const realNow = Date.now;
        try {
          Date.now = () => realNow() + 2 * 86_400_000;
          await list.revoke({ iss, jti: 'until', expiresAt });
          await list.revoke({ iss, jti: 'for' });
          expect(await list.useOnce(iss, 'once', expiresAt)).to.equal(true);
        } finally {
          Date.now = realNow;
        }
        const lives = (await keysAndLives()).map(([, life]) => Math.round(life / 1000)).sort((a, b) => a - b);
        expect(lives[0]).to.be.within(50, 60);
        expect(lives[1]).to.be.within(350, 360);
        expect(lives[2]).to.be.within(390, 400);
      });

      it('keeps hashes, of an issuer together for a cluster', async () => {
        const list = new RedisDenylist(made.client, { prefix });
        await list.revoke({ iss, sub: 'alice', sid: 's' });
        const tags = (await keysAndLives()).map(
          ([key]) => /^axioms-test:[-\da-f]+:(\{[-\w]{16}\}):[-\w]{43}$/.exec(key)?.[1],
        );
        expect(tags).to.have.lengthOf(2);
        expect(tags[0]).to.be.a('string').that.equals(tags[1]);
      });

      it('refuses what does not say which tokens are meant, and asks nothing', async () => {
        const error: unknown = await new RedisDenylist(made.client)
          .revoke({ iss } as never)
          .catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(TypeError);
        expect(proxy.commands).to.deep.equal([]);
      });

      it('accepts a token once, even if several processes ask at the same time', async () => {
        const lists = [1, 2].map(() => new RedisDenylist(made.client, { prefix }));
        const expiresAt = Date.now() / 1000 + 60;
        const uses = Array.from({ length: 40 }, (_, index) => lists[index % 2]!.useOnce(iss, 'once', expiresAt));
        expect((await Promise.all(uses)).filter(Boolean)).to.have.lengthOf(1);
        expect(await lists[0]?.useOnce(`${iss}/`, 'once', expiresAt)).to.equal(true);
        expect(proxy.commands).to.deep.equal(Array(41).fill('eval'));
      });
    });
  });
