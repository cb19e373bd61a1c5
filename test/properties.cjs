/**
 * Runs the property tests of the built package twenty times as long, from another seed each day:
 *
 *     npm run properties [-- --factor 20] [--seed 20260204]
 *
 * The same seed makes the same cases. As a module, for mocha's `--require`, it makes fast-check do so.
 */
const { spawnSync } = require('node:child_process');
const { readdirSync, readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { parseArgs } = require('node:util');

const root = resolve(__dirname, '..');

if (require.main === module) runTests();
else prolong(Number(process.env.PROPERTY_FACTOR), Number(process.env.PROPERTY_SEED));

function runTests() {
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const { factor, seed } = parseArgs({
    options: { factor: { type: 'string', default: '20' }, seed: { type: 'string', default: today } },
  }).values;
  console.log(`Every property ${factor} times as often, seed ${seed}`);
  const modules = ['reflect-metadata', 'source-map-support/register', __filename];
  const required = modules.flatMap(name => ['--require', name]);
  const reporter = ['--reporter', join(__dirname, 'reporter.cjs')];
  const args = [
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    '--timeout',
    '0',
    ...required,
    ...reporter,
    ...files(),
  ];
  const env = { ...process.env, PROPERTY_FACTOR: factor, PROPERTY_SEED: seed };
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
}

function files() {
  const names = readdirSync(join(root, 'dist/test'), { recursive: true });
  const tests = names.filter(name => name.endsWith('.test.js')).map(name => join('dist/test', name));
  return tests.filter(test => readFileSync(join(root, test), 'utf8').includes('require("fast-check")'));
}

function prolong(factor, seed) {
  const fastCheck = require('fast-check');
  const { assert } = fastCheck;
  const longer = (property, options = {}) =>
    assert(property, { ...options, seed, numRuns: factor * (options.numRuns ?? 100) });
  // The default export is a module, which cannot be changed.
  fastCheck.default = { ...fastCheck.default, assert: longer };
}
