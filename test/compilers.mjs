/**
 * Compiles the types of every subpath with the supported versions of TypeScript, `skipLibCheck` off, from the packed package:
 *
 *     npm run compilers [-- <version> …] [--one-of <seed>]
 *
 * The peers are the newest ones, and their types are checked, too. Each version compiles the README's five minutes as well.
 * `--one-of <seed>` is for CI: one version, another for each commit. Prints a table; exits 1 on any failure.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { emptyFolder, newcomersEnvironment, packInto, root } from './packed.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'one-of': { type: 'string' } } });

const versions = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7'];
const { required, apps } = JSON.parse(readFileSync(join(root, 'test/installed/apps.json'), 'utf8'));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const subpaths = Object.entries(exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([subpath]) => subpath);

// The types of these peers name packages that an app need not have, so that they cannot be checked themselves.
const peersAreUnchecked = ['./filters/drizzle', './filters/mikro-orm'];

const strict = {
  target: 'ES2022',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: false,
  noEmit: true,
};

/** How consumers resolve modules. TypeScript 7 has no `node10` any more. */
const resolutions = {
  nodenext: { module: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
  node10: { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true },
};

const names = chosenVersions();
const folder = emptyFolder('compilers');
const rows = [];
try {
  await install();
  for (const version of names) for (const row of await compileAll(version)) rows.push(row);
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
  return [versions[createHash('sha256').update(values['one-of']).digest()[1] % versions.length]];
}

async function install() {
  const tarball = await packInto(folder);
  const compilers = names.map(version => [`typescript-${version}`, `npm:typescript@${rangeOf(version)}`]);
  const types = { '@types/node': '20', '@types/express': '5', '@types/swagger-ui-express': '4' };
  const own = { 'axioms-routing-controllers': `file:${tarball}` };
  const dependencies = { ...required, ...apps.newest.peers, ...types, ...own, ...Object.fromEntries(compilers) };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }, undefined, 2));
  const { code, output } = await run('npm', ['install', '--ignore-scripts'], await newcomersEnvironment(folder));
  if (code !== 0) throw new Error(`npm install failed:\n${output}`);
}

function rangeOf(version) {
  return version.includes('.') ? `~${version}.0` : version;
}

/** Where everything compiles, one program is enough; where it does not, each subpath says whether it is the one. */
async function compileAll(version) {
  const resolved = Object.keys(resolutions).filter(name => name !== 'node10' || version !== '7');
  const found = [];
  for (const resolution of resolved) {
    const checked = subpaths.filter(subpath => !peersAreUnchecked.includes(subpath));
    const whole = await compile(version, resolution, checked);
    const parts = [...(whole.code === 0 ? [] : checked), ...peersAreUnchecked];
    if (whole.code === 0) found.push({ TypeScript: version, resolution, subpath: 'all others', result: 'passed' });
    for (const subpath of parts) {
      const { code, output } = await compile(version, resolution, [subpath]);
      found.push({ TypeScript: version, resolution, subpath, result: code === 0 ? 'passed' : 'FAILED' });
      if (code !== 0) console.log(`TypeScript ${version}, ${resolution}, ${subpath}:\n${output.slice(0, 3000)}`);
    }
  }
  return found;
}

async function compile(version, resolution, chosen) {
  const project = join(folder, 'project');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  for (const [index, subpath] of chosen.entries()) writeFileSync(join(project, `${index}.ts`), importOf(subpath));
  if (chosen.includes('.')) writeFileSync(join(project, 'app.ts'), appOfReadme());
  const deprecated = resolution === 'node10' && version === '6.0' ? { ignoreDeprecations: '6.0' } : {};
  const skipLibCheck = chosen.some(subpath => peersAreUnchecked.includes(subpath));
  const compilerOptions = { ...strict, ...resolutions[resolution], ...deprecated, skipLibCheck };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  const bin = join(folder, 'node_modules', `typescript-${version}`, 'bin');
  const compiler = [join(bin, 'tsc'), join(bin, 'tsc.js')].find(existsSync);
  return run(process.execPath, [compiler, '-p', project], process.env);
}

function importOf(subpath) {
  const name = subpath.replace('.', 'axioms-routing-controllers');
  return `import * as all from '${name}';\nexport const subpath: typeof all = all;\n`;
}

function appOfReadme() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, app] = /`app\.ts`:\n\n```ts\n([^]*?)^```$/m.exec(readme) ?? [];
  if (app === undefined) throw new Error('The README has no `app.ts`.');
  return app;
}

async function run(command, args, env) {
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk));
  const [code, signal] = await once(child, 'close');
  return { code: code ?? signal, output: Buffer.concat(chunks).toString() };
}
