/** Faults: mendings of guards refused ordinary requests, or no longer knew their caller or their server. */
import { expect } from 'chai';
import express, { Router, type Express, type RequestHandler } from 'express';
import { Get, JsonController, Param } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  IsAuthenticated,
  SessionAuthentication,
  guardApp,
  requireAccessToken,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

@JsonController('/items')
class ItemController {
  permissionClasses = [AllowAny];
  @Get('/:id') read(@Param('id') id: string) {
    return { id };
  }
}

@JsonController('/account')
class AccountController {
  declare readonly request: AxiomsRequest;
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [IsAuthenticated];
  @Get('/') read() {
    return { sub: this.request.user?.sub };
  }
}

const passOn: RequestHandler = (_asked, _response, next) => {
  next();
};

describe('regression: an ordinary app beside guards', () => {
  let issuer: TestIssuer;
  const made: AxiomsServer[] = [];
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(async () => {
    for (const server of made) server.close();
    await issuer.close();
  });

  function serve(app: Express | Router, ...controllers: (new () => object)[]): void {
    useExpressServer(app as object, { controllers, axioms: issuer.settings() });
    made.push((app as Express).locals.axioms as AxiomsServer);
  }

  function guarded(app: Express): AxiomsServer {
    const server = guardApp(app, issuer.settings());
    made.push(server);
    return server;
  }

  async function statusOf(app: Express, path: string): Promise<number> {
    const { status } = await request(app)
      .get(path)
      .auth(issuer.token({ sub: 'alice' }), { type: 'bearer' });
    return status;
  }

  it('takes values in any case of letters behind a middleware at a regex', async () => {
    const app = express().use(/^\/items\/[a-z]+$/, passOn);
    serve(app, ItemController);
    for (const path of ['/items/abc', '/items/aBcD', '/items/ABC', '/items/A1', '/items/abc/'])
      expect(await statusOf(app, path), path).to.equal(200);
  });

  it('refuses them behind a guard at that regex, which they miss', async () => {
    const app = express();
    app.use(/^\/items\/[a-z]+$/, requireAccessToken({ scopes: ['admin'], server: guarded(app) }));
    const router = Router();
    serve(router, ItemController);
    app.use(router);
    for (const path of ['/items/aBcD', '/items/abc/']) expect(await statusOf(app, path), path).to.equal(400);
    for (const path of ['/items/A1', '/items/a1']) expect(await statusOf(app, path), path).to.equal(200);
  });

  it('uses its own server behind an app that a middleware calls, and that passes the request on', async () => {
    const [outer, host] = [express(), express()];
    for (const app of [outer, host]) guarded(app);
    outer.use((asked, response, next) => {
      (host as unknown as RequestHandler)(asked, response, next);
    });
    outer.get('/reports', requireAccessToken(), (asked, response) => {
      response.json({ sub: (asked as AxiomsRequest).user?.sub });
    });
    expect(await statusOf(outer, '/reports')).to.equal(200);
    expect((await request(outer).get('/reports')).status).to.equal(401);
  });

  for (const [what, enrich] of Object.entries<RequestHandler>({
    'is as the guard wrote it': passOn,
    'has more members': (asked, _response, next) => {
      Object.assign(asked, { auth: { ...(asked as AxiomsRequest).auth, tenant: 1 } });
      next();
    },
  }))
    it(`keeps the user of its session where request.auth ${what}`, async () => {
      const app = express().use((asked, _response, next) => {
        Object.assign(asked, { user: { sub: 'session', isAuthenticated: true } });
        next();
      });
      app.use(requireAccessToken({ server: guarded(app) }), enrich);
      const router = Router();
      serve(router, AccountController);
      app.use(router);
      const answer = await request(app)
        .get('/account')
        .auth(issuer.token({ sub: 'alice' }), { type: 'bearer' });
      expect(answer.status).to.equal(200);
      expect(answer.body).to.deep.equal({ sub: 'session' });
    });
});
