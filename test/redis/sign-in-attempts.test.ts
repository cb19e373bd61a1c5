import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { BasicAuthentication, createExpressServer, type Attempt, type AxiomsServer } from 'axioms-routing-controllers';
import { memoryStore } from '../../src/microservice';
import { RedisSignInAttempts, type RedisSignInAttemptsOptions } from '../../src/redis';
import { FakeTime } from '../issuer/fake-time';
import { RecordingLogger } from '../issuer/recording-logger';
import { cheapHasher, SignInApp } from '../microservice/sign-in-app';
import { OwnRedis, redisUrl, requireRedis } from './redis-server';
import { until } from './redis-topologies';

const ged = { account: 'ged@example.com', address: '192.0.2.7' };

/** The seconds to wait, or nothing if the try was begun. */
async function waitOf(attempts: RedisSignInAttempts, attempt: Attempt): Promise<number | undefined> {
  return attempts.begin(attempt).then(
    () => undefined,
    (error: unknown) => (error as { wait: number }).wait,
  );
}

describe('attempts to sign in that Redis counts', () => {
  let client: Redis;
  let prefix: string;

  before(async function () {
    await requireRedis(this);
    client = new Redis(redisUrl);
  });
  beforeEach(() => {
    prefix = `axioms-test:${randomUUID()}:`;
  });
  afterEach(async () => {
    const keys = await client.keys(`${prefix}*`);
    if (keys.length > 0) await client.del(...keys);
  });
  after(() => {
    (client as Redis | undefined)?.disconnect();
  });

  const counting = (limits: RedisSignInAttemptsOptions = {}, through = client) =>
    new RedisSignInAttempts(through, { prefix, ...limits });

  it('are counted for all processes', async () => {
    const other = new Redis(redisUrl);
    const both = [client, other].map(through => counting({ triesPerAccountAndAddress: 3 }, through));
    const waits: (number | undefined)[] = [];
    for (const attempts of [...both, ...both]) waits.push(await waitOf(attempts, { ...ged }));
    expect(waits.map(wait => wait === undefined)).to.deep.equal([true, true, true, false]);
    expect(waits[3]).to.be.within(890, 900);
    other.disconnect();
  });

  it('leave hashes that end with their window, and nothing of a refused try', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 1, window: 600 });
    await attempts.begin({ ...ged });
    const keys = (await client.keys(`${prefix}*`)).sort();
    expect(keys).to.have.lengthOf(4);
    for (const key of keys) {
      expect(key).not.to.match(/ged|192/);
      expect(await client.pttl(key)).to.be.within(590_000, 600_000);
    }
    expect(await waitOf(attempts, { ...ged })).to.be.within(590, 600);
    expect((await client.keys(`${prefix}*`)).sort()).to.deep.equal(keys);
    expect(await client.hget(keys.find(key => key.includes(':address:')) ?? '', 'tries')).to.equal('1');
  });

  it('wait no longer than a window where the clock of Redis is set back by three hours', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 1, window: 600 });
    await attempts.begin({ ...ged });
    for (const key of await client.keys(`${prefix}*`)) {
      await client.hincrby(key, 'start', 10_800_000);
      await client.pexpire(key, 11_400_000);
    }
    expect(await waitOf(attempts, { ...ged })).to.be.within(590, 600);
    for (const key of await client.keys(`${prefix}*from:*`)) expect(await client.pttl(key)).to.be.within(1, 600_000);
  });

  it('are taken back only in the window in which they were counted', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 1 });
    const old = { ...ged };
    await attempts.begin(old);
    await client.del(...(await client.keys(`${prefix}*`)));
    await attempts.begin({ ...ged });
    await attempts.undecided(old);
    expect(await waitOf(attempts, { ...ged })).to.be.a('number');
  });

  it('that wait give way to a try from another site, and are taken back then', async () => {
    const limits = { quickTriesPerAccount: 0, firstDelay: 1, longestDelay: 1, mostWaiting: 2, firstTriesPerSite: 0 };
    const attempts = counting(limits);
    const time = new FakeTime();
    attempts.timers = time.timers;
    const from = (address: string) => waitOf(attempts, { ...ged, address });
    const first = from('2001:db8:1:1::1');
    await until(() => time.waiting === 1, 'the first try');
    const second = from('2001:db8:1:2::1');
    await until(() => time.waiting === 2, 'the second try');
    expect(await from('2001:db8:1:3::1')).to.equal(1);
    const third = from('2001:db8:2:1::1');
    await until(() => time.waiting === 3, 'the third try');
    time.advance(1);
    expect(await Promise.all([first, second, third])).to.deep.equal([undefined, 1, undefined]);
    const [account = ''] = await client.keys(`${prefix}*}:tries`);
    expect(await client.hget(account, 'tries')).to.equal('2');
    expect(await client.keys(`${prefix}address:*`)).to.have.lengthOf(2);
  });

  it('that are the first of their address wait without a place, as many of a site as the limit says', async () => {
    const attempts = counting({ quickTriesPerAccount: 0, firstDelay: 1, mostWaiting: 0, firstTriesPerSite: 2 });
    const time = new FakeTime();
    attempts.timers = time.timers;
    const tries = ['192.0.2.1', '192.0.2.2'].map(address => ({ ...ged, address }));
    const begun = tries.map(attempt => waitOf(attempts, attempt));
    await until(() => time.waiting === 2, 'the first tries of two addresses');
    const refused = [
      await waitOf(attempts, { ...ged, address: '192.0.2.3' }),
      await waitOf(attempts, { ...ged, address: '192.0.2.1' }),
    ];
    expect(refused).to.deep.equal([5, 5]);
    time.advance(60);
    expect(await Promise.all(begun)).to.deep.equal([undefined, undefined]);
    await attempts.undecided(tries[0] as Attempt);
    const next = waitOf(attempts, { ...ged, address: '192.0.2.3' });
    await until(() => time.waiting === 1, 'the place of the try that was taken back');
    time.advance(60);
    expect(await next).to.equal(undefined);
  });

  it('have no limit where it is Infinity', async () => {
    const attempts = counting({ triesPerAccountAndAddress: Infinity, triesPerAddress: Infinity, window: Infinity });
    for (let tries = 0; tries < 9; tries += 1) expect(await waitOf(attempts, { ...ged })).to.equal(undefined);
  });

  for (const [limits, message] of [
    [
      { size: 5 },
      'RedisSignInAttempts: size is only for MemorySignInAttempts: Redis removes a counter with its window.',
    ],
    [{ windows: 5 }, "RedisSignInAttempts has no limit 'windows'."],
    [{ window: NaN }, 'RedisSignInAttempts: window is NaN; expected a number from 0.'],
  ] as const)
    it(`refuse ${Object.keys(limits).join()} that would never be reached`, () => {
      expect(() => counting(limits as RedisSignInAttemptsOptions)).to.throw(message);
    });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

describe('attempts to sign in whose Redis is killed', function () {
  this.timeout(60_000);
  let own: OwnRedis;
  let client: Redis;

  beforeEach(async function () {
    own = await OwnRedis.start(this);
    client = new Redis(own.port, '127.0.0.1');
  });
  afterEach(async () => {
    client.disconnect();
    await own.close();
  });

  /** Asks while Redis works, while it is away, and once it is back. Returns the levels that were logged. */
  async function levelsOf(ask: () => Promise<Answer>, logger: RecordingLogger): Promise<string[]> {
    expect((await ask()).status).to.equal(200);
    await own.kill();
    for (let round = 0; round < 4; round += 1) {
      const { status, headers, body } = await ask();
      expect([status, headers['retry-after'], headers['www-authenticate']]).to.deep.equal([503, '1', undefined]);
      expect((body as { error: string }).error).to.equal('temporarily_unavailable');
    }
    await own.restart();
    await until(async () => (await ask()).status === 200, 'Redis');
    return logger.entries.filter(({ message }) => message.includes('sign-in store')).map(({ level }) => level);
  }

  it('are answered 503 by the microservice, which compares no password', async () => {
    let compared = 0;
    const verify: typeof cheapHasher.verify = (...parameters) => {
      compared += 1;
      return cheapHasher.verify(...parameters);
    };
    const passwordHasher = Object.assign(Object.create(cheapHasher) as typeof cheapHasher, { verify });
    const app = await new SignInApp({
      store: memoryStore(),
      passwordHasher,
      signInAttempts: new RedisSignInAttempts(client),
    }).withUsers();
    const seen: number[] = [];
    const levels = await levelsOf(async () => {
      const answer: Answer = await app.browser().signIn();
      if (answer.status === 503) seen.push(compared);
      return answer;
    }, app.logger);
    expect(new Set(seen.slice(0, 4)).size).to.equal(1);
    expect(levels).to.deep.equal(['error', 'info']);
    await app.close();
  });

  it('are answered 503 by BasicAuthentication, which asks for no account', async () => {
    let asked = 0;
    const attempts = new RedisSignInAttempts(client);
    class Accounts extends BasicAuthentication {
      protected override readonly attempts = attempts;
      override authenticateCredentials(userid: string) {
        asked += 1;
        return { isAuthenticated: true, sub: userid };
      }
    }
    @JsonController('/things')
    class ThingController {
      authenticationClasses = [Accounts];
      @Get('/')
      list() {
        return [];
      }
    }
    const logger = new RecordingLogger();
    const settings = { issuerUrl: 'https://auth.example.com', audience: 'https://api.example.com', logger };
    const app = createExpressServer({ controllers: [ThingController], axioms: { ...settings, jwksPrefetch: false } });
    const seen: number[] = [];
    const levels = await levelsOf(async () => {
      const answer: Answer = await request(app).get('/things').auth('ged', 'sparrowhawk');
      if (answer.status === 503) seen.push(asked);
      return answer;
    }, logger);
    expect(new Set(seen.slice(0, 4))).to.deep.equal(new Set([1]));
    expect(levels).to.deep.equal(['error', 'info']);
    (app.locals.axioms as AxiomsServer).close();
  });
});
