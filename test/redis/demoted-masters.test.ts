/** A master that becomes a replica while its clients stay connected, and a name that leads to the new master. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import { RedisThrottleStore } from '../../src/redis';
import { singleClients } from './redis-clients';
import { OwnRedis } from './redis-server';
import { until } from './redis-topologies';

/** An address that leads to one server, and later to another one. Open connections stay where they are. */
class Name {
  private constructor(
    private readonly server: Server,
    public leadsTo: number,
  ) {}

  static async of(port: number): Promise<Name> {
    const server = createServer();
    const name = new Name(server, port);
    server.on('connection', near => {
      const far = connect(name.leadsTo, '127.0.0.1');
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy());
      near.pipe(far).pipe(near);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return name;
  }

  get address() {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port };
  }

  close(): void {
    this.server.close();
  }
}

describe('a client of a master that was demoted', function () {
  this.timeout(60_000);
  let first: OwnRedis;
  let second: OwnRedis;

  beforeEach(async function () {
    first = await OwnRedis.start(this);
    second = await OwnRedis.start(this);
  });
  afterEach(() => Promise.all([first.close(), second.close()]));

  for (const { name, open } of singleClients)
    it(`connects to the new master after READONLY, by ${name}`, async () => {
      const host = await Name.of(first.port);
      const opened = await open(host.address);
      const store = new RedisThrottleStore(opened.client, { prefix: `${randomUUID()}:` });
      const hit = () => store.hit('key', { amount: 1000, seconds: 60 });
      expect((await hit()).remaining).to.equal(999);
      await first.ask('REPLICAOF', '127.0.0.1', String(second.port));
      host.leadsTo = second.port;
      const refused: unknown = await hit().catch((error: unknown) => error);
      expect((refused as Error).message).to.match(/^READONLY /);
      await until(
        () =>
          hit().then(
            () => true,
            () => false,
          ),
        'the new master',
        10,
      );
      expect(await second.ask('DBSIZE')).to.equal('1\n');
      await opened.close();
      host.close();
    });
});
