/**
 * Ours beside its peers, in one run: npm run bench [-- --rounds 7 --amount 4000 --only ours,aws --scenarios RS256,distinct]
 *
 * Each contestant is a process of its own, the requests come from another. A round asks every contestant for every
 * scenario, one burst after the other, so that what else happens on the machine happens to all of them.
 */
import { parseArgs } from 'node:util';
import { install } from './install.mjs';
import { machine } from './machine.mjs';
import { runRace } from './race.mjs';
import { raceTables } from './report.mjs';
import { table } from './table.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    amount: { type: 'string', default: '4000' },
    only: { type: 'string', default: '' },
    scenarios: { type: 'string', default: '' },
  },
});

const words = text => text.split(',').filter(Boolean);
const [rounds, amount] = [values.rounds, values.amount].map(Number);

install();
const measured = await runRace({ rounds, amount, only: words(values.only), words: words(values.scenarios) });
console.log(`Node ${process.version}, ${machine()}; ${rounds} rounds of ${amount} requests; median (min–max)`);
for (const { title, heads, rows, verdict } of raceTables(measured))
  console.log(`\n${title}\n${table(heads, rows)}\n${verdict}`);
