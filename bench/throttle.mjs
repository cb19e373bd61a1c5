/**
 * What a throttle costs the guarded route: node bench/throttle.mjs [--rounds 7 --amount 3000]
 *
 * The same route, guarded, with and without a throttle that counts in memory, and one token again and again: as ratios
 * of interleaved rounds. CPU time is the server process's own; requests/s depend on what else the machine does, too.
 */
import { parseArgs } from 'node:util';
import { machine } from './machine.mjs';
import { runRace } from './race.mjs';
import { ratio, spread } from './statistics.mjs';
import { shown, table } from './table.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, amount: { type: 'string', default: '3000' } },
});
const [rounds, amount] = [values.rounds, values.amount].map(Number);
const [guarded, throttled] = ['ours', 'ours, with a throttle'];

const measured = await runRace({ rounds, amount, only: ['ours'], words: ['repeated'] });
console.log(`Node ${process.version}, ${machine()}; ${rounds} rounds of ${amount} requests; median (min–max)`);
for (const [title, byName] of Object.entries(measured)) console.log(`\n${title}\n${tableOf(byName)}`);

function tableOf(byName) {
  const of = (name, figure) => byName[name].map(round => round[figure]);
  const row = (figure, digits) => [
    ...[guarded, throttled].map(name => shown(spread(of(name, figure)), digits)),
    shown(ratio(of(throttled, figure), of(guarded, figure)), 3),
  ];
  const rows = [
    ['requests/s', ...row('throughput', 0)],
    ['CPU µs/request', ...row('cpu', 1)],
  ];
  return table(['', 'guarded', 'and throttled', 'throttled ÷ guarded'], rows);
}
