/** `requireAccessToken()` that a controller's handler calls by hand, and requests that reach it after a handler. */
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AllowAny,
  BaseAuthentication,
  callerOf,
  requireAccessToken,
  useExpressServer,
  type AuthenticationResult,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal } from '../refusals';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];
let isClosed: () => void;
const guard = requireAccessToken({ scopes: ['export'] });

class ApiKey extends BaseAuthentication {
  override readonly isToken = false;
  override readonly authorizationSchemes = [];
  override authenticate(): AuthenticationResult {
    return { user: { isAuthenticated: true, sub: 'bob' } };
  }
}

@JsonController('/handler')
class HandlerController {
  authenticationClasses = [ApiKey];
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;
  declare response: Response;

  @Get('/value') async value() {
    await this.guarded();
    return { ok: true };
  }
  @Get('/nothing') async nothing(): Promise<void> {
    await this.guarded();
  }
  @Get('/response') answered() {
    setImmediate(() => {
      this.guarded().catch((error: unknown) => {
        this.response.json({ error: (error as Error).message, caller: callerOf(this.request).sub });
      });
    });
    return this.response;
  }
  @Get('/answering') answering() {
    setImmediate(() => this.response.json({ caller: callerOf(this.request).sub }).once('close', isClosed));
    return this.response;
  }
  @Get('/failing') failing() {
    throw new Error('elsewhere');
  }

  // As a handler may: it looks at no error.
  private async guarded(): Promise<void> {
    await new Promise<unknown>(resolve => {
      guard(this.request, this.response, resolve);
    });
    ran.push('gone on');
  }
}

function goOnElsewhere(error: Error, _given: Request, response: Response, next: NextFunction): void {
  if (error.message === 'elsewhere') next();
  else if (response.headersSent) ran.push('error after the answer');
  else response.status((error as { httpCode?: number }).httpCode ?? 599).json({ own: error.message });
}

// Regression: the request hung, because the handler's answer waited for that of another route.
describe('requireAccessToken() in a handler', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  const reason = 'called requireAccessToken(): list it in @UseBefore, where it runs before the handler.';
  let issuer: TestIssuer;
  let app: Express;

  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    ran.length = logger.entries.length = 0;
  });
  afterEach(() => {
    (app.locals.axioms as AxiomsServer).close();
  });

  function serve(defaultErrorHandler: boolean): void {
    app = express();
    const axioms = { ...issuer.settings(), logger };
    useExpressServer(app, { controllers: [HandlerController], axioms, defaultErrorHandler });
    app.use(goOnElsewhere, guard, (given: Request, response: Response) => {
      ran.push('plain');
      response.json({ caller: callerOf(given).sub });
    });
    app.use(goOnElsewhere);
  }

  const get = (path: string): Test =>
    request(app)
      .get(path)
      .timeout(4000)
      .set('Authorization', `Bearer ${issuer.token({ sub: 'alice', scope: 'export' })}`);

  for (const way of ['value', 'nothing']) {
    it(`is refused, and the log says why, where the handler gives back ${way}`, async () => {
      serve(true);
      expectExactRefusal(await get(`/handler/${way}`), {
        status: 500,
        error: 'server_error',
        description: 'The server could not handle the request',
      });
      expect(ran).to.deep.equal([]);
      expect(logger.text('error')).to.include(`HandlerController.${way} ${reason}`);
    });

    it(`is refused with defaultErrorHandler: false where the handler gives back ${way}`, async () => {
      serve(false);
      const reply = await get(`/handler/${way}`);
      expect([reply.status, reply.body]).to.deep.equal([500, { own: `HandlerController.${way} ${reason}` }]);
      expect(ran).to.deep.equal([]);
    });
  }

  it('is refused where the handler has given back the response, and its caller stays', async () => {
    serve(true);
    expect((await get('/handler/response').expect(200)).body).to.deep.equal({
      error: `HandlerController.answered ${reason}`,
      caller: 'bob',
    });
    expect(ran).to.deep.equal([]);
  });

  it('is not meant by one behind the server that a handler’s answer passes', async () => {
    serve(true);
    const closed = new Promise<void>(resolve => (isClosed = resolve));
    expect((await get('/handler/answering').expect(200)).body).to.deep.equal({ caller: 'bob' });
    await closed;
    expect(ran).to.deep.equal([]);
  });

  it('is not meant by one that receives the request after the handler failed', async () => {
    serve(false);
    expect((await get('/handler/failing').expect(200)).body).to.deep.equal({ caller: 'alice' });
    expect(ran).to.deep.equal(['plain']);
  });
});
