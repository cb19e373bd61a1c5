/**
 * What a whole request costs, by the shape of its handler: node bench/figures/whole-request.mjs [--rounds 3 --amount 1500]
 *
 * Five handlers, written by hand for Express, with routing-controllers, and with this library: without rules, with a rule
 * in a field, and with a rule in a getter. Each API has a process of its own, and is asked with one token again and again.
 * A round asks each API for each shape, one slice after the other.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child.mjs';
import { startIssuer } from '../issuer.mjs';
import { geometric, ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint, writePool } from '../tokens.mjs';
import { option, tell } from './figure.mjs';
import { contestants, shapes } from './shapes.mjs';

const [rounds, amount] = [option('rounds', 3), option('amount', 1500)];
const warmUps = 1;
const names = Object.keys(contestants);

await tell(async () => {
  const key = makeKey('RS256');
  const issuer = await startIssuer([key]);
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const pool = join(folder, 'tokens.json');
  await writePool(pool, { known: [await mint(key, claimsOf(issuer.url))] });
  const servers = await Promise.all(names.map(name => started(name, issuer.url)));
  const load = new Child('./load.mjs', [pool]);
  await load.ready();
  const costs = await race(servers, load);
  await Promise.all([load, ...servers.map(({ child }) => child)].map(child => child.stop()));
  issuer.close();
  await rm(folder, { recursive: true });
  return report(costs);
});

async function started(name, issuerUrl) {
  const child = new Child('./figures/shapes-server.mjs', [name, issuerUrl], ['--no-memory-reducer']);
  return { name, child, ...(await child.ready()) };
}

async function race(servers, load) {
  const costs = {};
  for (let round = -warmUps; round < rounds; round++)
    for (const shape of Object.keys(shapes))
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        const cost = await costOf(server, load, shapes[shape]);
        if (round >= 0) ((costs[shape] ??= {})[server.name] ??= []).push(cost);
      }
  return costs;
}

async function costOf({ child, url }, load, { method, url: path, body }) {
  const before = await child.ask({});
  const asked = { url: url + path, method, body: body && JSON.stringify(body), pool: 'known', kind: 'repeated' };
  await load.ask({ ...asked, expected: 200, amount });
  const after = await child.ask({});
  return (after.cpu - before.cpu) / amount;
}

function report(costs) {
  const share = (one, other) => geometric(Object.values(costs).map(of => ratio(of[one], of[other]).median));
  const row = shape => [
    shape,
    ...names.map(name => shown(spread(costs[shape][name]), 1)),
    shown(ratio(costs[shape].field, costs[shape].bare), 2),
  ];
  const values = {
    toBare: share('field', 'bare'),
    toStock: share('field', 'stock'),
    getter: share('getter', 'field'),
    unruled: share('no rules', 'stock'),
  };
  const means = [
    ['guarded ÷ bare, geometric mean', values.toBare],
    ['guarded ÷ stock without a guard', values.toStock],
    ['a rule in a getter ÷ in a field', values.getter],
  ];
  return {
    title: 'A whole request with a known token, by the shape of the handler: CPU µs',
    heads: ['', ...names, 'field ÷ bare'],
    rows: [
      ...Object.keys(shapes).map(row),
      ...means.map(([what, value]) => [what, ...names.map(() => ''), value.toFixed(2)]),
    ],
    values,
  };
}
