/** A request that leaves a controller's route while route and URL stay the same, and a plain guard receives it. */
import { expect } from 'chai';
import express, { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import {
  Get,
  JsonController,
  UseBefore,
  type ExpressErrorMiddlewareInterface,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AllowAny,
  BaseAuthentication,
  callerOf,
  isAuthenticated,
  requireAccessToken,
  useExpressServer,
  type AuthenticationResult,
  type AxiomsRequest,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { bearer, expectExactRefusal, notAuthenticated, type Refusal } from '../refusals';
import { withGlobals } from './global-classes';
import { forbidStrayErrors } from './stray-errors';

type Handle = (given: Request, response: Response, next?: NextFunction) => unknown;

const ran: string[] = [];
let app: Express;
/** The app or router that the route calls. */
let inner: Handle;

class ApiKey extends BaseAuthentication {
  override readonly isToken = false;
  override readonly authorizationSchemes = [];
  override authenticate(given: Request): AuthenticationResult | null {
    const sub = given.get('X-Key');
    return sub === undefined ? null : { user: { isAuthenticated: true, sub } };
  }
}

class ByClass implements ExpressMiddlewareInterface {
  use(given: Request, response: Response, next: NextFunction): void {
    requireAccessToken({ scopes: ['export'] })(given, response, next);
  }
}

function redispatch(given: Request, response: Response, changes: object): void {
  Object.assign(given, changes);
  (app as unknown as { handle: Handle }).handle(given, response);
}

function guardAnd(next: Handle): Handle {
  return (given, response, goOn) => {
    requireAccessToken()(given, response, goOn as NextFunction);
    next(given, response);
  };
}

@JsonController('/left')
class LeftController {
  authenticationClasses = [ApiKey];
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Get('/dispatched')
  @UseBefore((given: Request, response: Response) => {
    redispatch(given, response, { method: 'POST' });
  })
  dispatched() {
    return this.handled();
  }
  @Get('/app')
  @UseBefore((given: Request, response: Response, next: NextFunction) => inner(given, response, next))
  byApp() {
    return this.handled();
  }
  @Get('/error')
  @UseBefore((_given: Request, _response: Response, next: NextFunction) => {
    next(new Error('elsewhere'));
  })
  byError() {
    return this.handled();
  }
  @Get('/class') @UseBefore(ByClass) byClass() {
    return this.handled();
  }
  @Get('/error-class') @UseBefore(fail, pardon) byErrorMiddleware() {
    return this.handled();
  }
  @Get('/both')
  @UseBefore(
    guardAnd((given, response) => {
      redispatch(given, response, { url: '/plain' });
    }),
  )
  both() {
    return this.handled();
  }

  private handled() {
    ran.push('controller');
    return { caller: callerOf(this.request).sub, user: this.request.user?.sub, claims: this.request.authJwt };
  }
}

class GuardingErrors implements ExpressErrorMiddlewareInterface {
  error(_error: unknown, given: Request, response: Response, next: NextFunction): void {
    requireAccessToken({ scopes: ['export'] })(given, response, next);
  }
}

function fail(_given: Request, _response: Response, next: NextFunction): void {
  next(new Error('pardon me'));
}

function pardon(_error: unknown, given: Request, response: Response, next: NextFunction): void {
  requireAccessToken()(given, response, next);
}

@JsonController('/other')
class OtherController {
  @Get('/') list() {
    return [];
  }
}

function tell(given: Request, response: Response): void {
  ran.push('plain');
  const { user, authJwt } = given as unknown as AxiomsRequest;
  const isSignedIn = isAuthenticated(given);
  response.json({ caller: callerOf(given).sub, user: user?.sub, claims: authJwt?.sub, isSignedIn });
}

// As an app does that goes on with the next route after an error.
function goOnElsewhere(error: Error, _given: Request, _response: Response, next: NextFunction): void {
  if (error.message === 'elsewhere') next();
  else next(error);
}

interface Answer {
  readonly httpCode: number;
  readonly headers: object;
  toJSON(): object;
}

function answerPlainly(error: Answer, _given: Request, response: Response, _next: NextFunction): void {
  const body = JSON.stringify(error.toJSON());
  const headers = { ...error.headers, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  response.writeHead(error.httpCode, { ...headers, 'Content-Length': body.length }).end(body);
}

function notAuthenticatedFor(scope: string): Refusal {
  return { ...notAuthenticated, challenges: [`Bearer realm="api", scope="${scope}"`] };
}

const serverError: Refusal = {
  status: 500,
  error: 'server_error',
  description: 'The server could not handle the request',
};

// Regression: the guard let a token's caller in, and the handler saw the caller of the controller that the request had left.
describe('A plain guard that receives a request of a controller', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  const servers: AxiomsServer[] = [];
  let issuer: TestIssuer;

  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    ran.length = logger.entries.length = 0;
    app = express();
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  function serve(options: Partial<AxiomsServerOptions> = {}): AxiomsServer {
    const axioms = { ...issuer.settings(), logger };
    const server = useExpressServer(app, { controllers: [LeftController], axioms, ...options }).locals
      .axioms as AxiomsServer;
    servers.push(server);
    return server;
  }

  const get = (path: string, { key, ...claims }: { readonly key?: string; readonly scope?: string } = {}): Test => {
    const test = request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token({ sub: 'alice', scope: 'export', ...claims })}`);
    return key === undefined ? test : test.set('X-Key', key);
  };
  const alice = { caller: 'alice', user: 'alice', claims: 'alice', isSignedIn: true };

  async function expectAlice(path: string): Promise<void> {
    for (const key of [undefined, 'mallory'])
      expect((await get(path, { ...(key === undefined ? {} : { key }) }).expect(200)).body).to.deep.equal(alice);
    expect(ran).to.deep.equal(['plain', 'plain']);
    const anonymous = await request(app).get(path).set('X-Key', 'mallory');
    expectExactRefusal(anonymous, notAuthenticatedFor('export'));
    expectExactRefusal(await get(path, { scope: 'other', key: 'mallory' }), {
      status: 403,
      challenges: [
        bearer('insufficient_scope', 'The access token does not have the scope that this request needs', 'export'),
      ],
      error: 'insufficient_scope',
      description: 'The access token does not have the scope that this request needs',
    });
    expect(ran).to.have.length(2);
  }

  it('has the caller of its own token after a middleware changed the method and dispatched the request again', () => {
    serve();
    app.use(requireAccessToken({ scopes: ['export'] }), tell);
    return expectAlice('/left/dispatched');
  });

  for (const [kind, make] of [
    ['an app', express],
    ['a router', Router],
  ] as const)
    it(`has the caller of its own token in ${kind} that a middleware calls`, () => {
      const server = serve();
      inner = make().use(requireAccessToken({ scopes: ['export'], server }), tell) as Handle;
      return expectAlice('/left/app');
    });

  it('has the caller of its own token after error middleware went on with the next route', () => {
    serve({ defaultErrorHandler: false });
    app.use(goOnElsewhere, requireAccessToken({ scopes: ['export'] }), tell);
    app.use(answerPlainly);
    return expectAlice('/left/error');
  });

  it('has the caller of its own token where a global error middleware calls it', () => {
    withGlobals({ after: [GuardingErrors] }, () =>
      serve({ defaultErrorHandler: false, middlewares: [GuardingErrors] }),
    );
    app.use(tell);
    app.use(answerPlainly);
    return expectAlice('/left/error');
  });

  it('names no server of several after error middleware went on with the next route', async () => {
    serve({ defaultErrorHandler: false });
    serve({ defaultErrorHandler: false, controllers: [OtherController], axioms: issuer.settings() });
    app.use(goOnElsewhere, requireAccessToken(), tell);
    const errors: Error[] = [];
    app.use((error: Error, _given: Request, response: Response, _next: NextFunction) => {
      errors.push(error);
      response.sendStatus(418);
    });
    await get('/left/error').expect(418);
    expect(errors[0]?.message).to.include('cannot choose between the 2 servers');
    expect(ran).to.deep.equal([]);
  });

  for (const [kind, path, scope] of [
    ['a middleware class', '/left/class', 'export'],
    ['error middleware of the route', '/left/error-class', undefined],
  ] as const)
    it(`leaves the caller of the controller alone inside ${kind}`, async () => {
      serve();
      serve({ controllers: [OtherController], axioms: issuer.settings() });
      expect((await get(path, { key: 'bob' }).expect(200)).body).to.deep.equal({
        caller: 'bob',
        user: 'bob',
        claims: null,
      });
      const anonymous = await request(app).get(path).set('X-Key', 'bob');
      expectExactRefusal(anonymous, scope === undefined ? notAuthenticated : notAuthenticatedFor(scope));
      expect(ran).to.deep.equal(['controller']);
    });

  it('lets no request back to the controller from a router that a middleware calls, and says why', async () => {
    const server = serve();
    inner = Router().use(requireAccessToken({ server })) as Handle;
    expectExactRefusal(await get('/left/app', { key: 'mallory' }), serverError);
    expect(ran).to.deep.equal([]);
    expect(logger.text('error')).to.include('list it in @UseBefore itself');
  });

  it('runs no handler where a middleware calls it and dispatches the request as well', async () => {
    const server = serve();
    const errors: unknown[] = [];
    app.use(requireAccessToken({ server }), tell);
    app.use((error: unknown, _given: Request, _response: Response, next: NextFunction) => {
      errors.push(error);
      next(error);
    });
    expectExactRefusal(await get('/left/both', { key: 'mallory' }), serverError);
    expect(ran).to.deep.equal([]);
    expect(errors).to.deep.equal([]);
    expect(logger.text('error')).to.include('was dispatched to another guarded route');
  });
});
