import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenOn, type Listening } from '../../demo/listening';
import { DemoProcess, send } from './demo-process';

describe('the demo', () => {
  let folder: string;
  let squatter: Listening;
  let demo: DemoProcess;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'axioms-demo-test-'));
    squatter = await listenOn(0);
    await startDemo();
  });

  after(async () => {
    demo.signal('SIGKILL');
    await squatter.close();
    await rm(folder, { recursive: true });
  });

  async function startDemo() {
    demo = await DemoProcess.start(folder, { PORT: new URL(squatter.url).port });
  }

  it('says aloud that a port is taken, and takes another', () => {
    const [, instead] = /^Port \d+ is taken; using (\S+) instead\.$/m.exec(demo.printed())!;
    expect(instead).not.to.equal(squatter.url);
    expect(demo.printed()).to.include(`curl -i ${instead!}/public\n`);
  });

  it('prints requests that get the answers that it promises', async () => {
    expect(demo.requests).to.have.length.above(13);
    for (const { line, status } of demo.requests) expect((await send(line)).status, line).to.equal(status);
  });

  it('ends cleanly on Ctrl-C', () => demo.endsCleanlyOn('SIGINT'));

  it('starts again on the same database and ends cleanly on SIGTERM', async () => {
    await startDemo();
    await demo.endsCleanlyOn('SIGTERM');
  });

  for (const [what, env, options, complaint] of [
    ['a port', { PORT: 'http' }, [], 'PORT is http: it must be a port, from 0 (any free one) to 65535.\n'],
    [
      'a Redis that is not there',
      { REDIS_URL: 'redis://:secret@127.0.0.1:1' },
      ['--redis'],
      'There is no Redis at 127.0.0.1:1 (ECONNREFUSED): start one, or say in REDIS_URL where one is.\n',
    ],
    [
      'where Redis is',
      { REDIS_URL: '127.0.0.1:6379' },
      ['--redis'],
      'REDIS_URL must be the URL of a Redis server, such as redis://127.0.0.1:6379.\n',
    ],
  ] as const)
    it(`says what is wrong with ${what}, and exits 1`, async () => {
      const wrong = new DemoProcess(folder, env, options);
      expect(await wrong.ended()).to.deep.equal([1, null]);
      expect(wrong.complaints()).to.equal(complaint);
      expect(wrong.printed()).to.equal('');
    });

  it('knows no other options', async () => {
    const wrong = new DemoProcess(folder, { PORT: '0' }, ['--rediss']);
    expect(await wrong.ended()).to.deep.equal([1, null]);
    expect(wrong.complaints()).to.match(/^Unknown option '--rediss'/);
  });
});
