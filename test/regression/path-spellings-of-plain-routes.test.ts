/** Fault: another spelling of a path missed a plain route or a guard, and a weaker requireAccessToken() let it in. */
import { expect } from 'chai';
import express, { Router, type Application, type RequestHandler } from 'express';
import request from 'supertest';
import { guardApp, requireAccessToken, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { bearer, expectExactRefusal } from '../refusals';

const handled: string[] = [];

const handle: RequestHandler = ({ path }, response) => {
  handled.push(path);
  response.json({ path });
};

const needless = 'The path encodes characters that need no encoding';
const noScope = 'The access token does not have the scope that this request needs';
const missed = 'The path must encode the characters that need it, and no others, with capital hex digits';

describe('another spelling of the path of a plain route', () => {
  let issuer: TestIssuer;
  let server: AxiomsServer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    handled.length = 0;
  });
  afterEach(() => {
    server.close();
  });

  const guard = (scope?: string): RequestHandler =>
    scope === undefined ? requireAccessToken({ server }) : requireAccessToken({ server, scopes: [scope] });

  function routesIn<T extends Router>(router: T): T {
    router.get('/users/@me', guard('admin'), handle);
    router.get('/users/a%7Cb', guard('admin'), handle);
    router.get('/users/:name', guard(), handle);
    return router;
  }

  const apps: Readonly<Record<string, (app: Application) => Application>> = {
    'of an app': routesIn,
    'of a router': app => app.use(routesIn(Router())),
    'of a second router': app => app.use('/users', Router().get('/', handle)).use(routesIn(Router())),
    'of a mounted app': app => app.use(routesIn(express())),
    'behind a stricter middleware': app =>
      app.use(['/users/@me', '/users/a%7Cb'], guard('admin')).use('/users', guard(), handle),
    'of a mounted app behind a stricter middleware': app =>
      app.use(['/users/@me', '/users/a%7Cb'], guard('admin')).use('/users', express().get('/:name', guard(), handle)),
  };

  function appWith(into: (app: Application) => Application): Application {
    const app = express();
    server = guardApp(app, issuer.settings());
    return into(app);
  }

  function asked(app: Application, path: string): request.Test {
    return request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token({ sub: 'ged', scope: 'user' })}`);
  }

  const invalidRequest = (description: string) => ({ status: 400, error: 'invalid_request', description });

  for (const [what, into] of Object.entries(apps))
    it(`reaches no handler ${what}`, async () => {
      const app = appWith(into);
      for (const [path, description] of [
        ['/users/%40me', needless],
        ['/users/%6De', needless],
        ['/users/a|b', missed],
      ] as const)
        expectExactRefusal(await asked(app, path), invalidRequest(description));
      expectExactRefusal(await asked(app, '/users/@me'), {
        status: 403,
        challenges: [bearer('insufficient_scope', noScope, 'admin')],
        error: 'insufficient_scope',
        description: noScope,
      });
      expect(handled).to.deep.equal([]);
    });

  for (const [what, into] of Object.entries(apps))
    it(`is accepted where it misses nothing ${what}`, async () => {
      const app = appWith(into);
      for (const path of ['/users/bob%40example.com', '/users/a%20b', '/users/a|c', '/users/caf%c3%a9'])
        expect((await asked(app, path)).status, path).to.equal(200);
      expect(handled).to.have.lengthOf(4);
    });

  it('is accepted where only a route behind the guard would take it', async () => {
    const app = appWith(one => one.use('/users', guard()).get('/users/:name', handle).get('/users/@me', handle));
    expect((await asked(app, '/users/%40me')).status).to.equal(200);
    expect(handled).to.deep.equal(['/users/%40me']);
  });
});
