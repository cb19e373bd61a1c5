/**
 * What a throttle in memory adds to the guarded route: node bench/figures/throttle.mjs [--rounds 7 --amount 3000]
 *
 * One token, again and again, at three routes of one process: what the compiler and the collector make of a process is the
 * same for all. A round asks them in turn, in slices so short that what else happens on the machine happens to all. Two of
 * them are the same, before and behind the throttled one: how far they lie apart is what the figure cannot tell.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child.mjs';
import { startIssuer } from '../issuer.mjs';
import { add, ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { claimsOf, makeKey, mint, writePool } from '../tokens.mjs';
import { option, tell } from './figure.mjs';

const [rounds, amount] = [option('rounds', 7), option('amount', 3000)];
const warmUps = 2;
const slices = 10;
const paths = ['/guarded', '/throttled', '/again'];
const figures = {
  'CPU µs/request': ({ cpu }) => cpu / amount,
  'requests/s': ({ seconds }) => amount / seconds,
};

await tell(async () => {
  const key = makeKey('RS256');
  const issuer = await startIssuer([key]);
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const pool = join(folder, 'tokens.json');
  await writePool(pool, { known: [await mint(key, claimsOf(issuer.url))] });
  const server = new Child('./figures/throttle-server.mjs', [issuer.url]);
  const { url } = await server.ready();
  const load = new Child('./load.mjs', [pool]);
  await load.ready();
  const found = await measured({ server, load, url });
  await Promise.all([load.stop(), server.stop()]);
  issuer.close();
  await rm(folder, { recursive: true });
  return report(found);
});

async function measured(parts) {
  const found = Object.fromEntries(paths.map(path => [path, []]));
  for (let round = -warmUps; round < rounds; round++) {
    const sums = await sumsOf(parts);
    if (round >= 0) for (const path of paths) found[path].push(sums[path]);
  }
  return found;
}

// There and back.
async function sumsOf(parts) {
  const sums = Object.fromEntries(paths.map(path => [path, { cpu: 0, seconds: 0, latencies: [] }]));
  for (let slice = 0; slice < slices; slice++)
    for (const path of slice % 2 === 0 ? paths : paths.toReversed()) add(sums[path], await burst(parts, path));
  return sums;
}

async function burst({ server, load, url }, path) {
  const before = await server.ask({});
  const wanted = { pool: 'known', kind: 'repeated', status: 200, expected: 200, amount: amount / slices };
  const answer = await load.ask({ url: url + path, ...wanted });
  const after = await server.ask({});
  return { ...answer, cpu: after.cpu - before.cpu };
}

function report(found) {
  const of = (path, figure) => found[path].map(round => figures[figure](round));
  const guarded = figure => of('/guarded', figure).map((value, round) => (value + of('/again', figure)[round]) / 2);
  const share = figure => ratio(of('/throttled', figure), guarded(figure));
  const row = (figure, digits) => [
    figure,
    shown(spread(guarded(figure)), digits),
    shown(spread(of('/throttled', figure)), digits),
    shown(share(figure), 3),
    shown(ratio(of('/again', figure), of('/guarded', figure)), 3),
  ];
  return {
    title: 'A throttle in memory, for a known token',
    heads: ['', 'guarded', 'and throttled', 'throttled ÷ guarded', 'guarded ÷ guarded'],
    rows: [row('CPU µs/request', 1), row('requests/s', 0)],
    values: { cpu: share('CPU µs/request'), throughput: share('requests/s') },
  };
}
