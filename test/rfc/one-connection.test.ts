import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { withoutPlainWarning } from '../plain';
import type { Outcome } from './one-connection';

describe('200 refused requests on one connection', () => {
  let stdout: string;
  let stderr: string;
  before(async function () {
    this.timeout(60_000);
    const program = join(__dirname, 'one-connection.js');
    ({ stdout, stderr } = await promisify(execFile)(process.execPath, [program]));
  });

  const expected: [string, number][] = [
    ['nobody', 401],
    ['a bad token', 401],
    ['a bad token and a large body', 401],
    ['no token', 400],
    ['no scope', 403],
    ['no JSON', 400],
    ['a large body', 413],
    ['everything that is asked for', 200],
  ];
  for (const [name, status] of expected) {
    it(`all get their answer on it: ${name}, ${status}`, () => {
      const outcomes = JSON.parse(stdout) as Record<string, Outcome>;
      expect(outcomes[name]).to.deep.equal({ statuses: { [status]: 200 }, connections: 1 });
    });
  }

  it('leave nothing on stderr', () => {
    expect(withoutPlainWarning(stderr)).to.equal('');
  });
});
