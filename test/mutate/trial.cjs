/** Runs test files in this folder, one after the other up to the first failure, as often as the parent asks for it. */
const { createRequire } = require('node:module');
const { join } = require('node:path');

const load = createRequire(join(process.cwd(), 'package.json'));
load('reflect-metadata');
const Mocha = load('mocha');
const silent = class {};

process.on('message', async files => {
  forget();
  process.send({ isPassed: await isPassed(files) });
});
process.once('disconnect', () => process.exit());

async function isPassed(files) {
  for (const file of files) if ((await failures(file)) > 0) return false;
  return true;
}

function failures(file) {
  const mocha = new Mocha({ bail: true, timeout: 20000, reporter: silent });
  mocha.addFile(join(process.cwd(), file));
  return new Promise(resolve => mocha.run(resolve));
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
