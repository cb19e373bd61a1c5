/**
 * Installs the packed package beside the versions of its peers that stand in test/installed/apps.json, and that docs/compatibility.md names as tested:
 *
 *     npm run installs [-- <name> …] [--one-of <seed>] [--tests]
 *
 * npm must install each without an override, `npm ls` must find no conflict, every subpath must load whose peers are there,
 * and the checks of test/installed/checks.cjs must pass. With --tests, the tests of this repository that use the peers run
 * with them, too. `--one-of <seed>` is for CI: one app, another for each commit. Prints a table; exits 1 on any failure.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { emptyFolder, newcomersEnvironment, packInto, root } from './packed.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'one-of': { type: 'string' }, tests: { type: 'boolean', default: false } },
});

// TypeORM 1 accepts no ioredis 6, and TypeORM 0.3.29 no redis before 5.0.14.
const { required, apps } = JSON.parse(readFileSync(join(root, 'test/installed/apps.json'), 'utf8'));

/** What an app's `tests` name: the files that use a peer. */
const testsOf = {
  argon2: 'dist/test/microservice/users/password-hasher.test.js',
  binding: 'dist/test/routing-controllers/**/*.test.js',
  decorators: 'dist/test/decorators/**/*.test.js',
  // The other tests of MikroORM use drivers that are not installed here.
  'mikro-orm': 'dist/test/filters/mikro-orm-conditions.test.js',
  openapi: 'dist/test/openapi/**/*.test.js',
  opentelemetry: 'dist/test/opentelemetry/**/*.test.js',
  prometheus: 'dist/test/prometheus/**/*.test.js',
  providers: 'dist/test/microservice/identity-providers/**/*.test.js',
  redis: 'dist/test/redis/**/*.test.js',
  stores: 'dist/test/microservice/stores/**/*.test.js',
  users: 'dist/test/microservice/users/user-store.test.js',
};

const names = chosenNames();
const folder = emptyFolder('installs');
const rows = [];
try {
  const tarball = await packInto(folder);
  // One cache for all: what is tested is what npm resolves, not that it downloads.
  const env = await newcomersEnvironment(folder);
  for (const name of names) rows.push({ app: name, ...(await check(name, tarball, env)) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.table(rows);
const failed = rows.filter(({ result }) => result !== 'passed');
console.log(`${rows.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = rows.length > 0 && failed.length === 0 ? 0 : 1;

function chosenNames() {
  const all = Object.keys(apps);
  const unknown = positionals.find(name => !all.includes(name));
  if (unknown !== undefined) throw new Error(`There is no app named ${unknown}. The apps are: ${all.join(', ')}.`);
  if (values['one-of'] === undefined) return positionals.length > 0 ? positionals : all;
  return [all[createHash('sha256').update(values['one-of']).digest()[0] % all.length]];
}

async function check(name, tarball, env) {
  const started = Date.now();
  const app = join(folder, name);
  const steps = {
    install: () => install(app, apps[name], tarball, env),
    'npm ls': () => run('npm', ['ls', '--all'], app, env),
    subpaths: () => loadSubpaths(app, env),
    checks: () =>
      run(process.execPath, ['checks.cjs'], app, { ...env, REQUIRED_SERVERS: process.env.REQUIRED_SERVERS }),
    ...(values.tests && apps[name].tests.length > 0 ? { tests: () => runTests(app, apps[name].tests) } : {}),
  };
  for (const [step, take] of Object.entries(steps)) {
    const { code, output } = await take();
    if (code === 0) continue;
    console.log(`${name}: ${step} failed (${code})\n${output.slice(-6000)}`);
    return { result: `FAILED: ${step}`, seconds: secondsSince(started) };
  }
  return { result: 'passed', seconds: secondsSince(started) };
}

function secondsSince(started) {
  return Math.round((Date.now() - started) / 1000);
}

function install(app, { peers }, tarball, env) {
  mkdirSync(app);
  const dependencies = { ...required, ...peers, 'axioms-routing-controllers': `file:${tarball}` };
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, dependencies }, undefined, 2));
  cpSync(join(root, 'test/installed/checks.cjs'), join(app, 'checks.cjs'));
  return run('npm', ['install', '--ignore-scripts', '--strict-peer-deps'], app, env);
}

/** A subpath loads if its peers are there; otherwise the error names one that is missing. */
async function loadSubpaths(app, env) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const subpaths = Object.keys(exports).map(subpath => subpath.replace('.', 'axioms-routing-controllers'));
  const problems = [];
  for (const subpath of subpaths) {
    const { code, output } = await run(process.execPath, ['-e', `require('${subpath}')`], app, env);
    const [, missing] = /Cannot find module '((?:@[^/']+\/)?[^/']+)/.exec(output) ?? [];
    const isExplained = missing !== undefined && !existsSync(join(app, 'node_modules', missing));
    if (code !== 0 && !isExplained) problems.push(`${subpath}\n${output}`);
    if (code !== 0 && !(missing in peersOf(subpath))) problems.push(`${subpath} needs ${missing}\n${output}`);
  }
  return { code: problems.length, output: problems.join('\n') };
}

/** The optional peers that a subpath may need as soon as it is loaded. */
function peersOf(subpath) {
  const { peerDependenciesMeta } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return /\/(?:openapi|opentelemetry|prometheus|(?:microservice|filters)\/typeorm|filters\/(?:drizzle|kysely|mikro-orm))$/.test(
    subpath,
  )
    ? peerDependenciesMeta
    : {};
}

/** The built tests in the app's place: its peers are what `require` finds, the tools of the tests come from here. */
function runTests(app, wanted) {
  for (const name of ['dist', 'package.json', 'README.md'])
    cpSync(join(root, name), join(app, name), { recursive: true });
  for (const name of ['src', 'test', 'demo', 'docs']) symlinkSync(join(root, name), join(app, name));
  for (const name of packagesIn(join(root, 'node_modules'))) {
    const place = join(app, 'node_modules', name);
    if (existsSync(place)) continue;
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--exit', '--reporter', 'dot', '--timeout', '30000'];
  const modules = ['--require', 'reflect-metadata', '--require', 'source-map-support/register'];
  const files = wanted.map(name => testsOf[name]);
  return run(process.execPath, [...mocha, ...modules, ...files], app, process.env);
}

function packagesIn(modules) {
  return readdirSync(modules)
    .filter(name => !name.startsWith('.'))
    .flatMap(name => (name.startsWith('@') ? readdirSync(join(modules, name)).map(one => `${name}/${one}`) : [name]));
}

async function run(command, args, cwd, env) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
  const [code, signal] = await once(child, 'exit');
  // A server that a failed test has left running holds the other ends of the streams.
  await Promise.race([once(child, 'close'), setTimeout(2000)]);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  return { code: code ?? signal, output: Buffer.concat(chunks).toString() };
}
