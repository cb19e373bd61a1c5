/**
 * Runs faults of processes and engines, in an order that the seed decides, against four processes under load:
 *
 *     npm run chaos [-- --minutes 5] [--seed <text>] [--plant <fault of the code>] [--only <text>]
 *
 * Checks that no revoked token is accepted, that no confirmed session is lost, that every failure is a 503 with
 * Retry-After, and that everything works again soon after the fault. docs/many-processes.md describes the faults. --plant
 * plants a fault in the code, which must be found. --only causes only faults whose name has the text. Needs PostgreSQL (DATABASE_URL) and the program redis-server: without
 * them nothing runs, which fails where REQUIRED_SERVERS names them. Exits 1 on any finding.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { Chaos } from '../dist/test/chaos/chaos.js';
import { missingServers } from '../dist/test/chaos/missing-servers.js';
import { plants } from '../dist/test/chaos/orders.js';

const { minutes, seed, plant, only } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now()) },
    plant: { type: 'string' },
    only: { type: 'string' },
  },
}).values;

if (!(Number(minutes) > 0)) throw new Error(`--minutes is ${minutes}: it must be a number above 0.`);
if (plant !== undefined && !plants.includes(plant))
  throw new Error(`--plant is ${plant}: it must be one of ${plants.join(', ')}.`);

const missing = await missingServers();
if (missing.length === 0) process.exitCode = (await Chaos.run({ minutes: Number(minutes), seed, plant, only })) ? 0 : 1;
else {
  for (const { name, reason, isRequired } of missing) {
    console.log(`chaos: ${name} is missing (${reason})${isRequired ? '' : ', so nothing runs'}`);
    if (isRequired) process.exitCode = 1;
  }
  console.log(`0 passed, ${process.exitCode ?? 0} failed, 1 skipped`);
}
