/**
 * What a refresh costs among few sessions and among many: node bench/refresh.mjs [--families 100000 --refreshes 1000 --only postgres,redis]
 *
 * The same steps as a request takes, without HTTP: look the family up, check the token, rotate. Few and many are asked by
 * turns, in small bursts, so that what else happens on the machine happens to both.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import microservice from '../dist/src/microservice/index.js';
import families from '../dist/src/microservice/refresh/refresh-families.js';
import secrets from '../dist/src/microservice/secrets.js';
import typeorm from '../dist/src/microservice/typeorm/index.js';

const { values } = parseArgs({
  options: {
    families: { type: 'string', default: '100000' },
    refreshes: { type: 'string', default: '1000' },
    only: { type: 'string', default: 'memory,postgres,redis' },
  },
});
const few = 1000;
const many = Number(values.families);
const burst = 25;

const silent = () => undefined;
const options = {
  issuer: 'https://api.example.com',
  clientId: 'bench',
  rotateRefreshTokens: true,
  refreshTokenLifetime: 86_400,
  sessionLifetime: 2_592_000,
  refreshGracePeriod: 10,
  maxSessionsPerUser: 20,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  clock: () => Date.now(),
};

const places = {
  memory: () => ({ store: microservice.memoryStore(), remove: silent }),
  async postgres() {
    const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
    const schema = `axioms_bench_${randomUUID().replaceAll('-', '')}`;
    const store = typeorm.typeOrmStore({ url, schema });
    return {
      store,
      settle: () => run(url, `VACUUM ANALYZE "${schema}".axioms_refresh_family`),
      async remove() {
        await store.close();
        await run(url, `DROP SCHEMA "${schema}" CASCADE`);
      },
    };
  },
  redis() {
    const client = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    const prefix = `axioms:bench:${randomUUID()}:`;
    return {
      store: microservice.redisStore(client, { prefix }),
      async remove() {
        for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 }))
          if (keys.length > 0) await client.unlink(...keys);
        client.disconnect();
      },
    };
  },
};

async function run(url, query) {
  const database = await new DataSource({ type: 'postgres', url }).initialize();
  await database.query(query);
  await database.destroy();
}

class Crowd {
  constructor(place, amount) {
    Object.assign(this, place, { amount, tokens: [], times: [] });
    const services = { store: place.store, secrets: new secrets.Secrets('s'.repeat(32)), denylist: undefined };
    this.families = new families.RefreshFamilies(options, services);
  }

  async fill() {
    for (let index = 0; index < this.amount; index += 10) {
      const begun = Array.from({ length: 10 }, (_, one) => this.families.begin(`user-${index + one}`, null));
      for (const { token } of await Promise.all(begun)) this.tokens.push(token);
    }
    await this.settle?.();
  }

  async refresh() {
    for (let count = 0; count < burst; count++) {
      const index = Math.floor(Math.random() * this.tokens.length);
      const start = process.hrtime.bigint();
      const family = await this.families.check(this.tokens[index]);
      this.tokens[index] = (await this.families.rotate(this.tokens[index], family)).token;
      this.times.push(Number(process.hrtime.bigint() - start) / 1000);
    }
  }

  get median() {
    return this.times.sort((a, b) => a - b)[Math.floor(this.times.length / 2)];
  }
}

for (const name of values.only.split(',')) {
  const crowds = [new Crowd(await places[name](), few), new Crowd(await places[name](), many)];
  for (const crowd of crowds) await crowd.fill();
  for (const crowd of crowds) await crowd.refresh();
  for (const crowd of crowds) crowd.times = [];
  for (let done = 0; done < Number(values.refreshes); done += burst) for (const crowd of crowds) await crowd.refresh();
  const [small, large] = crowds.map(({ median }) => median);
  const ratio = ((large / small - 1) * 100).toFixed(1);
  console.log(
    `${name}: ${small.toFixed(0)} µs a refresh among ${few}, ${large.toFixed(0)} µs among ${many}: ${ratio} %`,
  );
  for (const crowd of crowds) await crowd.remove();
}
