/** An issuer whose process is stopped: it takes connections, and never answers. Requests for known keys notice nothing. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { eventually, FakeTime } from './issuer/fake-time';
import { audience, signingKey, silentLogger, TestIssuer } from './issuer/test-issuer';

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return { ok: true };
  }
}

const [connections, amount, interval] = [32, 640, 3600];
const allGood = { '2xx': amount, non2xx: 0, errors: 0, timeouts: 0 };

describe('an issuer that is stopped under load', () => {
  let child: ChildProcess;
  let issuer: TestIssuer;
  let time: FakeTime;
  let axioms: AxiomsServer;
  let server: Server;

  beforeEach(async () => {
    child = fork(join(__dirname, 'issuer/issuer-process.js'));
    const [issuerUrl] = (await once(child, 'message')) as [string];
    issuer = new TestIssuer({ audience, issuerUrl });
    child.send([issuer.key.jwk]);
    await once(child, 'message');
    const settings = { audience, issuerUrl, jwksRefreshInterval: interval, logger: silentLogger };
    const app = createExpressServer({ controllers: [ThingController], axioms: { ...settings, jwksPrefetch: false } });
    axioms = app.locals.axioms as AxiomsServer;
    time = new FakeTime();
    Object.assign(axioms.jwksManager, { clock: time.clock, timers: time.timers });
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    child.kill('SIGKILL');
    axioms.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/things`;
  const status = () => axioms.jwksManager.status()[0]!;

  /** 32 connections, each request with a token that nobody has seen. */
  async function load(): Promise<typeof allGood> {
    let asked = 0;
    const setupRequest = (request: object): object => {
      const authorization = `Bearer ${issuer.token({ sub: `user-${(asked += 1)}` })}`;
      return { ...request, headers: { authorization } };
    };
    const found = await autocannon({ url: url(), connections, amount, requests: [{ setupRequest }] });
    const { non2xx, errors, timeouts } = found;
    return { '2xx': found['2xx'], non2xx, errors, timeouts };
  }

  async function statusWith(token: string): Promise<number> {
    return (await fetch(url(), { headers: { authorization: `Bearer ${token}` } })).status;
  }

  /** In small steps: what is waited for has real time between them. */
  async function whileTimePasses<T>(run: () => Promise<T>): Promise<T> {
    const passing = setInterval(() => {
      time.advance(0.1);
    }, 5);
    return run().finally(() => {
      clearInterval(passing);
    });
  }

  it('fails no request for a known key, before, while and after a due refresh hangs', async function () {
    this.timeout(60_000);
    expect(await load()).to.deep.equal(allGood);
    child.kill('SIGSTOP');
    expect(await load(), 'before the refresh is due').to.deep.equal(allGood);

    // The status rounds to milliseconds.
    time.advance((status().nextRefresh! + 1 - time.now) / 1000);
    expect(await load(), 'while it hangs').to.deep.equal(allGood);
    // The keys may have been asked for already; no answer came.
    expect(status().lastError).to.equal(null);
    expect(status().fetchCount).to.be.at.most(2);

    time.advance(5);
    await eventually(() => status().lastError !== null);
    expect(await load(), 'after it failed').to.deep.equal(allGood);
    expect(status().usable).to.equal(true);
    expect(await statusWith(issuer.token({}, {}, signingKey('unknown'))), 'an unknown key').to.equal(503);
  });

  it('is asked again once it goes on', async function () {
    this.timeout(60_000);
    expect(await load()).to.deep.equal(allGood);
    child.kill('SIGSTOP');
    time.advance(interval + 1);
    expect(await statusWith(issuer.token())).to.equal(200);
    time.advance(5);
    await eventually(() => status().lastError !== null);
    child.kill('SIGCONT');
    await whileTimePasses(() => eventually(() => status().lastError === null && !status().stale));
    expect(await statusWith(issuer.token())).to.equal(200);
  });

  it('lets nobody in where its keys were never fetched', async () => {
    child.kill('SIGSTOP');
    const waiting = statusWith(issuer.token());
    await eventually(() => time.waiting > 0);
    expect(await whileTimePasses(() => waiting)).to.equal(503);
  });
});
