import { expect } from 'chai';
import type { Express } from 'express';
import { CurrentUser, Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenUser,
  createExpressServer,
  ImproperlyConfigured,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import * as library from 'axioms-routing-controllers';
import { forceAuthenticate, TestIssuer, type ForcedUser } from 'axioms-routing-controllers/testing';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';
import { bookApi } from './book-api';

@JsonController('/who')
class WhoController {
  @Get('/') who(@CurrentUser() { sub }: AccessTokenUser) {
    return { sub };
  }
}

describe('forceAuthenticate', () => {
  let issuer: TestIssuer;
  let app: Express;
  let logger: RecordingLogger;
  let environment: string | undefined;
  beforeEach(() => {
    environment = process.env.NODE_ENV;
    logger = new RecordingLogger();
    issuer = new TestIssuer();
    app = issuer.attachTo(bookApi({ ...issuer.settings(), logger }));
  });
  afterEach(() => {
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
    (app.locals.axioms as AxiomsServer).close();
  });

  it("makes every request this user's until it is taken back; permissions still run", async () => {
    forceAuthenticate(app, { sub: 'alice', scope: 'book:read', email: 'a@example.com', roles: ['editor'] });
    const answer = await request(app).get('/books');
    expect([answer.status, answer.body]).to.deep.equal([
      200,
      { sub: 'alice', email: 'a@example.com', roles: ['editor'] },
    ]);
    expectRefusal(await request(app).post('/books'), 'insufficient_scope', 'book:create');
    forceAuthenticate(app, null);
    expectRefusal(await request(app).get('/books'), 'not_authenticated');
    expect(issuer.fetches).to.equal(0);
  });

  // Regression: the subject was looked for in the claims of the top-level setting, whichever issuer was named.
  it('takes the subject from the claims that the settings of the issuer name', async () => {
    const issuers = ['https://a.example', 'https://b.example'].map(issuerUrl => ({ issuerUrl, audience: 'api' }));
    const several = createExpressServer({
      controllers: [WhoController],
      axioms: {
        issuers: [{ ...issuers[0]!, subjectClaims: ['uid', 'sub'] }, issuers[1]!],
        jwksPrefetch: false,
        logger,
      },
    });
    for (const [claims, sub] of [
      [{ iss: 'https://a.example', uid: 'u1' }, 'u1'],
      [{ iss: 'https://a.example', uid: 'u1', sub: 'alice' }, 'u1'],
      [{ iss: 'https://b.example', uid: 'u1', sub: 'alice' }, 'alice'],
    ] as const) {
      forceAuthenticate(several, claims);
      expect((await request(several).get('/who').expect(200)).body).to.deep.equal({ sub });
    }
    expect(() => {
      forceAuthenticate(several, { iss: 'https://b.example', uid: 'u1' });
    }).to.throw(ImproperlyConfigured, 'takes claims with a sub');
    (several.locals.axioms as AxiomsServer).close();
  });

  it('looks at no token meanwhile, good or bad, and does again afterwards', async () => {
    forceAuthenticate(app, { sub: 'alice', scope: 'book:read' });
    for (const token of [issuer.token({ sub: 'bob' }), issuer.forge('tampered')]) {
      const answer = await request(app).get('/books').set('Authorization', `Bearer ${token}`).expect(200);
      expect(answer.body).to.include({ sub: 'alice' });
    }
    forceAuthenticate(app, null);
    await request(app)
      .get('/books')
      .set('Authorization', `Bearer ${issuer.forge('tampered')}`)
      .expect(401);
  });

  it('takes a user as an authentication class would return it, nobody included', async () => {
    forceAuthenticate(app, { isAuthenticated: true, sub: 'carol', scopes: ['book:read'] });
    expect((await request(app).get('/books').expect(200)).body).to.deep.equal({ sub: 'carol' });
    forceAuthenticate(app, { isAuthenticated: false, sub: 'carol', scopes: ['book:read'] });
    const token = issuer.token({ scope: 'book:read' });
    expectRefusal(await request(app).get('/books').set('Authorization', `Bearer ${token}`), 'not_authenticated');
  });

  it('takes scopes as a list, instead of what the claims grant', async () => {
    forceAuthenticate(app, { sub: 'carol', scope: 'book:create', scopes: ['book:read'] });
    await request(app).get('/books').expect(200);
    await request(app).post('/books').expect(403);
  });

  it('asks object rules, and is there for controllers without authentication classes', async () => {
    forceAuthenticate(app, { sub: 'alice' });
    await request(app).delete('/notes/1').expect(200);
    expect((await request(app).get('/door')).body).to.deep.equal({ isAuthenticated: true, sub: 'alice' });
    forceAuthenticate(app, { sub: 'bob' });
    expectRefusal(await request(app).delete('/notes/1'), 'permission_denied');
  });

  it('is for this app alone', async () => {
    const other = issuer.attachTo(bookApi(issuer.settings()));
    forceAuthenticate(app, { sub: 'alice', scope: 'book:read' });
    await request(other).get('/books').expect(401);
    (other.locals.axioms as AxiomsServer).close();
  });

  it('warns, of every time and by more than the logger', async () => {
    const warnings: (Error & { code?: string })[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    forceAuthenticate(app, { sub: 'alice' });
    forceAuthenticate(app, { sub: 'bob' });
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(logger.entries.filter(({ level }) => level === 'warn')).to.have.length(2);
    expect(logger.text('warn'))
      .to.include('forceAuthenticate() is on')
      .and.not.match(/alice|bob/);
    expect(warnings.map(({ name, code }) => [name, code])).to.deep.equal([['SecurityWarning', 'AXIOMS_FORCED_USER']]);
  });

  for (const name of ['production', 'Production', ' production ', 'prod', 'staging', 'ci', ''])
    it(`refuses where NODE_ENV is '${name}', and lets itself be taken back`, async () => {
      forceAuthenticate(app, { sub: 'alice', scope: 'book:read' });
      process.env.NODE_ENV = name;
      expect(() => {
        forceAuthenticate(app, { sub: 'bob' });
      }).to.throw(ImproperlyConfigured, 'NODE_ENV is production');
      forceAuthenticate(app, null);
      await request(app).get('/books').expect(401);
    });

  it('does not begin for what is no user', async () => {
    const wrong = [{}, { sub: '' }, { sub: 7 }, { isAuthenticated: 'true', sub: 'a' }, 'alice', undefined, 7, []];
    for (const user of wrong)
      expect(() => {
        forceAuthenticate(app, user as ForcedUser);
      }, JSON.stringify(user)).to.throw(ImproperlyConfigured, 'forceAuthenticate() takes');
    await request(app).get('/books').expect(401);
  });

  it('refuses an app that nobody serves', () => {
    expect(() => {
      forceAuthenticate({ locals: {} }, { sub: 'alice' });
    }).to.throw(ImproperlyConfigured, 'has no server');
  });

  it('cannot be asked for by a request, whatever it carries', async () => {
    const user = { isAuthenticated: true, sub: 'alice', scopes: ['book:read'] };
    const text = JSON.stringify(user);
    const path = `/books?forced=${encodeURIComponent(text)}&user[sub]=alice&__proto__[forced][user][sub]=alice`;
    const asked = request(app)
      .get(path)
      .set({ 'X-Forced-User': text, Cookie: `user=${text}`, 'X-User': 'alice' });
    expectRefusal(await asked, 'not_authenticated');
    expectRefusal(
      await request(app).post(path).send({ user, forced: { user }, __proto__: { user } }),
      'not_authenticated',
    );
  });

  it('is not reached by a polluted prototype', async () => {
    const prototype = Object.prototype as Record<string, unknown>;
    const user = { isAuthenticated: true, sub: 'alice', scopes: ['book:read'] };
    for (const name of ['forced', 'forcedCaller', 'user', 'caller']) prototype[name] = { user };
    try {
      await request(app).get('/books').expect(401);
    } finally {
      for (const name of ['forced', 'forcedCaller', 'user', 'caller']) Reflect.deleteProperty(prototype, name);
    }
  });

  it('is no export of the root', () => {
    expect(Object.keys(library).filter(name => /force/i.test(name))).to.deep.equal([]);
  });
});
