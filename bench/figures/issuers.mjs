/**
 * What a request costs where 1,000 issuers are trusted, beside one: node bench/figures/issuers.mjs [--rounds 7 --amount 4000]
 *
 * A thousand tokens in turn, of one issuer or one of each, that were accepted before; and tokens that come once. Both
 * routes stand in one process, and are asked in turn, in slices.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child.mjs';
import { add, ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint, writePool } from '../tokens.mjs';
import { option, tell } from './figure.mjs';

const [rounds, amount] = [option('rounds', 7), option('amount', 4000)];
const [warmUps, slices, count] = [2, 4, 1000];
const key = makeKey('ES256');
const issuers = Array.from({ length: count }, (_, index) => `https://issuer-${index}.example.com`);
const trusted = { few: issuers.slice(0, 1), many: issuers };
const kinds = { known: 'in turn', new: 'distinct' };

await tell(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const pool = join(folder, 'tokens.json');
  await writePool(pool, await pools());
  const server = new Child(
    './figures/issuers-server.mjs',
    [issuers, key.jwk].map(one => JSON.stringify(one)),
  );
  const urls = await server.ready();
  const load = new Child('./load.mjs', [pool]);
  await load.ready();
  const found = await measured({ server, load, urls });
  await Promise.all([load.stop(), server.stop()]);
  await rm(folder, { recursive: true });
  return report(found);
});

async function pools() {
  const made = {};
  for (const [name, ofThese] of Object.entries(trusted)) {
    const many = length =>
      Promise.all(Array.from({ length }, (_, index) => mint(key, claimsOf(ofThese[index % ofThese.length]))));
    made[`${name}, known`] = await many(count);
    made[`${name}, new`] = await many((rounds + warmUps) * amount + 1);
  }
  return made;
}

/** @returns by kind and by how many are trusted: microseconds of CPU time a request, one a round */
async function measured(parts) {
  const found = Object.fromEntries(Object.keys(kinds).map(kind => [kind, { few: [], many: [] }]));
  for (let round = -warmUps; round < rounds; round++)
    for (const kind of Object.keys(kinds)) {
      const sums = await sumsOf(parts, kind);
      if (round >= 0) for (const [name, { cpu }] of Object.entries(sums)) found[kind][name].push(cpu / amount);
    }
  return found;
}

// There and back.
async function sumsOf(parts, kind) {
  const names = Object.keys(trusted);
  const sums = Object.fromEntries(names.map(name => [name, { cpu: 0, seconds: 0, latencies: [] }]));
  for (let slice = 0; slice < slices; slice++)
    for (const name of slice % 2 === 0 ? names : names.toReversed()) add(sums[name], await burst(parts, name, kind));
  return sums;
}

async function burst({ server, load, urls }, name, kind) {
  const before = await server.ask({});
  const wanted = { pool: `${name}, ${kind}`, kind: kinds[kind], status: 200, expected: 200, amount: amount / slices };
  const answer = await load.ask({ url: urls[name], ...wanted });
  const after = await server.ask({});
  return { ...answer, cpu: after.cpu - before.cpu };
}

function report(found) {
  const growth = kind => ratio(found[kind].many, found[kind].few);
  const row = kind => [
    `${kind} token`,
    ...['few', 'many'].map(name => shown(spread(found[kind][name]), 1)),
    shown(growth(kind), 3),
  ];
  return {
    title: `One issuer and ${count}: CPU µs a request`,
    heads: ['', 'one', String(count), 'ratio'],
    rows: Object.keys(kinds).map(row),
    values: Object.fromEntries(Object.keys(kinds).map(kind => [kind, growth(kind)])),
  };
}
