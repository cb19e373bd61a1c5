/** A request that a middleware of a controller's route passes on to a plain route with a guard of its own. */
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AllowAny,
  ImproperlyConfigured,
  SessionAuthentication,
  callerOf,
  requireAccessToken,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

let app: Express;

function passOn(_request: Request, _response: Response, next: NextFunction): void {
  next('route');
}

function dispatchAgain(given: Request, response: Response): void {
  given.url = given.url.replace('/again', '/plain');
  (app as unknown as { handle(given: Request, response: Response): void }).handle(given, response);
}

@JsonController('/passed')
class PassedController {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [AllowAny];
  @Get('/:id') @UseBefore(passOn) get() {
    return {};
  }
}

@JsonController('/again')
class AgainController {
  authenticationClasses = [];
  permissionClasses = [AllowAny];
  @Get('/:id') @UseBefore(dispatchAgain) get() {
    return {};
  }
}

@JsonController('/inside')
class InsideController {
  authenticationClasses = [SessionAuthentication];
  declare request: AxiomsRequest;
  @Get('/') @UseBefore(requireAccessToken()) get() {
    return { user: this.request.user?.sub, caller: callerOf(this.request).sub };
  }
}

function tell(given: Request, response: Response): void {
  const { user, authJwt } = given as unknown as AxiomsRequest;
  response.json({ user: user?.sub, caller: callerOf(given).sub, claims: authJwt?.sub });
}

// Regression: the guard accepted the token's caller, and the handler saw the caller of the route that the request had left.
describe('A plain route that a controller passed its request on to', () => {
  let issuer: TestIssuer;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.use((given, _response, next) => {
      Object.assign(given, { user: { sub: 'alice' } });
      next();
    });
    const controllers = [PassedController, AgainController, InsideController];
    useExpressServer(app, { controllers, axioms: issuer.settings() });
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  const get = (path: string): Test =>
    request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token({ sub: 'bob' })}`);
  const bob = { user: 'bob', caller: 'bob', claims: 'bob' };

  it('has the caller of its own token, on a route with the same path', async () => {
    app.get('/passed/:id', requireAccessToken(), tell);
    expect((await get('/passed/1').expect(200)).body).to.deep.equal(bob);
  });

  it('has the caller of its own token, behind a guard of the whole app', async () => {
    app.use(requireAccessToken());
    app.get('/passed/:id', tell);
    expect((await get('/passed/1').expect(200)).body).to.deep.equal(bob);
  });

  it('has the caller of its own token after a middleware dispatched the request again', async () => {
    app.get('/plain/:id', requireAccessToken(), tell);
    expect((await get('/again/1').expect(200)).body).to.deep.equal(bob);
  });

  it('has the caller of its own token after a dispatch to a guard of the whole app', async () => {
    app.use(requireAccessToken());
    app.get('/plain/:id', tell);
    expect((await get('/again/1').expect(200)).body).to.deep.equal(bob);
  });

  it('leaves the caller of a controller alone among its own middlewares', async () => {
    expect((await get('/inside').expect(200)).body).to.deep.equal({ user: 'alice', caller: 'alice' });
  });

  it('names no server of several by a path that it shares with a controller', async () => {
    useExpressServer(app, { controllers: [InsideController], routePrefix: '/two', axioms: issuer.settings() });
    app.get('/passed/:id', requireAccessToken(), tell);
    await get('/passed/1').expect(500);
  });

  it('is refused where the only list of its guard has no value', () => {
    expect(() => requireAccessToken({ scopes: undefined })).to.throw(ImproperlyConfigured, /scopes: undefined/);
  });
});
