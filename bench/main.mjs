/**
 * Ours beside its peers, in one run: npm run bench [-- --rounds 7 --amount 3000 --only ours,aws --scenarios RS256,distinct]
 *
 * Each contestant is a process of its own, the requests come from another. A round asks every contestant for every
 * scenario, one burst after the other, so that what else happens on the machine happens to all of them.
 */
import { parseArgs } from 'node:util';
import { install } from './install.mjs';
import { Race } from './race.mjs';
import { report } from './report.mjs';
import { scenarios } from './scenarios.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    amount: { type: 'string', default: '3000' },
    only: { type: 'string', default: '' },
    scenarios: { type: 'string', default: '' },
  },
});

const words = text => text.split(',').filter(Boolean);

install();
const race = await Race.start({
  rounds: Number(values.rounds),
  amount: Number(values.amount),
  only: words(values.only),
  scenarios: scenarios.filter(({ title }) => words(values.scenarios).every(word => title.includes(word))),
});
try {
  console.log(report(await race.run(), race));
} finally {
  await race.stop();
}
