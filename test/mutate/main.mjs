/**
 * Are the checks checked? Takes each check of core/, permissions/ and views/ away in turn and runs the tests that reach it.
 *
 *     npm run mutate [-- <part of a file's path> …] [--since <revision>] [--workers 2]
 *
 * A mutant that no test notices is a survivor: it is listed with its reason in test/mutate-survivors.json, or the run
 * ends with 1.
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
    workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
  },
});

const sandboxes = await Sandbox.several(Number(values.workers));
try {
  const mutants = await chosenMutants(sandboxes[0]);
  const reach = await reachOf(sandboxes);
  const survivors = Survivors.read();
  const trials = new Trials(sandboxes, reach);
  await trials.run(mutants, mutant => survivors.add(mutant));
  console.log(survivors.summary(mutants));
  process.exitCode = survivors.unlisted.length === 0 ? 0 : 1;
} finally {
  await Promise.all(sandboxes.map(sandbox => sandbox.remove()));
}

async function chosenMutants(sandbox) {
  const all = await readMutants(sandbox, rooms);
  const changed = values.since === undefined ? undefined : changedLines(values.since);
  return all.filter(({ file, line }) => {
    const isNamed = positionals.length === 0 || positionals.some(part => file.includes(part));
    return isNamed && (changed === undefined || changed.has(`${file}:${line}`));
  });
}
