/** What is refused, how, and that nothing was issued and nothing lost: the same session refreshes afterwards. */
import { expect } from 'chai';
import type { Test } from 'supertest';
import type { RefreshFamily } from '../../src/microservice';
import { claimsOf, type Browser } from './browser';
import { expectRefused, type Refused } from './refused';
import { issuer, SignInApp } from './sign-in-app';
import { needsServer, places, type OpenStore } from './stores/places';

interface Visit {
  readonly browser: Browser;
  /** Another user's. */
  readonly tenar: Browser;
  readonly app: SignInApp;
  /** The endpoint. */
  readonly at: string;
}

interface Case extends Refused {
  readonly what: string;
  prepare?(app: SignInApp): Promise<void>;
  send(visit: Visit): Test;
}

const credentials = { username: 'ged', password: 'sparrowhawk' };
const json = 'application/json';

function csrf({ csrfToken }: Browser): object {
  return { CSRF_token: csrfToken };
}

/** The refresh cookie changed. */
function withCookie(browser: Browser, change: (value: string) => string, name = 'refresh_cookie'): Browser {
  const changed = browser.copy();
  changed.cookies.set(name, change(changed.cookies.get(name) ?? ''));
  return changed;
}

function without(browser: Browser, name: string): Browser {
  const changed = browser.copy();
  changed.cookies.delete(name);
  return changed;
}

const signIn: readonly Case[] = [
  {
    what: 'no body',
    status: 400,
    error: 'invalid_request',
    fields: ['username', 'password'],
    send: ({ browser }) => browser.ask('sign-in/'),
  },
  {
    what: 'an empty object',
    status: 400,
    error: 'invalid_request',
    fields: ['username', 'password'],
    send: ({ browser }) => browser.ask('sign-in/', {}),
  },
  {
    what: 'a list',
    status: 400,
    error: 'invalid_request',
    fields: ['username', 'password'],
    send: ({ browser }) => browser.ask('sign-in/', [credentials]),
  },
  {
    what: 'no password',
    status: 400,
    error: 'invalid_request',
    fields: ['password'],
    send: ({ browser }) => browser.ask('sign-in/', { username: 'ged' }),
  },
  {
    what: 'members that are no text',
    status: 400,
    error: 'invalid_request',
    fields: ['username', 'password'],
    send: ({ browser }) => browser.ask('sign-in/', { username: { $ne: '' }, password: ['sparrowhawk'] }),
  },
  {
    what: 'null',
    status: 400,
    error: 'invalid_request',
    fields: ['username', 'password'],
    send: ({ browser }) => browser.ask('sign-in/', { username: null, password: null }),
  },
  {
    what: 'malformed JSON',
    status: 400,
    error: 'invalid_request',
    send: ({ browser }) => browser.ask('sign-in/').type(json).send('{"username": "ged"'),
  },
  {
    what: 'a form',
    status: 400,
    error: 'invalid_request',
    send: ({ browser }) => browser.ask('sign-in/').type('form').send(credentials),
  },
  {
    what: 'JSON that says it is text, as any page may send it',
    status: 400,
    error: 'invalid_request',
    send: ({ browser }) => browser.ask('sign-in/').type('text/plain').send(JSON.stringify(credentials)),
  },
  {
    what: 'more than 64 KiB',
    status: 413,
    error: 'invalid_request',
    send: ({ browser }) => browser.ask('sign-in/', { ...credentials, more: 'x'.repeat(70_000) }),
  },
  {
    what: 'a wrong password',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser }) => browser.ask('sign-in/', { ...credentials, password: 'tenar' }),
  },
  {
    what: 'an unknown user',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser }) => browser.ask('sign-in/', { ...credentials, username: 'nobody' }),
  },
  {
    what: "another user's password",
    status: 401,
    error: 'authentication_failed',
    send: ({ browser }) => browser.ask('sign-in/', { ...credentials, password: 'arha' }),
  },
  {
    what: 'an inactive user',
    status: 401,
    error: 'authentication_failed',
    prepare: async app => {
      app.users.update(await app.idOf('tenar'), { isActive: false });
    },
    send: ({ browser }) => browser.ask('sign-in/', { username: 'tenar', password: 'arha' }),
  },
  {
    what: 'a page of another origin',
    status: 403,
    error: 'permission_denied',
    send: ({ browser }) => browser.ask('sign-in/', credentials).set('Origin', 'https://evil.example.com'),
  },
];

/** For every endpoint of a session. */
const cookies: readonly Case[] = [
  {
    what: 'no cookie and no body',
    status: 401,
    error: 'not_authenticated',
    send: ({ app, at }) => app.browser().ask(at),
  },
  {
    what: 'no refresh cookie',
    status: 401,
    error: 'not_authenticated',
    send: ({ browser, at }) => without(browser, 'refresh_cookie').ask(at, csrf(browser)),
  },
  {
    what: 'the refresh token without its signature',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) => withCookie(browser, value => value.split(':')[0] ?? '').ask(at, csrf(browser)),
  },
  {
    what: 'a changed refresh token',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) =>
      withCookie(browser, value => `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`).ask(at, csrf(browser)),
  },
  {
    what: 'a changed signature',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) =>
      withCookie(browser, value => value.replace(/.{4}$/, value.endsWith('AAAA') ? 'BBBB' : 'AAAA')).ask(
        at,
        csrf(browser),
      ),
  },
  {
    what: 'a changed time',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) => withCookie(browser, value => value.replace(/:\w+:/, ':1:')).ask(at, csrf(browser)),
  },
  {
    what: "the CSRF cookie's value as the refresh cookie",
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) =>
      withCookie(browser, () => browser.cookies.get('CSRF_token') ?? '').ask(at, csrf(browser)),
  },
  {
    what: 'an access token as the refresh cookie',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) => withCookie(browser, () => browser.accessToken).ask(at, csrf(browser)),
  },
  {
    what: 'garbage as the refresh cookie',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) => withCookie(browser, () => '"%00:;').ask(at, csrf(browser)),
  },
  {
    what: 'an empty refresh cookie',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, at }) => withCookie(browser, () => '').ask(at, csrf(browser)),
  },
  {
    what: 'two refresh cookies',
    status: 401,
    error: 'authentication_failed',
    send: ({ browser, tenar, at }) =>
      browser
        .ask(at, csrf(browser))
        .set('Cookie', `${browser.cookieHeader}; refresh_cookie=${tenar.cookies.get('refresh_cookie') ?? ''}`),
  },
];

/** For refresh and logoff, which want a CSRF token. */
const csrfTokens: readonly Case[] = [
  {
    what: 'no CSRF token in the body',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, {}),
  },
  { what: 'no body', status: 403, error: 'permission_denied', send: ({ browser, at }) => browser.ask(at) },
  {
    what: 'no CSRF cookie',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => without(browser, 'CSRF_token').ask(at, csrf(browser)),
  },
  {
    what: 'an empty CSRF token, here and there',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => withCookie(browser, () => '', 'CSRF_token').ask(at, { CSRF_token: '' }),
  },
  {
    what: 'a CSRF token that is no text',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, { CSRF_token: [browser.csrfToken] }),
  },
  {
    what: 'an unsigned CSRF cookie that equals the body',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) =>
      withCookie(browser, () => String(browser.csrfToken), 'CSRF_token').ask(at, csrf(browser)),
  },
  {
    what: "another user's CSRF token in the body",
    status: 403,
    error: 'permission_denied',
    send: ({ browser, tenar, at }) => browser.ask(at, csrf(tenar)),
  },
  {
    what: "another user's pair of CSRF token and cookie",
    status: 403,
    error: 'permission_denied',
    send: ({ browser, tenar, at }) =>
      withCookie(browser, () => tenar.cookies.get('CSRF_token') ?? '', 'CSRF_token').ask(at, csrf(tenar)),
  },
];

/** For every endpoint of a session. */
const requests: readonly Case[] = [
  {
    what: 'another origin',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, csrf(browser)).set('Origin', 'https://evil.example.com'),
  },
  {
    what: 'the origin null',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, csrf(browser)).set('Origin', 'null'),
  },
  {
    what: 'the same host over http',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, csrf(browser)).set('Origin', 'http://api.example.com'),
  },
  {
    what: 'a cross-site request without an origin',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, csrf(browser)).set('Sec-Fetch-Site', 'cross-site'),
  },
  {
    what: 'a cross-site request with our origin',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, csrf(browser)).set({ 'Sec-Fetch-Site': 'cross-site', Origin: issuer }),
  },
  {
    what: 'a same-site request without an origin',
    status: 403,
    error: 'permission_denied',
    send: ({ browser, at }) => browser.ask(at, csrf(browser)).set('Sec-Fetch-Site', 'same-site'),
  },
  {
    what: 'malformed JSON',
    status: 400,
    error: 'invalid_request',
    send: ({ browser, at }) => browser.ask(at).type(json).send('{"CSRF_token"'),
  },
  {
    what: 'a form',
    status: 400,
    error: 'invalid_request',
    send: ({ browser, at }) => browser.ask(at).type('form').send(csrf(browser)),
  },
  {
    what: 'more than 64 KiB',
    status: 413,
    error: 'invalid_request',
    send: ({ browser, at }) => browser.ask(at, { ...csrf(browser), more: 'x'.repeat(70_000) }),
  },
];

for (const place of places)
  describe(`wrong input, on ${place.name}`, function () {
    this.timeout(30_000);
    let open: OpenStore | undefined;
    let app: SignInApp;
    let browser: Browser;
    let tenar: Browser;

    // One session for all of them: each test ends with a refresh of it.
    needsServer(place);
    before(async () => {
      open = await place.open();
      app = await new SignInApp({ store: open.store }).withUsers();
      browser = app.browser();
      tenar = app.browser();
      expect((await browser.signIn()).status).to.equal(200);
      expect((await tenar.signIn('tenar', 'arha')).status).to.equal(200);
    });
    afterEach(async () => {
      app.users.update(await app.idOf('tenar'), { isActive: true });
    });
    after(async () => {
      if (open === undefined) return;
      await app.close();
      await open.remove();
    });

    async function families(): Promise<readonly RefreshFamily[]> {
      const ids = [await app.idOf('ged'), await app.idOf('tenar')];
      return (await Promise.all(ids.map(id => open!.store.familiesOf(issuer, id)))).flat();
    }

    const cases = [
      ...signIn.map(one => ({ ...one, at: 'sign-in' })),
      ...['refresh', 'logoff'].flatMap(at => [...cookies, ...csrfTokens, ...requests].map(one => ({ ...one, at }))),
      ...[...cookies, ...requests].map(one => ({ ...one, at: 'csrf' })),
    ];
    for (const one of cases)
      it(`refuses ${one.what} (${one.at}), issues nothing and loses nothing`, async () => {
        const before = await families();
        await one.prepare?.(app);
        expectRefused(await one.send({ browser, tenar, app, at: `${one.at}/` }), one);
        expect(await families()).to.deep.equal(before);
        const answer = await browser.refresh();
        expect(answer.status, answer.text).to.equal(200);
        expect((await browser.me()).status).to.equal(200);
      });

    const over = { status: 401, error: 'authentication_failed', isCleared: true };

    async function signedIn(): Promise<Browser> {
      const another = app.browser();
      expect((await another.signIn()).status).to.equal(200);
      return another;
    }

    for (const at of ['refresh/', 'logoff/']) {
      it(`refuses a replayed refresh token (${at}), ends its session, and no other`, async () => {
        const owner = await signedIn();
        const { sid } = claimsOf(owner.accessToken);
        const before = (await families()).filter(({ id }) => id !== sid);
        const thief = owner.copy();
        expect((await owner.refresh()).status).to.equal(200);
        expect((await owner.refresh()).status).to.equal(200);
        expectRefused(await thief.ask(at, csrf(thief)), over);
        expect(await families()).to.deep.equal(before);
        expect((await owner.me()).status).to.equal(401);
        for (const one of [browser, tenar]) expect((await one.refresh()).status).to.equal(200);
      });

      it(`refuses an expired refresh token (${at}), and ends no other session`, async () => {
        const idle = await signedIn();
        app.time.advance(86_399);
        for (const one of [browser, tenar]) expect((await one.refresh()).status).to.equal(200);
        app.time.advance(1);
        expectRefused(await idle.ask(at, csrf(idle)), over);
        for (const one of [browser, tenar]) expect((await one.refresh()).status).to.equal(200);
      });
    }

    it('refuses a log-off that does not say clearly what it means', async () => {
      const answer = await browser.logOff({ everywhere: 'yes' });
      expect([answer.status, Object.keys((answer.body as { fields: object }).fields)]).to.deep.equal([
        400,
        ['everywhere'],
      ]);
      expect((await browser.refresh()).status).to.equal(200);
    });

    it('ignores an Authorization header, good or bad', async () => {
      for (const value of ['Bearer junk', 'Basic junk', `Bearer ${tenar.accessToken}`]) {
        const answer = browser.keep(await browser.ask('refresh/', csrf(browser)).set('Authorization', value));
        expect(answer.status).to.equal(200);
      }
    });

    for (const headers of [
      { Origin: issuer },
      { Origin: issuer, 'Sec-Fetch-Site': 'same-origin' },
      { Origin: issuer, 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'same-origin' },
    ])
      it(`accepts ${JSON.stringify(headers)}`, async () => {
        expect(browser.keep(await browser.ask('refresh/', csrf(browser)).set(headers)).status).to.equal(200);
      });

    it('knows no other methods', async () => {
      for (const endpoint of ['sign-in/', 'refresh/', 'logoff/', 'csrf/'])
        for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
          const test = browser.ask(endpoint, csrf(browser));
          expect((await Object.assign(test, { method })).status, `${method} ${endpoint}`).to.equal(404);
        }
      expect((await browser.refresh()).status).to.equal(200);
    });
  });
