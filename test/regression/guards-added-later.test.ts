/** Fault: a guard that was added to a mounted router after the first request was missed in another case of letters. */
import { expect } from 'chai';
import express, { Router, type Application, type RequestHandler } from 'express';
import { Get, JsonController, Req } from 'routing-controllers';
import { AllowAny, requireAccessToken, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectNotAdmin, expectOtherSpelling, sendPath } from '../sent-paths';

const handled: string[] = [];

@JsonController('/admin')
class AdminController {
  permissionClasses = [AllowAny];
  @Get('/x') read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

describe('another spelling of a path whose guard is added after the first request', () => {
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

  const passOn: RequestHandler = (_request, _response, next) => {
    next();
  };
  const sensitive = (guard: RequestHandler): Router => Router({ caseSensitive: true }).use('/admin', guard);

  /** Mounts something in the app, and returns how the guard is added to it later. */
  type Mount = (app: Application) => (guard: RequestHandler) => unknown;

  const mounts: Readonly<Record<string, Mount>> = {
    'a router': app => {
      const router = Router().use(passOn);
      app.use(router);
      return guard => router.use(sensitive(guard));
    },
    'an empty router': app => {
      const router = Router();
      app.use(router);
      return guard => router.use(sensitive(guard));
    },
    'a router in a router': app => {
      const router = Router().use(passOn);
      app.use(Router().use(router));
      return guard => router.use(sensitive(guard));
    },
    'a mounted app': app => {
      const inner = express().use(passOn);
      app.use(inner);
      return guard => inner.use(sensitive(guard));
    },
    'an empty mounted app': app => {
      const inner = express();
      app.use(inner);
      return guard => inner.use(sensitive(guard));
    },
    'an empty mounted app that distinguishes the cases': app => {
      const inner = express().enable('case sensitive routing');
      app.use(inner);
      return guard => inner.use('/admin', guard);
    },
    'a regex of a router': app => {
      const router = Router().use(passOn);
      app.use(router);
      return guard => router.use(/^\/admin/, guard);
    },
  };

  for (const [where, mount] of Object.entries(mounts))
    it(`is 400 where the guard is added to ${where}`, async () => {
      const app = express();
      const add = mount(app);
      useExpressServer(app, { controllers: [AdminController], axioms: issuer.settings() });
      const server = app.locals.axioms as AxiomsServer;
      made.push(server);
      expect((await sendPath(app, '/admin/x', token)).status).to.equal(200);
      handled.length = 0;
      add(requireAccessToken({ scopes: ['admin'], server }));
      expectNotAdmin(await sendPath(app, '/admin/x', token));
      expectOtherSpelling(await sendPath(app, '/ADMIN/x', token));
      expect(handled, 'handlers that ran').to.deep.equal([]);
    });
});
