/** Holds docs/many-processes.md: each row of its table of faults names tests, and these exist and ran. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Suite, Test } from 'mocha';

const root = resolve(__dirname, '../../..');
const text = readFileSync(join(root, 'docs/many-processes.md'), 'utf8');
const [, faults = ''] = /^## Faults\n([^]*?)^## /m.exec(text) ?? [];

const rows = [...faults.matchAll(/^\| (.+?) +\| (.+?) +\| .+ \| ([\d, ]+?) +\|$/gm)].map(
  ([, engine, fault, ids = '']) => ({
    name: `${engine}, ${fault}`,
    ids: ids.split(', '),
  }),
);
const named = new Map(
  [...faults.matchAll(/^- \*\*(\d+)\*\* `(test\/[\w/.-]+)\.ts`: (.+)$/gm)].map(([, id = '', file = '', title = '']) => [
    id,
    { file: `${file}.js`, title },
  ]),
);

async function titlesIn(files: readonly string[]): Promise<ReadonlySet<string>> {
  const required = ['./test/express-version.cjs', 'reflect-metadata'].flatMap(name => ['--require', name]);
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--dry-run', '--reporter', 'json', ...required];
  const found = await promisify(execFile)(process.execPath, [...mocha, ...files.map(file => `dist/${file}`)], {
    cwd: root,
    maxBuffer: 2 ** 26,
    // Of all cases, also where this run has a part of them.
    env: { ...process.env, SAMPLE_OF: undefined },
  });
  const { tests } = JSON.parse(found.stdout) as { tests: readonly { file: string; fullTitle: string }[] };
  return new Set(tests.map(({ file, fullTitle }) => `${file.slice(join(root, 'dist/').length)}: ${fullTitle}`));
}

describe('the table of faults in docs/many-processes.md', function () {
  this.timeout(120_000);

  it('has a test for each row, and no test without a row', () => {
    expect(rows).to.have.length.greaterThan(25);
    const lines = faults.split('\n').filter(line => line.startsWith('| '));
    // The heading and the line below it are no rows.
    expect(lines).to.have.length(rows.length + 2);
    expect([...new Set(rows.flatMap(({ ids }) => ids))].sort()).to.deep.equal([...named.keys()].sort());
  });

  it('names tests that exist, by file and full title', async () => {
    const titles = await titlesIn([...new Set([...named.values()].map(({ file }) => file))]);
    const missing = [...named].filter(([, { file, title }]) => !titles.has(`${file}: ${title}`));
    expect(missing).to.deep.equal([]);
  });
});

// After all tests: those of this run that a row names have run, unless a server that they need is missing.
after('the tests of the table of faults have run', function () {
  const suite = this.test?.parent;
  if (suite === undefined || isFiltered) return;
  const loaded = testsOf(suite);
  for (const { file, title } of named.values()) {
    const test = loaded.find(one => one.file?.endsWith(`/dist/${file}`) === true && one.fullTitle() === title);
    if (test !== undefined) expect(test.state, `${file}: ${title}`).to.be.oneOf(['passed', 'pending']);
  }
});

const isFiltered = process.argv.some(argument => /^(?:-g|-f|--grep|--fgrep|--dry-run)/.test(argument));

function testsOf(suite: Suite): Test[] {
  return [...suite.tests, ...suite.suites.flatMap(testsOf)];
}
