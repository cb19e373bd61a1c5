import { expect } from 'chai';
import { RedisConnection, type IoredisClient } from '../../src/redis/client';
import { RedisThrottleStore } from '../../src/redis';
import { FakeTime } from '../issuer/fake-time';

/** A client whose answers a test decides. */
class ScriptedClient implements IoredisClient {
  readonly status = 'ready';
  sent = 0;
  listeners = 0;
  answer: () => Promise<unknown> = () => Promise.resolve('OK');

  eval(): Promise<unknown> {
    this.sent += 1;
    return this.answer();
  }
  mget(): Promise<unknown> {
    return this.eval();
  }
  on(): void {
    this.listeners += 1;
  }
}

const never = (): Promise<unknown> => new Promise(() => undefined);

describe('a connection to Redis', () => {
  let time: FakeTime;
  let client: ScriptedClient;
  let connection: RedisConnection;

  beforeEach(() => {
    time = new FakeTime();
    client = new ScriptedClient();
    connection = new RedisConnection(client, { timeout: 2 });
    Object.assign(connection, { clock: time.clock, timers: time.timers });
  });

  const ask = () => connection.eval('return 1', ['key'], []).catch((error: unknown) => (error as Error).message);

  it('gives answers on, and leaves no timer', async () => {
    expect([await ask(), await connection.mget(['key'])]).to.deep.equal(['OK', 'OK']);
    expect([client.sent, time.waiting]).to.deep.equal([2, 0]);
  });

  it('waits for an answer no longer than its timeout', async () => {
    client.answer = never;
    const asked = ask();
    time.advance(1.999);
    expect(time.waiting).to.equal(1);
    time.advance(0.001);
    expect(await asked).to.equal('Redis did not answer in time (2 s)');
    expect(time.waiting).to.equal(0);
  });

  it('after a failure refuses at once, but one request a second', async () => {
    client.answer = () => Promise.reject(new Error('gone'));
    expect(await ask()).to.equal('gone');
    const refused = 'Redis did not answer a moment ago';
    expect([await ask(), await ask()]).to.deep.equal([refused, refused]);
    time.advance(1);
    expect(await Promise.all([ask(), ask(), ask()])).to.deep.equal(['gone', refused, refused]);
    expect(client.sent).to.equal(2);
    time.advance(1);
    client.answer = () => Promise.resolve('back');
    expect(await ask()).to.equal('back');
    expect(await Promise.all([ask(), ask(), ask()])).to.deep.equal(['back', 'back', 'back']);
  });

  it('waits no longer where the clock is set back by three hours', async () => {
    let back = 0;
    connection.clock = () => time.now - back;
    client.answer = () => Promise.reject(new Error('gone'));
    expect(await ask()).to.equal('gone');
    back = 3 * 3_600_000;
    expect(await ask()).to.equal('Redis did not answer a moment ago');
    time.advance(1);
    expect(await ask()).to.equal('gone');
  });

  it('sends one request at a time to a Redis that hangs', async () => {
    client.answer = never;
    const first = ask();
    time.advance(2);
    await first;
    time.advance(1);
    const second = ask();
    time.advance(1.5);
    expect(await ask()).to.equal('Redis did not answer a moment ago');
    expect(client.sent).to.equal(2);
    time.advance(0.5);
    await second;
  });

  it('hears the errors of a client, once however many use it', () => {
    for (let times = 0; times < 20; times += 1) new RedisThrottleStore(client);
    expect(client.listeners).to.equal(1);
  });

  for (const answer of [null, 'OK', [], [1], [1, 'x', 5], {}])
    it(`takes ${JSON.stringify(answer)} for no answer to a count`, async () => {
      client.answer = () => Promise.resolve(answer);
      const error: unknown = await new RedisThrottleStore(client)
        .hit('key', { amount: 1, seconds: 1 })
        .catch((reason: unknown) => reason);
      expect((error as Error).message).to.equal('Redis answered something else than was asked');
    });
});
