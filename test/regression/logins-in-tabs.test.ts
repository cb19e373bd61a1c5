/** Fault: all logins of a browser shared one cookie, so that the second tab to log in broke the login of the first. */
import { expect } from 'chai';
import request, { type Response } from 'supertest';
import { Browser as ProviderBrowser } from '../../demo/client/browser';
import { memoryStore } from '../../src/microservice';
import { Browser, setCookiesOf } from '../microservice/browser';
import { OpenIdServer } from '../microservice/identity-providers/openid-server';
import { SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal } from '../refusals';

const notHere = {
  status: 401,
  challenges: ['Bearer realm="api"'],
  error: 'authentication_failed',
  description: 'The login did not begin here, or took too long',
};

for (const [kind, issuer, prefix] of [
  ['over https', 'https://api.example.com', '__Host-axioms-login-'],
  ['over http on this machine', 'http://127.0.0.1:3000', 'axioms-login-'],
] as const)
  describe(`regression: logins in several tabs of one browser, ${kind}`, () => {
    let provider: OpenIdServer;
    let app: SignInApp;
    let now: number;
    let browser: Browser;

    before(async () => {
      provider = await OpenIdServer.start([{ id: 'books', redirectUri: `${issuer}/auth/callback/oidc` }]);
    });
    after(() => provider.close());
    beforeEach(() => {
      now = Math.floor(Date.now() / 1000) * 1000;
      const idp = { provider: 'oidc', issuer: provider.url, clientId: 'books', clockTolerance: 60 } as const;
      app = new SignInApp({ store: memoryStore(), issuer, idp, clock: () => now });
      browser = app.browser();
    });
    afterEach(() => app.close());

    const logins = (): string[] => [...browser.cookies.keys()].filter(name => name.startsWith(prefix));

    async function open(path: string, headers: Record<string, string> = {}): Promise<Response> {
      return browser.keep(
        await request(app.app)
          .get(path)
          .set({ Cookie: browser.cookieHeader, ...headers }),
      );
    }

    async function begin(returnTo: string): Promise<URL> {
      const answer = await open(`/auth/login/oidc?returnTo=${returnTo}`);
      expect(answer.status, answer.text).to.equal(303);
      return new URL(answer.headers['location']!);
    }

    async function finish(login: URL): Promise<Response> {
      const back = await new ProviderBrowser().signIn(login, '', `${issuer}/`);
      return open(back.pathname + back.search);
    }

    function expectSignedIn(answer: Response, place: string): void {
      expect([answer.status, answer.headers['location']], answer.text).to.deep.equal([303, place]);
      expect(setCookiesOf(answer).map(({ name }) => name)).to.include('refresh_cookie');
    }

    it('both come back signed in, in whatever order, and leave no cookie', async () => {
      const [first, second, third] = [await begin('/one'), await begin('/two'), await begin('/three')];
      expect(logins()).to.have.length(3);
      expectSignedIn(await finish(second), '/two');
      expectSignedIn(await finish(third), '/three');
      expectSignedIn(await finish(first), '/one');
      expect(logins()).to.deep.equal([]);
    });

    it('come back signed in if both have begun before either was answered', async () => {
      const answers = await Promise.all(
        ['/one', '/two'].map(place => request(app.app).get(`/auth/login/oidc?returnTo=${place}`)),
      );
      for (const answer of answers) browser.keep(answer);
      const [first, second] = answers.map(({ headers }) => new URL(headers['location']!));
      expectSignedIn(await finish(first!), '/one');
      expectSignedIn(await finish(second!), '/two');
    });

    it('are not disturbed by an answer with a foreign, missing or repeated state, which clears nothing', async () => {
      const login = await begin('/one');
      const state = login.searchParams.get('state')!;
      for (const query of ['state=foreign', '', `state=${state}&state=${state}`, `state=${state}&state=foreign`]) {
        const answer = await open(`/auth/callback/oidc?code=x&iss=${provider.url}&${query}`);
        expectExactRefusal(answer, notHere);
        expect(setCookiesOf(answer)).to.deep.equal([]);
      }
      expectSignedIn(await finish(login), '/one');
    });

    it('leave the cookies of the app alone', async () => {
      for (const name of ['login', '__Host-login', `${prefix}of-the-app`]) browser.cookies.set(name, "the app's");
      expectSignedIn(await finish(await begin('/one')), '/one');
      expect([...browser.cookies.keys()]).to.include.members(['login', '__Host-login', `${prefix}of-the-app`]);
    });

    it('are five at most: a further one ends the oldest', async () => {
      const begun: URL[] = [];
      for (let count = 0; count < 12; count++) {
        begun.push(await begin(`/${count}`));
        now += 1000;
        expect(logins()).to.have.length(Math.min(5, count + 1));
      }
      expectExactRefusal(await finish(begun[6]!), notHere);
      expectSignedIn(await finish(begun[7]!), '/7');
      expectSignedIn(await finish(begun[11]!), '/11');
    });

    it('have no more than 4 KiB of cookies, and two of the longest fit', async () => {
      const place = `/${'x'.repeat(1000)}`;
      const begun: URL[] = [];
      for (let count = 0; count < 4; count++) {
        begun.push(await begin(place));
        now += 1000;
        expect(browser.cookieHeader.length).to.be.at.most(4096);
      }
      expect(logins()).to.have.length(2);
      for (const login of begun.slice(2)) expectSignedIn(await finish(login), place);
    });

    it('end what another server has left first', async () => {
      const login = await begin('/one');
      now += 1000;
      for (let count = 0; count < 8; count++)
        browser.cookies.set(`${prefix}${String(count).padStart(22, '0')}`, 'junk');
      const next = await begin('/two');
      expect(logins()).to.have.length(5);
      expectSignedIn(await finish(login), '/one');
      expectSignedIn(await finish(next), '/two');
    });

    for (const site of ['cross-site', 'same-site'])
      it(`are not begun by an image or a script of a ${site} page, which could begin any number`, async () => {
        const answer = await open('/auth/login/oidc', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors' });
        const description = 'A login begins by opening its page';
        expectExactRefusal(answer, { status: 403, error: 'permission_denied', description });
        expect(logins()).to.deep.equal([]);
        const opened = await open('/auth/login/oidc', { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate' });
        expect(opened.status).to.equal(303);
      });
  });
