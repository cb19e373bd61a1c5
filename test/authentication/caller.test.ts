import { expect } from 'chai';
import express, { type Express, type RequestHandler } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  isAuthenticated,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

const seen: unknown[] = [];

const enrich: RequestHandler = (request, _response, next) => {
  request.user = Object.assign({}, request.user, { plan: 'gold' });
  next();
};

@JsonController('/me')
class MeController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Get('/') me(): object {
    const { user, auth, authJwt } = this.request;
    return {
      user: user?.sub ?? null,
      is: isAuthenticated(this.request),
      auth: auth !== null,
      claims: authJwt?.sub ?? null,
    };
  }

  @Get('/plan') @UseBefore(enrich) plan(): object {
    const { plan, sub } = this.request.user as { plan?: string; sub?: string };
    return { plan, sub };
  }
}

const impostor = { isAuthenticated: true, sub: 'impostor', claims: { sub: 'impostor' } };

const setters: Record<string, RequestHandler> = {
  'assigned by a middleware': (req, _response, next) => {
    Object.assign(req, { user: impostor, auth: { claims: impostor }, authJwt: impostor });
    next();
  },
  'defined by a middleware': (req, _response, next) => {
    for (const name of ['user', 'auth', 'authJwt'])
      Object.defineProperty(req, name, { value: impostor, writable: true, configurable: true });
    next();
  },
};

describe('request.user, request.auth and request.authJwt', () => {
  let issuer: TestIssuer;
  let app: Express;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    app = express();
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer | undefined)?.close();
    await issuer.close();
  });

  const serve = (one: Express = app): Express =>
    useExpressServer(one, { controllers: [MeController], axioms: issuer.settings() });
  const alice = { user: 'alice', is: true, auth: true, claims: 'alice' };
  const nobody = { user: null, is: false, auth: false, claims: null };

  for (const [how, setter] of Object.entries(setters)) {
    it(`are the guard's, not what was ${how}`, async () => {
      app.use(setter);
      serve();
      expect((await request(app).get('/me')).body).to.deep.equal(nobody);
      const answer = await request(app)
        .get('/me')
        .set('Authorization', `Bearer ${issuer.token({ sub: 'alice' })}`);
      expect(answer.body).to.deep.equal(alice);
    });

    it(`are nobody's after a bad token, whatever was ${how}`, async () => {
      app.use(setter);
      serve();
      let user: unknown;
      const refused = express();
      refused.use((req, response, next) => {
        response.once('finish', () => (user = req.user));
        next();
      });
      refused.use(app);
      const answer = await request(refused).get('/me').set('Authorization', 'Bearer e30.e30.e30');
      expect(answer.status).to.equal(401);
      expect(user).to.equal(undefined);
    });
  }

  it('can be replaced by a middleware behind the guard', async () => {
    serve();
    const answer = await request(app)
      .get('/me/plan')
      .set('Authorization', `Bearer ${issuer.token({ sub: 'alice' })}`);
    expect(answer.body).to.deep.equal({ plan: 'gold', sub: 'alice' });
  });

  it('are there when the request has left the app for the one that it is mounted on', async () => {
    for (const isMountedFirst of [true, false]) {
      const [outer, inner] = [express(), express()];
      outer.use((req, response, next) => {
        response.once('finish', () => seen.push(req.user?.sub));
        next();
      });
      if (isMountedFirst) outer.use('/api', inner);
      serve(inner);
      if (!isMountedFirst) outer.use('/api', inner);
      await request(outer)
        .get('/api/me')
        .set('Authorization', `Bearer ${issuer.token({ sub: 'alice' })}`);
      (inner.locals.axioms as AxiomsServer).close();
    }
    expect(seen).to.deep.equal(['alice', 'alice']);
  });

  it('are nothing on a request that no guard has received', async () => {
    serve();
    let found: unknown = 'unset';
    app.get('/plain', (req, response) => {
      found = [req.user, (req as { authJwt?: unknown }).authJwt];
      response.end();
    });
    await request(app).get('/plain');
    expect(found).to.deep.equal([undefined, undefined]);
  });
});
