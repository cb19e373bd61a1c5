/** Coming in by an identity provider, over HTTP: by its tokens, and by a login with this server as the client. */
import { expect } from 'chai';
import request from 'supertest';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { memoryStore } from '../../src/microservice';
import { Browser, claimsOf, setCookiesOf } from './browser';
import { ProviderFixture } from './identity-providers/provider-fixture';
import { issuer, SignInApp } from './sign-in-app';

describe('the endpoints of an identity provider', () => {
  let provider: ProviderFixture;
  let other: ProviderFixture;
  let app: SignInApp;
  let browser: Browser;
  const store = memoryStore();

  before(async () => {
    [provider, other] = [await ProviderFixture.start(), await ProviderFixture.start()];
    const idp = {
      provider: 'oidc',
      name: 'roke',
      issuer: provider.iss,
      clientId: 'client-1',
      algorithms: ['ES256'],
    } as const;
    app = await new SignInApp({ store, idp, userUuidField: 'uuid', clock: () => Date.now() }).withUsers();
    app.server.verifier.clock = () => Date.now();
    browser = app.browser();
  });
  after(async () => {
    await app.close();
    await provider.close();
    await other.close();
  });

  const newcomer = { sub: 'arren-1', email: 'arren@example.com' };

  it('exchanges an ID token alone for a session of our own', async () => {
    const answer = await browser.ask('social-exchange/', { id_token: provider.idToken(newcomer) });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.body).to.have.all.keys('access_token', 'expires', 'CSRF_token');
    expect(setCookiesOf(answer).map(({ name }) => name)).to.deep.equal(['refresh_cookie', 'CSRF_token']);
    browser.keep(answer);
    expect((await browser.me()).body).to.include({ iss: issuer, aud: issuer });
    expect((await browser.refresh()).status).to.equal(200);
    const user = await app.users.findById(String(claimsOf(browser.accessToken).sub));
    expect(user).to.include({ email: 'arren@example.com', uuid: 'arren-1' });
  });

  it('knows the same person again', async () => {
    const again = app.browser();
    again.keep(await again.ask('social-exchange', { id_token: provider.idToken(newcomer) }));
    expect(claimsOf(again.accessToken).sub).to.equal(claimsOf(browser.accessToken).sub);
  });

  it('is 503 while the keys of the provider cannot be had, and lets in afterwards', async () => {
    const fixture = await ProviderFixture.start();
    fixture.issuer.server.metadataMode = { is: 'status', status: 500 };
    const idp = { provider: 'oidc', issuer: fixture.iss, clientId: 'client-1', algorithms: ['ES256'] } as const;
    const own = await new SignInApp({ store: memoryStore(), idp, clock: () => Date.now() }).withUsers();
    const answer = await own.browser().ask('social-exchange/', { id_token: fixture.idToken() });
    expect([answer.status, setCookiesOf(answer)]).to.deep.equal([503, []]);
    expect(answer.headers).to.have.property('retry-after');
    await own.close();
    await fixture.close();
  });

  it('begins a login at the provider, and nothing of it without the cookie', async () => {
    const pages = { authorization_endpoint: `${provider.iss}/authorize`, token_endpoint: `${provider.iss}/token` };
    provider.issuer.server.metadata = pages;
    const answer = await request(app.app).get('/auth/login/roke?returnTo=/books').redirects(0);
    expect(answer.status).to.equal(303);
    const location = new URL(answer.headers['location'] ?? '');
    expect(location.origin + location.pathname).to.equal(pages.authorization_endpoint);
    expect(location.searchParams.get('redirect_uri')).to.equal(`${issuer}/auth/callback/roke`);
    expect(location.searchParams.get('code_challenge_method')).to.equal('S256');
    const [login, ...others] = setCookiesOf(answer);
    expect(login!.name).to.match(/^__Host-axioms-login-[\w-]{22}$/);
    expect(others).to.deep.equal([]);
    const callback = await request(app.app).get('/auth/callback/roke?code=a&state=b').redirects(0);
    expect(callback.status).to.equal(401);
    expect(setCookiesOf(callback)).to.deep.equal([]);
    expect((await request(app.app).get('/auth/login/nobody')).status).to.equal(404);
  });

  it('tells a page that was reloaded its CSRF token, and no page of another origin', async () => {
    const reloaded = browser.copy();
    reloaded.csrfToken = undefined;
    const foreign = await reloaded.ask('csrf/').set('Origin', 'https://evil.example.com');
    expect(foreign.status).to.equal(403);
    expect(foreign.text).not.to.include(String(browser.csrfToken));
    const answer = await reloaded.ask('csrf/').set('Origin', issuer);
    expect([answer.status, answer.body]).to.deep.equal([200, { CSRF_token: browser.csrfToken }]);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect((await app.browser().ask('csrf/')).status).to.equal(401);
    reloaded.keep(answer);
    expect((await reloaded.refresh()).status).to.equal(200);
  });

  it('is not there where no provider is configured', async () => {
    const own = new SignInApp({ store: memoryStore() });
    expect((await own.browser().ask('social-exchange/', { id_token: 'a' })).status).to.equal(404);
    await own.close();
  });
});

describe('a store that cannot be reached', () => {
  it('is 503 with Retry-After, says nothing of itself, and leaves the cookies', async () => {
    const store = memoryStore();
    const app = await new SignInApp({ store }).withUsers();
    const browser = app.browser();
    await browser.signIn();
    const { findFamily } = store;
    store.findFamily = () => Promise.reject(new Error('connect ECONNREFUSED db.internal:5432'));
    const answer = await browser.refresh();
    expect([answer.status, answer.headers['retry-after'], setCookiesOf(answer)]).to.deep.equal([503, '1', []]);
    expect(answer.text).not.to.include('db.internal');
    expect(app.logger.text('error')).to.include('store.findFamily failed').and.not.to.include('db.internal');
    store.findFamily = findFamily;
    expect((await browser.refresh()).status).to.equal(200);
    await app.close();
  });

  it('signs nobody in half', async () => {
    const store = memoryStore();
    const app = await new SignInApp({ store }).withUsers();
    store.addFamily = () => Promise.reject(new Error('down'));
    const answer = await app.browser().signIn();
    expect([answer.status, setCookiesOf(answer)]).to.deep.equal([503, []]);
    await app.close();
  });
});

describe('a path that a proxy takes off', () => {
  it('is in the cookies, and not in the endpoints', async () => {
    const app = await new SignInApp({
      store: memoryStore(),
      refreshCookiePath: '/api/auth',
      prefix: '/auth',
    }).withUsers();
    const answer = await app.browser().signIn();
    expect(answer.status).to.equal(200);
    for (const { attributes } of setCookiesOf(answer)) expect(attributes).to.include('Path=/api/auth');
    await app.close();
  });
});

describe('a routePrefix that the cookies do not know of', () => {
  it('is a mistake that is said, begins no session and sets no cookie', async () => {
    const store = memoryStore();
    const own = await new SignInApp({ store }).withUsers();
    const begun: unknown[] = [];
    const { addFamily } = store;
    store.addFamily = (...family) => {
      begun.push(family);
      return addFamily.apply(store, family);
    };
    const moved = createExpressServer({
      controllers: own.microservice.controllers,
      routePrefix: '/api',
      axioms: { issuerUrl: issuer, audience: issuer, logger: own.logger },
    });
    const answer = await new Browser(moved, '/api/auth').signIn();
    expect([answer.status, setCookiesOf(answer), begun]).to.deep.equal([500, [], []]);
    expect(own.logger.text('error')).to.include("Set refreshCookiePath to '/api/auth' and prefix to '/auth'");
    (moved.locals.axioms as AxiomsServer).close();
    await own.close();
  });
});

describe('regression: an endpoint asked by another spelling of its path', () => {
  it('is no mistake of the server, and its cookies are sent to the usual one', async () => {
    const own = await new SignInApp({ store: memoryStore() }).withUsers();
    const browser = own.browser();
    const loud = new Browser(own.app, '/AUTH');
    browser.keep(await loud.signIn());
    for (const asking of [browser, loud, browser]) {
      own.time.advance(60);
      const answer = await asking.refresh();
      expect(answer.status).to.equal(200);
      for (const { attributes } of setCookiesOf(answer)) expect(attributes).to.include('Path=/auth');
      for (const other of [browser, loud]) if (other !== asking) other.keep(answer);
    }
    expect(own.logger.text('error')).to.equal('');
    await own.close();
  });
});
