/** Fault: a path that missed a guard in an app that the app mounts by its spelling reached the handler behind it. */
import { expect } from 'chai';
import express, { Router, type Application, type RequestHandler } from 'express';
import { Get, JsonController, Req } from 'routing-controllers';
import {
  AllowAny,
  guardApp,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectNotAdmin, expectOtherSpelling, sendPath } from '../sent-paths';

const wildcard = process.env.EXPRESS === '4' ? '/*' : '/*path';
const handled: string[] = [];

@JsonController()
class FileController {
  permissionClasses = [AllowAny];
  @Get('/admin/x') admin(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
  @Get('/users/:name') user(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
  @Get(`/files${wildcard}`) read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

interface RequestHandlers {
  handle(...given: Parameters<RequestHandler>): void;
}

/** Puts an app with the guard in front of the controller. */
type Mount = (app: Application, guard: RequestHandler) => void;

describe('another spelling of a path that an app in front guards', () => {
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

  function serve<T extends object>(app: T): T {
    useExpressServer(app, { controllers: [FileController], axioms: issuer.settings() });
    made.push((app as unknown as Application).locals.axioms as AxiomsServer);
    return app;
  }

  function appWith(mount: Mount): Application {
    const app = express();
    const server = guardApp(app, issuer.settings());
    made.push(server);
    mount(app, requireAccessToken({ scopes: ['admin'], server }));
    return app;
  }

  async function expectRefused(app: Application, path: string): Promise<void> {
    expectOtherSpelling(await sendPath(app, path, token));
    expect(handled, 'handlers that ran').to.deep.equal([]);
  }

  const guarding = (guard: RequestHandler): Application => express().use('/files/private', guard);

  const mounts: Readonly<Record<string, Mount>> = {
    'in front of a router': (app, guard) => app.use(guarding(guard)).use(serve(Router())),
    'in front of an app': (app, guard) => app.use(guarding(guard)).use(serve(express())),
    'in front of the routes of the app itself': (app, guard) => serve(app.use(guarding(guard))),
    'with a guarded route': (app, guard) =>
      app.use(express().all(`/files/private${wildcard}`, guard)).use(serve(Router())),
    'at a path': (app, guard) => app.use('/files', express().use('/private', guard)).use(serve(Router())),
    'at two paths': (app, guard) => app.use(['/x', '/files'], express().use('/private', guard)).use(serve(Router())),
    'in an app': (app, guard) => app.use(express().use(guarding(guard))).use(serve(Router())),
    'in a router': (app, guard) => app.use(Router().use(guarding(guard))).use(serve(Router())),
    'with a router': (app, guard) => app.use(express().use(Router().use('/files/private', guard))).use(serve(Router())),
    'in front of a plain route': (app, guard) =>
      app
        .use(guarding(guard))
        .get(`/files${wildcard}`, requireAccessToken({ server: made.at(-1)! }), (asked, response) => {
          handled.push(asked.originalUrl);
          response.json({});
        }),
  };

  for (const [where, mount] of Object.entries(mounts)) {
    it(`is 400 for other segments, with the app ${where}`, async () => {
      const app = appWith(mount);
      for (const path of [
        '/files/x//../private/x',
        '/files/./private/x',
        '/files/x/../private/x',
        '/files/private%2Fx',
        '/files/private%5Cx',
        '/files/private\\x',
      ])
        await expectRefused(app, path);
      expectNotAdmin(await sendPath(app, '/files/private/x', token));
      expect(handled).to.deep.equal([]);
    });

    it(`is accepted where the path misses nothing, with the app ${where}`, async () => {
      const app = appWith(mount);
      for (const path of ['/files/a%2Fb', '/files//a', '/files/./a', '/FILES/a'])
        expect((await sendPath(app, path, token)).status, path).to.equal(200);
      expect(handled).to.have.lengthOf(4);
    });
  }

  it('is 400 for another case of letters, which the app distinguishes', async () => {
    const app = appWith((outer, guard) =>
      outer.use(express().enable('case sensitive routing').use('/admin', guard)).use(serve(Router())),
    );
    await expectRefused(app, '/ADMIN/x');
    expectNotAdmin(await sendPath(app, '/admin/x', token));
    expect((await sendPath(app, '/users/Bob', token)).status).to.equal(200);
  });

  it('is 400 for another final slash, which the app distinguishes', async () => {
    const app = appWith((outer, guard) =>
      outer.use(express().enable('strict routing').all('/admin/x', guard)).use(serve(Router())),
    );
    await expectRefused(app, '/admin/x/');
    expectNotAdmin(await sendPath(app, '/admin/x', token));
    expect((await sendPath(app, '/users/bob/', token)).status).to.equal(200);
  });

  it('is 400 for a character that needs no encoding', async () => {
    const app = appWith((outer, guard) => outer.use(express().use('/users/@me', guard)).use(serve(Router())));
    const { status, challenge, body } = await sendPath(app, '/users/%40me', token);
    expect([status, challenge, JSON.parse(body)]).to.deep.equal([
      400,
      undefined,
      { error: 'invalid_request', error_description: 'The path encodes characters that need no encoding' },
    ]);
    expectNotAdmin(await sendPath(app, '/users/@me', token));
    expect(handled).to.deep.equal([]);
  });

  it('is found without running code of the app', async () => {
    const passed: string[] = [];
    const notes: RequestHandler = (asked, _response, next) => {
      passed.push(asked.originalUrl);
      next();
    };
    const fails: express.ErrorRequestHandler = (error, asked, _response, next) => {
      passed.push(asked.originalUrl);
      next(error);
    };
    const inner = express().use(notes);
    const app = appWith((outer, guard) =>
      outer.use(inner.use('/files/private', guard).use(fails)).use(serve(Router())),
    );
    await expectRefused(app, '/files//private/x');
    expect(passed).to.deep.equal(['/files//private/x']);
  });

  // Express mounts everything that has `handle` and `set`.
  const foreign = (handle: RequestHandler): RequestHandler =>
    Object.assign((() => undefined) as RequestHandler, { handle, set: () => undefined, emit: () => undefined });

  it('is 400 for other segments where it is unknown what the app guards', async () => {
    const app = appWith(outer => outer.use(foreign((_request, _response, next) => setImmediate(next))));
    app.use(serve(Router()));
    for (const path of ['/files//x', '/files/a%2Fb', '/files/./x']) await expectRefused(app, path);
    for (const path of ['/files/x', '/FILES/x/', '/users/Bob', '/users/bob%40example.com'])
      expect((await sendPath(app, path, token)).status, path).to.equal(200);
    expect(handled).to.have.lengthOf(4);
  });

  it('is 400 where an app that throws without a real request is unknown, and accepted beside its path', async () => {
    const throws = foreign((asked, _response, next) => {
      if (asked.get('host') !== undefined) next();
    });
    const app = appWith(outer => outer.use('/files', throws).use(serve(Router())));
    await expectRefused(app, '/files/a%2Fb');
    expect((await sendPath(app, '/users/a%2Fb', token)).status).to.equal(200);
  });

  // An app that could not be found made every request with an encoded slash a 400.
  const harmless: Readonly<Record<string, () => Application>> = {
    'that has no layers': () => express(),
    'whose handle() reads the host': () => {
      const inner = express().use((_asked, _response, next) => {
        next();
      }) as unknown as Application & Pick<RequestHandlers, 'handle'>;
      const handle = inner.handle.bind(inner);
      inner.handle = (asked, ...rest) => {
        handle(Object.assign(asked, { tenant: asked.headers.host!.split('.')[0] }), ...rest);
      };
      return inner;
    },
  };

  for (const [what, make] of Object.entries(harmless))
    it(`is accepted behind an app without guards ${what}`, async () => {
      const app = appWith(outer => outer.use(make()).use(serve(Router())));
      for (const path of ['/files/a%2Fb', '/files/a%2Fb', '/users/a%2Fb'])
        expect((await sendPath(app, path, token)).status, path).to.equal(200);
    });
});
