/** What a command says while it waits. */
import { join } from 'node:path';
import { expect } from 'chai';
import { progressOn } from '../../src/cli/progress';
import type { Terminal } from '../../src/cli/terminal';
import type { Timers } from '../../src/core/time/timers';
import { audience, TestIssuer } from '../issuer/test-issuer';
import { ran } from './terminal';

/** Timers that fire at once, as if everything took longer than a second. */
const impatient: Timers = {
  setTimeout: (callback, delay) => {
    expect(delay).to.equal(1000);
    callback();
    return undefined;
  },
  clearTimeout: () => undefined,
};

describe('the progress of a command', () => {
  const pending = new Set<() => void>();
  const timers: Timers = {
    setTimeout: callback => {
      pending.add(callback);
      return callback;
    },
    clearTimeout: timer => pending.delete(timer as () => void),
  };
  let said: string;
  beforeEach(() => {
    said = '';
    pending.clear();
  });

  const terminal = (isErrorTTY: boolean): Terminal => ({
    env: {},
    isTTY: false,
    isErrorTTY,
    timers,
    readInput: () => Promise.resolve(''),
    write: () => undefined,
    writeError: text => (said += text),
  });

  it('shows what takes longer than a second, and only then', async () => {
    let finish = (_: string): void => undefined;
    const result = progressOn(terminal(true))(
      'waiting for \u001b[31m the issuer',
      () => new Promise<string>(resolve => (finish = resolve)),
    );
    expect(said).to.equal('');
    for (const fire of pending) fire();
    expect(said).to.equal('axioms: waiting for ?[31m the issuer …\n');
    finish('done');
    expect(await result).to.equal('done');
    expect(pending.size).to.equal(0);
  });

  it('shows nothing after a failure, which it passes on', async () => {
    const failing = progressOn(terminal(true))('waiting', () => Promise.reject(new Error('refused')));
    expect(await failing.catch((error: unknown) => (error as Error).message)).to.equal('refused');
    expect([pending.size, said]).to.deep.equal([0, '']);
  });

  it('starts no timer if stderr is not a terminal', async () => {
    await progressOn(terminal(false))('waiting', () => {
      expect(pending.size).to.equal(0);
      return Promise.resolve();
    });
  });

  it('names the addresses and the token of the doctor, on stderr alone', async () => {
    const issuer = await TestIssuer.start();
    const { url } = issuer;
    const env = { AXIOMS_AUDIENCE: audience, AXIOMS_ISS_URL: url };
    const given = { env, isErrorTTY: true, timers: impatient, input: issuer.token() };
    const { exitCode, out, err } = await ran(['doctor', '--token', '-'], given);
    await issuer.close();
    expect(exitCode).to.equal(0);
    expect(err.split('\n')).to.deep.equal([
      'axioms: waiting for the token on the standard input …',
      `axioms: waiting for ${url}/.well-known/openid-configuration …`,
      `axioms: waiting for ${url}/keys …`,
      'axioms: verifying the token …',
      '',
    ]);
    expect(out).not.to.include('…');
  });

  it('names the file that a command loads', async () => {
    const books = join(__dirname, 'apps/books.js');
    const { exitCode, err } = await ran(['routes', books], { isErrorTTY: true, timers: impatient });
    expect([exitCode, err]).to.deep.equal([0, `axioms: loading ${books} …\n`]);
  });
});
