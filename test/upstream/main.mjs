/**
 * Runs routing-controllers' own functional tests against this library, as an app that has changed its import would:
 *
 *     npm run upstream -- <folder>
 *
 * The folder is the root of a checkout of https://github.com/typestack/routing-controllers, version 0.11.x, outside this
 * repository. It is only read: the tests are compiled into a temporary folder. What they need besides comes from npm,
 * once, into node_modules/.cache/upstream.
 *
 * On Express 4 and 5, the tests run with routing-controllers itself first. Each test that passes there must pass with
 * this library too, unless test/upstream/expected-differences.json lists it with a reason and a piece of its failure.
 * Exits 1 on any other difference, and on a listed one that does not differ.
 */
import { parseArgs } from 'node:util';
import { Checkout, NotUsable } from './checkout.mjs';
import { Differences } from './differences.mjs';
import { freePort } from './free-port.mjs';
import { installPackages } from './packages.mjs';
import { runSuite } from './suite.mjs';

const versions = ['4', '5'];
const [folder] = parseArgs({ allowPositionals: true }).positionals;

try {
  process.exitCode = (await compare()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof NotUsable)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function compare() {
  const checkout = Checkout.at(folder);
  const packages = installPackages(checkout);
  const differences = Differences.read();
  for (const express of versions) console.log(await compareOn(express, { checkout, packages, differences }));
  differences.checkNames();
  for (const fault of differences.faults) console.log(fault);
  return differences.faults.length === 0;
}

async function compareOn(express, { checkout, packages, differences }) {
  const compiled = checkout.compile(express, await freePort());
  try {
    const stock = await runSuite(compiled, { express, packages, server: 'stock' });
    const ours = await runSuite(compiled, { express, packages, server: 'ours' });
    return differences.compare(express, stock, ours);
  } finally {
    compiled.remove();
  }
}
