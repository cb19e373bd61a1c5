/** Session families in a store, many of them, and what their refresh costs. */
import { createHash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import microservice from '../dist/src/microservice/index.js';
import refresh from '../dist/src/microservice/refresh/refresh-families.js';
import tokens from '../dist/src/microservice/refresh/refresh-token.js';
import secrets from '../dist/src/microservice/secrets.js';
import typeorm from '../dist/src/microservice/typeorm/index.js';

const silent = () => undefined;
const issuer = 'https://api.example.com';
const options = {
  issuer,
  clientId: 'bench',
  rotateRefreshTokens: true,
  refreshTokenLifetime: 86_400,
  sessionLifetime: 2_592_000,
  refreshGracePeriod: 10,
  maxSessionsPerUser: 20,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  clock: () => Date.now(),
};
const batch = 2000;

/** The places where families are stored: `{ store, add, settle, remove }`. */
export const places = { postgres: inPostgres, redis: inRedis };

async function inPostgres() {
  const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
  const schema = `axioms_bench_${randomUUID().replaceAll('-', '')}`;
  const store = typeorm.typeOrmStore({ url, schema });
  const database = await new DataSource({ type: 'postgres', url }).initialize();
  const table = `"${schema}".axioms_refresh_family`;
  await store.findFamily('nobody');
  return {
    store,
    add: families =>
      database.query(
        `INSERT INTO ${table} (handle, id, issuer, client_id, user_id, jkt, current_hash, previous_hash, generation,
           signed_in_at, rotated_at, idle_until, expires_at)
         SELECT handle, gen_random_uuid(), $1, $2, user_id, NULL, current, NULL, 0, $3, $3, $4, $5
         FROM unnest($6::text[], $7::text[], $8::text[]) AS family (handle, current, user_id)`,
        [
          issuer,
          options.clientId,
          ...timesOf(),
          ...['handle', 'current', 'userId'].map(name => families.map(f => f[name])),
        ],
      ),
    settle: () => database.query(`VACUUM ANALYZE ${table}`),
    async remove() {
      await store.close();
      await database.query(`DROP SCHEMA "${schema}" CASCADE`);
      await database.destroy();
    },
  };
}

async function inRedis(url) {
  const client = new Redis(url);
  const prefix = `axioms:bench:${randomUUID()}:`;
  return {
    store: microservice.redisStore(client, { prefix, timeout: 10 }),
    async add(families) {
      const [at, idleUntil, expiresAt] = timesOf();
      const pipeline = client.pipeline();
      for (const { handle, current, userId } of families) {
        const row = {
          handle,
          id: randomUUID(),
          issuer,
          clientId: options.clientId,
          userId,
          jkt: '',
          current,
          previous: '',
        };
        const times = { generation: 0, signedInAt: at, rotatedAt: at, idleUntil, expiresAt };
        const list = `${prefix}user:${JSON.stringify([issuer, userId])}`;
        pipeline
          .hset(`${prefix}family:${handle}`, { ...row, ...times })
          .pexpire(`${prefix}family:${handle}`, idleUntil - at);
        pipeline.zadd(list, at, handle).pexpire(list, expiresAt - at);
      }
      await pipeline.exec();
    },
    settle: silent,
    async remove() {
      client.disconnect();
    },
  };
}

function timesOf() {
  const now = Date.now();
  return [now, now + options.refreshTokenLifetime * 1000, now + options.sessionLifetime * 1000];
}

/** A number of families, each of which may be refreshed. */
export class Families {
  /** Microseconds of each refresh. */
  times = [];
  #rotated = new Map();

  constructor(place, amount) {
    Object.assign(this, { place, amount });
    const services = { store: place.store, secrets: new secrets.Secrets('s'.repeat(32)), denylist: undefined };
    this.families = new refresh.RefreshFamilies(options, services);
  }

  async fill() {
    for (let first = 0; first < this.amount; first += batch) {
      const count = Math.min(batch, this.amount - first);
      await this.place.add(Array.from({ length: count }, (_, one) => this.#family(first + one)));
    }
    await this.place.settle();
  }

  /** The steps of a request, without HTTP: finds the family, checks the token, and rotates it. */
  async refresh(count) {
    for (let done = 0; done < count; done++) {
      const index = Math.floor(Math.random() * this.amount);
      const token = this.#rotated.get(index) ?? tokenOf(index);
      const start = process.hrtime.bigint();
      const issued = await this.families.rotate(await this.families.check(token));
      this.times.push(Number(process.hrtime.bigint() - start) / 1000);
      this.#rotated.set(index, issued.token);
    }
  }

  #family(index) {
    const token = tokenOf(index);
    return { handle: token.handle, current: token.hash, userId: `user-${index}` };
  }
}

// Made of its number, so that a million of them need no memory.
function tokenOf(index) {
  return tokens.RefreshToken.parse(createHash('sha384').update(`family ${index}`).digest('base64url'));
}
