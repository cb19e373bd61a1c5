/** Fault: a path with other segments, letters or a final slash missed a guard or a stricter route in front. */
import { expect } from 'chai';
import express, { Router, type Application, type RequestHandler } from 'express';
import { Get, JsonController, Req } from 'routing-controllers';
import {
  AllowAny,
  guardApp,
  HasAccessTokenScopes,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectOtherSpelling, sendPath, type Answer } from '../sent-paths';

const isExpress4 = process.env.EXPRESS === '4';
const wildcard = isExpress4 ? '/*' : '/*path';
const handled: string[] = [];

@JsonController('/admin/users')
class UserController {
  @Get('/') list(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

@JsonController('/files/private')
class PrivateController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['admin'];
  @Get(wildcard) read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

@JsonController('/files/shared')
class SharedController {
  permissionClasses = [AllowAny];
  @Get(wildcard) read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

@JsonController('/files')
class FileController {
  permissionClasses = [AllowAny];
  @Get(wildcard) read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

function expectRefused(answer: Answer): void {
  expectOtherSpelling(answer);
  expect(handled, 'handlers that ran').to.deep.equal([]);
}

describe('another spelling of a path that misses a guard', () => {
  let issuer: TestIssuer;
  let token: string;
  const made: AxiomsServer[] = [];
  before(async () => {
    issuer = await TestIssuer.start();
    token = issuer.token({ sub: 'mallory' });
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

  function guardFor(app: Application): RequestHandler {
    const server = guardApp(app, issuer.settings());
    made.push(server);
    return requireAccessToken({ scopes: ['admin'], server });
  }

  const passOn: RequestHandler = (_request, _response, next) => {
    next();
  };

  const files = (): Application => serve(express(), PrivateController, SharedController, FileController);

  for (const path of [
    '/files//private/x',
    '/files/./private/x',
    '/files/x/../private/x',
    '/files/x//../private/x',
    '/files/private%2Fx',
    '/files/private%2fx',
    '/files/private%5Cx',
    '/files/private\\x',
    '/files/shared%2F..%2Fprivate%2Fx',
    '/FILES//PRIVATE/x',
  ])
    it(`is 400 where a stricter route of the same app would take it: ${path}`, async () => {
      const app = files();
      expectRefused(await sendPath(app, path));
      expectRefused(await sendPath(app, path, token));
      expect((await sendPath(app, '/files/private/x')).status).to.equal(401);
      expect((await sendPath(app, '/files/private/x', token)).status).to.equal(403);
      expect(handled).to.deep.equal([]);
    });

  for (const path of [
    '/files/a%2Fb',
    '/files/a//b',
    '/files/shared%2Fx',
    '/files//shared/x',
    '/files/a/../b',
    '/files/a.b',
  ])
    it(`is accepted where no stricter route would take it: ${path}`, async () => {
      expect((await sendPath(files(), path)).status).to.equal(200);
      expect(handled).to.deep.equal([path]);
    });

  for (const kind of ['router', 'app'] as const) {
    const inner = (): object => serve(kind === 'router' ? (Router() as object) : express(), UserController);

    for (const path of ['/api/ADMIN/users', '/api/Admin/users', '/api/aDMIN/USERS/'])
      it(`is 400 for another case of letters, in front of a ${kind}: ${path}`, async () => {
        const app = express().enable('case sensitive routing');
        app.use('/api/admin', guardFor(app)).use('/api', inner() as RequestHandler);
        expectRefused(await sendPath(app, path, token));
        expect((await sendPath(app, '/api/admin/users', token)).status).to.equal(403);
        expect(handled).to.deep.equal([]);
      });

    it(`is 400 for another final slash, in front of a ${kind}`, async () => {
      const app = express().enable('strict routing');
      app.all('/api/admin/users', guardFor(app), passOn).use('/api', inner() as RequestHandler);
      expectRefused(await sendPath(app, '/api/admin/users/', token));
      expect((await sendPath(app, '/api/admin/users', token)).status).to.equal(403);
      expect(handled).to.deep.equal([]);
    });

    it(`is accepted for another case and another final slash where no guard is missed, in front of a ${kind}`, async () => {
      const app = express()
        .enable('case sensitive routing')
        .enable('strict routing')
        .use('/api', inner() as RequestHandler);
      for (const path of ['/api/ADMIN/users', '/api/admin/users/'])
        expect((await sendPath(app, path, token)).status).to.equal(200);
      expect(handled).to.have.lengthOf(2);
    });
  }

  it('is 400 where Express 4 drops an empty segment behind a mount path with a final slash', async function () {
    if (!isExpress4) this.skip();
    const app = express();
    app.use('/api/admin', guardFor(app)).use('/api/', serve(express(), UserController));
    for (const path of ['/api//admin/users', '/API//admin/users']) expectRefused(await sendPath(app, path, token));
    expect((await sendPath(app, '/api/admin/users', token)).status).to.equal(403);
  });

  it('is 400 at a guard of plain routes that is behind a stricter one', async () => {
    const app = express();
    const strict = guardFor(app);
    const server = made.at(-1)!;
    app.use('/plain/private', strict);
    app.use('/plain', requireAccessToken({ server }), (asked, response) => {
      handled.push(asked.originalUrl);
      response.json({});
    });
    for (const path of ['/plain//private/x', '/plain/./private/x', '/plain/private%2Fx'])
      expectRefused(await sendPath(app, path, token));
    expect((await sendPath(app, '/plain/private/x', token)).status).to.equal(403);
    expect((await sendPath(app, '/plain//x', token)).status).to.equal(200);
  });

  it('is accepted where a plain route of one method, without a guard, would take it', async () => {
    const app = express().get('/files/a/b', (_request, response) => {
      response.json({});
    });
    serve(app, FileController);
    expect((await sendPath(app, '/files/a%2Fb')).status).to.equal(200);
    expect(handled).to.deep.equal(['/files/a%2Fb']);
  });

  // Each end of a rewritten path, or of one behind a mount path, is compared with the routes: 15,000 slashes took eight seconds.
  it('is found without the fragment of a request line, which Express leaves out', async () => {
    const app = files();
    for (const path of [`/files/private/x#${'/'.repeat(15_000)}`, `/files/private/x#${'/.'.repeat(7500)}`])
      expect((await sendPath(app, path, token)).status).to.equal(403);
    expect(handled).to.deep.equal([]);
    expect((await sendPath(app, `/files/x#${'/'.repeat(15_000)}`)).status).to.equal(200);
  });

  it('is 400 with more than a hundred segments behind a mount path, if it has to be compared', async () => {
    const app = express();
    const answers: RequestHandler = (asked, response) => {
      handled.push(asked.originalUrl);
      response.json({});
    };
    app.use(`/plain${wildcard}`, guardFor(app), answers);
    const many = `/plain${'/a'.repeat(7500)}`;
    const { status, challenge, body } = await sendPath(app, `${many}//x`, token);
    expect([status, challenge, JSON.parse(body)]).to.deep.equal([
      400,
      undefined,
      { error: 'invalid_request', error_description: 'The path has too many segments' },
    ]);
    expect((await sendPath(app, many, token)).status).to.equal(403);
    expect((await sendPath(app, `/plain${'/a'.repeat(50)}//x`, token)).status).to.equal(403);
    expect(handled).to.deep.equal([]);
  });
});
