import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import request from 'supertest';
import type { RevokedTokens } from 'axioms-routing-controllers';
import { RedisDenylist } from '../../src/redis';
import { signed, TestIssuer } from '../issuer/test-issuer';
import type { Configuration } from './api-process';
import { ApiProcess, countOf, flood, statusOf } from './processes';
import { OwnRedis, redisUrl, requireRedis } from './redis-server';

describe('several processes', function () {
  this.timeout(60_000);

  let issuer: TestIssuer;
  let prefix: string;
  let apis: ApiProcess[] = [];

  before(async function () {
    await requireRedis(this);
    issuer = await TestIssuer.start();
  });
  beforeEach(() => {
    prefix = `axioms-test:${randomUUID()}:`;
  });
  afterEach(async () => {
    await Promise.all(apis.map(api => api.close()));
    apis = [];
    const cleaner = new Redis(redisUrl);
    const keys = await cleaner.keys(`${prefix}*`);
    if (keys.length > 0) await cleaner.del(...keys);
    cleaner.disconnect();
  });
  after(() => issuer?.close());

  async function start(amount: number, changes: Partial<Configuration> = {}): Promise<void> {
    const configuration = { issuerUrl: issuer.url, redisUrl, prefix, rate: '1000/minute', timeout: 20, ...changes };
    const clients = ['ioredis', 'redis'] as const;
    const starting = Array.from({ length: amount }, (_, index) =>
      ApiProcess.start({ client: clients[index % 2] ?? 'redis', ...configuration }),
    );
    apis = await Promise.all(starting);
  }

  function logoutToken(): string {
    const { alg, kid } = issuer.key;
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const content = { iss: issuer.url, aud: 'books', iat: now, exp: now + 120, jti: 'l', sub: 'alice', events };
    return signed({ alg, kid, typ: 'logout+jwt' }, content, issuer.key);
  }

  function expectWell(): void {
    expect(apis.map(({ isRunning, said }) => ({ isRunning, said }))).to.deep.equal(
      apis.map(() => ({ isRunning: true, said: '' })),
    );
  }

  it('four with 32 connections each let exactly 1,000 requests a minute through', async () => {
    await start(4);
    const token = issuer.token();
    const statuses = await Promise.all(apis.map(({ url }) => flood(url, token, 32, 400)));
    expect([countOf(statuses.flat(), 200), countOf(statuses.flat(), 429)]).to.deep.equal([1000, 600]);
    for (const of of statuses) expect(countOf(of, 200)).to.be.greaterThan(0);
    expectWell();
  });

  describe('refuse, each of them, the next request', () => {
    const claims = { jti: 'j', sub: 'alice', sid: 's', client_id: 'web' };

    async function closedBy(revoke: () => Promise<unknown>): Promise<number[]> {
      await start(2, { hasDenylist: true });
      const token = issuer.token({ ...claims, iat: Math.floor(Date.now() / 1000) - 2 });
      const ask = () => Promise.all(apis.map(({ url }) => statusOf(`${url}/things`, token)));
      expect(await ask()).to.deep.equal([200, 200]);
      await revoke();
      const closed = await ask();
      const others = issuer.token({ ...claims, jti: 'k', sub: 'bob', sid: 't', client_id: 'app' });
      expect(await Promise.all(apis.map(({ url }) => statusOf(`${url}/things`, others)))).to.deep.equal([200, 200]);
      expectWell();
      return closed;
    }

    for (const [name, value] of Object.entries(claims))
      it(`of a revoked ${name}`, async () => {
        const client = new Redis(redisUrl);
        const list = new RedisDenylist(client, { prefix });
        const closed = await closedBy(() =>
          list.revoke({ iss: issuer.url, [name]: value } as unknown as RevokedTokens),
        );
        client.disconnect();
        expect(closed).to.deep.equal([401, 401]);
      });

    it('after a logout token that one of them was sent; none takes it again', async () => {
      let token = '';
      const send = async (api: ApiProcess | undefined) =>
        (
          await request(api?.url ?? '')
            .post('/logout')
            .type('form')
            .send({ logout_token: token })
        ).status;
      const closed = await closedBy(async () => {
        token = logoutToken();
        expect(await send(apis[0])).to.equal(200);
      });
      expect(closed).to.deep.equal([401, 401]);
      expect([await send(apis[1]), await send(apis[0])]).to.deep.equal([400, 400]);
    });
  });

  describe('whose Redis is killed under load', () => {
    let own: OwnRedis;

    beforeEach(async function () {
      own = await OwnRedis.start(this);
    });
    afterEach(() => own.close());

    for (const client of ['ioredis', 'redis'] as const)
      for (const [fail, status] of [
        ['open', 200],
        ['closed', 503],
        ['local', 429],
      ] as const)
        it(`follow the policy ${fail}, with ${client}, and go on`, async () => {
          const own50 = { rate: '50/hour', client, fail, timeout: 1, redisUrl: `redis://127.0.0.1:${own.port}` };
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
