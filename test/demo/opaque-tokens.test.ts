import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { OPAQUE_API } from '../../demo/accounts';
import { startApi, type Api } from '../../demo/api';
import { startAuthorizationServer, type AuthorizationServer } from '../../demo/authorization-server';
import { Browser } from '../../demo/client/browser';
import { logOut } from '../../demo/client/logout';
import { personToken } from '../../demo/client/tokens';
import { openDatabase, removeDatabase, temporaryPlace, type DatabasePlace } from '../../demo/database';

/** Of the setting `introspectionCacheTtl`, in milliseconds. */
const cacheTime = 30_000;

describe("the demo, by opaque tokens of its authorization server's", () => {
  let place: DatabasePlace;
  let database: DataSource;
  let issuer: AuthorizationServer;
  let api: Api;
  let browser: Browser;
  let token: string;
  let introspections: number;
  let now: number;

  before(async () => {
    place = await temporaryPlace();
    database = await openDatabase(place);
    issuer = await startAuthorizationServer(0);
  });
  after(async () => {
    await issuer.close();
    await database.destroy();
    await removeDatabase(place);
  });

  beforeEach(async () => {
    api = await startApi({ port: 0, issuerUrl: issuer.url, database });
    issuer.tellLogouts(api.url);
    [introspections, now, browser] = [0, Date.now(), new Browser()];
    const { introspector, settings } = api.server;
    expect(settings.introspectionCacheTtl * 1000).to.equal(cacheTime);
    introspector.clock = () => now;
    introspector.fetch = (input, init) => {
      if (new Request(input).url.endsWith('/introspection')) introspections += 1;
      return fetch(input, init);
    };
    token = await personToken(issuer.url, 'bob', { resource: OPAQUE_API, browser });
    expect(token).not.to.include('.');
  });
  afterEach(() => api.close());

  async function ask(): Promise<Response> {
    const response = await fetch(`${api.url}/account`, { headers: { authorization: `Bearer ${token}` } });
    await response.clone().arrayBuffer();
    return response;
  }

  async function expectRefused(description: string): Promise<void> {
    const { status, headers } = await ask();
    const metadata = `resource_metadata="${api.url}/.well-known/oauth-protected-resource"`;
    const error = `error="invalid_token", error_description="${description}"`;
    const algorithms = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';
    expect([status, headers.get('www-authenticate')]).to.deep.equal([
      401,
      `DPoP ${metadata}, ${algorithms}, Bearer realm="api", ${metadata}, Bearer realm="api", ${error}, ${metadata}`,
    ]);
  }

  /** RFC 7009, by the app that the token was made for. */
  async function revoke(): Promise<void> {
    const body = new URLSearchParams({ client_id: 'web', token });
    expect((await fetch(`${issuer.url}/token/revocation`, { method: 'POST', body })).status).to.equal(200);
  }

  it('lets its owner in, and asks the issuer once', async () => {
    for (let times = 3; times > 0; times -= 1)
      expect(await (await ask()).json()).to.deep.equal({ by: 'IntrospectionAuthentication', roles: ['viewer'] });
    expect(introspections).to.equal(1);
  });

  it("sees a revocation within the cache's time", async () => {
    expect((await ask()).status).to.equal(200);
    await revoke();
    now += cacheTime - 1;
    expect((await ask()).status).to.equal(200);
    expect(introspections).to.equal(1);
    now += 1;
    await expectRefused('The access token is not active');
    expect(introspections).to.equal(2);
  });

  it('sees a log-out at once, whatever it remembers', async () => {
    expect((await ask()).status).to.equal(200);
    await logOut(issuer.url, browser);
    await expectRefused('The access token was revoked');
    expect(introspections).to.equal(1);
  });

  it('asks the issuer once about 500 concurrent requests with one new token', async () => {
    const statuses = await Promise.all(Array.from({ length: 500 }, async () => (await ask()).status));
    expect(statuses.filter(status => status === 200)).to.have.length(500);
    expect(introspections).to.equal(1);
  });
});
