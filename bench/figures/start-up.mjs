/**
 * What the guard adds to the start of a large API: node bench/figures/start-up.mjs [--rounds 5]
 *
 * 1,000 controllers of 5 actions, registered in a fresh process each time: by routing-controllers, and by ours.
 */
import { Child } from '../child.mjs';
import { ratio, spread } from '../statistics.mjs';
import { shown } from '../table.mjs';
import { option, tell } from './figure.mjs';

const rounds = option('rounds', 5);
const kinds = ['stock', 'ours, saying nothing', 'ours, with scope rules'];

async function start(kind) {
  const child = new Child('./figures/start-up-server.mjs', [kind]);
  const { cpu } = await child.ready();
  await child.stop();
  return cpu / 1000;
}

await tell(async () => {
  const costs = Object.fromEntries(kinds.map(kind => [kind, []]));
  for (let round = 0; round < rounds; round++) for (const kind of kinds) costs[kind].push(await start(kind));
  const [stock, ...guarded] = kinds;
  const rows = kinds.map(kind => [kind, shown(spread(costs[kind])), shown(ratio(costs[kind], costs[stock]), 2)]);
  return {
    title: 'Start-up: 1,000 controllers × 5 actions, CPU ms of registration',
    heads: ['', 'CPU ms', '÷ stock'],
    rows,
    values: { startUp: Math.max(...guarded.map(kind => ratio(costs[kind], costs[stock]).median)) },
  };
});
