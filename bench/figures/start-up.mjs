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
  const { cpu, main } = await child.ready();
  await child.stop();
  return { cpu: cpu / 1000, main: main / 1000 };
}

await tell(async () => {
  const starts = Object.fromEntries(kinds.map(kind => [kind, []]));
  for (let round = 0; round < rounds; round++) for (const kind of kinds) starts[kind].push(await start(kind));
  const of = (kind, figure) => starts[kind].map(one => one[figure]);
  const share = (kind, figure) => ratio(of(kind, figure), of(kinds[0], figure));
  const cells = (kind, figure) => [shown(spread(of(kind, figure))), shown(share(kind, figure), 2)];
  return {
    title: 'Startup: 1,000 controllers × 5 actions, CPU ms of registration',
    heads: ['', 'main thread', '÷ stock', "all threads, the compiler's too", '÷ stock'],
    rows: kinds.map(kind => [kind, ...cells(kind, 'main'), ...cells(kind, 'cpu')]),
    values: {
      startUp: Math.max(...kinds.map(kind => share(kind, 'main').median)),
      startUpAllThreads: Math.max(...kinds.map(kind => share(kind, 'cpu').median)),
    },
  };
});
