import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisUrl, requireRedis } from '../redis/redis-server';
import { DemoProcess, send, urlIn } from './demo-process';

describe('the demo with two APIs that share Redis', function () {
  this.timeout(60_000);

  let folder: string;
  let demo: DemoProcess;

  before(async function () {
    await requireRedis(this);
    folder = await mkdtemp(join(tmpdir(), 'axioms-demo-test-'));
    await startDemo();
  });
  after(async () => {
    (demo as DemoProcess | undefined)?.signal('SIGKILL');
    if ((folder as string | undefined) !== undefined) await rm(folder, { recursive: true });
  });

  async function startDemo() {
    demo = await DemoProcess.start(folder, { PORT: '0', REDIS_URL: redisUrl }, ['--redis']);
  }

  /** The answers to the printed requests that match, and the APIs that sent them. */
  async function answersTo(what: RegExp): Promise<{ statuses: number[]; challenges: string[]; origins: Set<string> }> {
    const lines = demo.requests.filter(request => what.test(request.what)).map(({ line }) => line);
    const [statuses, challenges]: [number[], string[]] = [[], []];
    for (const line of lines) {
      const { status, headers } = await send(line);
      statuses.push(status);
      if (headers.has('www-authenticate')) challenges.push(headers.get('www-authenticate')!);
    }
    return { statuses, challenges, origins: new Set(lines.map(line => urlIn(line).origin)) };
  }

  it('uses a limit up for both of them', async () => {
    const { statuses, origins } = await answersTo(/^bob exports/);
    expect(statuses).to.deep.equal([200, 200, 200, 429]);
    expect(origins).to.have.property('size', 2);
  });

  it('closes the next request at both of them with one log-out', async () => {
    const before = await answersTo(/from another browser/);
    expect([before.statuses, before.origins.size]).to.deep.equal([[200, 200], 2]);
    expect((await answersTo(/logs out/)).statuses).to.deep.equal([303]);
    const after = await answersTo(/^Her token/);
    expect([after.statuses, after.origins]).to.deep.equal([[401, 401], before.origins]);
    for (const challenge of after.challenges)
      expect(challenge).to.match(
        /^DPoP resource_metadata="[^"]+", algs="[^"]+", Bearer realm="api", error="invalid_token", error_description="The access token was revoked", resource_metadata="[^"]+"$/,
      );
    expect(after.challenges).to.have.length(2);
  });

  it('ends, both of them, on Ctrl-C', async () => {
    const { origins } = await answersTo(/^Her token/);
    await demo.endsCleanlyOn('SIGINT');
    for (const origin of origins) expect(await fetch(origin).catch(() => 'nobody'), origin).to.equal('nobody');
  });

  it('ends cleanly where only the first process gets the signal', async () => {
    await startDemo();
    demo.signal('SIGTERM', 'first');
    expect(await demo.ended()).to.deep.equal([0, null]);
    expect(demo.complaints()).to.equal('');
  });

  it('leaves no second one behind where the first is killed', async () => {
    await startDemo();
    demo.signal('SIGKILL', 'first');
    expect(await demo.ended()).to.deep.equal([null, 'SIGKILL']);
    expect(demo.complaints()).to.equal('');
  });
});
