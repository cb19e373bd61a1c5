/**
 * What a denylist with a local copy adds to the guarded route: node bench/figures/local-copy.mjs [--rounds 25 --amount 1000]
 *
 * The denylist has 100,000 revocations in a Redis of its own. Four servers of one process are asked in turn, in short slices:
 * without a denylist, with a local copy, with a denylist that asks Redis, and without one again.
 */
import { Redis } from 'ioredis';
import { Child } from '../child.mjs';
import { startIssuer } from '../issuer.mjs';
import { startRedis } from '../own-redis.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint, mintMany } from '../tokens.mjs';
import redis from '../../dist/src/redis/index.js';
import { option, tell } from './figure.mjs';
import { measureRoutes, tokensFor } from './routes.mjs';

const [rounds, amount, entries] = [option('rounds', 25), option('amount', 1000), option('entries', 99_000)];
const kinds = ['without', 'copied', 'asked', 'again'];

await tell(async () => {
  const [key, server] = [makeKey('RS256'), await startRedis()];
  const issuer = await startIssuer([key]);
  await revokeMany(server.url, issuer.url);
  const pools = {
    known: [await mint(key, claimsOf(issuer.url))],
    new: await mintMany(key, issuer.url, tokensFor({ rounds, amount })),
  };
  const found = {};
  for (const [pool, kind] of [
    ['known', 'repeated'],
    ['new', 'distinct'],
  ]) {
    const routes = ({ urls }) => Object.fromEntries(kinds.map(name => [name, { url: urls[name], pool, kind }]));
    const child = new Child('./figures/local-copy-server.mjs', [issuer.url, server.url]);
    found[pool] = await measureRoutes({ server: child, pools, routes, rounds, amount, slices: 40 });
  }
  issuer.close();
  server.stop();
  return report(found);
});

async function revokeMany(url, iss) {
  const client = new Redis(url);
  const denylist = new redis.RedisDenylist(client, { timeout: 30 });
  for (let index = 0; index < entries; index += 1000)
    await Promise.all(
      Array.from({ length: 1000 }, (_, one) => denylist.revoke({ iss, jti: `revoked-${index + one}` })),
    );
  client.disconnect();
}

function report(found) {
  const of = (pool, kind) => found[pool][kind].map(({ cpu }) => cpu);
  const without = pool => of(pool, 'without').map((value, round) => (value + of(pool, 'again')[round]) / 2);
  const share = (pool, kind) => ratio(of(pool, kind), without(pool));
  const row = pool => [
    `${pool} token, CPU µs/request`,
    shown(spread(without(pool)), 1),
    shown(spread(of(pool, 'copied')), 1),
    shown(share(pool, 'copied'), 3),
    shown(share(pool, 'asked'), 3),
    shown(ratio(of(pool, 'again'), of(pool, 'without')), 3),
  ];
  return {
    title: `A denylist in Redis with ${entries} revocations, copied`,
    heads: ['', 'without', 'copied', 'copied ÷ without', 'asks Redis ÷ without', 'without ÷ without'],
    rows: [row('known'), row('new')],
    values: { known: share('known', 'copied'), new: share('new', 'copied') },
  };
}
