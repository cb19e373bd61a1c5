/**
 * Are the checks checked? Takes each check of core/, permissions/ and views/ away in turn and runs the tests that reach it.
 *
 *     npm run mutate [-- <part of a file's path> …] [--thorough] [--since <revision>] [--workers 2] [--budget 60]
 *
 * A mutant is a check that is never met, a rule less in a list, a call that checks left out; with --thorough also every
 * operand, operator, literal and pattern turned around.
 *
 * Each mutant gets the tests nearest to it, for as many seconds as the budget says. One that no test notices is a
 * survivor: it is listed with its reason in test/mutate-survivors.json, or the run ends with 1.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { changedLines } from './changes.mjs';
import { reachOf } from './reach.mjs';
import { Sandbox } from './sandbox.mjs';
import { readMutants } from './source.mjs';
import { Survivors } from './survivors.mjs';
import { Trials } from './trials.mjs';

const rooms = ['core', 'permissions', 'views'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    since: { type: 'string' },
    thorough: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    budget: { type: 'string', default: '60' },
  },
});

const sandboxes = await Sandbox.several(Number(values.workers));
try {
  const all = await readMutants(sandboxes[0], rooms);
  const mutants = all.filter(isChosen());
  const reach = await reachOf(sandboxes);
  const survivors = Survivors.read();
  const trials = new Trials(sandboxes, reach, 1000 * Number(values.budget));
  await trials.run(mutants, mutant => survivors.add(mutant));
  for (const name of survivors.outdated(all, mutants)) console.log(`listed, and no survivor: ${name}`);
  console.log(survivors.summary(mutants));
  process.exitCode = survivors.unlisted.length === 0 ? 0 : 1;
} finally {
  await Promise.all(sandboxes.map(sandbox => sandbox.remove()));
}

function isChosen() {
  const changed = values.since === undefined ? undefined : changedLines(values.since);
  return ({ file, line, isCheck }) => {
    if (!isCheck && !values.thorough) return false;
    const isNamed = positionals.length === 0 || positionals.some(part => file.includes(part));
    return isNamed && (changed === undefined || changed.has(`${file}:${line}`));
  };
}
