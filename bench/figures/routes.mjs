/** What several routes of one server cost: each round asks them in turn, there and back, in slices. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child.mjs';
import { add } from '../statistics.mjs';
import { writePool } from '../tokens.mjs';

const warmUps = 2;

/** How many tokens a route is sent where none comes twice. */
export function tokensFor({ rounds, amount }) {
  return (rounds + warmUps) * amount + 1;
}

/**
 * @param server the process that answers; its first message tells what `routes` asks for
 * @param pools of tokens, by name
 * @param routes given that message: by name `{ url, pool, kind }`
 * @returns by route: `{ cpu, seconds }` a request, one a round
 */
export async function measureRoutes({ server, pools, routes, rounds, amount, slices }) {
  const named = routes(await server.ready());
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const pool = join(folder, 'tokens.json');
  await writePool(pool, pools);
  const load = new Child('./load.mjs', [pool]);
  await load.ready();
  const found = Object.fromEntries(Object.keys(named).map(name => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    const sums = await sumsOf({ server, load, named, amount, slices });
    if (round < 0) continue;
    for (const [name, { cpu, seconds }] of Object.entries(sums))
      found[name].push({ cpu: cpu / amount, seconds: seconds / amount });
  }
  await Promise.all([load.stop(), server.stop()]);
  await rm(folder, { recursive: true });
  return found;
}

async function sumsOf({ server, load, named, amount, slices }) {
  const names = Object.keys(named);
  const sums = Object.fromEntries(names.map(name => [name, { cpu: 0, seconds: 0, latencies: [] }]));
  for (let slice = 0; slice < slices; slice++)
    for (const name of slice % 2 === 0 ? names : names.toReversed())
      add(sums[name], await burst({ server, load, amount: amount / slices }, named[name]));
  return sums;
}

async function burst({ server, load, amount }, route) {
  const before = await server.ask({});
  const answer = await load.ask({ ...route, status: 200, expected: 200, amount });
  const after = await server.ask({});
  return { ...answer, cpu: after.cpu - before.cpu };
}
