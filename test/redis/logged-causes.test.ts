/** What the log says of an outage of a real Redis: the cause once, and the end once. */
import { expect } from 'chai';
import { redisStore } from '../../src/microservice';
import { SignInApp } from '../microservice/sign-in-app';
import { singleClients, type OpenClient } from './redis-clients';
import { OwnRedis } from './redis-server';
import { until } from './redis-topologies';
import { sampled } from '../sampled';

interface Fault {
  readonly code: string;
  begin(own: OwnRedis): Promise<unknown>;
  end(own: OwnRedis): Promise<unknown>;
}

const faults: readonly Fault[] = [
  {
    code: 'OOM',
    begin: own => own.ask('CONFIG', 'SET', 'maxmemory', '1'),
    end: own => own.ask('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    code: 'READONLY',
    begin: own => own.ask('REPLICAOF', '127.0.0.1', '1'),
    end: own => own.ask('REPLICAOF', 'NO', 'ONE'),
  },
  {
    code: 'NOREPLICAS',
    begin: own => own.ask('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    end: own => own.ask('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  },
  {
    // The password was changed: a client learns of it at its next connection.
    code: 'NOAUTH',
    begin: async own => {
      await own.ask('CONFIG', 'SET', 'requirepass', 'changed');
      await own.ask('-a', 'changed', '--no-auth-warning', 'CLIENT', 'KILL', 'TYPE', 'normal');
    },
    end: own => own.ask('-a', 'changed', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', ''),
  },
  { code: 'ECONNREFUSED', begin: own => own.kill(), end: own => own.restart() },
];

describe('the log of an outage of Redis', function () {
  this.timeout(60_000);
  let own: OwnRedis;
  let opened: OpenClient;

  beforeEach(async function () {
    own = await OwnRedis.start(this);
  });
  afterEach(async () => {
    await opened.close();
    await own.close();
  });

  for (const { name, open } of singleClients)
    for (const { code, begin, end } of sampled(faults, ({ code }) => `${code} ${name}`))
      it(`has ${code} once, and the end once, by ${name}`, async () => {
        opened = await open({ host: '127.0.0.1', port: own.port });
        const app = await new SignInApp({ store: redisStore(opened.client) }).withUsers();
        expect((await app.browser().signIn()).status).to.equal(200);
        await begin(own);
        app.logger.entries.splice(0);
        for (let round = 0; round < 5; round += 1) {
          const { status, headers } = await app.browser().signIn();
          expect([status, headers['retry-after']]).to.deep.equal([503, '1']);
        }
        await end(own);
        await until(async () => (await app.browser().signIn()).status === 200, 'Redis');
        const lines = app.logger.entries.filter(({ level, message }) => level !== 'debug' && /^store/.test(message));
        expect(lines.map(({ level }) => level)).to.deep.equal(['error', 'info']);
        expect(lines[0]?.data).to.include({ code });
        await app.close();
      });
});
