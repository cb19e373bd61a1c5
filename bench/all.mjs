/**
 * Everything that is measured: npm run bench:all [-- --node 24 --rounds 7 --amount 4000 --tokens 1000000 --only scale,processes]
 *
 * The race, refusals included, and every figure of bench/figures, each in a process of its own. Writes RESULTS.md,
 * results.svg and results.json: the section of this Node; that of another Node stays. With `--only` it measures these
 * figures alone, and adds them to the section.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { nodeBinary } from '../test/node-binary.mjs';
import { Child } from './child.mjs';
import { install } from './install.mjs';
import { machine } from './machine.mjs';
import { runRace } from './race.mjs';
import { add, keep } from './results.mjs';

const { values } = parseArgs({
  options: {
    node: { type: 'string', default: process.versions.node.split('.')[0] },
    rounds: { type: 'string', default: '7' },
    amount: { type: 'string', default: '4000' },
    tokens: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
  },
});

const special = {
  memory: [['--amount', values.tokens], ['--expose-gc']],
  dpop: [['--rounds', values.rounds], ['--expose-gc']],
};
const names = [
  'growth',
  'issuers',
  'start-up',
  'signatures',
  'throttle',
  'whole-request',
  'in-process',
  'outage',
  'scale',
  'processes',
  'local-copy',
];

const binary = await nodeBinary(values.node);
if (binary === process.execPath) await measureAll();
else process.exitCode = spawnSync(binary, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1;

async function measureAll() {
  const wanted = values.only.split(',').filter(Boolean);
  if (wanted.length > 0) return add(process.versions.node, await measured(wanted));
  install();
  const [rounds, amount] = [values.rounds, values.amount].map(Number);
  const race = await runRace({ rounds, amount });
  const how = `${rounds} rounds of ${amount} requests`;
  const figures = await measured([...Object.keys(special), ...names]);
  keep({ node: process.versions.node, machine: machine(), how, rounds: race, figures });
  console.log('Written: bench/RESULTS.md, bench/results.svg');
}

async function measured(wanted) {
  const figures = {};
  for (const name of wanted) figures[name] = await figure(name, ...(special[name] ?? [['--rounds', values.rounds]]));
  return figures;
}

async function figure(name, args, execArgv) {
  process.stderr.write(`${name} …\n`);
  return new Child(`./figures/${name}.mjs`, args, execArgv).ready();
}
