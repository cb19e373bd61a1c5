/** Runs test files in this folder, one after the other up to the first failure, as often as the parent asks for it. */
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Coverage } = require('./coverage.cjs');

const load = createRequire(join(process.cwd(), 'package.json'));
load('reflect-metadata');
const Mocha = load('mocha');
// What nearly every test stands on, before the clock runs.
for (const name of ['chai', 'supertest', 'express', 'class-validator', 'jose']) load(name);
const silent = class {};
/** Of one test, in milliseconds, as in .mocharc.json: a mutant that makes a test wait for good is noticed by then. */
const timeout = 20_000;
/** By file: the tests that noticed a mutant. They are likely to notice its neighbors, too, and are asked first. */
const noticed = new Map();

const coverage = new Coverage();

process.on('message', async ({ files, isObserved }) => {
  if (isObserved) await coverage.start();
  const start = performance.now();
  const failed = await firstFailure(files);
  const answer = { isPassed: failed === undefined, failed, duration: performance.now() - start };
  process.send(isObserved ? { ...answer, parts: await coverage.end() } : answer);
});
process.once('disconnect', () => process.exit());

async function firstFailure(files) {
  for (const file of files.filter(one => noticed.has(one))) if (!(await run(file, [...noticed.get(file)]))) return file;
  for (const file of files) if (!(await run(file))) return file;
}

function run(file, titles) {
  forget();
  const mocha = new Mocha({ bail: true, timeout, reporter: silent });
  if (titles !== undefined) mocha.grep(new RegExp(`^(?:${titles.map(escaped).join('|')})$`));
  mocha.addFile(join(process.cwd(), file));
  const passes = new Promise(resolve => {
    const runner = mocha.run(failures => resolve(failures === 0));
    runner.on('fail', test => remember(file, test));
  });
  // It could not even be loaded.
  return passes.catch(() => false);
}

function remember(file, test) {
  if (test.type === 'test') noticed.set(file, (noticed.get(file) ?? new Set()).add(test.fullTitle()));
}

function escaped(title) {
  return title.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

// What was loaded of the package and of all that keeps something of it; the rest stays, because loading takes longest.
const keepers = [
  join(process.cwd(), 'dist'),
  `${join('node_modules', 'routing-controllers')}/cjs`,
  join('node_modules', 'typedi'),
];

function forget() {
  delete globalThis.routingControllersMetadataArgsStorage;
  for (const file of Object.keys(require.cache))
    if (keepers.some(keeper => file.includes(keeper))) delete require.cache[file];
}
