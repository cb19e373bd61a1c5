/**
 * Runs the built tests, and the demo's check, on every supported Node and Express: `npm run matrix`, or
 * `npm run matrix -- 22/4 24/5` for some of them, `npm run matrix -- --others` for all but this process's Node with Express 5,
 * which `npm test` runs, or `npm run matrix -- --one-of <seed>` for one of these. Each has `--minutes 20`. Prints a table;
 * exits 1 on any failure.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary } from './node-binary.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const all = ['20', '22', '24'].flatMap(node => ['4', '5'].map(express => ({ node, express })));
const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    'one-of': { type: 'string' },
    others: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '20' },
  },
});
const combinations = values['one-of'] === undefined ? all.filter(isWanted) : [oneOf(values['one-of'])];
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const results = mkdtempSync(join(tmpdir(), 'matrix-'));

function isWanted({ node, express }) {
  if (values.others) return isOther({ node, express });
  return wanted.length === 0 || wanted.includes(`${node}/${express}`);
}

function isOther({ node, express }) {
  return node !== process.versions.node.split('.')[0] || express !== '5';
}

function oneOf(seed) {
  const others = all.filter(isOther);
  return others[createHash('sha256').update(seed).digest()[0] % others.length];
}

/** A run that has not ended by then hangs: a test started something and never closed it. Or the machine is slow. */
const patience = Number(values.minutes) * 60_000;

async function run(command, args, environment = {}) {
  // A group of its own, so that what it started ends with it.
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...environment }, detached: true });
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), patience);
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { isGood: code === 0, hangs: signal === 'SIGKILL', output: Buffer.concat(chunks).toString() };
}

/**
 * What depends on neither: what the compiler and the check of prose find, and the demo's page in a browser. The demo's check
 * runs by itself.
 */
const ofNeither = ['types/**', 'docs/**', 'prose.test.js', 'demo/page*.test.js', 'demo/check.test.js'];

async function runTests(binary, environment) {
  const report = join(results, 'report.json');
  rmSync(report, { force: true });
  const leftOut = ofNeither.flatMap(files => ['--ignore', `dist/test/${files}`]);
  const args = [
    'node_modules/mocha/bin/mocha.js',
    ...leftOut,
    '--reporter',
    'json',
    '--reporter-option',
    `output=${report}`,
  ];
  const { isGood, hangs, output } = await run(binary, args, environment);
  if (!existsSync(report)) return { isGood: false, said: 'no report', details: [output.slice(-4000)] };
  const { stats, failures } = JSON.parse(readFileSync(report, 'utf8'));
  return {
    isGood: isGood && stats.failures === 0 && stats.passes > 0,
    said: `${stats.passes} passed, ${stats.failures} failed${hangs ? ', did not end' : ''}`,
    details: failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.message ?? err}`),
  };
}

async function checkDemo(environment) {
  if (scripts['demo:check'] === undefined) return { isGood: true, said: 'none yet', details: [] };
  const { isGood, output } = await run('npm', ['run', 'demo:check'], environment);
  return { isGood, said: isGood ? 'good' : 'FAILED', details: isGood ? [] : [output.slice(-4000)] };
}

async function runCombination({ node, express }) {
  const started = Date.now();
  const binary = await nodeBinary(node);
  const environment = {
    EXPRESS: express,
    NODE_OPTIONS: `--require ${join(root, 'test/express-version.cjs')}`,
    PATH: `${dirname(binary)}${delimiter}${process.env.PATH}`,
  };
  const version = (await run(binary, ['--version'])).output.trim();
  const [tests, demo] = [await runTests(binary, environment), await checkDemo(environment)];
  return { node: version, express, tests, demo, seconds: Math.round((Date.now() - started) / 1000) };
}

const rows = [];
for (const combination of combinations) {
  const row = await runCombination(combination);
  rows.push(row);
  console.log(`Node ${row.node}, Express ${row.express}: ${row.tests.said}; demo: ${row.demo.said}`);
  for (const detail of [...row.tests.details, ...row.demo.details])
    console.log(`Node ${row.node}, Express ${row.express}: ${detail}`);
}
rmSync(results, { recursive: true });

console.table(
  rows.map(({ node, express, tests, demo, seconds }) => ({
    Node: node,
    Express: express,
    tests: tests.said,
    demo: demo.said,
    seconds,
  })),
);
const isGood = rows.length > 0 && rows.every(({ tests, demo }) => tests.isGood && demo.isGood);
process.exitCode = isGood ? 0 : 1;
