/** One proof, many requests: in memory, in Redis, in two processes, and while a stranger fills the store. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as send, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Get, JsonController } from 'routing-controllers';
import { MemoryProofStore, createExpressServer, type AxiomsServer, type ProofStore } from 'axioms-routing-controllers';
import { RedisProofStore } from 'axioms-routing-controllers/redis';
import { TestClient } from 'axioms-routing-controllers/testing';
import { redisUrl, requireRedis } from '../redis/redis-server';
import { ApiProcess } from '../redis/processes';
import { TestIssuer } from '../issuer/test-issuer';

let handled = 0;

@JsonController('/books')
class BookController {
  @Get('/') list() {
    handled++;
    return [];
  }
}

const externalUrl = 'https://api.example.com';

interface Answer {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
}

async function get(base: string, path: string, headers: Record<string, string>, agent: Agent): Promise<Answer> {
  const asking = send(base + path, { headers, agent });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, retryAfter: response.headers['retry-after'] };
}

function countOf(answers: readonly Answer[], status: number): number {
  return answers.filter(one => one.status === status).length;
}

describe('a DPoP proof in many requests', function () {
  this.timeout(120_000);
  let issuer: TestIssuer;
  let client: TestClient;
  let agent: Agent;
  let servers: Server[];
  let apis: AxiomsServer[];
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    client = new TestClient(issuer, { externalUrl });
    agent = new Agent({ keepAlive: true, maxSockets: 50 });
    [servers, apis, handled] = [[], [], 0];
  });
  afterEach(async () => {
    agent.destroy();
    for (const api of apis) api.close();
    for (const server of servers) server.close();
    await issuer.close();
  });

  async function serve(proofStore: ProofStore | undefined): Promise<string> {
    const axioms = { ...issuer.settings(), dpop: 'allowed' as const, externalUrl, proofStore };
    const app = createExpressServer({ controllers: [BookController], axioms });
    apis.push(app.locals.axioms as AxiomsServer);
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function expectOneOf(bases: readonly string[], path = '/books'): Promise<void> {
    const fields = client.fields('GET', path, client.token());
    const all = Array.from({ length: 1000 }, (_, index) => bases[index % bases.length] ?? '');
    const answers = await Promise.all(all.map(base => get(base, path, fields, agent)));
    expect([countOf(answers, 200), countOf(answers, 401)]).to.deep.equal([1, 999]);
  }

  it('is accepted once of 1,000 at the same time, in memory', async () => {
    await expectOneOf([await serve(undefined)]);
    expect(handled).to.equal(1);
  });

  it('is accepted once of 1,000 by two servers that share a store in Redis', async function () {
    await requireRedis(this);
    const [one, two] = [new Redis(redisUrl), new Redis(redisUrl)];
    const prefix = `axioms-test:${randomUUID()}:`;
    const options = { prefix, timeout: 20 };
    await expectOneOf([await serve(new RedisProofStore(one, options)), await serve(new RedisProofStore(two, options))]);
    expect(handled).to.equal(1);
    const keys = await one.keys(`${prefix}*`);
    expect(keys).to.have.length.greaterThan(0);
    // A lifetime would end by a clock of Redis that jumps.
    for (const key of keys) expect(await one.pttl(key)).to.equal(-1);
    await one.del(...keys);
    one.disconnect();
    two.disconnect();
  });

  it('is accepted once of 1,000 by two processes', async function () {
    await requireRedis(this);
    const prefix = `axioms-test:${randomUUID()}:`;
    const configuration = { issuerUrl: issuer.url, redisUrl, prefix, rate: '100000/minute', timeout: 20, externalUrl };
    const processes = await Promise.all(
      (['ioredis', 'redis'] as const).map(name => ApiProcess.start({ client: name, ...configuration })),
    );
    try {
      await expectOneOf(
        processes.map(({ url }) => new URL(url).origin),
        '/things',
      );
    } finally {
      await Promise.all(processes.map(one => one.close()));
      const cleaner = new Redis(redisUrl);
      const keys = await cleaner.keys(`${prefix}*`);
      if (keys.length > 0) await cleaner.del(...keys);
      cleaner.disconnect();
    }
  });

  it('is refused again whatever one key sends, and that key is throttled', async () => {
    const base = await serve(new MemoryProofStore({ size: 400, share: 100 }));
    const used = client.fields('GET', '/books', client.token());
    expect((await get(base, '/books', used, agent)).status).to.equal(200);
    const flooding = new TestClient(issuer, { externalUrl });
    const token = flooding.token();
    const flood = await Promise.all(
      Array.from({ length: 600 }, () => get(base, '/books', flooding.fields('GET', '/books', token), agent)),
    );
    // A key has its share of the part that is empty: 80 of 100 while a fifth of the store is full.
    expect([countOf(flood, 200), countOf(flood, 429)]).to.deep.equal([80, 520]);
    for (const { status, retryAfter } of flood) if (status === 429) expect(Number(retryAfter)).to.be.within(1, 121);
    expect((await get(base, '/books', used, agent)).status).to.equal(401);
    // The victim goes on, with new proofs.
    expect((await get(base, '/books', client.fields('GET', '/books', client.token()), agent)).status).to.equal(200);
  });

  it('is refused again while many keys fill the store, which answers 503 to new proofs', async () => {
    const base = await serve(new MemoryProofStore({ size: 20, share: 20 }));
    const used = client.fields('GET', '/books', client.token());
    expect((await get(base, '/books', used, agent)).status).to.equal(200);
    const floods: Answer[] = [];
    for (let key = 0; key < 30; key++) {
      const flooding = new TestClient(issuer, { externalUrl });
      const token = flooding.token();
      for (let time = 0; time < 5; time++)
        floods.push(await get(base, '/books', flooding.fields('GET', '/books', token), agent));
    }
    expect(countOf(floods, 200)).to.equal(19);
    expect(countOf(floods, 503)).to.be.at.least(50);
    for (const { status, retryAfter } of floods) if (status === 503) expect(Number(retryAfter)).to.be.at.least(1);
    expect((await get(base, '/books', used, agent)).status).to.equal(401);
  });

  /** One key may have half of the store: nothing that was used is forgotten for it. */
  async function expectRefusedInAFlood(base: string, flooding: TestClient): Promise<void> {
    const used = client.fields('GET', '/books', client.token());
    expect((await get(base, '/books', used, agent)).status).to.equal(200);
    const token = flooding.token();
    const floods = Array.from({ length: 300 }, () => flooding.fields('GET', '/books', token));
    // The used proof is sent again all the while.
    const answers = await Promise.all(
      floods.map(async (fields, index) => {
        const answer = await get(base, '/books', fields, agent);
        if (index % 10 === 0) expect((await get(base, '/books', used, agent)).status).to.equal(401);
        return answer;
      }),
    );
    expect([countOf(answers, 200), countOf(answers, 429)]).to.deep.equal([25, 275]);
    const accepted = floods[answers.findIndex(({ status }) => status === 200)]!;
    for (const fields of [used, accepted]) {
      const before = handled;
      expect((await get(base, '/books', fields, agent)).status).to.equal(401);
      expect(handled).to.equal(before);
    }
    const fresh = await get(base, '/books', client.fields('GET', '/books', client.token()), agent);
    expect(fresh.status).to.equal(200);
    expect((await get(base, '/books', used, agent)).status).to.equal(401);
  }

  it('is refused again where one key has used what it can of the store, in memory', async () => {
    const flooding = new TestClient(issuer, { externalUrl });
    await expectRefusedInAFlood(await serve(new MemoryProofStore({ size: 50, share: 50 })), flooding);
  });

  it('is refused again where one key has used what it can of the store, in Redis', async function () {
    await requireRedis(this);
    const redis = new Redis(redisUrl);
    const prefix = `axioms-test:${randomUUID()}:`;
    const proofStore = new RedisProofStore(redis, { prefix, timeout: 20, size: 50, share: 50 });
    try {
      await expectRefusedInAFlood(await serve(proofStore), new TestClient(issuer, { externalUrl }));
    } finally {
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
    }
  });

  it('is answered 503 while the store cannot be reached, or answers anything else', async () => {
    for (const [use, status] of [
      [() => Promise.reject(new Error('away')), 503],
      [() => ({ answer: 'maybe' }), 401],
      [() => ({}), 401],
    ] as const) {
      const base = await serve({ use } as unknown as ProofStore);
      const answer = await get(base, '/books', client.fields('GET', '/books', client.token()), agent);
      expect(answer.status).to.equal(status);
    }
    expect(handled).to.equal(0);
  });
});
