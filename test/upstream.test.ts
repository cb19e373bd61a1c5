import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const script = join(process.cwd(), 'test/upstream/main.mjs');

interface Comparison {
  readonly faults: readonly string[];
  compare(express: string, stock: Results, ours: Results): string;
  checkNames(): void;
}
type Results = ReadonlyMap<string, string | undefined>;
type Expected = Record<string, { readonly reason: string; readonly failure: string }>;

const expected = { 'file: differs': { reason: 'It is documented.', failure: 'Received: 413' } };

async function comparisonOf(list: Expected): Promise<Comparison> {
  const url = pathToFileURL(join(process.cwd(), 'test/upstream/differences.mjs')).href;
  const { Differences } = (await import(url)) as { Differences: new (list: Expected) => Comparison };
  return new Differences(list);
}

function results(failures: Record<string, string | undefined>): Results {
  return new Map(Object.entries(failures));
}

async function complaintOf(...args: string[]): Promise<{ code: number; stderr: string }> {
  const wanted = promisify(execFile)(process.execPath, [script, ...args]);
  return wanted.then(
    () => ({ code: 0, stderr: '' }),
    (error: unknown) => error as { code: number; stderr: string },
  );
}

describe("The comparison with routing-controllers' own tests", () => {
  it('asks for a folder where none is given', async () => {
    const { code, stderr } = await complaintOf();
    expect(code).to.equal(1);
    expect(stderr).to.match(/^No folder is given\. Give the root of a checkout/);
  });

  it('says that the published package has no tests', async () => {
    const { code, stderr } = await complaintOf('node_modules/routing-controllers');
    expect(code).to.equal(1);
    expect(stderr).to.contain('routing-controllers has no test/functional').and.to.contain('0.11.x');
  });

  it('says which package a wrong folder holds', async () => {
    const { code, stderr } = await complaintOf('node_modules/typedi');
    expect(code).to.equal(1);
    expect(stderr).to.contain('holds typedi 0.10.0');
  });

  it('accepts a listed difference that fails as the list says', async () => {
    const comparison = await comparisonOf(expected);
    const stock = results({ 'file: differs': undefined, 'file: same': undefined, 'file: broken': 'Received: 1' });
    const ours = results({ 'file: differs': 'Expected: 500\nReceived: 413', 'file: same': undefined });
    expect(comparison.compare('5', stock, ours)).to.equal(
      'Express 5: routing-controllers passes 2 of its 3 tests, this library passes 1 of these 2, 1 expected differences, 0 unexpected differences',
    );
    comparison.checkNames();
    expect(comparison.faults).to.be.empty;
  });

  it('refuses a test that fails with the library alone', async () => {
    const comparison = await comparisonOf({});
    comparison.compare('4', results({ 'file: same': undefined }), results({ 'file: same': 'Received: 500' }));
    expect(comparison.faults).to.deep.equal(['Express 4, differs: file: same\n    Received: 500']);
  });

  it('refuses a listed difference that fails in another way', async () => {
    const comparison = await comparisonOf(expected);
    comparison.compare('4', results({ 'file: differs': undefined }), results({ 'file: differs': 'Received: 200' }));
    expect(comparison.faults).to.have.length(1);
  });

  it('refuses a listed difference that no longer differs', async () => {
    const comparison = await comparisonOf(expected);
    comparison.compare('4', results({ 'file: differs': undefined }), results({ 'file: differs': undefined }));
    expect(comparison.faults).to.deep.equal(['Express 4, is listed, and does not differ: file: differs']);
  });

  it('refuses a listed name that no test has', async () => {
    const comparison = await comparisonOf(expected);
    comparison.compare('4', results({ 'file: same': undefined }), results({ 'file: same': undefined }));
    comparison.checkNames();
    expect(comparison.faults).to.deep.equal(['is listed, and routing-controllers passes no such test: file: differs']);
  });

  it('refuses a test that did not run with the library, and shows why', async () => {
    const comparison = await comparisonOf({});
    const ours = results({ 'file: the whole file': 'Ended with 1', 'other: test': 'Received: 1' });
    comparison.compare('4', results({ 'file: same': undefined }), ours);
    expect(comparison.faults.join()).to.contain('Ended with 1').and.not.to.contain('Received: 1');
  });
});
