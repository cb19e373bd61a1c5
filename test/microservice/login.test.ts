import { expect } from 'chai';
import request from 'supertest';
import { Browser as ProviderBrowser } from '../../demo/client/browser';
import { memoryStore, type MicroserviceOptions } from '../../src/microservice';
import { expectExactRefusal, fieldsOf } from '../refusals';
import { setCookiesOf } from './browser';
import { OpenIdServer } from './identity-providers/openid-server';
import { issuer, SignInApp } from './sign-in-app';

describe('the endpoints of a login at a provider', () => {
  let provider: OpenIdServer;
  let app: SignInApp;

  before(async () => {
    provider = await OpenIdServer.start([{ id: 'books', redirectUri: `${issuer}/auth/callback/oidc` }]);
    app = start();
  });
  after(async () => {
    await app.close();
    await provider.close();
  });

  function start(options: Partial<MicroserviceOptions> = {}): SignInApp {
    const idp = { provider: 'oidc', issuer: provider.url, clientId: 'books' } as const;
    const clock = (): number => Date.now();
    return new SignInApp({ store: memoryStore(), idp, clock, ...options });
  }

  it('send the browser to the provider, take it back, and begin a session that can be refreshed', async () => {
    const begun = await request(app.app).get('/auth/login/oidc?returnTo=/books');
    expect(begun.status, begun.text).to.equal(303);
    const [login] = setCookiesOf(begun);
    expect(login!.attributes).to.include.members(['HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/']);
    const back = await new ProviderBrowser().signIn(new URL(begun.headers['location'] as string), '', `${issuer}/`);
    const ended = await request(app.app)
      .get(back.pathname + back.search)
      .set('Cookie', `${login!.name}=${login!.value}`);
    expect(ended.status, ended.text).to.equal(303);
    expect(ended.headers['location']).to.equal('/books');
    const cookies = setCookiesOf(ended).filter(({ value }) => value !== '');
    expect(cookies.map(({ name }) => name)).to.have.members(['refresh_cookie', 'CSRF_token']);
    expect(await app.users.findByIdentity({ issuer: provider.url, subject: 'ged' })).to.include({ username: 'ged' });
  });

  it('refuse an answer to a login that began elsewhere, with a challenge, and set no session', async () => {
    const answer = await request(app.app).get(`/auth/callback/oidc?code=x&state=y&iss=${provider.url}`);
    expect(answer.status).to.equal(401);
    expect(answer.headers['www-authenticate']).to.equal('Bearer realm="api"');
    expect(answer.body).to.deep.equal({
      error: 'authentication_failed',
      error_description: 'The login did not begin here, or took too long',
    });
    expect(setCookiesOf(answer).filter(({ value }) => value !== '')).to.deep.equal([]);
  });

  describe('regression: a login cookie that a sibling subdomain has planted', () => {
    const start =
      /^__Host-axioms-login-[\w-]{22}=[\w.-]+; Max-Age=600; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/;

    /** Begins a login in a browser of its own; where the provider sends that browser back to, and its cookie. */
    async function begun(): Promise<{ readonly path: string; readonly name: string; readonly ticket: string }> {
      const answer = await request(app.app).get('/auth/login/oidc?returnTo=/books');
      expect(answer.status, answer.text).to.equal(303);
      const [cookie = '', ...others] = fieldsOf(answer, 'set-cookie');
      expect(cookie).to.match(start);
      expect(others).to.deep.equal([]);
      const back = await new ProviderBrowser().signIn(new URL(answer.headers['location'] as string), '', `${issuer}/`);
      const { name, value } = setCookiesOf(answer)[0]!;
      return { path: back.pathname + back.search, name, ticket: value };
    }

    const arrive = (path: string, cookie: string) =>
      request(app.app).get(path).set({ Cookie: cookie, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' });

    it('signs no visitor in as the one who planted it', async () => {
      const mallory = await begun();
      // Browsers refuse a Domain with the prefix `__Host-`, so another host can plant only a name without it.
      const answer = await arrive(mallory.path, `${mallory.name.replace('__Host-', '')}=${mallory.ticket}`);
      expectExactRefusal(answer, {
        status: 401,
        challenges: ['Bearer realm="api"'],
        error: 'authentication_failed',
        description: 'The login did not begin here, or took too long',
      });
      expect(fieldsOf(answer, 'set-cookie')).to.deep.equal([]);
    });

    it('signs no visitor in under a name that browsers take for one without the prefix', async () => {
      for (const sign of ['\u00a0', '\u0085', 'x']) {
        const mallory = await begun();
        const answer = await arrive(mallory.path, `other=1; ${sign}${mallory.name}=${mallory.ticket}`);
        expectExactRefusal(answer, {
          status: 401,
          challenges: ['Bearer realm="api"'],
          error: 'authentication_failed',
          description: 'The login did not begin here, or took too long',
        });
        expect(fieldsOf(answer, 'set-cookie')).to.deep.equal([]);
      }
    });

    it('does not get in the way of a login that began in this browser', async () => {
      const [mallory, own] = [await begun(), await begun()];
      const planted = `${own.name.replace('__Host-', '')}=${mallory.ticket}`;
      const answer = await arrive(own.path, `${planted}; ${own.name}=${own.ticket}`);
      expect([answer.status, answer.headers['location']]).to.deep.equal([303, '/books']);
      const set = setCookiesOf(answer).filter(({ value }) => value !== '');
      expect(set.map(({ name }) => name)).to.deep.equal(['refresh_cookie', 'CSRF_token']);
    });
  });

  it('begin no login in a frame of another origin, which could begin many', async () => {
    const fields = { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'navigate' };
    const begin = (destination: string) =>
      request(app.app)
        .get('/auth/login/oidc')
        .set({ ...fields, 'Sec-Fetch-Dest': destination });
    const answer = await begin('iframe');
    expectExactRefusal(answer, {
      status: 403,
      error: 'permission_denied',
      description: 'A login begins by opening its page',
    });
    expect(fieldsOf(answer, 'set-cookie')).to.deep.equal([]);
    expect((await begin('document')).status).to.equal(303);
  });

  it('are not there for a provider that was not configured', async () => {
    expect((await request(app.app).get('/auth/login/other')).status).to.equal(404);
  });
});
