/**
 * Where our time goes: node bench/profile.mjs [--amount 20000] [--scenarios RS256] [--contestant ours]
 *
 * Profiles our guarded route alone in the scenarios whose titles have these words, and prints the functions that most
 * of our own code's time is spent in, and whose the rest is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Child } from './child.mjs';
import { expectedStatus } from './contestants.mjs';
import { install } from './install.mjs';
import { startIssuer } from './issuer.mjs';
import { poolsFor, scenarios } from './scenarios.mjs';
import { selfTimes } from './self-times.mjs';
import { table } from './table.mjs';
import { makeKeys, writePool } from './tokens.mjs';

const { values } = parseArgs({
  options: {
    amount: { type: 'string', default: '20000' },
    scenarios: { type: 'string', default: 'RS256' },
    contestant: { type: 'string', default: 'ours' },
  },
});
const { contestant } = values;
const amount = Number(values.amount);

install();
const keys = makeKeys();
const issuer = await startIssuer(keys);
const folder = await mkdtemp(join(tmpdir(), 'bench-'));
const wanted = scenarios.filter(({ title }) => values.scenarios.split(',').every(word => title.includes(word)));
await writePool(join(folder, 'tokens.json'), await poolsFor(wanted, keys, issuer.url, 2 * amount + 1));
for (const scenario of wanted) console.log(`${scenario.title}\n${await profile(scenario)}\n`);
issuer.close();
await rm(folder, { recursive: true });

// What is measured is the second half: by then everything is loaded and compiled.
async function profile(scenario) {
  const burst = { ...scenario, amount, expected: expectedStatus(contestant, scenario) };
  const server = new Child('./server.mjs', [contestant, JSON.stringify({ url: issuer.url, jwksUrl: issuer.jwksUrl })]);
  const { url } = await server.ready();
  const load = new Child('./load.mjs', [join(folder, 'tokens.json')]);
  await load.ready();
  await load.ask({ url, ...burst });
  await server.ask({ profile: 'start' });
  await load.ask({ url, ...burst });
  const found = await server.ask({ profile: 'stop' });
  await Promise.all([load.stop(), server.stop()]);
  return shownTimes(selfTimes(found));
}

function shownTimes({ owners, functions }) {
  const perRequest = micros => (micros / amount).toFixed(2);
  const rows = list => list.map(({ name, micros }) => [name, perRequest(micros)]);
  const longest = wanted => rows(functions.filter(({ owner }) => wanted(owner)).slice(0, 25));
  return [
    table(['whose', 'µs/request'], rows(owners).slice(0, 15)),
    table(
      ['ours, self time', 'µs/request'],
      longest(owner => owner === 'ours'),
    ),
    table(
      ["Node's, self time", 'µs/request'],
      longest(owner => owner === 'native' || owner === 'node'),
    ),
  ].join('\n\n');
}
