/**
 * Runs the programs of `examples/` as a newcomer would: `npm run examples`. In an empty folder, with an empty home, an
 * empty npm cache and a PATH with Node and npm alone, it installs the packed package and what the examples need (test/installed/examples.json), compiles them
 * with the `tsconfig.json` of the README, and runs the tests of test/examples against the result.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyFolder, newcomersEnvironment, packInto, root } from './packed.mjs';

const folder = emptyFolder('examples');
const app = join(folder, 'app');
mkdirSync(app);
try {
  const tarball = await packInto(folder);
  const env = await newcomersEnvironment(folder, { only: true });
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, dependencies: dependenciesOn(tarball) }));
  writeFileSync(join(app, 'tsconfig.json'), tsconfigOf(readFileSync(join(root, 'README.md'), 'utf8')));
  cpSync(join(root, 'examples'), app, { recursive: true });
  await run('npm', ['install', '--ignore-scripts', '--no-audit'], app, env);
  // `generate` needs no engine, and would download one. Any file that can be executed will do.
  const prisma = { ...env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' };
  await run('npx', ['prisma', 'generate', '--schema', 'prisma-list/schema.prisma'], app, prisma);
  await run('npx', ['tsc'], app, env);
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--exit', '--require', 'reflect-metadata'];
  await run(process.execPath, [...mocha, 'dist/test/examples/*.test.js'], root, { ...process.env, EXAMPLES: app });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function dependenciesOn(tarball) {
  const read = name => JSON.parse(readFileSync(join(root, 'test/installed', name), 'utf8'));
  return { ...read('apps.json').required, ...read('examples.json'), 'axioms-routing-controllers': `file:${tarball}` };
}

function tsconfigOf(readme) {
  const [, text] = /^`tsconfig.json`:\n\n```json\n([^]*?)^```$/m.exec(readme) ?? [];
  if (text === undefined) throw new Error('The README has no `tsconfig.json`.');
  return text;
}

async function run(command, args, cwd, env) {
  console.log(`$ ${command} ${args.join(' ')}`);
  const [code] = await once(spawn(command, args, { cwd, env, stdio: 'inherit' }), 'close');
  if (code !== 0) throw new Error(`This failed (${code}): ${command} ${args.join(' ')}`);
}
