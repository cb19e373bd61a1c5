/** Spellings of paths where a router, an enclosing app or a rewritten URL is between the request and the route. */
import { expect } from 'chai';
import express, { Router, type Application, type RequestHandler } from 'express';
import { Get, JsonController, Param, Post, Req, Res } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  DenyAll,
  guardApp,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal } from '../refusals';
import { startError } from '../start-error';

const handled: string[] = [];

@JsonController('/users')
class UserController {
  @permissionClasses([DenyAll]) @Get('/@me') me() {
    handled.push('me');
    return {};
  }
  @permissionClasses([AllowAny]) @Get('/:name') one(@Param('name') name: string) {
    handled.push(name);
    return { name };
  }
}

@JsonController('/users')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/:name') one(@Param('name') name: string) {
    handled.push(name);
    return { name };
  }
}

@JsonController('/dispatch')
class DispatchController {
  permissionClasses = [AllowAny];
  @Post('/') run(@Req() asked: express.Request, @Res() response: express.Response) {
    asked.url = asked.query.path as string;
    asked.method = 'GET';
    (asked.app as unknown as RequestHandler)(asked, response, () => undefined);
    return response;
  }
}

@JsonController('/users')
class EncodedController {
  permissionClasses = [AllowAny];
  @Get('/%40me') me() {
    return {};
  }
}

@JsonController('/reports')
class EncodedLetterController {
  permissionClasses = [AllowAny];
  @Get('/%73alaries') salaries() {
    return {};
  }
}

@JsonController('/reports')
class SpacedController {
  permissionClasses = [AllowAny];
  @Get('/a%20b') spaced() {
    return {};
  }
}

const otherSpelling = {
  status: 400,
  error: 'invalid_request',
  description: 'The path encodes characters that need no encoding',
};

describe('another spelling of a path behind a router, an app or a rewritten URL', () => {
  let issuer: TestIssuer;
  const made: AxiomsServer[] = [];
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(async () => {
    for (const server of made) server.close();
    await issuer.close();
  });
  beforeEach(() => {
    handled.length = 0;
  });

  function serve<T extends object>(app: T, ...controllers: (new () => object)[]): T {
    useExpressServer(app, { controllers, axioms: issuer.settings() });
    made.push((app as unknown as Application).locals.axioms as AxiomsServer);
    return app;
  }

  function appWithGuard(into: (app: Application, guard: RequestHandler) => void): Application {
    const app = express();
    const server = guardApp(app, issuer.settings());
    made.push(server);
    into(app, requireAccessToken({ scopes: ['admin'], server }));
    return app;
  }

  const apps: Readonly<Record<string, () => Application>> = {
    'a stricter route of the same router': () => express().use('/api', serve(Router(), UserController)),
    'a stricter route of a router at the root': () =>
      express().use('/api', express().use(serve(Router(), UserController))),
    'a stricter route of an app in an app': () => express().use('/api', serve(express(), UserController)),
    'a stricter route of an app in a router': () =>
      express().use(Router().use('/api', serve(express(), UserController))),
    'a guard in front of an app in an app': () =>
      appWithGuard((app, guard) => app.use('/api/users/@me', guard).use('/api', serve(express(), OpenController))),
    'a guard in front of an app in an app in an app': () =>
      appWithGuard((app, guard) =>
        app.use('/api/users/@me', guard).use('/:area', express().use('/', serve(express(), OpenController))),
      ),
    'a guard in front of a router': () =>
      appWithGuard((app, guard) => app.use('/api/users/@me', guard).use('/api', serve(Router(), OpenController))),
    'a guard in the router around a router': () =>
      appWithGuard((app, guard) =>
        app.use('/api', Router().use('/users/@me', guard).use(serve(Router(), OpenController))),
      ),
    'a guard in another router': () =>
      appWithGuard((app, guard) =>
        app.use('/api', Router().use('/users/@me', guard)).use('/api', serve(Router(), OpenController)),
      ),
    'a guard in front of the second place of a router': () => {
      const router = serve(Router(), OpenController);
      return appWithGuard((app, guard) => app.use('/other', router).use('/api/users/@me', guard).use('/api', router));
    },
  };

  for (const [what, make] of Object.entries(apps))
    it(`reaches no handler where it misses ${what}`, async () => {
      const app = make();
      expectExactRefusal(await request(app).get('/api/users/%40me'), otherSpelling);
      expect((await request(app).get('/api/users/@me')).status).to.be.oneOf([401, 403]);
      expect(handled).to.deep.equal([]);
    });

  for (const [what, make] of Object.entries(apps))
    it(`is accepted where the path misses nothing: ${what}`, async () => {
      const app = make();
      for (const path of ['/api/users/bob%40example.com', '/api/users/bob@example.com'])
        expect((await request(app).get(path)).body).to.deep.equal({ name: 'bob@example.com' });
    });

  it('is accepted where only a layer behind the router would take the decoded path', async () => {
    const app = express().use('/api', serve(Router(), OpenController));
    app.use('/api/users/@me', () => undefined);
    expect((await request(app).get('/api/users/%40me')).body).to.deep.equal({ name: '@me' });
  });

  it('is refused where the route in front is written with a character that should be encoded', async () => {
    const app = express().use(/^\/users\/a[|]b$/, () => undefined);
    serve(app, OpenController);
    expectExactRefusal(await request(app).get('/users/a%7Cb'), otherSpelling);
    expect((await request(app).get('/users/a%22b')).body).to.deep.equal({ name: 'a"b' });
  });

  for (const path of ['/users/%6De', '/users/%40me']) {
    it(`reaches no handler if a middleware writes it into the URL: ${path}`, async () => {
      const app = express().use((asked, _, next) => {
        asked.url = asked.query.path as string;
        next();
      });
      serve(app, UserController);
      expectExactRefusal(await request(app).get('/legacy').query({ path }), otherSpelling);
      expect(handled).to.deep.equal([]);
    });

    it(`reaches no handler if a handler dispatches it: ${path}`, async () => {
      const app = serve(express(), UserController, DispatchController);
      expectExactRefusal(await request(app).post('/dispatch').query({ path }), otherSpelling);
      expect(handled).to.deep.equal([]);
    });
  }

  it('in a route stops the start, because requests with the plain character would miss it', () => {
    expect(startError(EncodedController)).to.equal(
      'The path /users/%40me of EncodedController.me encodes a character that needs no encoding, %40: requests that send @ miss it, and reach another route. Write @ instead, with a backslash in front if it has a meaning in paths of Express.',
    );
    expect(startError(EncodedLetterController)).to.match(
      /^The path \/reports\/%73alaries of EncodedLetterController.salaries encodes .*, %73: requests that send s miss it/,
    );
  });

  it('in a route is accepted if the character needs its encoding', async () => {
    expect((await request(serve(express(), SpacedController)).get('/reports/a%20b')).status).to.equal(200);
  });
});
