/**
 * Runs test/installed/checks.cjs with jest, in an app that has the packed package:
 *
 *     npm run jest [-- 29 30] [--one-of <seed>]
 *
 * With jest's default settings every subpath but the microservice's; those with the configuration of docs/testing.md, which
 * is read from there. `--one-of <seed>` is for CI: one version of jest, another for each commit. Exits 1 on any failure.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emptyFolder, newcomersEnvironment, packInto, root } from './packed.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'one-of': { type: 'string' } } });

const versions = ['29', '30'];
const { required, apps } = JSON.parse(readFileSync(join(root, 'test/installed/apps.json'), 'utf8'));
const page = readFileSync(join(root, 'docs/testing.md'), 'utf8');
const [, command] = /^(npm install --save-dev .*)$/m.exec(page) ?? [];
const [, configuration] = /in `jest\.config\.js`:\n\n```js\n([^]*?)^```$/m.exec(page) ?? [];
if (command === undefined || configuration === undefined)
  throw new Error('docs/testing.md has no npm install, or no jest.config.js.');

const folder = emptyFolder('jest');
const rows = [];
try {
  const tarball = await packInto(folder);
  const env = await newcomersEnvironment(folder);
  for (const version of chosenVersions()) rows.push(...(await check(version, tarball, env)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.table(rows);
const failed = rows.filter(({ result }) => result !== 'passed');
console.log(`${rows.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = rows.length > 0 && failed.length === 0 ? 0 : 1;

function chosenVersions() {
  const unknown = positionals.find(name => !versions.includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no version ${unknown}. The versions are: ${versions.join(', ')}.`);
  if (values['one-of'] === undefined) return positionals.length > 0 ? positionals : versions;
  return [versions[createHash('sha256').update(values['one-of']).digest()[3] % versions.length]];
}

async function check(version, tarball, env) {
  const app = join(folder, version);
  mkdirSync(app);
  const own = { 'axioms-routing-controllers': `file:${tarball}`, jest: version };
  const dependencies = { ...required, ...apps.newest.peers, ...own };
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, dependencies }, undefined, 2));
  cpSync(join(root, 'test/installed/checks.cjs'), join(app, 'checks.cjs'));
  const install = await run(`${command} --ignore-scripts`, app, env);
  if (install.code !== 0) throw new Error(`npm install failed:\n${install.output}`);
  writeSuite(app, 'default', "!subpath.startsWith('microservice')");
  const rows = [await resultOf(version, 'default settings', app, env)];
  rmSync(join(app, 'default.test.js'));
  writeSuite(app, 'microservice', "subpath.startsWith('microservice')");
  writeFileSync(join(app, 'jest.config.js'), configuration);
  return [...rows, await resultOf(version, 'docs/testing.md', app, env)];
}

/** Making RSA keys and hashing take longer than jest's five seconds on a busy machine. */
function writeSuite(app, name, condition) {
  const lines = [
    "const { checks } = require('./checks.cjs');",
    `for (const { subpath = '.', name, run } of checks)`,
    `  if (${condition}) test(\`\${subpath}: \${name}\`, async () => void (await run()), 120000);`,
  ];
  writeFileSync(join(app, `${name}.test.js`), lines.join('\n'));
}

async function resultOf(version, settings, app, env) {
  const { code, output } = await run('npx jest', app, env);
  if (code !== 0) console.log(`jest ${version}, ${settings}, failed (${code}):\n${output.slice(-6000)}`);
  const checks = /^Tests: +(.*)$/m.exec(output)?.[1] ?? 'no summary';
  return { jest: version, settings, result: code === 0 ? 'passed' : 'FAILED', checks };
}

async function run(line, cwd, env) {
  const child = spawn('bash', ['-c', `exec ${line}`], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 6 * 60_000);
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code ?? signal, output: Buffer.concat(chunks).toString() };
}
