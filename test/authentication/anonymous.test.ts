/** What an app sees of an anonymous request, and what the rules see of a user that the app set by itself. */
import { expect } from 'chai';
import express, { type Express, type Request, type RequestHandler } from 'express';
import passport from 'passport';
import { Authorized, CurrentUser, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  AnonymousUser,
  IsAdminUser,
  IsAuthenticated,
  IsSubOwner,
  SessionAuthentication,
  callerOf,
  isAuthenticated,
  requireAccessToken,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import { forceAuthenticate } from 'axioms-routing-controllers/testing';
import { AnonRateThrottle, UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { TestIssuer } from '../issuer/test-issuer';

const ran: string[] = [];
/** What a middleware behind the guard, and the handler, found on the request. */
const seen: object[] = [];

const account = Object.freeze({ sub: 'alice', isStaff: true, isAuthenticated: true, scopes: ['a'], roles: ['admin'] });
const authOfAnother = Object.freeze({ payload: { sub: 'alice' } });

function look(given: object): object {
  const { user, auth } = given as AxiomsRequest;
  const isSignedIn = (given as { isAuthenticated?(): boolean }).isAuthenticated;
  return { user, auth, isTruthy: Boolean(user), passport: isSignedIn?.call(given), ours: isAuthenticated(given) };
}

const noting: RequestHandler = (given, _response, next) => {
  seen.push(look(given));
  next();
};

abstract class Base {
  declare request: AxiomsRequest;
  protected answer(): object {
    ran.push(this.request.path);
    seen.push(look(this.request));
    return {};
  }
}

@JsonController('/open')
class OpenController extends Base {
  permissionClasses = [AllowAny];
  @Get('/') @UseBefore(noting) get() {
    return this.answer();
  }
  @Get('/user') user(@CurrentUser() user: object | undefined) {
    ran.push('/open/user');
    return { is: user === undefined ? 'nothing' : 'something' };
  }
  @Get('/required') required(@CurrentUser({ required: true }) user: object) {
    ran.push('/open/required');
    return user;
  }
}

@JsonController('/unguarded')
class UnguardedController extends Base {
  authenticationClasses = [];
  permissionClasses = [AllowAny];
  @Get('/') @UseBefore(noting) get() {
    return this.answer();
  }
  @Get('/authorized') @Authorized() authorized() {
    return this.answer();
  }
  @Get('/admin') @Authorized('admin') admin() {
    return this.answer();
  }
  @Get('/required') required(@CurrentUser({ required: true }) _user: object) {
    return this.answer();
  }
}

@JsonController('/unguarded/signed-in')
class SignedInController extends Base {
  authenticationClasses = [];
  permissionClasses = [IsAuthenticated];
  @Get('/') get() {
    return this.answer();
  }
}

@JsonController('/unguarded/staff')
class StaffController extends Base {
  authenticationClasses = [];
  permissionClasses = [IsAdminUser];
  @Get('/') get() {
    return this.answer();
  }
}

@JsonController('/unguarded/owned')
class OwnedController extends Base {
  authenticationClasses = [];
  permissionClasses = [IsSubOwner];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/:id') get() {
    return this.answer();
  }
}

@JsonController('/unguarded/counted')
class CountedController extends Base {
  authenticationClasses = [];
  permissionClasses = [AllowAny];
  throttleClasses = [AnonRateThrottle, UserRateThrottle];
  @Get('/') get() {
    return this.answer();
  }
}

@JsonController('/session')
class SessionController extends Base {
  authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
  @Get('/') get() {
    return this.answer();
  }
  @Post('/') post() {
    return this.answer();
  }
}

/** As an app does it that authorizes by itself, and was there before this library. */
const ofPassport: RequestHandler = (given, _response, next) => {
  Object.assign(given, { user: account, auth: authOfAnother });
  next();
};

describe('An anonymous request', () => {
  let issuer: TestIssuer;
  let app: Express;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    app = express();
    ran.length = seen.length = 0;
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  const controllers = [
    OpenController,
    UnguardedController,
    SignedInController,
    StaffController,
    OwnedController,
    CountedController,
    SessionController,
  ];
  const throttleRates = { anon: '2/hour', user: '100/hour' };
  const serve = (options: Partial<AxiomsServerOptions> = {}): Express =>
    useExpressServer(app, {
      controllers,
      ...options,
      axioms: { ...issuer.settings(), throttleRates, ...options.axioms },
    });
  const get = (path: string, token?: string): Test =>
    token === undefined ? request(app).get(path) : request(app).get(path).set('Authorization', `Bearer ${token}`);
  const nobody = { user: undefined, auth: null, isTruthy: false, passport: false, ours: false };

  // Regression: every request had an AnonymousUser, which is truthy; apps took strangers for signed-in users.
  it('has no user, in a middleware behind the guard and in the handler', async () => {
    const own = new passport.Passport();
    app.use(own.initialize() as RequestHandler);
    serve();
    await get('/open').expect(200);
    expect(seen).to.deep.equal([nobody, nobody]);
  });

  it("has no user where Passport or another library set one: the guard's classes decide", async () => {
    app.use(new passport.Passport().initialize() as RequestHandler, ofPassport);
    serve();
    await get('/open').expect(200);
    expect(seen).to.deep.equal([nobody, nobody]);
  });

  it("is signed in for Passport with a token's user", async () => {
    app.use(new passport.Passport().initialize() as RequestHandler);
    serve();
    await get('/open', issuer.token({ sub: 'bob' })).expect(200);
    for (const one of seen) expect(one).to.include({ isTruthy: true, passport: true, ours: true });
  });

  it('has no user for checkers of the app that look whether there is one', async () => {
    app.use(new passport.Passport().initialize() as RequestHandler);
    serve({
      authorizationChecker: action => Boolean((action.request as Request).user),
      currentUserChecker: action => (action.request as Request).user,
    });
    await get('/open/required').expect(401);
    await get('/unguarded/authorized').expect(401);
    expect(ran).to.deep.equal([]);
  });

  it('gives @CurrentUser() undefined, and is refused where a user is required', async () => {
    serve();
    expect((await get('/open/user').expect(200)).body).to.deep.equal({ is: 'nothing' });
    const refused = await get('/open/required').expect(401);
    expect(refused.headers['www-authenticate']).to.equal('Bearer realm="api"');
    expect(ran).to.deep.equal(['/open/user']);
  });

  it('has no user at a plain route behind requireAccessToken() of a public method', async () => {
    app.use(ofPassport);
    serve({ axioms: { publicMethods: ['GET'] } });
    app.get('/plain', requireAccessToken(), noting, (_given, response) => {
      response.end();
    });
    await get('/plain').expect(200);
    expect(seen).to.deep.equal([{ ...nobody, passport: undefined }]);
  });

  it('is an AnonymousUser for callerOf()', () => {
    serve();
    const caller = callerOf({});
    expect(caller).to.be.an.instanceOf(AnonymousUser);
    expect([caller.isAuthenticated, isAuthenticated({}), isAuthenticated({ user: account })]).to.deep.equal([
      false,
      false,
      false,
    ]);
  });

  describe('on a route without authentication classes', () => {
    it('keeps the user and the auth that the app set, to the object', async () => {
      app.use(ofPassport);
      serve();
      await get('/unguarded').expect(200);
      expect(seen).to.have.length(2);
      for (const one of seen as { user: object; auth: object; ours: boolean }[]) {
        expect(one.user).to.equal(account);
        expect(one.auth).to.equal(authOfAnother);
        expect(one.ours).to.equal(false);
      }
    });

    it('keeps them after a guard in front of it received the request and found another caller', async () => {
      app.use(ofPassport);
      app.use('/unguarded', requireAccessToken(), noting);
      serve();
      await get('/unguarded', issuer.token({ sub: 'bob' })).expect(200);
      const [first, ...later] = seen as { user: { sub?: string }; auth: object; ours: boolean }[];
      expect([first?.user.sub, first?.ours]).to.deep.equal(['bob', true]);
      expect(later).to.have.length(2);
      for (const one of later) expect([one.user, one.auth, one.ours]).to.deep.equal([account, authOfAnother, false]);
    });

    it('has no property that the app did not set', async () => {
      let names: string[] = [];
      app.use((given, response, next) => {
        response.once('finish', () => (names = Object.keys(given)));
        next();
      });
      serve();
      await get('/unguarded').expect(200);
      expect(names).not.to.include('user').and.not.to.include('auth');
    });

    for (const [path, status] of [
      ['/unguarded/signed-in', 403],
      ['/unguarded/staff', 403],
      ['/unguarded/owned/1', 403],
      ['/unguarded/authorized', 403],
      ['/unguarded/admin', 403],
      ['/unguarded/required', 403],
    ] as const)
      it(`is refused by a rule that needs a caller, whatever the app set: ${path}`, async () => {
        app.use(ofPassport);
        serve();
        const answer = await get(path).expect(status);
        expect(answer.body).to.have.property('error', 'permission_denied');
        expect(answer.headers['www-authenticate']).to.equal(undefined);
        expect(ran).to.deep.equal([]);
      });

    it('is counted by its address, not as the user that the app set', async () => {
      app.use((given, _response, next) => {
        Object.assign(given, { user: { ...account, sub: given.get('X-Sub') } });
        next();
      });
      serve();
      const ask = (sub: string): Test => get('/unguarded/counted').set('X-Sub', sub);
      await ask('a').expect(200);
      await ask('b').expect(200);
      await ask('c').expect(429);
      expect(ran).to.have.length(2);
    });
  });

  it('is the session user where SessionAuthentication is in the list, after a guarded route passed it on, too', async () => {
    app.use(ofPassport);
    serve();
    app.get('/later', requireAccessToken(), (_given, response) => {
      response.end();
    });
    await get('/session').expect(200);
    expect(seen.at(-1)).to.deep.include({ user: account, ours: true });
    await get('/later').expect(401);
    await request(app).post('/session').expect(403);
    expect(ran).to.deep.equal(['/session']);
  });

  it('is what the test kit plays with forceAuthenticate(app, "anonymous"), whatever the request carries', async () => {
    serve();
    forceAuthenticate(app, 'anonymous');
    const token = issuer.token();
    await get('/open', token).expect(200);
    expect(seen.at(-1)).to.deep.include({ user: undefined, ours: false });
    const refused = await get('/session', token).expect(401);
    expect(refused.headers['www-authenticate']).to.equal('Bearer realm="api"');
    forceAuthenticate(app, null);
    await get('/session', token).expect(200);
  });

  it('keeps what the app set on a route without classes while the test kit plays it', async () => {
    app.use(ofPassport);
    serve();
    forceAuthenticate(app, 'anonymous');
    await get('/unguarded').expect(200);
    expect((seen.at(-1) as { user: unknown }).user).to.equal(account);
  });
});
