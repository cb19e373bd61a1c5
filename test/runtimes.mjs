/**
 * Runs test/installed/checks.cjs, in an app that has the packed package, on every runtime: Node, Bun and Deno, from npm.
 *
 *     npm run runtimes [-- <runtime> …] [--one-of <seed>]
 *
 * The whole test suite runs on Node alone (`npm run matrix`); these checks are what must work everywhere: an API over HTTP,
 * signatures of every algorithm, forged tokens, hashing, and the stores. `--one-of <seed>` is for CI: one runtime that is not
 * this process's, another for each commit. Prints a table; exits 1 on any failure.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeBinary } from './node-binary.mjs';
import { emptyFolder, newcomersEnvironment, packInto, root } from './packed.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'one-of': { type: 'string' } } });

const runtimes = {
  'node-20': async () => [await nodeBinary('20')],
  'node-22': async () => [await nodeBinary('22')],
  'node-24': async () => [await nodeBinary('24')],
  'node-26': async () => [await nodeBinary('26')],
  bun: () => [binaryIn('@oven', 'bin/bun')],
  deno: () => [binaryIn('@deno', 'deno'), 'run', '--allow-all'],
};
/** Packages with the binaries; their install scripts would only move them. */
const packagesOf = { bun: { bun: '1' }, deno: { deno: '2' } };

const { required, apps } = JSON.parse(readFileSync(join(root, 'test/installed/apps.json'), 'utf8'));
const names = chosenNames();
const folder = emptyFolder('runtimes');
const rows = [];
try {
  const env = await install();
  for (const name of names) rows.push(await check(name, env));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.table(rows);
const failed = rows.filter(({ result }) => result !== 'passed');
console.log(`${rows.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = rows.length > 0 && failed.length === 0 ? 0 : 1;

function chosenNames() {
  const all = Object.keys(runtimes);
  const unknown = positionals.find(name => !all.includes(name));
  if (unknown !== undefined) throw new Error(`There is no runtime ${unknown}. The runtimes are: ${all.join(', ')}.`);
  if (values['one-of'] === undefined) return positionals.length > 0 ? positionals : all;
  const others = all.filter(name => name !== `node-${process.versions.node.split('.')[0]}`);
  return [others[createHash('sha256').update(values['one-of']).digest()[2] % others.length]];
}

async function install() {
  const own = { 'axioms-routing-controllers': `file:${await packInto(folder)}` };
  const binaries = Object.assign({}, ...names.map(name => packagesOf[name]));
  const dependencies = { ...required, ...apps.newest.peers, ...own, ...binaries };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }, undefined, 2));
  cpSync(join(root, 'test/installed/checks.cjs'), join(folder, 'checks.cjs'));
  const env = await newcomersEnvironment(folder);
  const { code, output } = await run('npm', ['install', '--ignore-scripts'], env);
  if (code !== 0) throw new Error(`npm install failed:\n${output}`);
  return env;
}

function binaryIn(scope, path) {
  const [name] = readdirSync(join(folder, 'node_modules', scope));
  if (name === undefined) throw new Error(`npm has no binary of ${scope} for this machine.`);
  return join(folder, 'node_modules', scope, name, path);
}

async function check(name, env) {
  const started = Date.now();
  const [binary, ...args] = await runtimes[name]();
  const version = (await run(binary, ['--version'], env)).output.split('\n')[0].trim();
  const { code, output } = await run(binary, [...args, 'checks.cjs'], env);
  if (code !== 0) console.log(`${name} (${version}) failed (${code}):\n${output.slice(-6000)}`);
  const said = /\d+ passed.*/.exec(output)?.[0] ?? 'no summary';
  const seconds = Math.round((Date.now() - started) / 1000);
  return { runtime: name, version, result: code === 0 ? 'passed' : 'FAILED', checks: said, seconds };
}

async function run(command, args, env) {
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 5 * 60_000);
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code ?? signal, output: Buffer.concat(chunks).toString() };
}
