/**
 * Runs every check that there is, one after the other, within 92 minutes on two cores:
 *
 *     npm run ci:long [-- <part> …] [--resume] [--upstream <folder>]
 *
 * `npm run ci:long -- matrix mutate` runs these two parts. With --resume, a part that has passed with exactly these files
 * is not run again. The folder is the checkout that `npm run upstream` needs; the variable UPSTREAM_FOLDER names it too.
 * The output of each part goes to node_modules/.cache/long/<part>.log. Prints a table; exits 1 if a part fails.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'node_modules/.cache/long');
const resultsFile = join(folder, 'results.json');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    resume: { type: 'boolean', default: false },
    upstream: { type: 'string', default: process.env.UPSTREAM_FOLDER },
  },
});

/** In the order in which they run: what fails soon comes first. */
const parts = {
  format: 'npm run format:check',
  types: 'npm run types',
  lint: 'npm run lint',
  test: 'npm test',
  plain: 'npm run test:plain',
  demo: 'npm run demo:check',
  routes: 'node dist/src/cli/main.js routes dist/demo/audited.js --check demo/routes.json',
  api: 'npm run api',
  compilers: 'npm run compilers',
  jest: 'npm run jest',
  runtimes: 'npm run runtimes',
  installs: 'npm run installs -- --tests',
  'five-minutes': 'npm run five-minutes',
  examples: 'npm run examples',
  tutorial: 'npm run tutorial',
  'init-app': 'npm run init-app',
  docs: 'npm run docs:check',
  upstream: 'npm run upstream --',
  properties: 'npm run properties',
  fuzz: 'npm run fuzz -- --minutes 5',
  filters: 'npm run filters',
  answers: 'npm run answers',
  chaos: 'npm run chaos',
  'rolling-restart': 'npm run rolling-restart',
  matrix: 'npm run matrix',
  // All mutants take longer than everything else together: what was tried before is left out.
  mutate: 'npm run mutate -- --remember --minutes 25',
};
const extraArguments = { upstream: values.upstream };

const unknown = positionals.filter(name => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  console.error(`There is no part named ${unknown.join(', ')}. The parts are: ${Object.keys(parts).join(', ')}.`);
  process.exitCode = 1;
} else await runAll(positionals.length > 0 ? positionals : Object.keys(parts));

async function runAll(names) {
  mkdirSync(folder, { recursive: true });
  const files = hashOfFiles();
  const rows = [];
  const build = await run('build', 'npm run build');
  if (build.result !== 'passed') rows.push(build);
  else for (const name of names) rows.push(await resultOf(name, files));
  console.table(rows);
  const seconds = rows.reduce((sum, row) => sum + row.seconds, build.seconds);
  console.log(`${Math.ceil(seconds / 60)} minutes in all`);
  process.exitCode = rows.some(({ result }) => result === 'FAILED') ? 1 : 0;
}

async function resultOf(name, files) {
  if (name === 'upstream' && values.upstream === undefined)
    return { part: name, result: 'left out', seconds: 0, says: 'Give --upstream <folder> or UPSTREAM_FOLDER.' };
  const results = readResults();
  const earlier = results[name];
  if (values.resume && earlier?.files === files && earlier.row.result === 'passed')
    return { ...earlier.row, result: 'passed earlier', seconds: 0 };
  const row = await run(name, parts[name], extraArguments[name]);
  writeFileSync(resultsFile, JSON.stringify({ ...results, [name]: { files, row } }, undefined, 2));
  return row;
}

async function run(name, command, ...others) {
  const started = Date.now();
  const [program, ...args] = [...command.split(' '), ...others.filter(other => other !== undefined)];
  // A test that needs one of these fails where it is not there, instead of being reported as pending.
  const env = { REQUIRED_SERVERS: 'postgres,mariadb,redis', ...process.env };
  process.stderr.write(`${name} …\n`);
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = join(folder, `${name}.log`);
  const file = createWriteStream(log);
  for (const stream of [child.stdout, child.stderr]) stream.pipe(file, { end: false });
  const [code] = await once(child, 'close');
  await new Promise(done => file.end(done));
  const says = summaryOf(readFileSync(log, 'utf8'));
  if (code !== 0) console.log(`${name} failed. The end of ${log}:\n${readFileSync(log, 'utf8').slice(-4000)}`);
  const seconds = Math.round((Date.now() - started) / 1000);
  return { part: name, result: code === 0 ? 'passed' : 'FAILED', seconds, says };
}

function readResults() {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
}

/** The last line that counts something. */
function summaryOf(output) {
  const lines = output.split('\n').filter(line => /\b\d+ (?:passed|killed|unexpected)\b/.test(line));
  return (lines.findLast(line => !line.startsWith('│')) ?? '').trim().slice(0, 160);
}

/** Of all files that git does not ignore, as they are now. */
function hashOfFiles() {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const names = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0').sort();
  const hash = createHash('sha256');
  for (const name of names.filter(name => name !== '' && existsSync(join(root, name))))
    hash.update(`${name}\0`).update(readFileSync(join(root, name)));
  return hash.digest('hex');
}
