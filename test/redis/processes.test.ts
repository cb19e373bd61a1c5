import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import request from 'supertest';
import type { RevokedTokens } from 'axioms-routing-controllers';
import { RedisDenylist } from '../../src/redis';
import { signed, TestIssuer } from '../issuer/test-issuer';
import type { Configuration } from './api-process';
import { CountingProxy } from './counting-proxy';
import { ApiProcess, countOf, flood, statusOf } from './processes';
import { OwnRedis, redisUrl, requireRedis } from './redis-server';

describe('several processes', function () {
  this.timeout(60_000);

  let issuer: TestIssuer;
  let prefix: string;
  let apis: ApiProcess[] = [];

  before(async function () {
    issuer = await TestIssuer.start();
    await requireRedis(this);
  });
  beforeEach(() => {
    prefix = `axioms-test:${randomUUID()}:`;
  });
  afterEach(async () => {
    await Promise.all(apis.map(api => api.close()));
    apis = [];
  });
  after(async () => {
    await issuer.close();
    const cleaner = new Redis(redisUrl);
    const keys = await cleaner.keys('axioms-test:*');
    if (keys.length > 0) await cleaner.del(...keys);
    cleaner.disconnect();
  });

  async function start(amount: number, changes: Partial<Configuration> = {}): Promise<void> {
    const configuration = { issuerUrl: issuer.url, redisUrl, prefix, rate: '1000/minute', timeout: 20, ...changes };
    const clients = ['ioredis', 'redis'] as const;
    const starting = Array.from({ length: amount }, (_, index) =>
      ApiProcess.start({ client: clients[index % 2] ?? 'redis', ...configuration }),
    );
    apis = await Promise.all(starting);
  }

  function logoutToken(whose: object): string {
    const { alg, kid } = issuer.key;
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const content = { iss: issuer.url, aud: 'books', iat: now, exp: now + 120, events, ...whose };
    return signed({ alg, kid, typ: 'logout+jwt' }, content, issuer.key);
  }

  function expectWell(): void {
    expect(apis.map(({ isRunning, said }) => ({ isRunning, said }))).to.deep.equal(
      apis.map(() => ({ isRunning: true, said: '' })),
    );
  }

  it('four with 32 connections each let exactly 1,000 requests a minute through, in one round trip each', async () => {
    const proxy = await CountingProxy.start();
    await start(4, { redisUrl: proxy.url });
    const token = issuer.token();
    const statuses = await Promise.all(apis.map(({ url }) => flood(url, token, 32, 400)));
    expect([countOf(statuses.flat(), 200), countOf(statuses.flat(), 429)]).to.deep.equal([1000, 600]);
    for (const of of statuses) expect(countOf(of, 200)).to.be.greaterThan(0);
    const connecting = ['hello', 'client', 'info'];
    expect(proxy.commands.filter(name => !connecting.includes(name))).to.deep.equal(Array(1600).fill('eval'));
    expectWell();
    proxy.close();
  });

  describe('refuse, each of them, the next request', () => {
    let count = 0;
    let sharing: ApiProcess[] = [];
    let shared: string;

    before(async () => {
      shared = `axioms-test:${randomUUID()}:`;
      await start(2, { hasDenylist: true, prefix: shared });
      [sharing, apis] = [apis, []];
    });
    after(() => Promise.all(sharing.map(api => api.close())));

    /** What each of them answers to a token before and after, and to the token of somebody else. */
    async function expectClosedBy(revoke: (claims: Record<string, string>) => Promise<unknown>): Promise<void> {
      count += 1;
      const of = (whose: string) => ({
        jti: `j-${whose}`,
        sub: `u-${whose}`,
        sid: `s-${whose}`,
        client_id: `c-${whose}`,
      });
      const tokenOf = (whose: string) => issuer.token({ ...of(whose), iat: Math.floor(Date.now() / 1000) - 2 });
      const [token, others] = [tokenOf(String(count)), tokenOf(`other-${count}`)];
      const ask = (sent: string) => Promise.all(sharing.map(({ url }) => statusOf(`${url}/things`, sent)));
      expect(await ask(token)).to.deep.equal([200, 200]);
      await revoke(of(String(count)));
      expect(await ask(token)).to.deep.equal([401, 401]);
      expect(await ask(others)).to.deep.equal([200, 200]);
    }

    for (const name of ['jti', 'sub', 'sid', 'client_id'])
      it(`of a revoked ${name}`, async () => {
        const client = new Redis(redisUrl);
        const list = new RedisDenylist(client, { prefix: shared });
        await expectClosedBy(claims =>
          list.revoke({ iss: issuer.url, [name]: claims[name] } as unknown as RevokedTokens),
        );
        client.disconnect();
      });

    for (const names of [['sid'], ['sub'], ['sub', 'sid']])
      it(`after a logout token with ${names.join(' and ')} that one of them was sent; none takes it again`, async () => {
        let token = '';
        const send = async (api: ApiProcess | undefined) =>
          (
            await request(api?.url ?? '')
              .post('/logout')
              .type('form')
              .send({ logout_token: token })
          ).status;
        await expectClosedBy(async claims => {
          const whose = Object.fromEntries(names.map(name => [name, claims[name]]));
          token = logoutToken({ jti: names.join(), ...whose });
          expect(await send(sharing[0])).to.equal(200);
        });
        expect([await send(sharing[1]), await send(sharing[0])]).to.deep.equal([400, 400]);
      });
  });

  describe('with a local copy of the denylist each', () => {
    const maxStaleness = 1;

    /** Milliseconds until a process refuses the token; it is asked again and again. */
    async function timeToRefusal({ url }: ApiProcess, token: string): Promise<number> {
      const start = performance.now();
      let lastAccepted = start;
      for (;;) {
        const sentAt = performance.now();
        const status = await statusOf(`${url}/things`, token);
        if (status === 401) return lastAccepted - start;
        expect(status).to.equal(200);
        lastAccepted = sentAt;
      }
    }

    for (const which of [{ jti: 'j-a' }, { sub: 'u-a', before: Math.floor(Date.now() / 1000) + 86_400 }])
      it(`refuse after ${maxStaleness} second at most what another process revoked by ${Object.keys(which).join()}`, async () => {
        await start(2, { hasDenylist: true, localCopy: { maxStaleness }, rate: '1000000/minute' });
        const [token, others] = ['a', 'b'].map(whose => issuer.token({ jti: `j-${whose}`, sub: `u-${whose}` })) as [
          string,
          string,
        ];
        for (const { url } of apis) expect(countOf(await flood(url, token, 8, 200), 200)).to.equal(200);
        const client = new Redis(redisUrl);
        await new RedisDenylist(client, { prefix }).revoke({ iss: issuer.url, ...which });
        client.disconnect();
        const times = await Promise.all(apis.map(api => timeToRefusal(api, token)));
        for (const time of times) expect(time).to.be.lessThan(maxStaleness * 1000);
        for (const { url } of apis) expect(countOf(await flood(url, others, 8, 40), 200)).to.equal(40);
        expectWell();
      });
  });

  describe('whose Redis is killed under load', () => {
    let own: OwnRedis;

    beforeEach(async function () {
      own = await OwnRedis.start(this);
    });
    afterEach(() => own.close());

    for (const [client, fail, status] of [
      ['ioredis', 'open', 200],
      ['redis', 'open', 200],
      ['ioredis', 'closed', 503],
      ['redis', 'closed', 503],
      ['ioredis', 'local', 429],
      ['redis', 'local', 429],
    ] as const)
      it(`follow the policy ${fail}, with ${client}, and go on`, async () => {
        // The first command waits until the client has connected, which takes long on a busy machine.
        const own50 = { rate: '50/hour', client, fail, timeout: 3, redisUrl: `redis://127.0.0.1:${own.port}` };
        await start(1, own50);
        const [{ url }] = apis as [ApiProcess];
        const token = issuer.token();
        expect(countOf(await flood(url, token, 16, 80), 200)).to.equal(50);
        const underLoad = flood(url, token, 16, 300);
        await statusOf(`${url}/things`, token);
        await own.kill();
        const during = await underLoad;
        const after = await flood(url, token, 16, 80);
        const others = [...during, ...after].filter(one => ![200, 429, 503].includes(one));
        expect(others).to.deep.equal([]);
        if (fail === 'local') expect(countOf([...during, ...after], 200)).to.equal(50);
        else expect(countOf(during, fail === 'open' ? 503 : 200)).to.equal(0);
        expect(await statusOf(`${url}/things`, token)).to.equal(status);
        if (fail !== 'local') expect(countOf(after, status)).to.equal(80);
        expectWell();
      });

    it('refuse what was revoked, and answer 503 to the others, once a local copy of the denylist is too old', async () => {
      const redis = `redis://127.0.0.1:${own.port}`;
      await start(2, { hasDenylist: true, localCopy: { maxStaleness: 1 }, timeout: 1, redisUrl: redis });
      const [revoked, token] = [issuer.token({ jti: 'j-a' }), issuer.token({ jti: 'j-b' })];
      for (const { url } of apis) expect(countOf(await flood(url, revoked, 8, 40), 200)).to.equal(40);
      const client = new Redis(redis);
      await new RedisDenylist(client, { prefix }).revoke({ iss: issuer.url, jti: 'j-a' });
      client.disconnect();
      for (const { url } of apis) {
        while ((await statusOf(`${url}/things`, revoked)) !== 401);
        while ((await statusOf(`${url}/things`, token)) !== 200);
      }
      await own.kill();
      const end = performance.now() + 1500;
      while (performance.now() < end)
        for (const { url } of apis) {
          expect(await statusOf(`${url}/things`, token)).to.be.oneOf([200, 503]);
          expect(await statusOf(`${url}/things`, revoked)).to.equal(401);
        }
      for (const { url } of apis) {
        expect(countOf(await flood(url, token, 8, 20), 503)).to.equal(20);
        expect(await statusOf(`${url}/things`, revoked)).to.equal(401);
      }
      expectWell();
    });

    it('answer 503 to every token while their denylist is away, and 200 again after', async () => {
      await start(1, { hasDenylist: true, timeout: 1, redisUrl: `redis://127.0.0.1:${own.port}` });
      const [{ url }] = apis as [ApiProcess];
      const token = issuer.token();
      expect(countOf(await flood(url, token, 8, 20), 200)).to.equal(20);
      const underLoad = flood(url, token, 8, 200);
      await own.kill();
      expect((await underLoad).filter(one => one !== 200 && one !== 503)).to.deep.equal([]);
      expect(countOf(await flood(url, token, 8, 20), 503)).to.equal(20);
      await own.restart();
      const end = performance.now() + 20_000;
      while ((await statusOf(`${url}/things`, token)) !== 200 && performance.now() < end)
        await new Promise(resolve => setTimeout(resolve, 50));
      expect(await statusOf(`${url}/things`, token)).to.equal(200);
      expectWell();
    });
  });
});
