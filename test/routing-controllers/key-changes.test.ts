/** What requests meet when the issuer's keys change, over HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import type { Express } from 'express';
import request from 'supertest';
import { ApiController, createExpressServer, type AxiomsServer, type JwksManager } from 'axioms-routing-controllers';
import type { IssuerInput } from '../../src/core/settings/settings';
import { Api } from '../api';
import { FakeTime } from '../issuer/fake-time';
import { audience, signed, signingKey, silentLogger, TestIssuer, type SigningKey } from '../issuer/test-issuer';
import { expectExactRefusal, type Refusal } from '../refusals';

let handled = 0;

@JsonController('/notes')
class NoteController extends ApiController {
  @Get('/') list() {
    handled++;
    return [];
  }
}

describe('keys that change', () => {
  let api: Api;
  let time: FakeTime;
  beforeEach(async () => {
    time = new FakeTime();
    api = await Api.start({ controllers: [NoteController], axioms: { jwksPrefetch: false } });
    Object.assign(api.server.jwksManager, { monotonic: time.clock, timers: time.timers });
    handled = 0;
  });
  afterEach(() => api.close());

  async function statusOf(token: string): Promise<number> {
    return (await api.with(token, 'get', '/notes')).status;
  }

  async function expectUnauthorized(token: string, description: string): Promise<void> {
    const before = handled;
    expectExactRefusal(await api.with(token, 'get', '/notes'), invalid(description));
    expect(handled).to.equal(before);
  }

  function invalid(description: string): Refusal {
    const challenge = `Bearer realm="api", error="invalid_token", error_description="${description}"`;
    return { status: 401, challenges: [challenge], error: 'invalid_token', description };
  }

  const wrongSignature = 'The signature of the access token is wrong';
  const unknownKey = 'The access token is signed with an unknown key';

  /** From now on the issuer has another key under the same kid. */
  function replaceKey(): SigningKey {
    const old = api.issuer.key;
    api.issuer.key = signingKey(old.kid);
    api.issuer.server.keys = [api.issuer.key.jwk];
    return old;
  }

  it('accepts a token of new key material under a known kid at its first request, and no longer one of the old', async () => {
    const known = api.issuer.token();
    expect(await statusOf(known)).to.equal(200);
    const old = replaceKey();
    expect(await statusOf(api.issuer.token())).to.equal(200);
    expect(api.issuer.fetches).to.equal(2);
    await expectUnauthorized(known, wrongSignature);
    await expectUnauthorized(api.issuer.token({ jti: 'of the old key' }, {}, old), wrongSignature);
    expect(api.issuer.fetches).to.equal(2);
  });

  it('serves every request that waits for the new key material, with one fetch', async () => {
    await statusOf(api.issuer.token());
    replaceKey();
    const all = Array.from({ length: 20 }, (_, index) => statusOf(api.issuer.token({ jti: String(index) })));
    expect(new Set(await Promise.all(all))).to.deep.equal(new Set([200]));
    expect(api.issuer.fetches).to.equal(2);
  });

  it('refuses wrong signatures, which cause one fetch in two cooldowns and delay no new key', async () => {
    await statusOf(api.issuer.token());
    const stranger = signingKey('k1');
    for (let step = 0; step < 60; step++) {
      await expectUnauthorized(api.issuer.token({ jti: String(step) }, {}, stranger), wrongSignature);
      time.advance(2);
    }
    expect(api.issuer.fetches).to.equal(3);
    api.issuer.rotate('k2');
    expect(await statusOf(api.issuer.token())).to.equal(200);
  });

  it('refuses a wrong signature on a cold cache with the one fetch that it needs', async () => {
    await expectUnauthorized(api.issuer.token({}, {}, signingKey('k1')), wrongSignature);
    expect(api.issuer.fetches).to.equal(1);
  });

  it('refuses a wrong signature with 401 while the issuer is down, and serves the known key', async () => {
    await statusOf(api.issuer.token());
    api.issuer.server.keysMode = { is: 'status', status: 500 };
    await expectUnauthorized(api.issuer.token({}, {}, signingKey('k1')), wrongSignature);
    await expectUnauthorized(api.issuer.token({}, {}, signingKey('k1')), wrongSignature);
    expect(api.issuer.fetches).to.equal(2);
    expect(await statusOf(api.issuer.token({ jti: 'good' }))).to.equal(200);
  });

  it('refuses both, the known token and a new one, when two different keys have their kid', async () => {
    const known = api.issuer.token();
    expect(await statusOf(known)).to.equal(200);
    api.issuer.server.keys = [api.issuer.key.jwk, signingKey('k1').jwk, signingKey('other').jwk];
    await api.server.jwksManager.refresh();
    await expectUnauthorized(known, unknownKey);
    await expectUnauthorized(api.issuer.token({ jti: 'new' }), unknownKey);
  });

  it('refuses both also where one of the two keys names its algorithm and the other does not', async () => {
    const [bare, named] = [signingKey('k1', 'RS256'), signingKey('k1', 'RS256')];
    api.issuer.server.keys = [{ ...bare.jwk, alg: undefined }];
    const known = api.issuer.token({}, { alg: 'RS384' }, { ...bare, alg: 'RS384' });
    expect(await statusOf(known)).to.equal(200);
    api.issuer.server.keys = [{ ...bare.jwk, alg: undefined }, named.jwk];
    await api.server.jwksManager.refresh();
    await expectUnauthorized(known, unknownKey);
    await expectUnauthorized(api.issuer.token({ jti: 'new' }, {}, bare), unknownKey);
  });
});

describe('keys of an issuer that answers 406 to application/json alone', () => {
  it('are fetched, as Kubernetes serves them', async () => {
    const key = signingKey('k1');
    const server = createServer(({ headers }, response) => {
      const isRight = headers.accept?.includes('application/jwk-set+json');
      response.writeHead(isRight ? 200 : 406, { 'Content-Type': 'application/jwk-set+json' });
      response.end(JSON.stringify({ keys: [key.jwk] }));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/openid/v1/jwks`;
    const api = await Api.start({ controllers: [NoteController], axioms: { jwksUrl } });
    try {
      expect((await api.with(api.issuer.token({}, {}, key), 'get', '/notes')).status).to.equal(200);
    } finally {
      await api.close();
      server.close();
    }
  });
});

describe('issuers that name the same jwksUrl', () => {
  const tenants = ['https://login.example.com/one', 'https://login.example.com/two'];
  let host: TestIssuer;
  let app: Express;
  beforeEach(async () => {
    host = await TestIssuer.start();
  });
  afterEach(async () => {
    jwksManager().close();
    await host.close();
  });

  function start(jwksPrefetch: boolean, ...more: IssuerInput[]): void {
    const { jwksUrl } = host.server;
    const spellings = [jwksUrl, jwksUrl.replace('/keys', '/./keys')];
    const issuers = tenants.map((issuerUrl, index) => ({
      issuerUrl,
      audience,
      jwksUrl: spellings[index]!,
      ...more[index],
    }));
    app = createExpressServer({
      controllers: [NoteController],
      axioms: { issuers, jwksPrefetch, logger: silentLogger },
    });
  }

  function jwksManager(): JwksManager {
    return (app.locals.axioms as AxiomsServer).jwksManager;
  }

  function tokenOf(tenant: number, key = host.key): string {
    const claims = host.claims({ iss: tenants[tenant] });
    return signed({ alg: key.alg, kid: key.kid, typ: 'at+jwt' }, claims, key);
  }

  async function statuses(...tokens: string[]): Promise<number[]> {
    const asked = tokens.map(token => request(app).get('/notes').set('Authorization', `Bearer ${token}`));
    return (await Promise.all(asked)).map(({ status }) => status);
  }

  for (const prefetch of [true, false])
    it(`share one set and one fetch, ${prefetch ? 'also at the start' : 'also where the first requests wait for it'}`, async () => {
      start(prefetch);
      expect(await statuses(tokenOf(0), tokenOf(1))).to.deep.equal([200, 200]);
      host.rotate('k2');
      expect(await statuses(tokenOf(1), tokenOf(0))).to.deep.equal([200, 200]);
      expect(host.fetches).to.equal(2);
    });

  it('have one budget for unknown keys and one back-off', async () => {
    start(false);
    const stranger = signingKey('strange');
    await statuses(tokenOf(0));
    for (const tenant of [0, 1, 0, 1]) expect(await statuses(tokenOf(tenant, stranger))).to.deep.equal([401]);
    expect(host.fetches).to.equal(2);
  });

  it('appear separately in the status, in the order of the settings, and keep their other settings', async () => {
    start(true, {}, { algorithms: ['RS256'] });
    expect(await statuses(tokenOf(0), tokenOf(1))).to.deep.equal([200, 401]);
    const status = jwksManager().status();
    expect(status.map(({ issuer, fetchCount, keys }) => [issuer, fetchCount, keys.length])).to.deep.equal(
      tenants.map(issuer => [issuer, 1, 1]),
    );
  });

  it('keep the set by the shortest of their times', async () => {
    start(true, { jwksRefreshInterval: 600, jwksCacheTtl: 7200 }, { jwksRefreshInterval: 900, jwksCacheTtl: 1800 });
    const time = new FakeTime();
    jwksManager().monotonic = time.clock;
    await jwksManager().refresh();
    time.advance(600);
    expect(
      jwksManager()
        .status()
        .map(({ stale }) => stale),
    ).to.deep.equal([true, true]);
    time.advance(1200);
    expect(
      jwksManager()
        .status()
        .map(({ usable }) => usable),
    ).to.deep.equal([false, false]);
  });
});
