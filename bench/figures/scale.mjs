/**
 * What many sessions and revocations cost beside few: node bench/figures/scale.mjs [--rounds 7 --amount 200 --many 1000000]
 *
 * A refresh among 1,000 and among 1,000,000 families in PostgreSQL and Redis, and a look into a denylist of as many entries.
 * Few and many are asked in turn, so that what else happens on the machine happens to both. PostgreSQL gets a schema that is
 * dropped at the end; Redis is one of the bench's own.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import redis from '../../dist/src/redis/index.js';
import { Families, places } from '../families.mjs';
import { startRedis } from '../own-redis.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { option, tell } from './figure.mjs';

const [rounds, amount, many] = [option('rounds', 7), option('amount', 200), option('many', 1_000_000)];
const few = 1000;
const iss = 'https://issuer.example.com';
const burst = 20;

/** @returns by name: the median of each round, in microseconds */
async function inTurn(crowds) {
  const medians = { few: [], many: [] };
  for (let round = -1; round < rounds; round++) {
    for (let done = 0; done < amount; done += burst)
      for (const name of done % (2 * burst) === 0 ? ['few', 'many'] : ['many', 'few']) await crowds[name].run(burst);
    for (const [name, { times }] of Object.entries(crowds)) {
      const { median } = spread(times.splice(0));
      if (round >= 0) medians[name].push(median);
    }
  }
  return medians;
}

async function refreshes(kind, url) {
  const crowds = {};
  for (const [name, count] of Object.entries({ few, many })) {
    const families = new Families(await places[kind](url), count);
    process.stderr.write(`${kind}: ${count} families …\n`);
    await families.fill();
    crowds[name] = { families, times: families.times, run: times => families.refresh(times) };
  }
  const medians = await inTurn(crowds);
  for (const { families } of Object.values(crowds)) await families.place.remove();
  return medians;
}

/** A denylist of so many entries. The look-ups are for tokens of which one in ten is revoked. */
async function denylistOf(count, proxyUrl, url) {
  const [client, filler, prefix] = [new Redis(proxyUrl), new Redis(url), `axioms:bench:${randomUUID()}:`];
  const denylist = new redis.RedisDenylist(client, { prefix });
  for (let index = 0; index < 100; index++) await denylist.revoke({ iss, jti: `token-${index}` });
  const [known] = await filler.keys(`${prefix}*`);
  const home = known.slice(0, known.lastIndexOf(':') + 1);
  for (let first = 100; first < count; first += 10_000)
    await filler.eval(fill, 1, home, first, Math.min(count, first + 10_000));
  filler.disconnect();
  const times = [];
  return { denylist, times, close: () => client.disconnect(), run: lookUps(denylist, times) };
}

const fill = `
for index = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
  redis.call('SET', KEYS[1] .. redis.sha1hex(index) .. 'abc', '9007199254740991', 'PX', 604800000)
end`;

function lookUps(denylist, times) {
  return async count => {
    for (let done = 0; done < count; done++) {
      const index = Math.floor(Math.random() * 1000);
      const claims = { iss, jti: `token-${index}`, sub: `user-${index}`, sid: `session-${index}`, client_id: 'web' };
      const start = process.hrtime.bigint();
      const isRevoked = await denylist.isRevoked(claims);
      times.push(Number(process.hrtime.bigint() - start) / 1000);
      if (isRevoked !== index < 100) throw new Error('The denylist answers wrongly');
    }
  };
}

async function denylists(url) {
  process.env.REDIS_URL = url;
  const { CountingProxy } = await import('../../dist/test/redis/counting-proxy.js').then(({ default: made }) => made);
  const proxy = await CountingProxy.start();
  const crowds = { few: await denylistOf(few, proxy.url, url), many: await denylistOf(many, proxy.url, url) };
  const medians = await inTurn(crowds);
  proxy.forget();
  await crowds.many.run(1000);
  const roundTrips = proxy.commands.length / 1000;
  for (const { close } of Object.values(crowds)) close();
  proxy.close();
  return { ...medians, roundTrips };
}

await tell(async () => {
  const server = await startRedis();
  const found = {
    'refresh, PostgreSQL': await refreshes('postgres'),
    'refresh, Redis': await refreshes('redis', server.url),
    'a look into the denylist, Redis': await denylists(server.url),
  };
  server.stop();
  const row = ([what, medians]) => [
    what,
    shown(spread(medians.few)),
    shown(spread(medians.many)),
    shown(ratio(medians.many, medians.few), 2),
    medians.roundTrips?.toFixed(2) ?? '',
  ];
  const {
    'refresh, PostgreSQL': postgres,
    'refresh, Redis': inRedis,
    'a look into the denylist, Redis': denylist,
  } = found;
  return {
    title: `Few and many: µs a step, one after the other`,
    heads: ['', `among ${few}`, `among ${many}`, 'many ÷ few', 'round trips'],
    rows: Object.entries(found).map(row),
    values: {
      postgres: ratio(postgres.many, postgres.few),
      redis: ratio(inRedis.many, inRedis.few),
      denylistRoundTrips: denylist.roundTrips,
    },
  };
});
