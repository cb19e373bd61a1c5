import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { RedisDenylist, type LocalCopyOptions, type RedisClient } from '../../src/redis';
import { denylistContract } from '../../src/testing';
import { FakeTime } from '../issuer/fake-time';
import { OwnRedis, redisUrl, requireRedis } from './redis-server';
import { makers, WatchedClient } from './watched-client';

const iss = 'https://auth.example.com';
const iat = Math.floor(Date.now() / 1000) - 100;
const token = (name: string) => ({ iss, jti: `j-${name}`, sub: `u-${name}`, sid: `s-${name}`, client_id: 'web', iat });

/** Asks, with a time that stands still, until the copy answers without Redis. */
async function untilCurrent(list: RedisDenylist, { sent }: { sent: () => string[] }, issuer = iss): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    const before = sent().length;
    await list.isRevoked({ iss: issuer, jti: 'nobody' });
    if (!sent().slice(before).includes('mget')) return;
    if (performance.now() > end) throw new Error('The copy does not become current.');
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

for (const [name, make] of Object.entries(makers))
  describe(`a local copy of the denylist, by ${name}`, () => {
    let closing: (() => unknown)[] = [];
    let prefix: string;
    let time: FakeTime;
    let admin: Redis;

    before(async function () {
      await requireRedis(this);
      admin = new Redis(redisUrl);
    });
    beforeEach(() => {
      prefix = `axioms-test:${randomUUID()}:`;
      time = new FakeTime();
    });
    afterEach(async () => {
      await Promise.all(closing.map(close => close()));
      closing = [];
    });
    after(async () => {
      const keys = await admin.keys('*axioms-test:*');
      if (keys.length > 0) await admin.del(...keys);
      admin.disconnect();
    });

    interface Copied {
      readonly list: RedisDenylist;
      readonly watched: WatchedClient;
      /** The commands since the last call of it. */
      commands(): string[];
      becomesCurrent(issuer?: string): Promise<void>;
      /** Lets so many seconds pass, and what was sent be answered. */
      pass(seconds: number): Promise<void>;
    }

    async function copied(localCopy: LocalCopyOptions | undefined = {}, url = redisUrl): Promise<Copied> {
      const { client, close } = await make(url);
      closing.push(close);
      const watched = new WatchedClient(client);
      const list = new RedisDenylist(watched.client, { prefix, localCopy, timeout: 5 });
      list.clock = time.clock;
      return {
        list,
        watched,
        commands: () => watched.sent.splice(0),
        async becomesCurrent(issuer) {
          await untilCurrent(list, { sent: () => watched.sent }, issuer);
          watched.sent = [];
        },
        async pass(seconds) {
          time.advance(seconds);
          await list.isRevoked({ iss, jti: 'nobody' });
          await untilCurrent(list, { sent: () => watched.sent });
          // The client answers in order.
          await list.useOnce(iss, randomUUID(), Date.now() / 1000 + 5);
          watched.sent = [];
        },
      };
    }

    describe('keeps the contract:', () => {
      const kept = denylistContract({
        make: async () => {
          const { list, becomesCurrent, commands } = await copied();
          const other = await copied(undefined);
          await becomesCurrent();
          return {
            revoke: which => other.list.revoke(which as never),
            useOnce: (...once) => list.useOnce(...once),
            async isRevoked(claims, subject, clockTolerance) {
              if (typeof claims.iss !== 'string') return list.isRevoked(claims, subject, clockTolerance);
              // What another process revoked is read a moment later.
              time.advance(1.25);
              await list.isRevoked({ iss: claims.iss, jti: 'nobody' });
              await list.useOnce(claims.iss, randomUUID(), Date.now() / 1000 + 5);
              await becomesCurrent(claims.iss);
              const answer = await list.isRevoked(claims, subject, clockTolerance);
              expect(commands()).to.deep.equal([]);
              return answer;
            },
          };
        },
      });
      for (const { name: title, run } of kept) it(title, run);
    });

    it('answers without Redis, and reads what is new with one command every quarter of maxStaleness', async () => {
      const { list, commands, becomesCurrent } = await copied({ maxStaleness: 4 });
      await becomesCurrent();
      for (let times = 0; times < 100; times += 1) expect(list.isRevoked(token('a'))).to.equal(false);
      expect(commands()).to.deep.equal([]);
      time.advance(0.999);
      expect(await list.isRevoked(token('a'))).to.equal(false);
      expect(commands()).to.deep.equal([]);
      time.advance(0.001);
      for (let times = 0; times < 100; times += 1) expect(await list.isRevoked(token('a'))).to.equal(false);
      expect(commands()).to.deep.equal(['eval']);
    });

    it('has what was revoked before it was made, from all pages of keys, and nothing of another prefix', async () => {
      prefix = `axioms-test:[a-z]*?^\\${randomUUID()}:`;
      const other = await copied(undefined);
      const names = Array.from({ length: 1200 }, (_, index) => String(index));
      await Promise.all(names.map(one => other.list.revoke({ iss, jti: `j-${one}` })));
      const { list, commands, becomesCurrent } = await copied();
      await becomesCurrent();
      const answers = names.map(one => list.isRevoked(token(one)));
      expect(answers.filter(Boolean)).to.have.lengthOf(1200);
      expect(await list.isRevoked(token('other'))).to.equal(false);
      expect(commands()).to.deep.equal([]);
    });

    it('refuses what another process revoked after at most maxStaleness, also where its reader has stopped', async () => {
      const [{ list, watched, commands, becomesCurrent }, other] = [await copied(), await copied(undefined)];
      await becomesCurrent();
      watched.isStopped = true;
      await other.list.revoke({ iss, jti: 'j-a' });
      time.advance(4.999);
      expect(await list.isRevoked(token('a'))).to.equal(false);
      time.advance(0.001);
      expect(await list.isRevoked(token('a'))).to.equal(true);
      expect(await list.isRevoked(token('b'))).to.equal(false);
      expect(commands().filter(sent => sent === 'mget')).to.have.lengthOf(2);
    });

    for (const [what, which, older, newer] of [
      ['one token', { jti: 'j-a' }, token('a'), token('b')],
      ['a session', { sid: 's-a', sub: 'u-a' }, token('a'), token('b')],
      ['every token of a user until now', { sub: 'u-a', before: iat + 1 }, token('a'), { ...token('a'), iat: iat + 7 }],
    ] as const)
      it(`refuses ${what} that another process revoked, and nothing else, without asking Redis`, async () => {
        const [{ list, commands, becomesCurrent, pass }, other] = [await copied(), await copied(undefined)];
        await becomesCurrent();
        await other.list.revoke({ iss, ...which });
        await pass(1.25);
        expect(await list.isRevoked(older)).to.equal(true);
        expect(await list.isRevoked(newer)).to.equal(false);
        expect(commands()).to.deep.equal([]);
      });

    it('takes the later time and the longer life of two revocations', async () => {
      const [{ list, becomesCurrent, pass }, other] = [await copied(), await copied(undefined)];
      await becomesCurrent();
      await other.list.revoke({ iss, sub: 'u-a', before: iat + 1 });
      await other.list.revoke({ iss, sub: 'u-a', before: iat - 1, expiresAt: Date.now() / 1000 + 20 });
      await pass(1.25);
      time.advance(1000);
      expect(await list.isRevoked(token('a'))).to.equal(true);
    });

    it('forgets a revocation when it expires, and not before', async () => {
      const [{ list, becomesCurrent, pass }, other] = [await copied(), await copied(undefined)];
      await becomesCurrent();
      await other.list.revoke({ iss, jti: 'j-a', expiresAt: Date.now() / 1000 + 60 });
      await pass(1.25);
      await admin.del(...(await admin.keys(`${prefix}*`)));
      time.advance(350);
      expect(await list.isRevoked(token('a'))).to.equal(true);
      time.advance(12);
      expect(await list.isRevoked(token('a'))).to.equal(false);
    });

    it('refuses at once what this process revokes', async () => {
      const { list, commands, becomesCurrent } = await copied();
      await becomesCurrent();
      await list.revoke({ iss, sub: 'u-a' });
      expect(await list.isRevoked(token('a'))).to.equal(true);
      expect(commands()).to.include('mget');
      await becomesCurrent();
      expect(await list.isRevoked(token('a'))).to.equal(true);
      expect(commands()).to.deep.equal([]);
    });

    it('does not take a read that began before a revocation of this process for newer', async () => {
      const { list, watched, becomesCurrent } = await copied();
      await becomesCurrent();
      time.advance(2);
      await Promise.all([list.isRevoked(token('b')), list.revoke({ iss, jti: 'j-a' })]);
      watched.isStopped = true;
      expect(await list.isRevoked(token('a'))).to.equal(true);
    });

    describe('asks Redis', () => {
      for (const [what, lose] of [
        ['is not there any more', (stream: string) => admin.del(stream)],
        ['has lost the entry that was read last', (stream: string) => admin.xtrim(stream, 'MAXLEN', 0)],
        [
          'is another one with the same IDs',
          async (stream: string) => {
            const [[id] = ['']] = await admin.xrevrange(stream, '+', '-', 'COUNT', 1);
            await admin.multi().del(stream).xadd(stream, id, 'nonce', 'another').exec();
          },
        ],
      ] as const)
        it(`after a gap, where the stream ${what}, until all keys were read again`, async () => {
          const [{ list, commands, becomesCurrent }, other] = [await copied(), await copied(undefined)];
          await becomesCurrent();
          await other.list.revoke({ iss, jti: 'j-a' });
          const [stream = ''] = await admin.keys(`${prefix}*:revocations`);
          await lose(stream);
          time.advance(1.25);
          await list.isRevoked(token('b'));
          await list.useOnce(iss, randomUUID(), Date.now() / 1000 + 5);
          expect(await list.isRevoked(token('a'))).to.equal(true);
          expect(commands()).to.include('mget');
          time.advance(1.25);
          await becomesCurrent();
          expect([await list.isRevoked(token('a')), await list.isRevoked(token('b'))]).to.deep.equal([true, false]);
          expect(commands()).to.deep.equal([]);
        });

      it('for each token while the denylist is larger than maxEntries, and answers the same', async () => {
        const other = await copied(undefined);
        for (const one of ['a', 'b', 'c']) await other.list.revoke({ iss, jti: `j-${one}` });
        const { list, commands } = await copied({ maxEntries: 2 });
        for (let times = 0; times < 5; times += 1) {
          for (const one of ['a', 'b', 'c']) expect(await list.isRevoked(token(one))).to.equal(true);
          expect(await list.isRevoked(token('d'))).to.equal(false);
          time.advance(10);
        }
        expect(commands().filter(sent => sent === 'mget')).to.have.lengthOf.at.least(10);
      });

      it('when it grows beyond maxEntries later, and copies it again once revocations have expired', async () => {
        const [{ list, commands, becomesCurrent, pass }, other] = [
          await copied({ maxEntries: 2 }),
          await copied(undefined),
        ];
        const soon = Date.now() / 1000 - 299;
        await other.list.revoke({ iss, jti: 'j-a' });
        await other.list.revoke({ iss, jti: 'j-b', expiresAt: soon });
        await becomesCurrent();
        await other.list.revoke({ iss, jti: 'j-c' });
        time.advance(0.5);
        await pass(1.25);
        expect(await list.isRevoked(token('c'))).to.equal(true);
        await other.list.revoke({ iss, jti: 'j-d' });
        time.advance(5);
        expect(await list.isRevoked(token('d'))).to.equal(true);
        expect(await list.isRevoked(token('e'))).to.equal(false);
        expect(commands().filter(sent => sent === 'mget').length).to.be.at.least(1);
      });

      it('when the clock of the machine jumps ahead, as after it was suspended', async () => {
        const { list, becomesCurrent, commands } = await copied();
        await becomesCurrent();
        time.advance(3600);
        expect(await list.isRevoked(token('a'))).to.equal(false);
        expect(commands()).to.include('mget');
      });

      it('no later when the clock is set back by three hours', async () => {
        const [{ list, watched, becomesCurrent }, other] = [await copied(), await copied(undefined)];
        await becomesCurrent();
        let back = 0;
        list.clock = () => time.now - back;
        expect(await list.isRevoked(token('a'))).to.equal(false);
        watched.isStopped = true;
        await other.list.revoke({ iss, jti: 'j-a' });
        back = 3 * 3_600_000;
        expect(await list.isRevoked(token('a'))).to.equal(false);
        time.advance(5);
        expect(await list.isRevoked(token('a'))).to.equal(true);
      });

      it('beyond 100 issuers, for the others', async () => {
        const { list, commands, becomesCurrent } = await copied();
        for (let index = 0; index < 100; index += 1) await becomesCurrent(`https://${index}.example.com`);
        for (let times = 0; times < 20; times += 1) await list.isRevoked(token('a'));
        expect(commands()).to.deep.equal(Array(20).fill('mget'));
      });
    });

    it('writes no stream where nobody follows, and one that Redis removes a day after the last read', async () => {
      const [copy, other] = [await copied(), await copied(undefined)];
      await other.list.revoke({ iss, jti: 'j-a' });
      expect(await admin.keys(`${prefix}*:revocations`)).to.deep.equal([]);
      await copy.becomesCurrent();
      await other.list.revoke({ iss, jti: 'j-b' });
      const [stream = ''] = await admin.keys(`${prefix}*:revocations`);
      expect(stream).to.match(/:\{[-\w]{16}\}:revocations$/);
      expect(await admin.xlen(stream)).to.equal(2);
      expect(await admin.pttl(stream)).to.be.within(86_000_000, 86_400_000);
    });

    describe('of a Redis that fails', () => {
      let own: OwnRedis;

      beforeEach(async function () {
        own = await OwnRedis.start(this);
      });
      afterEach(() => own.close());

      const url = () => `redis://127.0.0.1:${own.port}`;

      async function answerOrError(list: RedisDenylist): Promise<unknown> {
        try {
          return await list.isRevoked(token('b'));
        } catch (error) {
          return error;
        }
      }

      async function answering({ list }: Copied): Promise<unknown> {
        const end = performance.now() + 10_000;
        for (;;) {
          const answer = await answerOrError(list);
          if (typeof answer === 'boolean' || performance.now() > end) return answer;
          await new Promise(resolve => setTimeout(resolve, 20));
        }
      }

      it('answers for maxStaleness at most, and rejects then', async () => {
        const { list, becomesCurrent } = await copied({}, url());
        await list.revoke({ iss, jti: 'j-a' });
        await becomesCurrent();
        await own.kill();
        time.advance(4.999);
        expect([await list.isRevoked(token('a')), await list.isRevoked(token('b'))]).to.deep.equal([true, false]);
        time.advance(0.001);
        expect(await answerOrError(list)).to.be.instanceOf(Error);
        expect(await list.isRevoked(token('a'))).to.equal(true);
      }).timeout(30_000);

      it('notices that the data set is empty after a restart, and still refuses what it knows to be revoked', async () => {
        const copy = await copied({}, url());
        await copy.list.revoke({ iss, jti: 'j-a' });
        await copy.becomesCurrent();
        await own.kill();
        await own.restart();
        time.advance(5);
        expect(await answering(copy)).to.equal(false);
        expect(copy.commands()).to.include('mget');
        const other = await copied(undefined, url());
        await other.list.revoke({ iss, jti: 'j-b' });
        expect([await copy.list.isRevoked(token('a')), await copy.list.isRevoked(token('b'))]).to.deep.equal([
          true,
          true,
        ]);
        time.advance(2);
        await copy.becomesCurrent();
        expect([await copy.list.isRevoked(token('a')), await copy.list.isRevoked(token('b'))]).to.deep.equal([
          true,
          true,
        ]);
        expect(copy.commands()).to.deep.equal([]);
      }).timeout(30_000);

      it('does not follow a primary that has become a replica', async () => {
        const { list, becomesCurrent, commands } = await copied({}, url());
        await becomesCurrent();
        const client = new Redis(url());
        await client.replicaof('127.0.0.1', 1);
        client.disconnect();
        for (let times = 0; times < 4; times += 1) {
          time.advance(1.25);
          await list.isRevoked(token('b'));
          await new Promise(resolve => setTimeout(resolve, 20));
        }
        commands();
        expect(await list.isRevoked(token('b'))).to.equal(false);
        expect(commands()).to.include('mget');
      });
    });
  });

describe('a local copy of the denylist', () => {
  it('has the names of a client that puts a prefix of its own before them', async function () {
    await requireRedis(this);
    const mine = `axioms-test:${randomUUID()}:`;
    const { client, close } = await makers.ioredis(redisUrl, mine);
    const watched = new WatchedClient(client);
    await new RedisDenylist(client).revoke({ iss, jti: 'j-a' });
    const list = new RedisDenylist(watched.client, { localCopy: {} });
    await untilCurrent(list, { sent: () => watched.sent });
    watched.sent = [];
    expect([await list.isRevoked(token('a')), await list.isRevoked(token('b'))]).to.deep.equal([true, false]);
    expect(watched.sent).to.deep.equal([]);
    close();
  });

  /** A Redis whose answers a test decides. */
  function scripted(answers: unknown[]): { client: RedisClient; asked: () => number } {
    let asked = 0;
    return {
      client: {
        eval: () => Promise.resolve(answers.shift()),
        mget: (keys: string[]) => {
          asked += 1;
          return Promise.resolve(keys.map(() => null));
        },
      },
      asked: () => asked,
    };
  }

  const id = ['1-0', 'nonce'];
  for (const [what, answers] of [
    [
      'another Redis answers while the keys are read',
      [id, ['7', 'a', []], ['0', 'b', []], ['9', [['1-0', ['nonce', 'nonce']]]]],
    ],
    ['the answer has no position', [[], ['0', 'a', []], ['9', [['1-0', ['nonce', 'nonce']]]]]],
    ['the answer has a key without a lifetime', [id, ['0', 'a', [['name', '1', null]]], ['9', [['1-0', []]]]]],
    ['the answer has a time that is no number', [id, ['0', 'a', []], ['now', [['1-0', ['nonce', 'nonce']]]]]],
    [
      'the answer has an entry without a number',
      [
        id,
        ['0', 'a', []],
        [
          '9',
          [
            ['1-0', []],
            ['2-0', ['nonce', 'n', 'name', 'x', 'before', 'y', 'lifetime', '1']],
          ],
        ],
      ],
    ],
    ['the answer is no list', [id, ['0', 'a', []], 'OK']],
  ] as [string, unknown[]][])
    it(`asks Redis where ${what}`, async () => {
      const { client, asked } = scripted(answers);
      const list = new RedisDenylist(client, { localCopy: {} });
      const time = new FakeTime();
      list.clock = time.clock;
      for (let times = 0; times < 10; times += 1) {
        await list.isRevoked(token('a'));
        await new Promise(resolve => setImmediate(resolve));
      }
      expect(asked()).to.equal(10);
    });

  it('becomes current with the answers of one Redis, which shows that the cases above differ in the fault alone', async () => {
    const { client, asked } = scripted([
      id,
      ['7', 'a', []],
      ['0', 'a', [['name', '1', 5]]],
      ['9', [['1-0', ['nonce', 'nonce']]]],
    ]);
    const list = new RedisDenylist(client, { localCopy: {} });
    for (let times = 0; times < 10; times += 1) {
      await list.isRevoked(token('a'));
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(asked()).to.equal(1);
  });

  for (const [what, client] of [
    ['ioredis', () => new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })],
    ['redis', () => createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] })],
  ] as [string, () => RedisClient][])
    it(`refuses a cluster of ${what}`, () => {
      expect(() => new RedisDenylist(client(), { localCopy: {} })).to.throw(
        "The option 'localCopy' of RedisDenylist needs one Redis, or Sentinel. The client is one for a cluster, where keys that move to another node while they are read would be missing from the copy. Leave the option out.",
      );
      expect(() => new RedisDenylist(client())).not.to.throw();
    });

  it('asks a cluster behind a wrapper for each token', async function () {
    const own = await OwnRedis.start(this, '--cluster-enabled', 'yes');
    const client = new Redis(own.port);
    try {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      const asked: string[] = [];
      const wrapper = {
        call: (command: string, ...values: string[]) => {
          asked.push(command);
          return client.call(command, ...values);
        },
      };
      const list = new RedisDenylist(wrapper, { localCopy: {} });
      const end = performance.now() + 10_000;
      while (!(await client.cluster('INFO')).includes('cluster_state:ok') && performance.now() < end)
        await new Promise(resolve => setTimeout(resolve, 20));
      await list.revoke({ iss, jti: 'j-a' });
      for (let times = 0; times < 5; times += 1) {
        expect(await list.isRevoked(token('a'))).to.equal(true);
        expect(await list.isRevoked(token('b'))).to.equal(false);
      }
      expect(asked.filter(command => command === 'MGET')).to.have.lengthOf(10);
    } finally {
      client.disconnect();
      await own.close();
    }
  });

  for (const [option, value, bounds] of [
    ['maxEntries', 0, '1 to 10000000'],
    ['maxEntries', 1e8, '1 to 10000000'],
    ['maxEntries', '5', '1 to 10000000'],
    ['maxStaleness', 0.4, '0.5 to 60'],
    ['maxStaleness', 61, '0.5 to 60'],
    ['maxStaleness', NaN, '0.5 to 60'],
  ] as const)
    it(`refuses ${option} of ${value}`, () => {
      expect(() => new RedisDenylist(scripted([]).client, { localCopy: { [option]: value } })).to.throw(
        `The option 'localCopy.${option}' of RedisDenylist must be a number from ${bounds}, and is ${value}.`,
      );
    });
});
