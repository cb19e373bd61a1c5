/** What callers see while a single Redis fails, and what is lost: rows of the table in docs/many-processes.md. */
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { redisStore } from '../../src/microservice';
import { RedisDenylist } from '../../src/redis';
import { expectCleared, headerOf, type Browser } from '../microservice/browser';
import type { SignInApp } from '../microservice/sign-in-app';
import { DurableRedis } from '../chaos/own-redis';
import {
  afterOutage,
  expectRevoked,
  expectSessionsUnavailable,
  expectTokensUnavailable,
  leaveOut,
  loggedOff,
  serviceOn,
  signedIn,
} from './service';

describe('a Redis that fails', function () {
  this.timeout(60_000);

  let redis: DurableRedis;
  let clients: Redis[] = [];
  let app: SignInApp;
  /** Signed in before the fault. */
  let browser: Browser;
  /** Logged off before the fault. */
  let gone: Browser;

  beforeEach(async function () {
    try {
      redis = await DurableRedis.start();
    } catch (error) {
      leaveOut(this, 'redis', `redis-server cannot be started: ${(error as Error).message}`);
    }
    app = await service();
    [browser, gone] = [await signedIn(app), await loggedOff(app)];
  });
  afterEach(async () => {
    if (clients.length === 0) return;
    await app.close();
    for (const client of clients) client.disconnect();
    clients = [];
    await redis.close();
  });

  function service(): Promise<SignInApp> {
    const client = new Redis(redis.port, '127.0.0.1', { retryStrategy: () => 50 });
    client.on('error', () => undefined);
    clients.push(client);
    return serviceOn(redisStore(client), new RedisDenylist(client));
  }

  async function expectNothingAnswers(): Promise<void> {
    expectTokensUnavailable(await browser.me());
    expectTokensUnavailable(await gone.me());
    expectSessionsUnavailable(await browser.refresh());
    expectSessionsUnavailable(await gone.refresh());
    expectSessionsUnavailable(await app.browser().signIn());
    expectSessionsUnavailable(await browser.logOff());
  }

  async function expectNothingLost(): Promise<void> {
    expect((await afterOutage(() => browser.refresh())).status).to.equal(200);
    expect((await afterOutage(() => Promise.resolve(browser.me()))).status).to.equal(200);
    expectRevoked(await gone.me());
    expect((await gone.refresh()).status).to.equal(401);
  }

  it('answers 503 to tokens and sessions while it is killed, and has lost nothing once it has read its file', async () => {
    await redis.kill();
    await expectNothingAnswers();
    await redis.run();
    await expectNothingLost();
  });

  it('answers 503 to tokens and sessions while it hangs, each within its time limit', async () => {
    redis.stop();
    const began = performance.now();
    await expectNothingAnswers();
    // The first of each waits for a second, and the others fail at once.
    expect(performance.now() - began).to.be.lessThan(15_000);
    redis.goOn();
    await expectNothingLost();
  });

  it('answers 503 to tokens and sessions while it wants a password, and says NOAUTH in the log', async () => {
    await redis.ask(['CONFIG', 'SET', 'requirepass', 'earthsea'], ['CLIENT', 'KILL', 'TYPE', 'normal']);
    await expectNothingAnswers();
    expect(app.logger.text('error')).not.to.include('earthsea');
    await redis.ask(['AUTH', 'earthsea'], ['CONFIG', 'SET', 'requirepass', '']);
    await expectNothingLost();
  });

  /** Reads go on, and writes fail. */
  async function expectReadsAlone(code: string): Promise<void> {
    expect((await browser.me()).status).to.equal(200);
    expectRevoked(await gone.me());
    expectSessionsUnavailable(await browser.refresh());
    expect(app.logger.text('error')).to.include(`"code":"${code}"`);
    expectSessionsUnavailable(await app.browser().signIn());
    expectSessionsUnavailable(await browser.logOff());
  }

  it('lets good tokens through and refuses revoked ones while it is a replica, and answers 503 to what must write', async () => {
    await redis.ask(['REPLICAOF', '127.0.0.1', '1']);
    await expectReadsAlone('READONLY');
    await redis.ask(['REPLICAOF', 'NO', 'ONE']);
    await expectNothingLost();
  });

  it('lets good tokens through and refuses revoked ones while its memory is full, and forgets none of them', async () => {
    await redis.ask(['CONFIG', 'SET', 'maxmemory', '1']);
    await expectReadsAlone('OOM');
    await redis.ask(['CONFIG', 'SET', 'maxmemory', '0']);
    await expectNothingLost();
  });

  it('has lost sessions, revocations and signing keys where it is started again empty', async () => {
    await redis.kill();
    redis.empty();
    await redis.run();
    // Nobody knows any more that this token was revoked: it is accepted until it expires.
    expect((await afterOutage(() => Promise.resolve(gone.me()))).status).to.equal(200);
    const answer = await afterOutage(() => browser.refresh());
    expect(answer.status).to.equal(401);
    expectCleared(answer);
    const other = await service();
    const again = await signedIn(other);
    expect(headerOf(again.accessToken)['kid']).not.to.equal(headerOf(browser.accessToken)['kid']);
    await other.close();
  });
});
