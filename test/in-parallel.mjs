/**
 * Runs the tests in as many processes as there are cores:
 *
 *     node test/in-parallel.mjs [--only core,views] [--third-of <seed>] [--jobs 2]
 *
 * Each process is a mocha of its own that runs a few files, so that an error that comes late is reported as with one mocha.
 * `mocha --parallel` is not used: its workers are ended by a signal, which loses their coverage, and between two files
 * nobody listens for errors, so that a late one ends a worker without a word of why.
 *
 * --third-of <seed> is for CI: a third of the files, which the seed chooses.
 *
 * Prints the report of each process when it ends, then every failure again. Exits 1 if a test or a process fails.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
const filesPerProcess = 12;
/** The folders whose files take longest. They start first, so that no long one is left at the end. */
const slow = ['microservice', 'testing', 'demo', 'redis', 'filters', 'many-processes'];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    'third-of': { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const queue = groups(testFiles());
const reports = [];
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
process.exitCode = summedUp() ? 0 : 1;

function testFiles() {
  const folders = values.only?.split(',');
  const names = readdirSync(join(root, 'dist/test'), { recursive: true, encoding: 'utf8' })
    .map(name => name.replaceAll('\\', '/'))
    .filter(name => name.endsWith('.test.js') && (folders?.includes(folderOf(name)) ?? true))
    .filter(isInSample)
    .sort();
  if (names.length === 0) throw new Error(`No test is below dist/test (--only ${values.only}).`);
  return names.filter(isSlow).concat(names.filter(name => !isSlow(name)));
}

function isInSample(name) {
  const seed = values['third-of'];
  return seed === undefined || createHash('sha256').update(`${seed}\0${name}`).digest()[0] % 3 === 0;
}

function folderOf(name) {
  return name.split('/')[0];
}

function isSlow(name) {
  return slow.includes(folderOf(name));
}

function groups(names) {
  const count = Math.ceil(names.length / filesPerProcess);
  return Array.from({ length: count }, (_, at) => names.slice(at * filesPerProcess, (at + 1) * filesPerProcess));
}

async function work() {
  for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
    const report = await run(group);
    reports.push(report);
    process.stdout.write(report.output);
  }
}

async function run(group) {
  const files = group.map(name => `dist/test/${name}`);
  // The files come from here alone: those of the configuration would be added to them.
  const child = spawn(process.execPath, [mocha, '--config', 'test/one-process.mocharc.cjs', ...files], { cwd: root });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', text => (output += text));
  }
  const [code, signal] = await once(child, 'close');
  return { group, output, code, signal };
}

function summedUp() {
  const failed = reports.filter(report => report.code !== 0 || countsOf(report) === undefined);
  for (const { group, output, code, signal } of failed) {
    console.log(`\nFailed (${signal ?? `exit code ${code}`}), in ${group.join(' ')}:`);
    console.log(output.slice(Math.max(0, output.search(/^ {2}\d+ failing$/m))).slice(-20_000));
  }
  const sum = [0, 1, 2].map(at => reports.reduce((sum, report) => sum + (countsOf(report)?.[at] ?? 0), 0));
  console.log(`${sum[0]} passed, ${Math.max(sum[1], failed.length)} failed, ${sum[2]} skipped`);
  return failed.length === 0;
}

/** Of the last line that `reporter.cjs` prints; `undefined` if the process ended before it. */
function countsOf({ output }) {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  return last?.slice(1).map(Number);
}
