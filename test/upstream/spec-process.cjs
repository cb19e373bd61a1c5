/** Runs one of upstream's specs and sends the parent the result of each test. */
const { join, resolve } = require('node:path');
const { promisify } = require('node:util');
const { resolveLikeAnApp } = require('./resolution.cjs');

const [spec, options] = process.argv.slice(2);
const { packages, ...others } = JSON.parse(options);
const root = resolve(__dirname, '../..');

process.env.NODE_ENV = 'test';
require('reflect-metadata');
resolveLikeAnApp({ root, packages, ...others });

const Mocha = require('mocha');
const { expect } = require(join(packages, 'node_modules/expect'));
const mocha = new Mocha({ timeout: 30_000, reporter: class {} });

// What Jest gives to tests and Mocha does not, and the namespaces of types that the tests import from.
Object.assign(globalThis, { expect, jest: {}, NodeJS: {} });
mocha.suite.on('pre-require', context => {
  const { it, before, after } = context;
  const itWithAssertions = (title, test) => it(title, () => passes(test));
  Object.assign(context, { beforeAll: before, afterAll: after, it: itWithAssertions });
});

async function passes(test) {
  expect.setState({ assertionCalls: 0, expectedAssertionsNumber: null });
  await (test.length === 0 ? test() : promisify(test)());
  // `expect.assertions(3)`, and two were made.
  const [wrongCount] = expect.extractExpectedAssertionsErrors();
  if (wrongCount !== undefined) throw wrongCount.error;
}

const results = [];
mocha.addFile(spec);
const runner = mocha.run(() => process.send(results, () => process.exit()));
runner.on('pass', test => results.push({ title: titleOf(test) }));
runner.on('pending', test => results.push({ title: titleOf(test), failure: 'skipped' }));
runner.on('fail', (test, error) => results.push({ title: titleOf(test), failure: plain(error?.message ?? error) }));

function titleOf(test) {
  return test.titlePath().filter(Boolean).join(' ');
}

function plain(message) {
  return String(message).replace(/\u001B\[\d+m/g, '');
}
