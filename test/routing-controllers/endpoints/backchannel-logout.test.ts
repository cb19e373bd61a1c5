import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import express from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  backchannelLogout,
  ImproperlyConfigured,
  MemoryDenylist,
  type Denylist,
  type Logger,
} from 'axioms-routing-controllers';
import type { LogoutToken } from '../../../src/core/tokens/logout-token';
import { Api } from '../../api';
import { FakeTime } from '../../issuer/fake-time';
import { RecordingLogger } from '../../issuer/recording-logger';
import { base64url, signed, signingKey } from '../../issuer/test-issuer';
import { expectRefusal } from '../../refusals';

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return [];
  }
}

const event = 'http://schemas.openid.net/event/backchannel-logout';
const other = 'https://schemas.openid.net/secevent/risc/event-type/sessions-revoked';

describe('backchannelLogout()', () => {
  let api: Api;
  let denylist: MemoryDenylist;
  let logger: RecordingLogger;
  let ended: LogoutToken[];
  let jtis = 0;
  /** In seconds. A slow machine must not make the token younger than the log-out. */
  let started = 0;

  beforeEach(async () => {
    started = Math.floor(Date.now() / 1000);
    denylist = new MemoryDenylist();
    await serve(denylist);
  });
  afterEach(() => api.close());

  async function serve(list: Denylist): Promise<void> {
    logger = new RecordingLogger();
    ended = [];
    api = await Api.start({ controllers: [ThingController], axioms: { denylist: list, logger } });
    const onLogout = (token: LogoutToken): void => void ended.push(token);
    api.app.use('/logout', backchannelLogout({ clientId: 'books', onLogout }));
  }

  function claims(changes: object = {}): object {
    const now = Math.floor(Date.now() / 1000);
    jtis += 1;
    const own = {
      iss: api.issuer.url,
      aud: 'books',
      iat: now,
      exp: now + 120,
      jti: `logout-${jtis}`,
      events: { [event]: {} },
    };
    return { ...own, sub: 'alice', sid: 's1', ...changes };
  }

  function logoutToken(changes: object = {}, header: object = {}, key = api.issuer.key): string {
    return signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt', ...header }, claims(changes), key);
  }

  const send = (token: string) => request(api.app).post('/logout').type('form').send({ logout_token: token });
  /** With a token that was issued before the test, though after what happened five seconds ago. */
  const get = (changes: object) => api.as({ iat: started - 2, ...changes }, 'get', '/things');

  function expectEnded(response: request.Response): void {
    expect([response.status, response.text, response.headers['cache-control']]).to.deep.equal([200, '', 'no-store']);
  }

  function expectRefused(response: request.Response, reason: RegExp): void {
    const { error, error_description: description } = response.body as Record<string, string>;
    expect([response.status, error]).to.deep.equal([400, 'invalid_request']);
    expect(description).to.match(reason);
    expect(response.headers['cache-control']).to.equal('no-store');
    expect(response.headers['content-type']).to.equal('application/json');
  }

  /** Nothing happened to anybody. */
  async function expectNobodyEnded(): Promise<void> {
    for (const changes of [{}, { sid: 's1' }, { sid: 's2' }]) expect((await get(changes)).status).to.equal(200);
    expect(ended).to.deep.equal([]);
  }

  for (const [step, steps] of [
    ['revoke', { revoke: async () => new Promise<never>(() => undefined) }],
    ['use the token once', { useOnce: async () => new Promise<never>(() => undefined) }],
  ] as const)
    it(`fails where the denylist does not answer in time to ${step}`, async () => {
      await api.close();
      await serve(Object.assign(new MemoryDenylist(), { timeout: 0.02 }, steps));
      const { status } = await send(logoutToken());
      expect([status, ended]).to.deep.equal([400, []]);
      expect(logger.text('error')).to.include('A back-channel logout failed');
    });

  it('closes the session of sid, and tokens of its subject that name no session', async () => {
    expectEnded(await send(logoutToken()));
    for (const changes of [{ sid: 's1' }, { sid: 's1', sub: 'bob' }, {}])
      expectRefusal(await get(changes), 'invalid_token');
    for (const changes of [{ sid: 's2' }, { sub: 'bob' }, { sub: 'bob', sid: 's2' }])
      expect((await get(changes)).status).to.equal(200);
    expect(ended.map(({ sub, sid, iss }) => ({ sub, sid, iss }))).to.deep.equal([
      { sub: 'alice', sid: 's1', iss: api.issuer.url },
    ]);
  });

  it('accepts a logout token of new key material under a known kid', async () => {
    expect((await get({})).status).to.equal(200);
    api.issuer.key = signingKey(api.issuer.key.kid);
    api.issuer.server.keys = [api.issuer.key.jwk];
    expectEnded(await send(logoutToken()));
    expect([ended.length, api.issuer.fetches]).to.deep.equal([1, 2]);
  });

  it('closes the session alone where there is no subject', async () => {
    expectEnded(await send(logoutToken({ sub: undefined })));
    expectRefusal(await get({ sid: 's1' }), 'invalid_token');
    expect((await get({})).status).to.equal(200);
  });

  it('closes every session of the subject where there is no sid; who logs in again may come in', async () => {
    const now = Math.floor(Date.now() / 1000);
    expectEnded(await send(logoutToken({ sid: undefined, iat: now - 10 })));
    for (const changes of [{ sid: 's1' }, { sid: 's2' }, {}])
      for (const iat of [now - 10, now - 5]) expectRefusal(await get({ ...changes, iat }), 'invalid_token');
    // Once the clockTolerance (5 s) has passed since the logout.
    expect((await get({ iat: now - 4 })).status).to.equal(200);
    expect((await get({ sub: 'bob', iat: now - 60 })).status).to.equal(200);
  });

  for (const [name, changes, header] of [
    ['with typ JWT', {}, { typ: 'JWT' }],
    ['without typ', {}, { typ: undefined }],
    ['with a long typ', {}, { typ: 'application/Logout+JWT' }],
    ['with a list of this client', { aud: ['books'] }, {}],
    ['with content in the event', { events: { [event]: { reason: 'timeout' } } }, {}],
    ['with claims of others', { azp: 'books', trace: 1 }, {}],
    ['with a second event', { events: { [event]: {}, [other]: {} } }, {}],
    ['with a second event in front', { events: { [other]: { subject: 'x' }, [event]: {} } }, {}],
    ["with Keycloak's member beside the event", { events: { [event]: {}, revoke_offline_access: true } }, {}],
    [
      'with members of any kind beside the event',
      { events: { a: null, b: [], c: 'x', ['__proto__']: 1, [event]: {} } },
      {},
    ],
  ] as const)
    it(`takes a token ${name}`, async () => {
      expectEnded(await send(logoutToken(changes, header)));
      expectRefusal(await get({}), 'invalid_token');
    });

  const now = Math.floor(Date.now() / 1000);
  const defects: [name: string, reason: RegExp, changes: object, header?: object][] = [
    ['another issuer', /another issuer/, { iss: 'https://other.example.com' }],
    ['an issuer with a slash more', /another issuer/, { iss: 'http://127.0.0.1:9/' }],
    ['no issuer', /another issuer/, { iss: undefined }],
    ['another audience', /another client/, { aud: 'other' }],
    ['the audience of access tokens', /another client/, { aud: 'https://api.example.com' }],
    ['an audience that only begins the same', /another client/, { aud: 'books2' }],
    ['a further audience that is not trusted', /another client/, { aud: ['books', 'other'] }],
    ['no audience', /another client/, { aud: undefined }],
    ['an empty audience', /another client/, { aud: [] }],
    ['an audience that is no text', /another client/, { aud: { books: true } }],
    ['no time of issue', /no time of issue/, { iat: undefined }],
    ['a time of issue as text', /not valid/, { iat: String(now) }],
    ['a time of issue in the future', /not valid/, { iat: now + 3600, exp: now + 7200 }],
    ['no expiry', /not valid/, { exp: undefined }],
    ['an expiry as text', /not valid/, { exp: String(now + 60) }],
    ['an expiry that is over', /not valid/, { iat: now - 600, exp: now - 300 }],
    ['no identifier', /no identifier/, { jti: undefined }],
    ['an empty identifier', /no identifier/, { jti: '' }],
    ['an identifier that is a number', /no identifier/, { jti: 7 }],
    ['a nonce', /nonce/, { nonce: 'n' }],
    ['a nonce of null', /nonce/, { nonce: null }],
    ['no events', /event/, { events: undefined }],
    ['no event', /event/, { events: {} }],
    ['another event', /event/, { events: { [other]: {} } }],
    ['only other events', /event/, { events: { [other]: {}, revoke_offline_access: true } }],
    ['other events and a bad one', /event/, { events: { [other]: {}, [event]: true } }],
    ['an event by https', /event/, { events: { [event.replace('http:', 'https:')]: {} } }],
    ['an event that is a list', /event/, { events: { [event]: [] } }],
    ['an event that is text', /event/, { events: { [event]: '{}' } }],
    ['an event of null', /event/, { events: { [event]: null } }],
    ['a list of events', /event/, { events: [event] }],
    ['events that are text', /event/, { events: event }],
    ['neither subject nor session', /whose sessions/, { sub: undefined, sid: undefined }],
    ['an empty subject', /whose sessions/, { sub: '' }],
    ['a subject that is a number', /whose sessions/, { sub: 7 }],
    ['a subject of null', /whose sessions/, { sub: null }],
    ['an empty session', /whose sessions/, { sid: '' }],
    ['a session that is a list', /whose sessions/, { sid: ['s1'] }],
    ['the algorithm none', /algorithm/, {}, { alg: 'none' }],
    ['the algorithm HS256', /algorithm/, {}, { alg: 'HS256' }],
    ["an algorithm that is not its key's", /not valid/, {}, { alg: 'RS256' }],
    ['no algorithm', /algorithm/, {}, { alg: undefined }],
    ['no key', /names no key/, {}, { kid: undefined }],
    ['an unknown key', /not valid/, {}, { kid: 'unknown' }],
    ['the type of access tokens', /another type/, {}, { typ: 'at+jwt' }],
    ['the type of security events', /another type/, {}, { typ: 'secevent+jwt' }],
    ['a type that is no text', /another type/, {}, { typ: ['logout+jwt'] }],
    ['a type with two prefixes', /another type/, {}, { typ: 'application/application/logout+jwt' }],
    ['another token in it', /another type/, {}, { cty: 'JWT' }],
    ['an extension', /extension/, {}, { crit: ['exp'] }],
    ['a payload that is not encoded', /extension/, {}, { b64: false }],
  ];
  for (const [name, reason, changes, header] of defects)
    it(`refuses a token with ${name}`, async () => {
      expectRefused(await send(logoutToken(changes, header)), reason);
      await expectNobodyEnded();
    });

  it('refuses a token of another key', async () => {
    expectRefused(await send(logoutToken({}, {}, signingKey('k1'))), /wrong signature/);
    await expectNobodyEnded();
  });

  it('refuses a token that the public key signed as a secret', async () => {
    const secret = JSON.stringify(api.issuer.key.jwk);
    const input = `${base64url({ alg: 'HS256', kid: 'k1' })}.${base64url(claims())}`;
    const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    expectRefused(await send(token), /algorithm/);
    await expectNobodyEnded();
  });

  for (const [name, change] of [
    ['that is changed', (token: string) => token.replace(/\.[^.]+\./, `.${base64url(claims({ sub: 'bob' }))}.`)],
    ['without a signature', (token: string) => token.replace(/[^.]+$/, '')],
    ['in four parts', (token: string) => `${token}.x`],
    ['that is encrypted', () => 'a.b.c.d.e'],
    ['that is no token', () => 'logout'],
    ['that is too long', (token: string) => token + 'A'.repeat(20_000)],
  ] as const)
    it(`refuses a token ${name}`, async () => {
      expectRefused(await send(change(logoutToken())), /not valid|wrong signature/);
      await expectNobodyEnded();
    });

  it('refuses an access token and an ID token', async () => {
    for (const changes of [{}, { aud: 'books' }, { aud: 'books', nonce: 'n' }])
      expectRefused(await send(api.issuer.token(changes, { typ: 'JWT' })), /another client|identifier|nonce|event/);
    await expectNobodyEnded();
  });

  it('refuses a token that was used before, though who logged in since stays in', async () => {
    const iat = Math.floor(Date.now() / 1000) - 15;
    const token = logoutToken({ sid: undefined, iat });
    expectEnded(await send(token));
    expectRefused(await send(token), /used before/);
    expect((await get({})).status).to.equal(200);
    expect(ended).to.have.lengthOf(1);
    expectEnded(await send(logoutToken({ sid: undefined, iat })));
  });

  it('asks for no key for a token that is refused without one', async () => {
    await get({});
    const before = api.issuer.fetches;
    for (const [, , changes, header] of defects.filter(([, reason]) => !/not valid/.test(reason.source)))
      await send(logoutToken(changes, header));
    expect(api.issuer.fetches).to.equal(before);
  });

  const form = 'application/x-www-form-urlencoded';
  for (const [name, ask] of [
    ['without a body', () => request(api.app).post('/logout')],
    ['without a token', () => request(api.app).post('/logout').type('form').send({ token: logoutToken() })],
    [
      'with two tokens',
      () =>
        request(api.app)
          .post('/logout')
          .type('form')
          .send(`logout_token=${logoutToken()}&logout_token=${logoutToken()}`),
    ],
    ['with an empty token', () => request(api.app).post('/logout').type('form').send('logout_token=')],
    ['as JSON', () => request(api.app).post('/logout').send({ logout_token: logoutToken() })],
    ['as text', () => request(api.app).post('/logout').type('text').send(`logout_token=${logoutToken()}`)],
    ['in the query', () => request(api.app).post(`/logout?logout_token=${logoutToken()}`)],
    ['by GET', () => request(api.app).get(`/logout?logout_token=${logoutToken()}`)],
    ['by PUT', () => request(api.app).put('/logout').type('form').send({ logout_token: logoutToken() })],
    [
      'with a body that is too large',
      () =>
        request(api.app)
          .post('/logout')
          .type('form')
          .send(`x=${'x'.repeat(40_000)}&logout_token=${logoutToken()}`),
    ],
    [
      'with too many parameters',
      () =>
        request(api.app)
          .post('/logout')
          .type('form')
          .send(`${'x=1&'.repeat(30)}logout_token=${logoutToken()}`),
    ],
    [
      'in another encoding',
      () =>
        request(api.app)
          .post('/logout')
          .set('Content-Type', `${form}; charset=utf-7`)
          .send(`logout_token=${logoutToken()}`),
    ],
  ] as const)
    it(`refuses a request ${name}`, async () => {
      expectRefused(await ask(), /POST of a form/);
      await expectNobodyEnded();
    });

  it('takes what another parser has read', async () => {
    await api.close();
    denylist = new MemoryDenylist();
    await serve(denylist);
    const app = express().use(express.urlencoded({ extended: true }));
    app.post('/', backchannelLogout({ clientId: ['other', 'books'], server: api.server }));
    const response = await request(app).post('/').type('form').send({ logout_token: logoutToken() });
    expectEnded(response);
    expectRefusal(await get({}), 'invalid_token');
  });

  describe('writes junk that strangers send', () => {
    let time: FakeTime;
    beforeEach(() => {
      time = new FakeTime();
      api.server.jwksManager.timers = time.timers;
    });

    const entries = (level: keyof Logger) => logger.entries.filter(one => one.level === level);
    const warnings = () => entries('warn').map(({ data }) => data);
    const noEvent = 'The logout token does not name the event of a logout';

    it('into the log at debug level, and a warning a minute with their number', async () => {
      for (let count = 0; count < 5; count++) await send(logoutToken({ events: {} }));
      await send('junk');
      expect(entries('debug').length).to.equal(6);
      expect(warnings()).to.deep.equal([{ count: 1, lastReason: noEvent }]);
      time.advance(59);
      expect(warnings().length).to.equal(1);
      time.advance(1);
      expect(warnings().slice(1)).to.deep.equal([{ count: 5, lastReason: 'The logout token is not valid' }]);
      expect(new Set(entries('warn').map(({ message }) => message))).to.deep.equal(
        new Set(['Back-channel logouts were refused']),
      );
    });

    it('and no warning once it has stopped; with the next junk it comes at once', async () => {
      await send('junk');
      time.advance(3600);
      expect([warnings().length, time.waiting]).to.deep.equal([1, 0]);
      await send('junk');
      expect(warnings().length).to.equal(2);
    });

    it('of every kind so: a replay, a form without a token, and a token whose key cannot be fetched', async () => {
      const token = logoutToken();
      await send(token);
      await send(token);
      await request(api.app).post('/logout');
      await request(api.app).get('/logout');
      api.issuer.outage();
      await send(logoutToken({}, { kid: 'unknown' }));
      time.advance(60);
      expect(entries('debug').map(({ data }) => (data as { reason?: string }).reason)).to.deep.equal([
        'The logout token was used before',
        'A logout is a POST of a form with one logout_token',
        'A logout is a POST of a form with one logout_token',
        'The keys of the issuer cannot be fetched at the moment',
      ]);
      const counts = entries('warn').filter(({ message }) => message === 'Back-channel logouts were refused');
      expect(counts.map(({ data }) => (data as { count: number }).count)).to.deep.equal([1, 3]);
      expect(logger.text('error')).to.equal('');
    });

    it('without anything of the token', async () => {
      const token = logoutToken({ events: {} });
      await send(token);
      for (const secret of [token, 'alice', 's1']) expect(logger.text()).not.to.include(secret);
    });
  });

  describe('where the logout fails', () => {
    const broken = { revoke: () => Promise.reject(new Error('cut off')), isRevoked: () => false, useOnce: () => true };

    it('answers 400, and can be asked again with the same token', async () => {
      await api.close();
      let isCut = true;
      const list = new MemoryDenylist();
      const revoke: Denylist['revoke'] = which => {
        if (isCut) throw new Error('cut off');
        list.revoke(which);
      };
      await serve({
        revoke,
        isRevoked: one => list.isRevoked(one),
        useOnce: (...given) => list.useOnce(...given),
      });
      const token = logoutToken();
      const response = await send(token);
      const body = response.body as { error: string };
      expect([response.status, body.error]).to.deep.equal([400, 'server_error']);
      expect(JSON.stringify(body)).not.to.include('cut off');
      expect(logger.text('error')).to.include('cut off');
      isCut = false;
      expectEnded(await send(token));
      expectRefusal(await get({}), 'invalid_token');
    });

    it("for the app's own sessions it is a 400, too", async () => {
      api.app.post(
        '/own',
        backchannelLogout({
          clientId: 'books',
          onLogout: () => {
            throw new Error('no sessions');
          },
        }),
      );
      const response = await request(api.app).post('/own').type('form').send({ logout_token: logoutToken() });
      expect(response.status).to.equal(400);
      expect(logger.text('error')).to.equal('A back-channel logout failed {"reason":"no sessions"}');
      expectRefusal(await get({}), 'invalid_token');
    });

    it('without the keys of the issuer it is a 400 that says so', async () => {
      await api.close();
      await serve(broken);
      const token = logoutToken();
      await api.issuer.close();
      const response = await send(token);
      const body = response.body as { error: string };
      expect([response.status, body.error]).to.deep.equal([400, 'temporarily_unavailable']);
      await serve(denylist);
    });
  });

  for (const [name, make] of [
    ['a client', () => backchannelLogout({} as never)],
    ['a client that has a name', () => backchannelLogout({ clientId: '' })],
    ['a client in its list', () => backchannelLogout({ clientId: [] })],
  ] as const)
    it(`needs ${name}`, () => {
      expect(make).to.throw(ImproperlyConfigured, 'needs the clientId');
    });

  it('needs a denylist, and a server', async () => {
    const bare = await Api.start({ controllers: [ThingController] });
    expect(() => backchannelLogout({ clientId: 'books', server: bare.server })).to.throw(
      ImproperlyConfigured,
      "setting 'denylist'",
    );
    // An app without a server has nobody to answer and to log, so that the app's own error middleware gets the error.
    const errors: unknown[] = [];
    for (const app of [bare.app, express()]) {
      app.post('/logout', backchannelLogout({ clientId: 'books' }));
      app.use(((error, _request, response, _next) => {
        errors.push(error);
        response.status(500).end();
      }) as express.ErrorRequestHandler);
      expect((await request(app).post('/logout').type('form').send({ logout_token: logoutToken() })).status).to.equal(
        500,
      );
    }
    expect(errors.map(error => error instanceof ImproperlyConfigured)).to.deep.equal([true]);
    await bare.close();
  });
});
