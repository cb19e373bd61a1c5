/** A file of SQLite is for one process: each process rewrites it as a whole. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import { memoryStore } from '../../src/microservice';
import { typeOrmStore } from '../../src/microservice/typeorm';
import { SignInApp } from './sign-in-app';

const library = join(__dirname, '../../src/microservice/typeorm');
const opening = `
require('reflect-metadata');
const store = require(${JSON.stringify(library)}).typeOrmStore({ file: process.argv[1] });
store.signingKeys('nobody').then(() => console.log('open'), error => console.log(error.message));
process.stdin.once('data', () => store.close().then(() => process.exit()));
`;

describe('a file that two processes would open', function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'microservice-'));
    file = join(folder, 'sessions.sqlite');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  async function other(): Promise<{ child: ChildProcess; said: string }> {
    const child = spawn(process.execPath, ['-e', opening, file], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, said: text.toString().trim() };
  }

  it('is refused to the second one, with the reason and the fix', async () => {
    expect((await other()).said).to.equal('open');
    const store = typeOrmStore({ file });
    const error = await store.signingKeys('nobody').catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    expect(String(error)).to.include('is open in another process').and.to.include('use a database or Redis');
    await store.close();
  });

  it('answers 500 and says why, and writes nothing', async () => {
    await other();
    const app = await new SignInApp({ store: typeOrmStore({ file }) }, { jwksPrefetch: false }).withUsers();
    const answer = await app.browser().signIn();
    expect([answer.status, (answer.body as { error: string }).error]).to.deep.equal([500, 'server_error']);
    expect(app.logger.text('error')).to.include('is open in another process');
    await app.close();
  });

  it('is open to the next one once the first has closed it, or was killed', async () => {
    const first = await other();
    first.child.stdin?.write('close');
    await once(first.child, 'exit');
    expect(existsSync(`${file}.lock`)).to.equal(false);
    const second = await other();
    second.child.kill('SIGKILL');
    await once(second.child, 'exit');
    expect(existsSync(`${file}.lock`)).to.equal(true);
    expect((await other()).said).to.equal('open');
  });

  it('may be opened twice in one process, and is locked until both are closed', async () => {
    const stores = [typeOrmStore({ file }), typeOrmStore({ file })];
    for (const store of stores) await store.signingKeys('nobody');
    await stores[0]?.close();
    expect((await other()).said).to.include('is open in another process');
    await stores[1]?.close();
    expect(await readdir(folder)).to.deep.equal(['sessions.sqlite']);
  });

  it('belongs to a process on another host for as long as that gives signs of life', async () => {
    await writeFile(`${file}.lock`, JSON.stringify({ pid: process.pid, host: 'another.example.com' }));
    expect((await other()).said).to.include('on another.example.com');
    const long = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, long, long);
    expect((await other()).said).to.equal('open');
  });

  it('may be locked by a process that is just writing its lock, and is not locked for ever by half of one', async () => {
    await writeFile(`${file}.lock`, '{"pid":');
    expect((await other()).said).to.include('which is just starting');
    const long = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, long, long);
    expect((await other()).said).to.equal('open');
  });
});

describe('a lock of a process that is gone', function () {
  this.timeout(30_000);

  it('is taken over by one of several processes that start at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'microservice-'));
    const file = join(folder, 'sessions.sqlite');
    await writeFile(`${file}.lock`, JSON.stringify({ pid: 2 ** 22 - 1, host: hostname() }));
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['-e', opening, file], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const said = await Promise.all(children.map(async child => String((await once(child.stdout, 'data'))[0]).trim()));
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
    expect(said.filter(text => text === 'open')).to.have.length(1);
  });
});

describe('a store in memory', () => {
  it('has no clock of its own', () => {
    expect(memoryStore().now).to.equal(undefined);
  });
});
