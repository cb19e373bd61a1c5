/** Redis closes connections when it restarts. The process that uses it must go on. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { redisStore } from '../../src/microservice';
import { RedisDenylist, RedisThrottleStore } from '../../src/redis';
import { SignInApp } from '../microservice/sign-in-app';
import { endClient } from '../microservice/stores/places';
import { CountingProxy } from '../redis/counting-proxy';
import { redisUrl, requireRedis } from '../redis/redis-server';

describe('regression: a lost connection to Redis ended the process', () => {
  const prefix = `axioms:test:${randomUUID()}:`;
  let proxy: CountingProxy;

  before(async function () {
    await requireRedis(this);
    proxy = await CountingProxy.start();
  });
  after(async () => {
    const cleaner = new Redis(redisUrl);
    const keys = await cleaner.keys(`${prefix}*`);
    if (keys.length > 0) await cleaner.del(...keys);
    cleaner.disconnect();
    (proxy as CountingProxy | undefined)?.close();
  });

  /** Closes the connection below the client, and waits until it has connected again. */
  async function loseConnection(client: ReturnType<typeof createClient>): Promise<void> {
    // events.once() would listen for 'error', too.
    const isReady = new Promise(resolve => client.once('ready', resolve));
    proxy.cut();
    await isReady;
  }

  it('signs in again with redisStore() and a client of redis on which the app does not listen', async () => {
    const client = createClient({ url: proxy.url });
    await client.connect();
    const app = await new SignInApp({ store: redisStore(client, { prefix }) }).withUsers();
    expect((await app.browser().signIn()).status).to.equal(200);
    await loseConnection(client);
    expect((await app.browser().signIn()).status).to.equal(200);
    await app.close();
    await endClient(client);
  });

  it('listens once on a client that several stores share', async () => {
    const client = createClient({ url: proxy.url });
    await client.connect();
    redisStore(client, { prefix });
    redisStore(client, { prefix });
    new RedisDenylist(client);
    new RedisThrottleStore(client);
    expect(client.listenerCount('error')).to.equal(1);
    await endClient(client);
  });

  it('takes a client without events, such as one that the app wraps', async () => {
    const sent: string[] = [];
    const client = { sendCommand: ([name = '']: string[]) => Promise.resolve(void sent.push(name)) };
    expect(await redisStore(client).removeExpired(0)).to.equal(0);
    await redisStore(client).removeSigningKey('https://auth.example.com', 1);
    expect(sent).to.deep.equal(['HDEL']);
  });
});
