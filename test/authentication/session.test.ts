import 'reflect-metadata';
import express, { type NextFunction, type Request, type Response } from 'express';
import { expect } from 'chai';
import { All, Delete, Get, JsonController, Patch, Post, Put, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAdminUser,
  IsAuthenticatedOrTokenHasScope,
  SessionAuthentication,
  checkCsrfToken,
  createExpressServer,
  csrfToken,
  not,
  or,
  type AxiomsRequest,
  isAuthenticated,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import type { Method } from '../api';
import {
  bearer,
  demanding,
  expectExactRefusal,
  invalidToken,
  notAuthenticated,
  permissionDenied,
  type Refusal,
} from '../refusals';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { SessionApp, accounts } from './session-app';

let handled: string[] = [];

abstract class Who {
  declare request: AxiomsRequest;
  who() {
    const { user, auth, authJwt } = this.request;
    handled.push(this.request.method);
    return { user, isAuthenticated: isAuthenticated(this.request), by: auth?.authenticator.constructor.name, authJwt };
  }
}

abstract class EveryMethod extends Who {
  @Get('/') get() {
    return this.who();
  }
  @Post('/') post() {
    return this.who();
  }
  @Put('/') put() {
    return this.who();
  }
  @Patch('/') patch() {
    return this.who();
  }
  @Delete('/') delete() {
    return this.who();
  }
}

@JsonController('/session')
class SessionController extends EveryMethod {
  authenticationClasses = [SessionAuthentication];
}

@JsonController('/open')
class OpenController extends EveryMethod {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [AllowAny];
}

@JsonController('/hybrid')
class HybridController extends EveryMethod {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
}

@JsonController('/reversed')
class ReversedController extends EveryMethod {
  authenticationClasses = [SessionAuthentication, AccessTokenAuthentication];
}

@JsonController('/mandatory')
class MandatoryController extends EveryMethod {
  authenticationClasses = [HasValidAccessToken, SessionAuthentication];
}

@JsonController('/every')
class EveryController extends Who {
  authenticationClasses = [SessionAuthentication];
  @All('/') all() {
    return this.who();
  }
}

@JsonController('/scoped')
class ScopedController extends EveryMethod {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['read'];
}

@JsonController('/staff')
class StaffController extends EveryMethod {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  permissionClasses = [IsAdminUser];
}

@JsonController('/not-staff')
class NotStaffController extends EveryMethod {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  permissionClasses = [not(IsAdminUser)];
}

@JsonController('/staff-or-scope')
class StaffOrScopeController extends EveryMethod {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  permissionClasses = [or(IsAdminUser, HasAccessTokenScopes)];
  accessTokenScopes = ['read'];
}

@JsonController('/sign-in')
class SignInController {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;
  @Post('/') signIn() {
    checkCsrfToken(this.request);
    return { user: 'alice' };
  }
}

@JsonController('/twice')
class FirstController extends Who {
  @Get('/')
  @UseBefore((_request: Request, _response: Response, next: NextFunction) => {
    next('route');
  })
  first() {
    return this.who();
  }
}

@JsonController('/twice')
class SecondController extends Who {
  authenticationClasses = [SessionAuthentication];
  @Get('/') second() {
    return this.who();
  }
}

@JsonController('/songs')
class SongController extends EveryMethod {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  permissionClasses = [IsAuthenticatedOrTokenHasScope];
  requiredScopes = ['music'];
}

class ShopSession extends SessionAuthentication {
  override async sessionUser(request: Request) {
    return Promise.resolve(request.get('X-Customer') === undefined ? null : { id: request.get('X-Customer') });
  }
  override enforceCsrf(request: Request) {
    return request.method === 'DELETE' ? super.enforceCsrf(request) : undefined;
  }
}

@JsonController('/shop')
class ShopController extends EveryMethod {
  authenticationClasses = [ShopSession];
}

const controllers = [
  SessionController,
  OpenController,
  HybridController,
  ReversedController,
  MandatoryController,
  EveryController,
  ScopedController,
  StaffController,
  NotStaffController,
  StaffOrScopeController,
  SongController,
  SignInController,
  ShopController,
];

const unsafe: readonly Method[] = ['post', 'put', 'patch', 'delete'];
const tokenMissing: Refusal = { ...permissionDenied, description: 'The CSRF token is missing' };
const tokenForeign: Refusal = { ...permissionDenied, description: 'The CSRF token is not of this session' };

interface Body {
  readonly user: Record<string, unknown>;
  readonly isAuthenticated: boolean;
  readonly by?: string;
  readonly authJwt: unknown;
}

beforeEach(() => {
  handled = [];
});

for (const passport of [false, true])
  describe(`SessionAuthentication, with ${passport ? 'Passport' : 'express-session alone'}`, () => {
    let app: SessionApp;
    before(async () => {
      app = await SessionApp.start({ controllers, passport });
    });
    after(() => app.close());

    it('knows the user of the session, as the app knows them', async () => {
      const browser = await app.browser('alice');
      const { status, body } = (await browser.ask('get', '/session')) as { status: number; body: Body };
      expect(status).to.equal(200);
      expect(body).to.deep.equal({
        user: accounts.alice,
        isAuthenticated: true,
        by: 'SessionAuthentication',
        authJwt: null,
      });
    });

    it('answers 403 without a challenge to nobody, where it is the only class', async () => {
      for (const method of ['get', 'head', ...unsafe] as const)
        expectExactRefusal(await (await app.browser()).ask(method, '/session'), permissionDenied);
      expect(handled).to.deep.equal([]);
    });

    it('requires no CSRF token of an anonymous caller, as in DRF', async () => {
      const { body } = (await (await app.browser()).ask('post', '/open')) as { body: Body };
      expect(body.isAuthenticated).to.equal(false);
    });

    it('knows no closed account, and no guest', async () => {
      for (const name of ['closed', 'guest']) {
        const browser = await app.browser(name);
        expectExactRefusal(await browser.ask('get', '/session'), permissionDenied);
        const { body } = (await browser.ask('post', '/open')) as { body: Body };
        expect(body.isAuthenticated).to.equal(false);
      }
    });

    for (const method of unsafe)
      it(`needs a CSRF token of the session for ${method.toUpperCase()}`, async () => {
        const browser = await app.browser('alice');
        const token = await browser.token();
        for (const path of ['/session', '/open', '/hybrid', '/every']) {
          expectExactRefusal(await browser.ask(method, path), tokenMissing);
          expectExactRefusal(await browser.ask(method, path, { 'X-CSRF-Token': '' }), tokenMissing);
          expect(handled).to.deep.equal([]);
          const { status } = await browser.ask(method, path, { 'X-CSRF-Token': token });
          expect(status).to.equal(200);
          handled = [];
        }
      });

    it('needs none for GET, HEAD and OPTIONS', async () => {
      const browser = await app.browser('alice');
      for (const method of ['get', 'head', 'options'] as const)
        expect((await browser.ask(method, '/every')).status).to.equal(200);
      expect(handled).to.deep.equal(['GET', 'HEAD', 'OPTIONS']);
    });

    it('believes no token but those of the session', async () => {
      const browser = await app.browser('alice');
      const token = await browser.token();
      const [salt = '', tag = ''] = token.split('.');
      const other = await (await app.browser('alice')).token();
      const anonymous = await (await app.browser()).token();
      const flipped = `${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`;
      const wrong = [
        'x',
        '.',
        salt,
        `${salt}.`,
        `.${tag}`,
        `${token}.x`,
        `x${token}`,
        `${token}x`,
        `${salt}.${flipped}`,
      ];
      for (const bad of [...wrong, other, anonymous, `${token}, ${token}`])
        expectExactRefusal(await browser.ask('post', '/session', { 'X-CSRF-Token': bad }), tokenForeign);
      expect(handled).to.deep.equal([]);
    });

    it('gives out another token each time, all of them good', async () => {
      const browser = await app.browser('alice');
      const tokens = [await browser.token(), await browser.token()];
      expect(tokens[0]).not.to.equal(tokens[1]);
      for (const token of tokens)
        expect((await browser.ask('post', '/session', { 'X-CSRF-Token': token })).status).to.equal(200);
    });

    it('believes no token from before the login', async () => {
      const browser = await app.browser();
      const before = await browser.token();
      await browser.signIn('alice');
      expectExactRefusal(await browser.ask('post', '/session', { 'X-CSRF-Token': before }), tokenForeign);
      const after = await browser.token();
      expect((await browser.ask('post', '/session', { 'X-CSRF-Token': after })).status).to.equal(200);
    });

    it('gives a CSRF token to a caller that has not signed in yet, so that a login route can require one', async () => {
      const browser = await app.browser();
      expectExactRefusal(await browser.ask('post', '/sign-in'), tokenMissing);
      const stolen = await (await app.browser()).token();
      expectExactRefusal(await browser.ask('post', '/sign-in', { 'X-CSRF-Token': stolen }), tokenForeign);
      const { status } = await browser.ask('post', '/sign-in', { 'X-CSRF-Token': await browser.token() });
      expect(status).to.equal(200);
    });

    it('lets nobody store the answer with the token', async () => {
      const { headers } = await (await app.browser()).ask('get', '/csrf');
      expect(headers).to.include({ 'cache-control': 'no-store', vary: 'Cookie' });
    });

    describe('beside access tokens', () => {
      it('lets a token in by the token, without a CSRF token, with and without a session', async () => {
        for (const name of [undefined, 'alice'])
          for (const path of ['/hybrid', '/reversed', '/mandatory'])
            for (const method of ['get', ...unsafe] as const) {
              const browser = await app.browser(name);
              const Authorization = `Bearer ${app.issuer.token({ sub: 'bob' })}`;
              const response = await browser.ask(method, path, { Authorization });
              expect([response.status, (response.body as Body).user.sub], `${method} ${path}`).to.deep.equal([
                200,
                'bob',
              ]);
            }
      });

      it('lets a session in where there is no token', async () => {
        const browser = await app.browser('alice');
        for (const path of ['/hybrid', '/reversed', '/mandatory']) {
          const { body } = (await browser.ask('get', path)) as { body: Body };
          expect([body.user.name, body.by]).to.deep.equal(['alice', 'SessionAuthentication']);
          expectExactRefusal(await browser.ask('post', path), tokenMissing);
        }
      });

      it('refuses a bad token, however good the session is', async () => {
        const browser = await app.browser('alice');
        const csrf = { 'X-CSRF-Token': await browser.token() };
        for (const [token, description] of [
          [app.issuer.token({ exp: 1 }), 'The access token expired'],
          [app.issuer.token({ aud: 'other' }), 'The access token is for another audience'],
          ['junk', 'The access token is opaque, not a JWT'],
        ] as const)
          for (const path of ['/hybrid', '/reversed', '/mandatory'])
            for (const method of ['get', 'post'] as const) {
              const headers = { ...csrf, Authorization: `bearer ${token}` };
              expectExactRefusal(await browser.ask(method, path, headers), invalidToken(description));
            }
        const broken = await browser.ask('get', '/hybrid', { Authorization: 'Bearer' });
        expectExactRefusal(broken, {
          status: 400,
          challenges: [bearer('invalid_request', 'The Authorization header has no token')],
          error: 'invalid_request',
          description: 'The Authorization header has no token',
        });
        expect(handled).to.deep.equal([]);
      });

      it('answers 401 with the challenges there are to nobody', async () => {
        for (const path of ['/hybrid', '/reversed', '/mandatory'])
          for (const method of ['get', 'post'] as const)
            expectExactRefusal(await (await app.browser()).ask(method, path), notAuthenticated);
      });

      it('is not disturbed by credentials for nobody here', async () => {
        const browser = await app.browser('alice');
        const { status } = await browser.ask('get', '/hybrid', { Authorization: 'Basic eDp5' });
        expect(status).to.equal(200);
      });

      it('grants no scopes', async () => {
        const response = await (await app.browser('alice')).ask('get', '/scoped');
        expect(response.status).to.equal(403);
        expect((response.body as { error: string }).error).to.equal('insufficient_scope');
      });
    });

    describe('and IsAuthenticatedOrTokenHasScope', () => {
      const as = (scope: string) => ({ Authorization: `Bearer ${app.issuer.token({ scope })}` });
      const description = 'The access token does not have the scope that this request needs';

      it('lets every session in, and those tokens that have the scope', async () => {
        const browser = await app.browser('bob');
        expect((await browser.ask('get', '/songs')).status).to.equal(200);
        const csrf = { 'X-CSRF-Token': await browser.token() };
        expect((await browser.ask('post', '/songs', csrf)).status).to.equal(200);
        expect((await (await app.browser()).ask('post', '/songs', as('music'))).status).to.equal(200);
      });

      it('lets no token in by the session beside it, and no session without its CSRF token', async () => {
        const browser = await app.browser('alice');
        for (const method of ['get', 'post'] as const)
          expectExactRefusal(await browser.ask(method, '/songs', as('other')), {
            status: 403,
            challenges: [bearer('insufficient_scope', description, 'music')],
            error: 'insufficient_scope',
            description,
          });
        expectExactRefusal(await browser.ask('post', '/songs'), tokenMissing);
        expectExactRefusal(await (await app.browser()).ask('get', '/songs'), demanding(notAuthenticated, 'music'));
        expect(handled).to.deep.equal([]);
      });
    });

    describe('and IsAdminUser', () => {
      it('lets staff in, and nobody else', async () => {
        expect((await (await app.browser('alice')).ask('get', '/staff')).status).to.equal(200);
        expectExactRefusal(await (await app.browser('bob')).ask('get', '/staff'), permissionDenied);
        expectExactRefusal(await (await app.browser()).ask('get', '/staff'), notAuthenticated);
        const Authorization = `Bearer ${app.issuer.token({ isStaff: true, user: { isStaff: true } })}`;
        const response = await (await app.browser()).ask('get', '/staff', { Authorization });
        expectExactRefusal(response, permissionDenied);
      });

      it('lets nobody in by being turned around, who is nobody', async () => {
        expect((await (await app.browser('bob')).ask('get', '/not-staff')).status).to.equal(200);
        expectExactRefusal(await (await app.browser('alice')).ask('get', '/not-staff'), permissionDenied);
        expectExactRefusal(await (await app.browser()).ask('get', '/not-staff'), notAuthenticated);
      });

      it('goes together with scopes', async () => {
        const with_ = (scope: string) => ({ Authorization: `Bearer ${app.issuer.token({ scope })}` });
        const path = '/staff-or-scope';
        expect((await (await app.browser('alice')).ask('get', path)).status).to.equal(200);
        expect((await (await app.browser()).ask('post', path, with_('read'))).status).to.equal(200);
        expect((await (await app.browser()).ask('get', path, with_('write'))).status).to.equal(403);
        expect((await (await app.browser('bob')).ask('get', path)).status).to.equal(403);
      });
    });

    it("lets a subclass override the session's user, and which requests need a CSRF token", async () => {
      const headers = { 'X-Customer': '7' };
      const browser = await app.browser();
      const { body } = (await browser.ask('post', '/shop', headers)) as { body: Body };
      expect(body.user).to.deep.equal({ id: '7' });
      expectExactRefusal(await browser.ask('delete', '/shop', headers), tokenMissing);
      expectExactRefusal(await (await app.browser('alice')).ask('get', '/shop'), permissionDenied);
    });
  });

describe('SessionAuthentication, without a session middleware', () => {
  const logger = new RecordingLogger();
  const settings = { audience: 'api', issuerUrl: 'https://auth.example.com', jwksPrefetch: false, logger };

  function serve(user: unknown) {
    const app = express();
    app.use((request, _response, next) => {
      request.user = user as Express.User;
      next();
    });
    return createOn(app);
  }

  function createOn(app: ReturnType<typeof express>) {
    const server = createExpressServer({
      controllers: [HybridController, OpenController, TokenController],
      axioms: settings,
    });
    app.use(server);
    (server.locals.axioms as AxiomsServer).close();
    return app;
  }

  @JsonController('/csrf-token')
  class TokenController {
    permissionClasses = [AllowAny];
    declare request: AxiomsRequest;
    declare response: Response;
    @Get('/') token() {
      return { token: csrfToken(this.request, this.response) };
    }
  }

  it('has no CSRF token to give out, and says why to the log alone', async () => {
    const response = await request(createOn(express())).get('/csrf-token');
    expect(response.status).to.equal(500);
    expect(response.text).not.to.include('session');
    expect(logger.text('error')).to.include('app.use() a session middleware');
  });

  it('takes the user that a middleware set, and refuses their unsafe requests', async () => {
    const app = serve({ id: 7 });
    expect((await request(app).get('/hybrid')).status).to.equal(200);
    expectExactRefusal(await request(app).post('/hybrid').set('X-CSRF-Token', 'x.y'), tokenForeign);
    expectExactRefusal(await request(app).post('/open'), tokenMissing);
  });

  it('takes a frozen user, and leaves the object as it is', async () => {
    const user = Object.freeze({ id: 7 });
    const { body } = (await request(serve(user)).get('/hybrid')) as { body: Body };
    expect(body).to.deep.include({ user: { id: 7 }, isAuthenticated: true });
    expect(user).not.to.have.property('isAuthenticated');
  });

  for (const user of ['alice', 7, true, ['alice'], ''])
    it(`answers 500 to a user that is ${JSON.stringify(user)}, with the fix in the log`, async () => {
      const response = await request(serve(user)).get('/hybrid');
      expect(response.status).to.equal(500);
      expect(logger.text('error')).to.include('SessionAuthentication.sessionUser gave');
    });

  it("does not take the caller of one route for the session's user at the next route", async () => {
    const issuer = await TestIssuer.start();
    const app = createExpressServer({ controllers: [FirstController, SecondController], axioms: issuer.settings() });
    try {
      const asked = request(app).get('/twice').set('Authorization', `Bearer ${issuer.token()}`);
      expectExactRefusal(await asked, permissionDenied);
    } finally {
      (app.locals.axioms as AxiomsServer).close();
      await issuer.close();
    }
  });

  it("takes no secret that is not the session's own", async () => {
    const app = express();
    app.use((request, _response, next) => {
      request.user = { id: 7 } as Express.User;
      request.session = Object.create({ axiomsCsrfSecret: 'x'.repeat(50) }) as typeof request.session;
      next();
    });
    createOn(app);
    expectExactRefusal(await request(app).post('/hybrid').set('X-CSRF-Token', 'x.y'), tokenForeign);
  });
});
