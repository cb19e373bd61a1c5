/**
 * Where our time goes: node bench/profile.mjs [--amount 20000] [--alg RS256] [--contestant ours]
 *
 * Runs our guarded route alone under --cpu-prof, with one token and with distinct ones, and prints the functions that
 * most of our own code's time is spent in, and whose the rest is.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Child } from './child.mjs';
import { install } from './install.mjs';
import { startIssuer } from './issuer.mjs';
import { selfTimes } from './self-times.mjs';
import { table } from './table.mjs';
import { makeKeys, mintMany, writePool } from './tokens.mjs';

const { values } = parseArgs({
  options: {
    amount: { type: 'string', default: '20000' },
    alg: { type: 'string', default: 'RS256' },
    contestant: { type: 'string', default: 'ours' },
  },
});
const { alg, contestant } = values;
const amount = Number(values.amount);

install();
const keys = makeKeys();
const issuer = await startIssuer(keys);
const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const key = keys.find(one => one.alg === alg);
await writePool(join(folder, 'tokens.json'), { [alg]: await mintMany(key, issuer.url, amount + 1) });
for (const kind of ['repeated', 'distinct']) console.log(`${alg}, ${kind}\n${await profile(kind)}\n`);
issuer.close();
await rm(folder, { recursive: true });

async function profile(kind) {
  const profiles = join(folder, kind);
  const address = JSON.stringify({ url: issuer.url, jwksUrl: issuer.jwksUrl });
  const server = new Child('./server.mjs', [contestant, address], ['--cpu-prof', `--cpu-prof-dir=${profiles}`]);
  const { url } = await server.ready();
  const load = new Child('./load.mjs', [join(folder, 'tokens.json')]);
  await load.ready();
  await load.ask({ url, alg, kind, amount });
  await Promise.all([load.stop(), server.stop()]);
  const [file] = await readdir(profiles);
  return shownTimes(selfTimes(JSON.parse(await readFile(join(profiles, file), 'utf8'))));
}

function shownTimes({ owners, functions }) {
  const perRequest = micros => (micros / amount).toFixed(2);
  const rows = list => list.map(({ name, micros }) => [name, perRequest(micros)]);
  const ours = functions.filter(({ owner }) => owner === 'ours').slice(0, 15);
  return [table(['whose', 'µs/request'], rows(owners)), table(['ours, self time', 'µs/request'], rows(ours))].join(
    '\n\n',
  );
}
