/**
 * Are the checks checked? Takes each check of these rooms away in turn and runs the tests that reach it.
 *
 *     npm run mutate [-- <part of a file's path> …] [--thorough] [--since <revision>] [--workers 2] [--budget 60]
 *                    [--minutes 5 --seed <text>] [--remember] [--tests core,rfc]
 *
 * A mutant is a check that is never met, a rule less in a list, a call that checks left out; with --thorough also every
 * operand, operator, literal and pattern turned around.
 *
 * With --remember, a mutant is not tried again while neither its file nor the test that noticed it changes, and what tests
 * notice is added to test/mutate-kills.json: a run over all mutants can be stopped and taken up again.
 * With --minutes, mutants are tried in an order that the seed decides, until the time is over.
 *
 * With --tests, only the tests in these folders are looked at, which takes minutes less: what survives them may be noticed
 * by others.
 *
 * Each mutant gets the tests nearest to it, for as many seconds as the budget says. One that no test notices is a
 * survivor: it is listed with its reason in test/mutate-survivors.json, or the run ends with 1.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { changedLines } from './changes.mjs';
import { Kills } from './kills.mjs';
import { reachOf } from './reach.mjs';
import { Sandbox } from './sandbox.mjs';
import { readMutants } from './source.mjs';
import { Survivors } from './survivors.mjs';
import { Trials } from './trials.mjs';

const rooms = ['authentication', 'core', 'filters', 'permissions', 'routing-controllers', 'views'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    since: { type: 'string' },
    thorough: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    budget: { type: 'string', default: '60' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: '' },
    remember: { type: 'boolean', default: false },
    tests: { type: 'string' },
  },
});

const end = values.minutes === undefined ? Infinity : Date.now() + 60_000 * Number(values.minutes);
const sandboxes = await Sandbox.several(Number(values.workers));
try {
  const all = await readMutants(sandboxes[0], rooms);
  const kills = Kills.read(sandboxes[0]);
  const chosen = all.filter(isChosen()).filter(mutant => !values.remember || !kills.has(mutant));
  const reach = await reachOf(sandboxes, { end, folders: values.tests?.split(',') });
  const survivors = Survivors.read();
  const trials = new Trials(sandboxes, reach, 1000 * Number(values.budget));
  const ordered = values.minutes === undefined ? chosen : shuffled(chosen, values.seed);
  const tell = ({ mutant, isAlive, test }) => {
    if (isAlive) survivors.add(mutant);
    else if (test !== undefined) kills.add(mutant, test);
    if (values.remember) kills.write(all);
  };
  const tried = await trials.run(ordered, tell, end);
  for (const name of survivors.outdated(all, tried)) console.log(`listed, and no survivor: ${name}`);
  if (tried.length < chosen.length) console.log(`${tried.length} of ${chosen.length} mutants were tried in the time`);
  if (values.remember) {
    const noticed = all.filter(isChosen()).filter(mutant => kills.has(mutant));
    console.log(`${noticed.length} mutants were noticed in this run or an earlier one`);
  }
  console.log(survivors.summary(tried));
  process.exitCode = survivors.unlisted.length === 0 ? 0 : 1;
} finally {
  await Promise.all(sandboxes.map(sandbox => sandbox.remove()));
}

/** The same order for the same seed, whatever other mutants there are. */
function shuffled(mutants, seed) {
  const place = ({ name }) => createHash('sha256').update(`${seed}\0${name}`).digest('hex');
  const places = new Map(mutants.map(mutant => [mutant, place(mutant)]));
  return mutants.toSorted((a, b) => (places.get(a) < places.get(b) ? -1 : 1));
}

function isChosen() {
  const changed = values.since === undefined ? undefined : changedLines(values.since);
  return ({ file, line, isCheck }) => {
    if (!isCheck && !values.thorough) return false;
    const isNamed = positionals.length === 0 || positionals.some(part => file.includes(part));
    return isNamed && (changed === undefined || changed.has(`${file}:${line}`));
  };
}
