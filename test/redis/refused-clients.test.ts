/** Clients that cannot work, and the errors that stop the server then. */
import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import { redisStore } from '../../src/microservice';
import { RedisDenylist, RedisSignInAttempts, RedisThrottleStore, type RedisClient } from '../../src/redis';
import { showsOptions } from './redis-clients';

const lazy = { lazyConnect: true } as const;
const address = { host: '127.0.0.1', port: 1 };

const stores = {
  RedisDenylist: (client: RedisClient) => new RedisDenylist(client),
  RedisThrottleStore: (client: RedisClient) => new RedisThrottleStore(client),
  RedisSignInAttempts: (client: RedisClient) => new RedisSignInAttempts(client),
  'redisStore()': (client: RedisClient) => redisStore(client),
};

for (const [name, make] of Object.entries(stores))
  describe(`${name} refuses`, () => {
    for (const [what, client] of [
      ['nothing', undefined],
      ['a URL', 'redis://localhost'],
      ['a client of another database', { query: () => undefined }],
    ] as const)
      it(`${what}, and names the clients that it takes`, () => {
        expect(() => make(client as never)).to.throw(ImproperlyConfigured, 'new Redis(), new Cluster()');
      });

    for (const [option, client] of [
      ["scaleReads: 'slave'", () => new Cluster([address], { ...lazy, scaleReads: 'slave' })],
      ["scaleReads: 'all'", () => new Cluster([address], { ...lazy, scaleReads: 'all' })],
      ["role: 'slave'", () => new Redis({ ...lazy, sentinels: [address], name: 'axioms', role: 'slave' })],
      ['useReplicas: true', () => createCluster({ rootNodes: [{ socket: address }], useReplicas: true })],
    ] as const)
      it(`a client that reads from replicas, because they lag behind: ${option}`, function () {
        const reading = client();
        // It is read by scripts, which go to masters all the same.
        if (option === 'useReplicas: true' && !showsOptions(reading)) this.skip();
        expect(() => make(reading)).to.throw(ImproperlyConfigured, option);
      });

    it('no client with its default options', () => {
      for (const client of [new Cluster([address], lazy), new Redis(lazy)]) make(client);
      make(createCluster({ rootNodes: [{ socket: address }] }));
    });
  });

describe('a cluster client that does not show whether it reads from replicas', () => {
  /** Redis before version 4.1 has the first method, and before 5.5 none of the options. */
  function clusterOf(method: string, members: object = {}) {
    const asked: string[] = [];
    const client = {
      [method]: () => undefined,
      ...members,
      eval: (script: string) => {
        asked.push(`EVAL ${script}`);
        return Promise.resolve([null]);
      },
      mGet: (keys: string[]) => {
        asked.push('MGET');
        return Promise.resolve(keys.map(() => null));
      },
    };
    return { client, asked };
  }

  for (const method of ['getSlotMaster', 'getSlotRandomNode'])
    it(`is read by a script, which goes to a master (${method})`, async () => {
      const { client, asked } = clusterOf(method);
      expect(await new RedisDenylist(client).isRevoked({ iss: 'https://a.example', jti: 'a' })).to.equal(false);
      expect(asked).to.deep.equal(["EVAL return redis.call('MGET', unpack(KEYS))"]);
    });

  for (const [what, method, members] of [
    ['that shows its options', 'getSlotRandomNode', { _options: {} }],
    ['for one server', 'getClientInfo', {}],
  ] as const)
    it(`differs from a client ${what}, which is asked for the keys`, async () => {
      const { client, asked } = clusterOf(method, members);
      expect(await new RedisDenylist(client).isRevoked({ iss: 'https://a.example', jti: 'a' })).to.equal(false);
      expect(asked).to.deep.equal(['MGET']);
    });
});
