/** The contracts of all stores in Redis, with every client, on one server, with Sentinel, and on a cluster. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import {
  denylistContract,
  proofStoreContract,
  signInAttemptsContract,
  throttleStoreContract,
  type ContractCase,
} from 'axioms-routing-controllers/testing';
import { redisStore } from '../../src/microservice';
import {
  RedisDenylist,
  RedisProofStore,
  RedisSignInAttempts,
  RedisThrottleStore,
  type RedisClient,
} from '../../src/redis';
import { slotOf } from '../../src/redis/shards';
import { storeContract } from '../microservice/stores/store-contract';
import { clusterClients, sentinelClients, singleClients, type Address, type OpenClient } from './redis-clients';
import { OwnRedis } from './redis-server';
import { RedisTopology } from './redis-topologies';

interface Running {
  readonly addresses: readonly Address[];
  close(): Promise<void>;
}

const kinds = [
  {
    topology: 'one server',
    clients: singleClients,
    start: async (test: Mocha.Context): Promise<Running> => {
      const server = await OwnRedis.start(test);
      return { addresses: [{ host: '127.0.0.1', port: server.port }], close: () => server.close() };
    },
  },
  {
    topology: 'Sentinel',
    clients: sentinelClients,
    start: async (test: Mocha.Context): Promise<Running> => {
      const topology = await RedisTopology.sentinel(test);
      return { addresses: topology.nodes.slice(2).map(({ address }) => address), close: () => topology.close() };
    },
  },
  {
    topology: 'a cluster',
    clients: clusterClients,
    start: async (test: Mocha.Context): Promise<Running> => {
      const topology = await RedisTopology.cluster(test);
      return { addresses: topology.nodes.map(({ address }) => address), close: () => topology.close() };
    },
  },
];

function register(cases: readonly ContractCase[]): void {
  expect(cases).not.to.have.length(0);
  for (const { name, run } of cases) it(name, run);
}

for (const { topology, clients, start } of kinds)
  describe(`the stores in Redis on ${topology}`, function () {
    this.timeout(60_000);
    let running: Running | undefined;

    before(async function () {
      running = await start(this);
    });
    after(() => running?.close());

    for (const { name, open } of clients)
      describe(`by ${name}`, () => {
        let opened: OpenClient;
        const client = (): RedisClient => opened.client;

        before(async () => {
          opened = await open(...(running?.addresses ?? []));
        });
        after(() => opened.close());

        describe('keep the contract of denylists', () => {
          register(denylistContract({ make: () => new RedisDenylist(client()) }));
        });
        describe('keep the contract of stores of used proofs', () => {
          const make = (limits: object) => new RedisProofStore(client(), { prefix: `${randomUUID()}:`, ...limits });
          register(proofStoreContract({ make }));
        });
        describe('keep the contract of throttle stores', () => {
          register(throttleStoreContract({ make: () => new RedisThrottleStore(client()) }));
        });
        describe('keep the contract of sign-in attempts', () => {
          register(signInAttemptsContract({ make: limits => new RedisSignInAttempts(client(), limits) }));
        });
        storeContract({
          name: `Redis on ${topology}, by ${name}`,
          server: 'redis',
          open: () => {
            const store = redisStore(client(), { prefix: `axioms:test:${randomUUID()}:` });
            return Promise.resolve({ store, remove: () => Promise.resolve() });
          },
        });
      });
  });

describe('the slot of a key', function () {
  this.timeout(60_000);
  let cluster: RedisTopology | undefined;

  before(async function () {
    cluster = await RedisTopology.cluster(this);
  });
  after(() => cluster?.close());

  it('is the one that Redis says', async () => {
    const keys = ['a', 'foo{bar}baz', '{}a', 'a{}{b}', '{a', 'x}{y}', 'ä{ö}', '{{a}}', `axioms:${'long'.repeat(50)}`];
    for (const key of keys)
      expect(slotOf(key), key).to.equal(Number(await cluster?.nodes[0]?.ask('CLUSTER', 'KEYSLOT', key)));
  });

  it('differs between the keys of each store', async () => {
    const { client, close } = await clusterClients[0]!.open(...(cluster?.nodes ?? []).map(({ address }) => address));
    const prefix = `axioms:test:${randomUUID()}`;
    const denylist = new RedisDenylist(client, { prefix: `${prefix}:denylist:` });
    const throttles = new RedisThrottleStore(client, { prefix: `${prefix}:throttle:` });
    const attempts = new RedisSignInAttempts(client, { prefix: `${prefix}:attempts:` });
    const store = redisStore(client, { prefix: `${prefix}:store:` });
    for (let index = 0; index < 30; index += 1) {
      await denylist.revoke({ iss: `https://${index}.example.com`, sub: 'ged' });
      await throttles.hit(`caller ${index}`, { amount: 5, seconds: 60 });
      await attempts.begin({ account: `user ${index}`, address: `198.51.100.${index}` });
      await store.useOnce(`proof ${index}`, Date.now() + 60_000, Date.now());
    }
    for (const what of ['denylist', 'throttle', 'attempts', 'store'])
      for (const node of cluster?.nodes ?? [])
        expect(await node.ask('KEYS', `${prefix}:${what}:*`), `${what} at ${node.port}`).to.match(/\S/);
    await close();
  });
});
