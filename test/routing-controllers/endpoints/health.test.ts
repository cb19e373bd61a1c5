import { expect } from 'chai';
import express, { type Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { healthMiddleware } from 'axioms-routing-controllers';
import type { Health } from '../../../src/routing-controllers/endpoints/health';
import { Api, type ApiOptions } from '../../api';
import { eventually, FakeTime } from '../../issuer/fake-time';
import { down, keysPath, ok, ScriptedIssuer } from '../../issuer/scripted-issuer';

@JsonController('/papers')
class PaperController {
  @Get('/') list() {
    return [];
  }
}

describe('healthMiddleware', () => {
  let api: Api;
  let time: FakeTime;
  afterEach(() => api.close());

  async function start(axioms: ApiOptions['axioms'] = {}): Promise<void> {
    api = await Api.start({ controllers: [PaperController], axioms: { jwksPrefetch: false, ...axioms } });
    api.app.get('/ready', healthMiddleware());
    api.app.get('/details', healthMiddleware({ details: true }));
    time = new FakeTime();
    Object.assign(api.server.jwksManager, { clock: time.clock, random: () => 0.5 });
  }

  async function ask(app: Express = api.app, path = '/ready'): Promise<Response> {
    const response = await request(app).get(path);
    expect(response.headers).to.include({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(response.headers).not.to.have.property('etag');
    return response;
  }

  const details = (): Promise<Response> => ask(api.app, '/details');

  const refresh = (): Promise<void> => api.server.jwksManager.refresh().catch(() => undefined);

  it('answers 200 with the age of the keys', async () => {
    await start();
    await refresh();
    time.advance(90);
    const response = await ask();
    expect(response.status).to.equal(200);
    expect(response.body).to.deep.equal({ status: 'ready', issuers: [{ ready: true, keyAge: 90, stale: false }] });
  });

  it('tells strangers only states and ages: no URL, no issuer, no error, no count of keys', async () => {
    await start({ jwksRefreshInterval: 600, jwksCacheTtl: 1800 });
    await refresh();
    api.issuer.server.keysMode = down;
    time.advance(700);
    await refresh();
    for (const [seconds, status, ready] of [
      [0, 200, true],
      [1800, 503, false],
    ] as const) {
      time.advance(seconds);
      const response = await ask();
      expect(response.status).to.equal(status);
      expect((response.body as Health).issuers).to.deep.equal([{ ready, keyAge: 700 + seconds, stale: true }]);
      expect(response.text).not.to.contain('127.0.0.1').and.not.to.contain('answers');
    }
  });

  it('names the issuer, the number of keys and the last error where details are asked for', async () => {
    await start();
    await refresh();
    time.advance(90);
    const response = await details();
    expect(response.status).to.equal(200);
    expect(response.body).to.deep.equal({
      status: 'ready',
      issuers: [{ ready: true, keyAge: 90, stale: false, issuer: api.issuer.url, keys: 1, lastError: null }],
    });
  });

  it('answers 503 before there are keys, and has them fetched', async () => {
    await start();
    const response = await ask();
    expect(response.status).to.equal(503);
    const { status, issuers } = response.body as Health;
    expect(status).to.equal('unavailable');
    expect(issuers[0]).to.include({ ready: false, keyAge: null, stale: true });
    await eventually(() => api.server.jwksManager.status()[0]!.usable);
    expect((await ask()).status).to.equal(200);
    expect(api.issuer.fetches).to.equal(1);
  });

  it('stays at 200 in an outage while the last good keys serve, and says why they are old', async () => {
    await start({ jwksRefreshInterval: 600, jwksCacheTtl: 1800 });
    await refresh();
    api.issuer.server.keysMode = down;
    time.advance(700);
    await refresh();
    const response = await details();
    expect(response.status).to.equal(200);
    expect((response.body as Health).issuers[0]).to.include({
      ready: true,
      keyAge: 700,
      stale: true,
      lastError: `${api.issuer.server.jwksUrl}: answers with status 500`,
    });
  });

  it('answers 503 once the keys have run out, one fetch a back-off, and 200 after the recovery', async () => {
    await start({ jwksRefreshInterval: 600, jwksCacheTtl: 1800 });
    await refresh();
    api.issuer.server.keysMode = down;
    time.advance(1800);
    for (let count = 0; count < 20; count++) expect((await ask()).status).to.equal(503);
    // Its failure, too, must have been received: a back-off begins with it.
    await eventually(() => api.server.jwksManager.status()[0]!.lastError !== null);
    expect(api.issuer.fetches).to.equal(2);
    api.issuer.server.keysMode = ok;
    time.advance(60);
    await ask();
    await eventually(() => api.server.jwksManager.status()[0]!.usable);
    expect((await ask()).status).to.equal(200);
    expect(api.issuer.fetches).to.equal(3);
  });

  it('answers 503 for a key set without a usable key', async () => {
    await start();
    api.issuer.server.keysMode = { is: 'empty-keys' };
    await refresh();
    expect((await ask()).status).to.equal(503);
  });

  it('answers 503 after the server has closed', async () => {
    await start();
    await refresh();
    api.server.close();
    expect((await ask()).status).to.equal(503);
  });

  it('tells neither keys nor kids nor the query of a URL', async () => {
    const elsewhere = await ScriptedIssuer.start();
    await start({ jwksUrl: `${elsewhere.jwksUrl}?code=secret-marker` });
    elsewhere.modes.set(`${keysPath}?code=secret-marker`, ok);
    await refresh();
    elsewhere.modes.clear();
    await refresh();
    const { text } = await details();
    expect(text).to.contain(`"lastError":"${elsewhere.jwksUrl}: answers`).and.not.to.contain('secret-marker');
    expect(text).not.to.contain('k1').and.not.to.contain(elsewhere.keys[0]!['x']);
    await elsewhere.close();
  });

  it('serves HEAD without a body', async () => {
    await start();
    await refresh();
    const response = await request(api.app).head('/ready');
    expect(response.status).to.equal(200);
    expect(response.text).to.equal(undefined);
  });

  it('takes the server as an argument, for another app', async () => {
    await start();
    await refresh();
    for (const given of [api.server, { server: api.server }, { server: api.server, details: true }]) {
      const other = express().get('/ready', healthMiddleware(given));
      expect((await ask(other)).status).to.equal(200);
    }
  });

  it('says that there is no server, and names useExpressServer()', async () => {
    await start();
    let message = '';
    const lonely = express().get('/ready', healthMiddleware());
    lonely.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      message = error.message;
      response.sendStatus(500);
    });
    expect((await request(lonely).get('/ready')).status).to.equal(500);
    expect(message).to.contain('useExpressServer');
  });
});
