/** What something costs beside something else: interleaved rounds in one process. */
import { cpuTime } from '../cpu-time.mjs';

const warmUps = 2;

/**
 * @param runs by name: does it once, given how often it was done before
 * @returns by name: microseconds of CPU time, one a round
 */
export async function interleaved(runs, { rounds, amount }) {
  const costs = Object.fromEntries(Object.keys(runs).map(name => [name, []]));
  for (let round = -warmUps; round < rounds; round++)
    for (const [name, run] of Object.entries(runs)) {
      const cost = await costOf(run, (round + warmUps) * amount, amount);
      if (round >= 0) costs[name].push(cost);
    }
  return costs;
}

async function costOf(run, first, count) {
  const before = cpuTime();
  for (let index = first; index < first + count; index++) await run(index);
  return (cpuTime() - before) / count;
}
