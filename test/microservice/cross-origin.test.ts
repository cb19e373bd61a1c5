/** Pages of allowed origins use the endpoints by CORS, and no other page does. */
import { expect } from 'chai';
import request, { type Response } from 'supertest';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { memoryStore, type MicroserviceOptions } from '../../src/microservice';
import { setCookiesOf } from './browser';
import { issuer, SignInApp } from './sign-in-app';

const page = 'https://app.example.com';
const endpoints = ['sign-in', 'refresh', 'csrf', 'logoff', 'social-exchange'];
const foreign = ['https://evil.example.com', 'https://app.example.com.evil.example', 'null', 'https://APP.example.com'];
const sameSite = { Origin: page, 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors' };
const credentials = { username: 'ged', password: 'sparrowhawk' };
const idp = { provider: 'google', clientId: '1234' } as const;

const ofPage = {
  'access-control-allow-origin': page,
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'Retry-After, WWW-Authenticate, RateLimit, RateLimit-Policy',
};
const ofPreflight = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'Authorization, Content-Type, DPoP, X-CSRF-Token',
  'access-control-max-age': '600',
};

function corsOf({ headers }: Response): Record<string, string> {
  const all = headers as Record<string, string>;
  return Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('access-control-')));
}

function expectAllowed(response: Response, more: object = {}): void {
  expect(corsOf(response)).to.deep.equal({ ...ofPage, ...more });
  expect(response.headers['vary']).to.match(/\bOrigin\b/);
}

describe('the endpoints of a microservice, for pages of other origins', () => {
  let app: SignInApp;
  beforeEach(() => start());
  afterEach(() => app.close());

  async function start(options: Partial<MicroserviceOptions> = {}): Promise<void> {
    app = await new SignInApp({
      store: memoryStore(),
      allowedOrigins: [issuer, page],
      idp,
      refusalTime: 0,
      ...options,
    }).withUsers();
  }

  const preflight = (endpoint: string, origin: string) =>
    request(app.app).options(`/auth/${endpoint}/`).set({
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type,dpop',
    });

  for (const endpoint of endpoints) {
    it(`answer the preflight of an allowed page: ${endpoint}`, async () => {
      const answer = await preflight(endpoint, page);
      expect([answer.status, answer.text]).to.deep.equal([204, '']);
      expectAllowed(answer, ofPreflight);
    });

    for (const origin of foreign)
      it(`allow nothing to the preflight of ${origin}: ${endpoint}`, async () => {
        const answer = await preflight(endpoint, origin);
        expect([answer.status, corsOf(answer)]).to.deep.equal([204, {}]);
        expect(answer.headers['vary']).to.match(/\bOrigin\b/);
      });
  }

  it('take a page of the same site through sign-in, csrf, refresh and log-off', async () => {
    const browser = app.browser();
    for (const step of [
      () => browser.ask('sign-in/', credentials),
      () => browser.ask('csrf/'),
      () => browser.ask('refresh/', { CSRF_token: browser.csrfToken }),
      () => browser.ask('logoff/', { CSRF_token: browser.csrfToken }),
    ]) {
      const answer = browser.keep(await step().set(sameSite));
      expect(answer.status, answer.text).to.be.oneOf([200, 204]);
      expectAllowed(answer);
    }
    expect(browser.cookies.size).to.equal(0);
  });

  it('let the page read a refusal of every kind', async () => {
    const refused = async (status: number, endpoint: string, body: string | object): Promise<Response> => {
      const answer = await app.browser().ask(endpoint, body).set(sameSite).set('Content-Type', 'application/json');
      expect(answer.status, answer.text).to.equal(status);
      expectAllowed(answer);
      return answer;
    };
    await refused(400, 'sign-in/', '{ "username": ');
    await refused(400, 'sign-in/', {});
    await refused(401, 'sign-in/', { ...credentials, password: 'goat' });
    await refused(401, 'refresh/', {});
    await refused(401, 'social-exchange/', { id_token: 'junk' });
    await refused(413, 'sign-in/', { ...credentials, more: 'x'.repeat(70_000) });
    app.users.findByUsername = () => Promise.reject(new Error('away'));
    expect((await refused(503, 'sign-in/', credentials)).headers['retry-after']).to.equal('1');
  });

  for (const origin of foreign)
    it(`refuse ${origin}, start nothing, and let it read nothing`, async () => {
      const answer = await app.browser().ask('sign-in/', credentials).set('Origin', origin);
      expect([answer.status, corsOf(answer)]).to.deep.equal([403, {}]);
      expect(answer.headers['vary']).to.match(/\bOrigin\b/);
      expect(setCookiesOf(answer)).to.deep.equal([]);
      expect(app.logger.text('info')).not.to.include('A session started');
    });

  it('allow nothing to a request without an origin, and say that the answer depends on it', async () => {
    const answer = await app.browser().signIn();
    expect([answer.status, corsOf(answer)]).to.deep.equal([200, {}]);
    expect(answer.headers['vary']).to.match(/\bOrigin\b/);
  });

  it('refuse an allowed page that the browser takes for another site, except with SameSite=None', async () => {
    const crossSite = { ...sameSite, 'Sec-Fetch-Site': 'cross-site' };
    expect((await app.browser().ask('sign-in/', credentials).set(crossSite)).status).to.equal(403);
    await app.close();
    const elsewhere = 'https://app.example.org';
    await start({ allowedOrigins: [elsewhere], cookieSameSite: 'none' });
    const answer = await app
      .browser()
      .ask('sign-in/', credentials)
      .set({ ...crossSite, Origin: elsewhere });
    expect(answer.status).to.equal(200);
    expectAllowed(answer, { 'access-control-allow-origin': elsewhere });
  });

  it('answer no preflight where only pages of their own origin are allowed', async () => {
    await app.close();
    await start({ allowedOrigins: undefined });
    const answer = await preflight('sign-in', issuer);
    expect(corsOf(answer)).to.deep.equal({});
  });

  it('have the fields behind a routePrefix, too', async () => {
    const { controllers } = app.microservice;
    const axioms = { issuerUrl: issuer, audience: issuer, logger: app.logger };
    const prefixed = createExpressServer({ routePrefix: '/v1', controllers, axioms });
    const answer = await request(prefixed)
      .options('/v1/auth/refresh/')
      .set({ Origin: page, 'Access-Control-Request-Method': 'POST' });
    expectAllowed(answer, ofPreflight);
    (prefixed.locals.axioms as AxiomsServer).close();
  });
});
