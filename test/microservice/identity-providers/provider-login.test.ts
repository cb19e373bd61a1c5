import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import type { Response as Answer } from 'supertest';
import { Browser } from '../../../demo/client/browser';
import { APIException, ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { IdentityProvider } from '../../../src/microservice/identity-providers/identity-provider';
import { LoginPages } from '../../../src/microservice/identity-providers/login-pages';
import { ProviderLogin, type ProviderLoginOptions } from '../../../src/microservice/identity-providers/provider-login';
import { SocialExchange } from '../../../src/microservice/identity-providers/social-exchange';
import { MemoryUserStore } from '../../../src/microservice/users/memory-user-store';
import type { User } from '../../../src/microservice/users/user';
import { RecordingLogger } from '../../issuer/recording-logger';
import { fieldsOf } from '../../refusals';
import { OpenIdServer } from './openid-server';
import { refusalOf } from './provider-fixture';

const baseUrl = 'https://api.example.com';
const callback = (name: string): string => `${baseUrl}/auth/callback/${name}`;
const key = new Uint8Array(32).fill(7);
const allowedOrigins = ['https://app.example.com'];

describe('logging in at a provider', () => {
  let server: OpenIdServer;
  let users: MemoryUserStore;
  let logger: RecordingLogger;
  let exchange: SocialExchange;
  let login: ProviderLogin;
  let app: express.Express;
  let sessions: User[];
  let offset: number;
  let providers: IdentityProvider[];
  /** What the providers are asked with. */
  let fetching: typeof fetch;
  const clock = (): number => Date.now() + offset;

  before(async () => {
    server = await OpenIdServer.start([
      { id: 'public', redirectUri: callback('public') },
      { id: 'confidential', secret: 'a-secret-of-the-client', redirectUri: callback('confidential') },
      { id: 'mistaken', secret: 'the-right-secret', redirectUri: callback('mistaken') },
    ]);
  });
  after(() => server.close());

  function newLogin(options: Partial<ProviderLoginOptions> = {}): ProviderLogin {
    return new ProviderLogin(exchange, { baseUrl, key, allowedOrigins, clock, logger, ...options });
  }

  beforeEach(() => {
    offset = 0;
    fetching = (...given) => fetch(...given);
    server.person = 'ged';
    users = new MemoryUserStore();
    logger = new RecordingLogger();
    sessions = [];
    const choice = { provider: 'oidc', issuer: server.url } as const;
    providers = [
      { ...choice, name: 'public', clientId: 'public' },
      { ...choice, name: 'confidential', clientId: 'confidential', clientSecret: 'a-secret-of-the-client' },
      { ...choice, name: 'mistaken', clientId: 'mistaken', clientSecret: 'the-wrong-secret' },
    ].map(options => new IdentityProvider(options, { logger, clock, fetch: (...given) => fetching(...given) }));
    exchange = new SocialExchange(providers, users, { logger });
    login = newLogin();
    app = appOf(login);
  });
  afterEach(() => {
    for (const provider of providers) provider.close();
  });

  function appOf(logins: ProviderLogin): express.Express {
    const begin = (user: User): Promise<void> => Promise.resolve(void sessions.push(user));
    const pages = new LoginPages(logins, { begin });
    // Express 4 does not look at promises.
    return express()
      .get('/auth/login/:provider', (asked, answer, next) => {
        pages.begin(asked.params.provider, asked, answer).catch(next);
      })
      .get('/auth/callback/:provider', (asked, answer, next) => {
        pages.finish(asked.params.provider, asked, answer).catch(next);
      })
      .use((error: unknown, _asked: Request, answer: Response, _next: NextFunction) => {
        const { httpCode } = error as APIException;
        answer.status(httpCode).set((error as APIException).headers as Record<string, string>);
        answer.json((error as APIException).toJSON());
      });
  }

  interface Begun {
    readonly location: string;
    readonly cookie: string;
  }

  async function begin(name = 'public', query = ''): Promise<Begun> {
    const answer = await request(app).get(`/auth/login/${name}${query}`);
    expect(answer.status, answer.text).to.equal(303);
    const [cookie = ''] = fieldsOf(answer, 'set-cookie');
    return { location: answer.headers['location'] as string, cookie: cookie.split(';')[0]! };
  }

  /** The path and query that the provider sends the browser back to. */
  async function atProvider({ location }: Begun): Promise<string> {
    const back = await new Browser().signIn(new URL(location), '', `${baseUrl}/`);
    return back.pathname + back.search;
  }

  function finish(path: string, cookie?: string): Promise<Answer> {
    const asked = request(app).get(path);
    return Promise.resolve(cookie === undefined ? asked : asked.set('Cookie', cookie));
  }

  function expectRefused(answer: Answer, status = 401): void {
    expect(answer.status, answer.text).to.equal(status);
    expect(sessions).to.deep.equal([]);
    expect(answer.text).not.to.match(/eyJ|secret|code/);
  }

  for (const name of ['public', 'confidential'])
    it(`begins a session, as a ${name} client, and goes where the user wanted to be`, async () => {
      const begun = await begin(name, '?returnTo=%2Fbooks%3Fpage%3D2%23top');
      const answer = await finish(await atProvider(begun), begun.cookie);
      expect(answer.status, answer.text).to.equal(303);
      expect(answer.headers).to.include({
        location: '/books?page=2#top',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
      });
      expect(sessions.map(({ username }) => username)).to.deep.equal(['ged']);
      expect(await users.findByIdentity({ issuer: server.url, subject: 'ged' })).to.include({ username: 'ged' });
      expect(fieldsOf(answer, 'set-cookie')).to.have.length(1);
      expect(fieldsOf(answer, 'set-cookie')[0]).to.match(
        /^__Host-axioms-login-[\w-]{22}=; Max-Age=0; Path=\/; Expires=.*; HttpOnly; Secure; SameSite=Lax$/,
      );
    });

  it('asks with state, nonce and PKCE, each new, and keeps them in a cookie that says nothing', async () => {
    const answer = await request(app).get('/auth/login/public');
    expect(answer.headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    const asked = new URL(answer.headers['location'] as string).searchParams;
    expect(Object.fromEntries(asked)).to.include({
      client_id: 'public',
      response_type: 'code',
      scope: 'openid email profile',
      redirect_uri: callback('public'),
      code_challenge_method: 'S256',
    });
    const secrets = ['state', 'nonce', 'code_challenge'].map(name => asked.get(name)!);
    for (const secret of secrets) expect(secret).to.match(/^[\w-]{43}$/);
    const [cookie = ''] = fieldsOf(answer, 'set-cookie');
    expect(cookie).to.match(
      /^__Host-axioms-login-[\w-]{22}=[\w.-]+; Max-Age=600; Path=\/; Expires=.*; HttpOnly; Secure; SameSite=Lax$/,
    );
    for (const secret of secrets) expect(cookie).not.to.contain(secret);
    const next = new URL((await begin()).location).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge']) expect(next.get(name)).not.to.equal(asked.get(name));
  });

  it('does not end in a browser where it did not begin', async () => {
    const [victim, attacker] = [await begin(), await begin()];
    const path = await atProvider(attacker);
    const [name = ''] = attacker.cookie.split('=');
    const [, ticketOfVictim = ''] = victim.cookie.split('=');
    for (const cookie of [
      undefined,
      victim.cookie,
      `${name}=`,
      `${name}=garbage`,
      `${attacker.cookie}x`,
      `${name}=${ticketOfVictim}`,
      `${attacker.cookie}; ${name}=${ticketOfVictim}`,
      attacker.cookie.replace('__Host-', ''),
      attacker.cookie.replace(name, '__Host-login'),
    ])
      expectRefused(await finish(path, cookie));
  });

  it('does not end at another provider, nor with a cookie of another server', async () => {
    const begun = await begin();
    const path = await atProvider(begun);
    expectRefused(await finish(path.replace('/public', '/confidential'), begun.cookie));
    const other = await newLogin({ key: new Uint8Array(32).fill(8) }).begin('public');
    const [name = ''] = begun.cookie.split('=');
    expectRefused(await finish(path, `${name}=${other.cookie}`));
  });

  for (const [what, change] of [
    [
      'without a state',
      (query: URLSearchParams) => {
        query.delete('state');
      },
    ],
    [
      'with another state',
      (query: URLSearchParams) => {
        query.set('state', 'x');
      },
    ],
    [
      'with the state twice',
      (query: URLSearchParams) => {
        query.append('state', query.get('state')!);
      },
    ],
    [
      'without a code',
      (query: URLSearchParams) => {
        query.delete('code');
      },
    ],
    [
      'with another code',
      (query: URLSearchParams) => {
        query.set('code', 'x');
      },
    ],
    [
      'from another issuer',
      (query: URLSearchParams) => {
        query.set('iss', 'https://evil.example.com');
      },
    ],
    [
      'without the issuer, which the provider always names',
      (query: URLSearchParams) => {
        query.delete('iss');
      },
    ],
    [
      'with an error',
      (query: URLSearchParams) => {
        query.set('error', 'access_denied');
      },
    ],
  ] as const)
    it(`refuses an answer ${what}`, async () => {
      const begun = await begin();
      const back = new URL(await atProvider(begun), baseUrl);
      change(back.searchParams);
      expectRefused(await finish(back.pathname + back.search, begun.cookie));
    });

  it('takes a code once', async () => {
    const begun = await begin();
    const path = await atProvider(begun);
    expect((await finish(path, begun.cookie)).status).to.equal(303);
    sessions.length = 0;
    expectRefused(await finish(path, begun.cookie));
  });

  it('does not take the code of another login with the cookie of this one', async () => {
    const [one, other] = [await begin(), await begin()];
    const mine = new URL(await atProvider(one), baseUrl);
    const theirs = new URL(await atProvider(other), baseUrl);
    mine.searchParams.set('code', theirs.searchParams.get('code')!);
    // The code is good and the state is right: PKCE is what refuses it.
    expectRefused(await finish(mine.pathname + mine.search, one.cookie));
  });

  it('takes no longer than its time', async () => {
    const begun = await begin();
    const path = await atProvider(begun);
    offset = 599_000;
    expect(await login.begin('public')).to.have.property('cookie');
    offset = 601_000;
    expectRefused(await finish(path, begun.cookie));
  });

  it('refuses who gives up at the provider, and who has no account to have', async () => {
    server.person = null;
    const given = await begin();
    expectRefused(await finish(await atProvider(given), given.cookie));
    server.person = 'ged';
    const { id } = await users.create({ username: 'g', identity: { issuer: server.url, subject: 'ged' } });
    users.update(id, { isActive: false });
    const begun = await begin();
    expectRefused(await finish(await atProvider(begun), begun.cookie));
    expect(logger.text('info')).to.contain('account_inactive').and.to.contain('login_refused');
  });

  it('has no provider that was not configured', async () => {
    for (const name of ['other', '__proto__', 'constructor']) {
      expectRefused(await request(app).get(`/auth/login/${name}`), 404);
      expectRefused(await request(app).get(`/auth/callback/${name}?code=x&state=y`), 404);
    }
  });

  it('is 503 where the provider cannot be reached, asks it once in a while, and goes on afterwards', async () => {
    let requests = 0;
    let isDown = true;
    fetching = (...given) => {
      requests++;
      return isDown ? Promise.reject(new TypeError('fetch failed')) : fetch(...given);
    };
    for (let count = 0; count < 5; count++) {
      const answer = await request(app).get('/auth/login/public');
      expectRefused(answer, 503);
      expect(answer.headers['retry-after']).to.equal('5');
    }
    expect(requests).to.equal(1);
    isDown = false;
    offset = 6000;
    const begun = await begin();
    const path = await atProvider(begun);
    isDown = true;
    expectRefused(await finish(path, begun.cookie), 503);
    isDown = false;
    expect((await finish(path, begun.cookie)).status).to.equal(303);
  });

  it("is a mistake of the server's where the provider refuses the client, and the log says which", async () => {
    const begun = await begin('mistaken');
    const error = await login
      .finish('mistaken', new URL(await atProvider(begun), baseUrl).search.slice(1), begun.cookie.split('=')[1])
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    expect((error as Error).message)
      .to.match(/'mistaken'.*clientSecret/)
      .and.not.to.contain('the-wrong-secret');
  });

  it('exchanges the ID token of such a login too, and refuses that of another client', async () => {
    const seen: string[] = [];
    fetching = async (...given) => {
      const answer = await fetch(...given);
      const body: unknown = await answer.clone().json();
      const { id_token, access_token } = body as { id_token?: string; access_token?: string };
      if (id_token !== undefined) seen.push(id_token, access_token!);
      return answer;
    };
    const begun = await begin();
    await finish(await atProvider(begun), begun.cookie);
    const [id_token, access_token] = seen;
    const user = await exchange.exchange({ id_token, access_token });
    expect(user.id).to.equal(sessions[0]!.id);
    expect(await refusalOf(exchange.exchange({ id_token, access_token: 'another' }))).to.equal('token_subject');
    const other = new IdentityProvider({ provider: 'oidc', issuer: server.url, clientId: 'confidential' }, { logger });
    expect(await refusalOf(new SocialExchange([other], users, { logger }).exchange({ id_token }))).to.equal(
      'token_audience',
    );
    other.close();
  });

  describe('returns to', () => {
    for (const [wanted, place] of [
      [undefined, '/'],
      ['/', '/'],
      ['/books?a=1&b=2#top', '/books?a=1&b=2#top'],
      ['/a/../b', '/b'],
      ['/books//2', '/books//2'],
      ['https://app.example.com/start', 'https://app.example.com/start'],
      ['https://api.example.com/books', 'https://api.example.com/books'],
    ] as const)
      it(`${place} for ${String(wanted)}`, async () => {
        const { cookie } = await login.begin('public', wanted);
        const begun = { location: (await login.begin('public', wanted)).location, cookie };
        expect(begun.cookie).to.be.a('string');
        const full = await begin('public', wanted === undefined ? '' : `?returnTo=${encodeURIComponent(wanted)}`);
        expect((await finish(await atProvider(full), full.cookie)).headers['location']).to.equal(place);
      });

    for (const wanted of [
      '//evil.example.com',
      '///evil.example.com',
      '/\\evil.example.com',
      '\\\\evil.example.com',
      '/\t/evil.example.com',
      '/\n/evil.example.com',
      '\u0000/books',
      ' /books',
      'books',
      '',
      'https://evil.example.com/',
      'https://app.example.com.evil.example.com/',
      'https://app.example.com@evil.example.com/',
      'https:/evil.example.com',
      'https:evil.example.com',
      'http://app.example.com/',
      'javascript:alert(1)',
      'data:text/html,x',
      '/.//evil.example.com',
      '/books/..//evil.example.com',
      `/${'x'.repeat(1100)}`,
      '/caf\u00E9',
    ])
      it(`nowhere for ${JSON.stringify(wanted.slice(0, 50))}`, async () => {
        const answer = await request(app).get(`/auth/login/public?returnTo=${encodeURIComponent(wanted)}`);
        expectRefused(answer, 400);
        expect(answer.body).to.deep.include({ fields: { returnTo: ['Not a place of this application.'] } });
        expect(fieldsOf(answer, 'set-cookie')).to.deep.equal([]);
      });

    it('nowhere for two at once', async () => {
      expectRefused(await request(app).get('/auth/login/public?returnTo=/a&returnTo=/b'), 400);
    });
  });

  for (const [what, options, named] of [
    ['a base URL that is no URL', { baseUrl: 'api.example.com' }, /base URL/],
    ['plain HTTP', { baseUrl: 'http://api.example.com' }, /https:/],
    ['a query in the base URL', { baseUrl: 'https://api.example.com?x' }, /base URL/],
    ['a short key', { key: new Uint8Array(16) }, /256 bits/],
    ['a prefix without a slash', { prefix: 'auth' }, /'auth'/],
    ['a lifetime of a day', { lifetime: 86_400 }, /86400/],
    ['an origin with a path', { allowedOrigins: ['https://app.example.com/'] }, /'https:\/\/app.example.com\/'/],
    ['an origin that is everybody', { allowedOrigins: ['*'] }, /'\*'/],
  ] as const)
    it(`does not start with ${what}`, () => {
      expect(() => newLogin(options)).to.throw(ImproperlyConfigured, named);
    });

  it('is not for https: alone on this machine', () => {
    const local = newLogin({ baseUrl: 'http://localhost:3000/api' });
    expect(local.cookies.nameOf('a state')).to.match(/^axioms-login-[\w-]{22}$/);
    // The path of both pages, so that a login that begins sees those that have begun.
    expect(local.cookies.attributes).to.deep.include({ secure: false, path: '/api/auth' });
  });
});
