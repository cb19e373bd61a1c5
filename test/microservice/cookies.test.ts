/** The cookies attribute by attribute, for every way to sign in and every kind of issuer. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import request from 'supertest';
import { Browser as ProviderBrowser } from '../../demo/client/browser';
import { memoryStore, type MicroserviceOptions } from '../../src/microservice';
import { Browser, setCookiesOf, type SetCookie } from './browser';
import { OpenIdServer } from './identity-providers/openid-server';
import { ProviderFixture, clientId } from './identity-providers/provider-fixture';
import { issuer, SignInApp } from './sign-in-app';

interface Kind {
  readonly what: string;
  readonly options: Partial<MicroserviceOptions>;
  readonly names?: readonly [refresh: string, csrf: string];
  /** Behind `Max-Age` and `Expires`, in this order. */
  readonly attributes: readonly string[];
}

const names = ['refresh_cookie', 'CSRF_token'] as const;
const prefixed = { refreshCookieName: '__Secure-refresh', csrfCookieName: '__Secure-csrf' };
const hostPrefixed = { refreshCookieName: '__Host-refresh', csrfCookieName: '__Host-csrf', refreshCookiePath: '/' };

const kinds: readonly Kind[] = [
  { what: 'by default', options: {}, attributes: ['Path=/auth', 'HttpOnly', 'Secure', 'SameSite=Strict'] },
  {
    what: 'with the prefix __Secure-',
    options: prefixed,
    names: ['__Secure-refresh', '__Secure-csrf'],
    attributes: ['Path=/auth', 'HttpOnly', 'Secure', 'SameSite=Strict'],
  },
  {
    what: 'with the prefix __Host-',
    options: hostPrefixed,
    names: ['__Host-refresh', '__Host-csrf'],
    attributes: ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict'],
  },
  {
    what: 'on this machine, which has no https',
    options: { issuer: 'http://127.0.0.1:3000', audience: issuer },
    attributes: ['Path=/auth', 'HttpOnly', 'SameSite=Strict'],
  },
  {
    what: 'with SameSite=Lax',
    options: { cookieSameSite: 'lax' },
    attributes: ['Path=/auth', 'HttpOnly', 'Secure', 'SameSite=Lax'],
  },
  {
    what: 'for pages of another site',
    options: { cookieSameSite: 'none', allowedOrigins: ['https://app.example.org'] },
    attributes: ['Path=/auth', 'HttpOnly', 'Secure', 'SameSite=None'],
  },
  {
    what: 'with names and a path of their own',
    options: { refreshCookieName: 'r', csrfCookieName: 'c', refreshCookiePath: '/session' },
    names: ['r', 'c'],
    attributes: ['Path=/session', 'HttpOnly', 'Secure', 'SameSite=Strict'],
  },
];

/** Whole and in order: an attribute more, such as `Domain`, is a difference. */
function expectCookies(
  cookies: readonly SetCookie[],
  { names: expected = names, attributes }: Kind,
  seconds: number,
  now: number,
) {
  const expires = new Date(seconds === 0 ? 0 : now + seconds * 1000).toUTCString();
  const whole = [`Max-Age=${seconds}`, `Expires=${expires}`, ...attributes];
  expect(cookies.map(cookie => [cookie.name, cookie.attributes])).to.deep.equal(expected.map(name => [name, whole]));
  for (const { value } of cookies) expect(value === '').to.equal(seconds === 0);
}

function hashOfState(location: string): string {
  const state = new URL(location).searchParams.get('state')!;
  return createHash('sha256').update(state).digest('base64url').slice(0, 22);
}

describe('the cookies of a session', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });

  function closing<One extends { close(): Promise<void> }>(one: One): One {
    opened.push(one);
    return one;
  }

  for (const kind of kinds)
    it(`are whole ${kind.what}: at sign-in, refresh and log-off`, async () => {
      const app = await closing(new SignInApp({ store: memoryStore(), ...kind.options })).withUsers();
      const browser = new Browser(app.app, kind.options.refreshCookiePath === '/session' ? '/session' : '/auth');
      const { now } = app.time;
      expectCookies(setCookiesOf(await browser.signIn()), kind, 86_400, now);
      expectCookies(setCookiesOf(await browser.refresh()), kind, 86_400, now);
      expectCookies(setCookiesOf(await browser.logOff()), kind, 0, now);
    });

  it('are the same for a social exchange', async () => {
    const provider = closing(await ProviderFixture.start());
    const idp = { provider: 'oidc', issuer: provider.iss, clientId, algorithms: ['ES256'] } as const;
    const now = Math.floor(Date.now() / 1000) * 1000;
    const app = closing(new SignInApp({ store: memoryStore(), idp, clock: () => now }));
    const answer = await app.browser().ask('social-exchange/', { id_token: provider.idToken() });
    expectCookies(setCookiesOf(answer), kinds[0]!, 86_400, now);
  });

  it('are the same after a login at a provider, whose own cookie is another, and goes', async () => {
    const redirectUri = `${issuer}/auth/callback/oidc`;
    const provider = closing(await OpenIdServer.start([{ id: 'books', redirectUri }]));
    const now = Math.floor(Date.now() / 1000) * 1000;
    const idp = { provider: 'oidc', issuer: provider.url, clientId: 'books', clockTolerance: 60 } as const;
    const app = closing(new SignInApp({ store: memoryStore(), idp, clock: () => now }));
    const begun = await request(app.app).get('/auth/login/oidc/');
    const [login, ...others] = setCookiesOf(begun);
    const of = ['Path=/', `Expires=`, 'HttpOnly', 'Secure', 'SameSite=Lax'];
    const attributes = (all: readonly string[]) => all.map(one => one.replace(/^Expires=.*/, 'Expires='));
    expect([others, login!.name, attributes(login!.attributes)]).to.deep.equal([
      [],
      `__Host-axioms-login-${hashOfState(begun.headers['location']!)}`,
      ['Max-Age=600', ...of],
    ]);
    const back = await new ProviderBrowser().signIn(new URL(begun.headers['location']!), '', `${issuer}/`);
    const ended = await request(app.app)
      .get(back.pathname + back.search)
      .set('Cookie', `${login!.name}=${login!.value}`);
    const [cleared, ...session] = setCookiesOf(ended);
    const gone = [login!.name, '', ['Max-Age=0', ...of]];
    expect([cleared!.name, cleared!.value, attributes(cleared!.attributes)]).to.deep.equal(gone);
    expectCookies(session, kinds[0]!, 86_400, now);
  });
});
