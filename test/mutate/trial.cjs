/** Runs test files one after the other in this folder and ends with 1 at the first failure: node trial.cjs <file> … */
const { createRequire } = require('node:module');
const { join } = require('node:path');

const load = createRequire(join(process.cwd(), 'package.json'));
load('reflect-metadata');
const Mocha = load('mocha');
const silent = class {};

(async () => {
  for (const file of process.argv.slice(2)) if ((await failures(file)) > 0) process.exit(1);
  process.exit(0);
})();

function failures(file) {
  const mocha = new Mocha({ bail: true, timeout: 20000, reporter: silent });
  mocha.addFile(join(process.cwd(), file));
  return new Promise(resolve => mocha.run(resolve));
}
