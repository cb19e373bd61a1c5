/** The throttles of the settings count requests to the endpoints of a microservice. */
import { expect } from 'chai';
import request, { type Response } from 'supertest';
import { AnonRateThrottle } from 'axioms-routing-controllers/throttling';
import { memoryStore } from '../../src/microservice';
import { fieldsOf } from '../refusals';
import { setCookiesOf } from './browser';
import { issuer, SignInApp } from './sign-in-app';

const page = 'https://app.example.com';
const idp = { provider: 'google', clientId: '1234' } as const;

describe('defaultThrottleClasses, at the endpoints of a microservice', () => {
  let app: SignInApp;

  beforeEach(async () => {
    const options = { store: memoryStore(), allowedOrigins: [issuer, page], idp, refusalTime: 0 };
    const throttles = { defaultThrottleClasses: [AnonRateThrottle], throttleRates: { anon: '2/min' } };
    app = await new SignInApp(options, throttles).withUsers();
  });
  afterEach(() => app.close());

  function expectThrottled(answer: Response): void {
    expect(answer.status, answer.text).to.equal(429);
    expect((answer.body as { error: string }).error).to.equal('throttled');
    expect(Number(answer.headers['retry-after'])).to.be.within(1, 60);
    expect(fieldsOf(answer, 'www-authenticate')).to.deep.equal([]);
    expect(setCookiesOf(answer)).to.deep.equal([]);
  }

  it('refuse a sign-in that comes too soon, and check no password', async () => {
    expect((await app.browser().signIn()).status).to.equal(200);
    expect((await app.browser().signIn()).status).to.equal(200);
    app.users.findByUsername = () => Promise.reject(new Error('asked for a user'));
    expectThrottled(await app.browser().signIn());
  });

  for (const endpoint of ['sign-in/', 'social-exchange/', 'csrf/', 'refresh/', 'logoff/'])
    it(`count requests to ${endpoint}, and let the page read the refusal`, async () => {
      const ask = () => app.browser().ask(endpoint, {}).set('Origin', page);
      for (let count = 0; count < 2; count++) expect((await ask()).status).to.be.oneOf([400, 401]);
      const answer = await ask();
      expectThrottled(answer);
      expect(answer.headers['access-control-allow-origin']).to.equal(page);
      expect(answer.headers['access-control-expose-headers']).to.include('Retry-After');
    });

  for (const path of ['/auth/login/nobody', '/auth/callback/nobody?code=x&state=y'])
    it(`count requests to ${path}`, async () => {
      for (let count = 0; count < 2; count++) expect((await request(app.app).get(path)).status).to.equal(404);
      expectThrottled(await request(app.app).get(path));
    });

  it('keep the session of a browser whose refresh comes too soon', async () => {
    const browser = app.browser();
    await browser.signIn();
    await browser.refresh();
    expectThrottled(await browser.refresh());
    expect(browser.cookies.size).to.equal(2);
  });

  it('do not count preflights, keys and metadata: without these, pages and resource servers could not go on', async () => {
    const asked = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server'];
    for (let count = 0; count < 4; count++) {
      for (const path of asked) expect((await request(app.app).get(path)).status).to.equal(200);
      const preflight = { Origin: page, 'Access-Control-Request-Method': 'POST' };
      expect((await request(app.app).options('/auth/sign-in/').set(preflight)).status).to.equal(204);
    }
    expect((await app.browser().signIn()).status).to.equal(200);
  });
});
