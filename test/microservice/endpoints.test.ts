/** The endpoints over HTTP, on every store: what they answer, which cookies they set, and when a session ends. */
import { expect } from 'chai';
import request, { type Response } from 'supertest';
import { expectExactRefusal, invalidToken } from '../refusals';
import { claimsOf, expectCleared, headerOf, setCookiesOf, type Browser } from './browser';
import { issuer, SignInApp } from './sign-in-app';
import { needsServer, places, type OpenStore } from './stores/places';

const refusedWith = (description: string) => ({
  status: 401,
  challenges: ['Bearer realm="api"'],
  error: 'authentication_failed',
  description,
});
const notValid = refusedWith('The refresh token is not valid: sign in again');
const usedBefore = refusedWith('The refresh token was used before: sign in again');

function familiesOf(open: OpenStore, userId: string) {
  return open.store.familiesOf(issuer, userId);
}

for (const place of places)
  describe(`the endpoints of a session, on ${place.name}`, function () {
    this.timeout(30_000);
    let open: OpenStore;
    let app: SignInApp;

    needsServer(place);
    beforeEach(async () => {
      open = await place.open();
      app = await new SignInApp({ store: open.store }).withUsers();
    });
    afterEach(async () => {
      await app.close();
      await open.remove();
    });

    function expectSession(response: Response, lifetime = 86_400): void {
      expect(response.status, response.text).to.equal(200);
      expect(response.headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' });
      expect(response.body).to.have.all.keys('access_token', 'expires', 'CSRF_token');
      const { expires, CSRF_token: csrfToken } = response.body as { expires: number; CSRF_token: string };
      expect(expires).to.equal(app.time.now / 1000 + 300);
      const end = new Date(app.time.now + lifetime * 1000).toUTCString();
      const attributes = [`Max-Age=${lifetime}`, `Expires=${end}`, 'Path=/auth', 'HttpOnly', 'Secure'];
      const cookies = setCookiesOf(response);
      expect(cookies.map(({ name }) => name)).to.deep.equal(['refresh_cookie', 'CSRF_token']);
      for (const cookie of cookies) expect(cookie.attributes).to.deep.equal([...attributes, 'SameSite=Strict']);
      expect(cookies[0]?.value).to.match(/^[\w-]{64}:[0-9a-z]+:[\w-]{43}$/);
      expect(cookies[1]?.value.split(':')[0]).to.equal(csrfToken);
    }

    async function signedIn(username?: string, password?: string): Promise<Browser> {
      const browser = app.browser();
      expectSession(await browser.signIn(username, password));
      return browser;
    }

    /** The same sessions, users and keys, by a clock that was set back. */
    function threeHoursBehind(): SignInApp {
      const clock = (): number => app.time.now - 3 * 60 * 60 * 1000;
      return new SignInApp({ store: open.store, users: app.users, clock });
    }

    it('signs in with a password', async () => {
      const browser = await signedIn();
      const id = await app.idOf('ged');
      const now = app.time.now / 1000;
      const { jti, sid, ...claims } = claimsOf(browser.accessToken);
      expect(claims).to.deep.equal({
        iss: issuer,
        sub: id,
        aud: issuer,
        client_id: issuer,
        iat: now,
        exp: now + 300,
        auth_time: now,
        token_type: 'access',
        user_id: id,
      });
      const [family] = await familiesOf(open, id);
      expect(sid).to.equal(family?.id);
      expect(jti).to.match(/^[0-9a-f-]{36}$/);
      expect(headerOf(browser.accessToken)).to.include({ alg: 'EdDSA', typ: 'at+jwt' });
      expect((await browser.me()).body).to.deep.equal({ jti, sid, ...claims });
      expect((await app.users.findById(id))?.['lastLogin']).to.deep.equal(new Date(app.time.now));
    });

    it('answers with and without the slash at the end', async () => {
      const browser = app.browser();
      const credentials = { username: 'ged', password: 'sparrowhawk' };
      expectSession(browser.keep(await browser.ask('sign-in', credentials)));
      expectSession(browser.keep(await browser.ask('refresh', { CSRF_token: browser.csrfToken })));
      expect((await browser.ask('logoff', { CSRF_token: browser.csrfToken })).status).to.equal(204);
    });

    it('stores no token, neither as it is nor in a cookie of the store', async () => {
      const browser = await signedIn();
      const id = await app.idOf('ged');
      const text = JSON.stringify(await familiesOf(open, id));
      const token = browser.cookies.get('refresh_cookie')?.split(':')[0] ?? '';
      for (const part of [token, token.slice(0, 20), token.slice(-40)]) expect(text).not.to.include(part);
      await browser.refresh();
      const after = JSON.stringify(await familiesOf(open, id));
      const next = browser.cookies.get('refresh_cookie')?.split(':')[0] ?? '';
      for (const part of [next, next.slice(0, 20), next.slice(-40)]) expect(after).not.to.include(part);
      expect(app.logger.text()).not.to.include(token).and.not.to.include(next);
    });

    it('refreshes: another refresh token, another access token, the same session and CSRF token', async () => {
      const browser = await signedIn();
      const before = browser.copy();
      app.time.advance(60);
      expectSession(await browser.refresh());
      expect(browser.cookies.get('refresh_cookie')).not.to.equal(before.cookies.get('refresh_cookie'));
      expect(browser.csrfToken).to.equal(before.csrfToken);
      const [old, fresh] = [claimsOf(before.accessToken), claimsOf(browser.accessToken)];
      expect(fresh.sid).to.equal(old.sid);
      expect(fresh.jti).not.to.equal(old.jti);
      expect(fresh.auth_time).to.equal(old.auth_time);
      expect((await browser.me()).status).to.equal(200);
      expect(await familiesOf(open, await app.idOf('ged'))).to.have.length(1);
    });

    it('gives who lost the race, or the answer, the same successor within the grace period', async () => {
      const browser = await signedIn();
      const loser = browser.copy();
      await browser.refresh();
      app.time.advance(10);
      expectSession(await loser.refresh(), 86_390);
      const token = (one: Browser) => one.cookies.get('refresh_cookie')?.split(':')[0];
      expect(token(loser)).to.equal(token(browser));
      expectSession(await loser.refresh());
    });

    it('gives who lost the answer for a minute another successor, and nobody is signed out', async () => {
      const browser = await signedIn();
      const loser = browser.copy();
      await browser.refresh();
      app.time.advance(60);
      expectSession(await loser.refresh());
      expect(loser.cookies.get('refresh_cookie')).not.to.equal(browser.cookies.get('refresh_cookie'));
      app.time.advance(60);
      expectSession(await loser.refresh());
    });

    it('ends the whole session when a successor comes back whose place another one has taken', async () => {
      const browser = await signedIn();
      const thief = browser.copy();
      await browser.refresh();
      app.time.advance(11);
      expectSession(await thief.refresh());
      const answer = await browser.refresh();
      expectExactRefusal(answer, usedBefore);
      expectCleared(answer);
      expectExactRefusal(await thief.refresh(), notValid);
      expectExactRefusal(await browser.me(), invalidToken('The access token was revoked'));
      expect(await familiesOf(open, await app.idOf('ged'))).to.deep.equal([]);
      const { sub, sid } = claimsOf(thief.accessToken);
      const [{ data, message } = { data: undefined, message: '' }] = app.logger.entries.filter(
        ({ level }) => level === 'warn',
      );
      expect(message).to.include('used again');
      expect(data).to.deep.equal({ kind: 'reuse_detected', sid, iss: issuer, sub, client_id: issuer });
    });

    // Regression: the grace period then lasted three hours.
    it('gives another successor after the clock was set back by three hours, and ends the session with the first', async () => {
      const browser = await signedIn();
      const thief = browser.copy();
      await browser.refresh();
      const own = threeHoursBehind();
      const behind = own.browser();
      for (const [name, value] of thief.cookies) behind.cookies.set(name, value);
      behind.csrfToken = thief.csrfToken;
      const answer = await behind.refresh();
      await own.close();
      expect(answer.status).to.equal(200);
      expect(behind.cookies.get('refresh_cookie')).not.to.equal(browser.cookies.get('refresh_cookie'));
      expectExactRefusal(await browser.refresh(), usedBefore);
    });

    // Regression: "There is no signing key yet" (503), for three hours.
    it('signs in and refreshes after the clock was set back by three hours', async () => {
      await signedIn();
      const own = threeHoursBehind();
      const browser = own.browser();
      const answers = [await browser.signIn(), await browser.refresh()];
      await own.close();
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
      expect(claimsOf(browser.accessToken).iat).to.equal(app.time.now / 1000 - 3 * 60 * 60);
    });

    it('ends the whole session when a token comes back after its successor was used', async () => {
      const browser = await signedIn();
      const thief = browser.copy();
      await browser.refresh();
      await browser.refresh();
      expectExactRefusal(await thief.refresh(), usedBefore);
      expectExactRefusal(await browser.refresh(), notValid);
    });

    it('ends a session that is not refreshed for a day, and no other', async () => {
      const [idle, used] = [await signedIn(), await signedIn()];
      app.time.advance(86_399);
      expectSession(await used.refresh());
      app.time.advance(1);
      const answer = await idle.refresh();
      expectCleared(answer);
      expect(answer.status).to.equal(401);
      expectSession(await used.refresh());
    });

    it('ends a session after thirty days, however often it is refreshed', async () => {
      const browser = await signedIn();
      for (let day = 0; day < 29; day++) {
        app.time.advance(86_000);
        await browser.refresh();
      }
      app.time.advance(86_000);
      expectSession(await browser.refresh(), 30 * 86_400 - 30 * 86_000);
      app.time.advance(30 * 86_400 - 30 * 86_000 - 100);
      const last = await browser.refresh();
      expect((last.body as { expires: number }).expires).to.equal(app.time.now / 1000 + 100);
      app.time.advance(100);
      expect((await browser.refresh()).status).to.equal(401);
    });

    it('refuses a user who is not active any more, and ends the session', async () => {
      const browser = await signedIn();
      const id = await app.idOf('ged');
      app.users.update(id, { isActive: false });
      const answer = await browser.refresh();
      expectExactRefusal(answer, refusedWith('The account is not active'));
      expectCleared(answer);
      app.users.update(id, { isActive: true });
      expect(await familiesOf(open, id)).to.deep.equal([]);
      expect((await browser.me()).status).to.equal(401);
    });

    it('logs off: no refresh, no access, cleared cookies, and other sessions stay', async () => {
      const [browser, other] = [await signedIn(), await signedIn()];
      const copies = [browser.copy(), browser.copy()];
      const answer = await browser.logOff();
      expect([answer.status, answer.text]).to.deep.equal([204, '']);
      expect(answer.headers['cache-control']).to.equal('no-store');
      expectCleared(answer);
      expectExactRefusal(await copies[0]!.refresh(), notValid);
      expectExactRefusal(await copies[1]!.logOff(), notValid);
      expectExactRefusal(await browser.me(), invalidToken('The access token was revoked'));
      expect((await other.me()).status).to.equal(200);
      expectSession(await other.refresh());
    });

    it('logs off everywhere', async () => {
      const sessions = [await signedIn(), await signedIn(), await signedIn()];
      const tenar = await signedIn('tenar', 'arha');
      expect((await sessions[0]!.logOff({ everywhere: true })).status).to.equal(204);
      for (const one of sessions.slice(1)) {
        expect((await one.me()).status).to.equal(401);
        expectExactRefusal(await one.refresh(), notValid);
      }
      expect((await tenar.me()).status).to.equal(200);
      await app.microservice.logOffEverywhere(await app.idOf('tenar'));
      expectExactRefusal(await tenar.refresh(), notValid);
    });

    it('keeps twenty sessions a user: with one more the least recently used ends', async () => {
      const sessions: Browser[] = [];
      for (let count = 0; count < 20; count++) {
        sessions.push(await signedIn());
        app.time.advance(1);
      }
      expectSession(await sessions[0]!.refresh());
      await signedIn();
      expect(await familiesOf(open, await app.idOf('ged'))).to.have.length(20);
      expectExactRefusal(await sessions[1]!.refresh(), notValid);
      expectSession(await sessions[0]!.refresh());
      expect(app.logger.text('info')).to.include('too many');
    });

    it('refuses a refresh whose session ended between its steps', async () => {
      const browser = await signedIn();
      const [family] = await familiesOf(open, await app.idOf('ged'));
      const findById = app.users.findById.bind(app.users);
      app.users.findById = async id => {
        await open.store.removeFamily(family!.handle);
        return findById(id);
      };
      const answer = await browser.refresh();
      expectExactRefusal(answer, notValid);
      expectCleared(answer);
    });

    it('publishes its keys and metadata, and nothing private', async () => {
      await signedIn();
      const keys = await request(app.app).get('/.well-known/jwks.json');
      expect(keys.headers).to.include({ 'cache-control': 'public, max-age=300' });
      expect(keys.headers['content-type']).to.match(/^application\/jwk-set\+json/);
      const [key, ...others] = (keys.body as { keys: object[] }).keys;
      expect(others).to.deep.equal([]);
      expect(key).to.have.all.keys('kty', 'crv', 'x', 'kid', 'alg', 'use');
      const metadata = await request(app.app).get('/.well-known/oauth-authorization-server');
      expect(metadata.body).to.include({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` });
    });
  });
