/** Fault: a path that missed a guard at a regex by an encoded slash, its case of letters or a final slash reached the handler. */
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

const isExpress4 = process.env.EXPRESS === '4';
const wildcard = isExpress4 ? '/*' : '/*path';
const handled: string[] = [];

@JsonController('/files')
class FileController {
  permissionClasses = [AllowAny];
  @Get(wildcard) read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

describe('another spelling of a path that a guard at a regex takes', () => {
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

  type Register = (app: Application, guard: RequestHandler) => void;

  function appWith(register: Register, app = express()): Application {
    const server = guardApp(app, issuer.settings());
    register(app, requireAccessToken({ scopes: ['admin'], server }));
    const router = Router({ caseSensitive: app.enabled('case sensitive routing') });
    useExpressServer(router as object, { controllers: [FileController], axioms: issuer.settings() });
    made.push(server, (router as unknown as Application).locals.axioms as AxiomsServer);
    return app.use(router);
  }

  async function expectRefused(app: Application, path: string): Promise<void> {
    expectOtherSpelling(await sendPath(app, path, token));
    expect(handled, 'handlers that ran').to.deep.equal([]);
  }

  async function expectAccepted(app: Application, paths: readonly string[]): Promise<void> {
    for (const path of paths) expect((await sendPath(app, path, token)).status, path).to.equal(200);
    expect(handled).to.deep.equal(paths);
  }

  const prefixes: Readonly<Record<string, Register>> = {
    'the app': (app, guard) => app.use(/^\/files\/private/, guard),
    'a router': (app, guard) => app.use(Router().use(/^\/files\/private/, guard)),
    'a mounted app': (app, guard) => app.use(express().use(/^\/files\/private/, guard)),
    'several paths': (app, guard) => app.use([/^\/other/, /^\/files\/private/], guard),
  };

  for (const [where, register] of Object.entries(prefixes)) {
    for (const path of ['/files/private%2Fx', '/files/private%5Cx', '/files/private\\x', '/files//private/x'])
      it(`is 400 for other segments, with the regex at ${where}: ${path}`, async () => {
        const app = appWith(register);
        await expectRefused(app, path);
        expectNotAdmin(await sendPath(app, '/files/private/x', token));
        expect(handled).to.deep.equal([]);
      });

    // Express 4 makes one regex of several paths, which ignores the case of letters as the app does.
    it(`is 400 for another case of letters, with the regex at ${where}`, async function () {
      if (isExpress4 && where === 'several paths') this.skip();
      await expectRefused(appWith(register), '/files/PRIVATE/x');
    });

    it(`is accepted where the regex takes no other spelling of the path, at ${where}`, async () => {
      await expectAccepted(appWith(register), ['/files/privates/x', '/files/Public/x', '/files/a%2Fb', '/files/a/']);
    });
  }

  const wholes: Readonly<Record<string, Register>> = {
    'a middleware': (app, guard) => app.use(/^\/files\/private\/x$/, guard),
    'a route': (app, guard) => app.all(/^\/files\/private\/x$/, guard),
  };

  for (const [what, register] of Object.entries(wholes))
    it(`is 400 for a final slash that the regex of ${what} does not take`, async () => {
      const app = appWith(register);
      for (const path of ['/files/private/x/', '/files/Private/x', '/files/Private/x/']) await expectRefused(app, path);
      expectNotAdmin(await sendPath(app, '/files/private/x', token));
    });

  it('is 400 for a final slash where the regex ignores the case of letters', async () => {
    const app = appWith((outer, guard) => outer.use(/^\/files\/private\/x$/i, guard));
    await expectRefused(app, '/files/private/x/');
    expectNotAdmin(await sendPath(app, '/files/PRIVATE/x', token));
  });

  it('is the guarded path itself where the regex ignores the case of letters', async () => {
    const app = appWith((outer, guard) => outer.use(/^\/files\/private/i, guard));
    expectNotAdmin(await sendPath(app, '/files/PRIVATE/x', token));
    await expectRefused(app, '/files/PRIVATE%2Fx');
  });

  it('is accepted in another case of letters where the whole app distinguishes them', async () => {
    const app = appWith(prefixes['the app']!, express().enable('case sensitive routing'));
    await expectAccepted(app, ['/files/PRIVATE/x']);
  });

  it('is accepted behind a regex that matches in the middle of the path, whose middleware Express skips', async () => {
    const app = appWith((outer, guard) => outer.use(/private$/, guard));
    await expectAccepted(app, ['/files/private', '/files/a/private']);
  });
});
