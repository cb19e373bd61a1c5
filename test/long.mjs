/**
 * Runs every check that there is on what is built once, within 80 minutes on two cores:
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
import { delimiter, dirname, join, resolve } from 'node:path';
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

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

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
  // The parts above ran on this Node with Express 5.
  matrix: 'npm run matrix -- --others',
  // All mutants take longer than everything else together: what was tried before is left out.
  mutate: 'npm run mutate -- --remember --minutes 12',
};
const extraArguments = { upstream: values.upstream };

/** The matrix takes as long as the parts of `beside` together, and each of them uses one core. */
const beside = [
  ...['compilers', 'jest', 'runtimes', 'installs', 'five-minutes', 'examples', 'tutorial', 'init-app', 'docs'],
  ...['upstream', 'properties', 'fuzz', 'filters', 'answers'],
];

const unknown = positionals.filter(name => !Object.hasOwn(parts, name));
if (unknown.length > 0) {
  console.error(`There is no part named ${unknown.join(', ')}. The parts are: ${Object.keys(parts).join(', ')}.`);
  process.exitCode = 1;
} else await runAll(positionals.length > 0 ? positionals : Object.keys(parts));

async function runAll(names) {
  mkdirSync(folder, { recursive: true });
  const files = hashOfFiles();
  const started = Date.now();
  const rows = [];
  const build = await run('build', 'npm run build');
  if (build.result !== 'passed') rows.push(build);
  else
    for (const lanes of stagesOf(names))
      rows.push(...(await Promise.all(lanes.map(lane => inTurn(lane, files)))).flat());
  console.table(rows);
  console.log(`${Math.ceil((Date.now() - started) / 60_000)} minutes in all`);
  process.exitCode = rows.some(({ result }) => result === 'FAILED') ? 1 : 0;
}

/** What runs one stage after the other: lists of parts, which run at the same time. */
function stagesOf(names) {
  const isBeside = name => beside.includes(name);
  const isLast = name => ['chaos', 'rolling-restart', 'mutate'].includes(name);
  const first = names.filter(name => !isBeside(name) && !isLast(name) && name !== 'matrix');
  const matrix = names.filter(name => name === 'matrix');
  return [[first], [matrix, names.filter(isBeside)], [names.filter(isLast)]];
}

async function inTurn(names, files) {
  const rows = [];
  for (const name of names) rows.push(await resultOf(name, files));
  return rows;
}

async function resultOf(name, files) {
  if (name === 'upstream' && values.upstream === undefined)
    return { part: name, result: 'left out', seconds: 0, says: 'Give --upstream <folder> or UPSTREAM_FOLDER.' };
  const earlier = readResults()[name];
  if (values.resume && earlier?.files === files && earlier.row.result === 'passed')
    return { ...earlier.row, result: 'passed earlier', seconds: 0 };
  const row = await run(name, parts[name], extraArguments[name]);
  writeFileSync(resultsFile, JSON.stringify({ ...readResults(), [name]: { files, row } }, undefined, 2));
  return row;
}

async function run(name, command, ...others) {
  const started = Date.now();
  const line = [name === 'build' ? command : withoutBuild(command), ...others.filter(other => other !== undefined)];
  const PATH = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  // A test that needs one of these fails where it is not there, instead of being reported as pending.
  const env = { REQUIRED_SERVERS: 'postgres,mariadb,redis', ...process.env, PATH };
  process.stderr.write(`${name} …\n`);
  const child = spawn('sh', ['-c', line.join(' ')], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
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

/** What a script of package.json runs: a build would take away what the part beside it is running. */
function withoutBuild(command) {
  const [, name, args = ''] = /^npm (?:run )?([\w:-]+)(?: --(.*))?$/.exec(command) ?? [];
  return name === undefined ? command : withoutBuild(scripts[name].replace('npm run build && ', '') + args);
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
