import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { listenOn, type Listening } from '../../demo/listening';

describe('the demo', () => {
  let folder: string;
  let squatter: Listening;
  let demo: ChildProcess;
  let printed: () => string;
  let complaints: () => string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'axioms-demo-test-'));
    squatter = await listenOn(0);
    await startDemo();
  });

  after(async () => {
    demo.kill('SIGKILL');
    await squatter.close();
    await rm(folder, { recursive: true });
  });

  async function startDemo() {
    demo = start({ PORT: new URL(squatter.url).port, ISSUER_PORT: '0' }, folder);
    complaints = collect(demo.stderr!);
    printed = collect(demo.stdout!);
    while (!printed().includes('Ctrl-C')) await once(demo.stdout!, 'data');
  }

  async function endsCleanlyOn(signal: NodeJS.Signals) {
    demo.kill(signal);
    expect(await once(demo, 'close')).to.deep.equal([0, null]);
    expect(complaints()).to.equal('');
  }

  it('says aloud that a port is taken, and takes another', () => {
    const [, instead] = /^Port \d+ is taken; using (\S+) instead\.$/m.exec(printed())!;
    expect(instead).not.to.equal(squatter.url);
    expect(printed()).to.include(`curl -i ${instead!}/public\n`);
  });

  it('prints requests that get the answers that it promises', async () => {
    const requests = [...printed().matchAll(/^# .*\b(\d{3})\b.*\n(curl .*)$/gm)];
    expect(requests).to.have.length.above(5);
    for (const [, status, line] of requests) expect((await send(line!)).status, line).to.equal(Number(status));
  });

  it('ends cleanly on Ctrl-C', () => endsCleanlyOn('SIGINT'));

  it('starts again on the same database and ends cleanly on SIGTERM', async () => {
    await startDemo();
    await endsCleanlyOn('SIGTERM');
  });

  it('says what is wrong with a port, and exits 1', async () => {
    const wrong = start({ PORT: 'http' }, folder);
    const said = collect(wrong.stderr!);
    expect(await once(wrong, 'close')).to.deep.equal([1, null]);
    expect(said()).to.equal('PORT is http: it must be a port, from 0 (any free one) to 65535.\n');
  });
});

function start(ports: Record<string, string>, cwd: string): ChildProcess {
  const main = resolve(__dirname, '../../demo/main.js');
  return spawn(process.execPath, [main], { cwd, env: { ...process.env, DATABASE_URL: '', ...ports } });
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.on('data', more => (text += String(more)));
  return () => text;
}

/** What the line does in a shell. */
function send(line: string): Promise<Response> {
  const [, method = 'GET', url = ''] = /^curl -i (?:-X (\w+) )?(\S+)/.exec(line)!;
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]): [string, string] => [
    name!,
    value!,
  ]);
  return fetch(url, { method, headers, body: /-d '([^']*)'/.exec(line)?.[1] ?? null });
}
