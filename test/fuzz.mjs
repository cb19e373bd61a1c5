/**
 * Feeds the parsers what nobody would send: the fields Authorization, WWW-Authenticate, DPoP and Client-Cert, nonces,
 * tokens, claims, cookies, filters and settings.
 *
 *     npm run fuzz [-- --minutes 60] [--seed <text>] [--resume] [--only <text>] [--batch <number>]
 *
 * The seed decides every input. --resume goes on behind the last finished batch of the same seed (default: of the last
 * seed). --only runs the targets whose name has the text. --batch runs one batch: with the seed, it repeats a failure.
 * Prints the seed, and the smallest input that was found to fail. Exits 1 on any.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzz } from '../dist/test/fuzz/fuzz.js';
import { targets } from '../dist/test/fuzz/targets/index.js';

const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '..'), 'node_modules/.cache/fuzz');
const lastSeed = join(folder, 'seed');

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    resume: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    batch: { type: 'string' },
  },
});
const minutes = numberIn('minutes');
const batch = values.batch === undefined ? undefined : numberIn('batch');
const chosen = targets.filter(({ name }) => name.includes(values.only));
if (chosen.length === 0)
  throw new Error(`No target has the name '${values.only}': ${targets.map(({ name }) => name).join(', ')}.`);

const seed = seedToUse();
const stateFile = join(folder, `${encodeURIComponent(`${seed} ${values.only}`)}.json`);
const say = text => console.log(text);
say(`Seed ${seed}, ${chosen.length} targets`);
const found = await fuzz({
  targets: chosen,
  seed,
  minutes,
  batch,
  stateFile,
  resumes: values.resume,
  clock: Date.now,
  say,
});
say(`${chosen.length - found.length} passed, ${found.length} failed, seed ${seed}`);
process.exitCode = found.length === 0 ? 0 : 1;

function numberIn(name) {
  const number = Number(values[name]);
  if (!(number >= 0)) throw new Error(`--${name} is ${values[name]}: it must be a number, 0 or more.`);
  return number;
}

function seedToUse() {
  const last = values.resume && existsSync(lastSeed) ? readFileSync(lastSeed, 'utf8') : undefined;
  const used = values.seed ?? last ?? String(Date.now());
  mkdirSync(folder, { recursive: true });
  writeFileSync(lastSeed, used);
  return used;
}
