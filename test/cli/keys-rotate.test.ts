import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { memoryStore, type MicroserviceStore, type StoredSigningKey } from 'axioms-routing-controllers/microservice';
import { typeOrmStore } from 'axioms-routing-controllers/microservice/typeorm';
import { choice, microservice } from './apps/sign-in';
import { ran } from './terminal';

const signIn = join(__dirname, 'apps/sign-in.js');
const main = join(__dirname, '../../src/cli/main.js');
const issuer = 'https://api.example.com';

describe('axioms keys rotate', () => {
  beforeEach(() => {
    choice.store = memoryStore();
    choice.closed = 0;
  });

  async function keysIn(store: MicroserviceStore): Promise<readonly StoredSigningKey[]> {
    return [...(await store.signingKeys(issuer))].sort((a, b) => a.generation - b.generation);
  }

  /** How many seconds after now each key signs. */
  async function delays(): Promise<readonly number[]> {
    return (await keysIn(choice.store)).map(({ activeFrom }) => (activeFrom - choice.now) / 1000);
  }

  it('makes the first key, for which nobody waits, and then the next, which is published before it signs', async () => {
    expect((await ran(['keys', 'rotate', signIn])).exitCode).to.equal(0);
    const { exitCode, out, err } = await ran(['keys', 'rotate', signIn]);
    const [, next] = await keysIn(choice.store);
    expect([exitCode, err]).to.deep.equal([0, '']);
    expect(out.split('\n').slice(0, 2)).to.deep.equal([
      `The next signing key is ${next!.kid}.`,
      'It is published now, and signs from 2026-01-01T01:00:00.000Z on.',
    ]);
    expect(await delays()).to.deep.equal([0, 3600]);
    expect(choice.closed).to.equal(2);
  });

  it('takes another overlap', async () => {
    await ran(['keys', 'rotate', signIn]);
    await ran(['keys', 'rotate', signIn, '--overlap', '7200']);
    expect(await delays()).to.deep.equal([0, 7200]);
  });

  it('withdraws every earlier key where one has leaked, and says so', async () => {
    await ran(['keys', 'rotate', signIn]);
    await ran(['keys', 'rotate', signIn, '--overlap', '7200']);
    const { out } = await ran(['keys', 'rotate', signIn, '--overlap', '0', '--json']);
    const [key, ...others] = await keysIn(choice.store);
    expect(others).to.deep.equal([]);
    expect(JSON.parse(out)).to.deep.equal({ kid: key!.kid, activeFrom: '2026-01-01T00:00:00.000Z' });
    const again = await ran(['keys', 'rotate', signIn, '--overlap', '0']);
    const [next] = await keysIn(choice.store);
    expect(again.out.split('\n')).to.deep.equal([
      `The next signing key is ${next!.kid}.`,
      'It is published now, and signs from 2026-01-01T00:00:00.000Z on.',
      'The keys before it are withdrawn. The API of the microservice refuses their tokens after about two minutes, other resource servers when they fetch the keys again (setting jwksRefreshInterval).',
      '',
    ]);
  });

  it('adds to the keys of a microservice that runs', async () => {
    const running = await microservice();
    const { kid } = await running.rotateKeys();
    await ran(['keys', 'rotate', signIn, '--overlap', '60']);
    const kids = (await keysIn(choice.store)).map(key => key.kid);
    expect(kids).to.have.lengthOf(2).and.to.include(kid);
    await running.close();
  });

  it('does so as a program, with a database', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'axioms-keys-'));
    const file = join(folder, 'keys.sqlite');
    const env = { ...process.env, KEYS_FILE: file };
    try {
      for (const overlap of ['3600', '60']) {
        const parameters = [main, 'keys', 'rotate', signIn, '--overlap', overlap];
        const { status, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8', env });
        expect([status, stderr]).to.deep.equal([0, '']);
      }
      const times = (await keysOf(file)).map(({ activeFrom }) => activeFrom - choice.now);
      expect(times).to.deep.equal([0, 60_000]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  async function keysOf(file: string): Promise<readonly StoredSigningKey[]> {
    const store = typeOrmStore({ file });
    try {
      return await keysIn(store);
    } finally {
      await store.close();
    }
  }

  it('fails where the store cannot be reached, and closes', async () => {
    choice.store.signingKeys = () => Promise.reject(new Error('connect ECONNREFUSED secret-host'));
    const { exitCode, out, err } = await ran(['keys', 'rotate', signIn]);
    expect([exitCode, out, choice.closed]).to.deep.equal([1, '', 1]);
    expect(err).to.match(/^axioms: The keys were not changed: .*Is the store reachable\?\n$/);
    expect(err).not.to.include('secret-host');
  });

  it('shows what else went wrong', async () => {
    const { exitCode, err } = await ran(['keys', 'rotate', signIn, '--export', 'made']);
    expect(exitCode).to.equal(2);
    expect(err).to.include('a bug');
  });

  for (const [what, parameters, said] of [
    ['no file', [], 'Name one file'],
    ['two files', [signIn, signIn], 'Name one file'],
    ['a file that is not there', ['nowhere.js'], 'There is no file nowhere.js'],
    ['an export that is not there', [signIn, '--export', 'elsewhere'], 'exports no elsewhere'],
    ['an export that is something else', [signIn, '--export', 'nothing'], 'is no microservice'],
    ['a function that makes nothing', [signIn, '--export', 'empty'], 'is no microservice'],
    ['an app', [signIn, '--export', 'default'], 'is no microservice'],
    ['an overlap that is a word', [signIn, '--overlap', 'soon'], "--overlap is 'soon'"],
    ['an overlap that is negative', [signIn, '--overlap=-1'], "--overlap is '-1'"],
    ['an empty overlap', [signIn, '--overlap='], "--overlap is ''"],
    ['an unknown option', [signIn, '--nonsense'], '--nonsense'],
  ] as readonly (readonly [string, string[], string])[])
    it(`says what is wrong, and makes no key: ${what}`, async () => {
      const { exitCode, out, err } = await ran(['keys', 'rotate', ...parameters]);
      expect([exitCode, out]).to.deep.equal([2, '']);
      expect(err).to.contain(said).and.to.contain('Usage: axioms keys rotate');
      expect(await keysIn(choice.store)).to.deep.equal([]);
    });
});
