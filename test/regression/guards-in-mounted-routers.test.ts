/** Fault: a path that missed the mount path of a router also missed the guards in it, and reached the handler. */
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
class AnyPathController {
  permissionClasses = [AllowAny];
  @Get(wildcard) read(@Req() { originalUrl }: express.Request) {
    handled.push(originalUrl);
    return {};
  }
}

describe('another spelling of the mount path of a router with a guard', () => {
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

  function behind(guarding: (guard: RequestHandler) => RequestHandler): Application {
    const app = express();
    const server = guardApp(app, issuer.settings());
    const router = Router();
    useExpressServer(router as object, { controllers: [AnyPathController], axioms: issuer.settings() });
    made.push(server, (router as unknown as Application).locals.axioms as AxiomsServer);
    return app.use('/files', guarding(requireAccessToken({ scopes: ['admin'], server }))).use(router);
  }

  const routers: Readonly<Record<string, (guard: RequestHandler) => RequestHandler>> = {
    'a router': guard => Router().use('/private', guard),
    'a route of a router': guard => Router().all('/private/x', guard),
    'a router in a router': guard => Router().use('/private', Router().use('/x', guard)),
  };

  for (const [what, guarding] of Object.entries(routers)) {
    for (const path of ['//files/private/x', '/./files/private/x', '/y/../files/private/x', '/files%2Fprivate/x'])
      it(`is 400 where ${what} has the guard: ${path}`, async () => {
        const app = behind(guarding);
        expectOtherSpelling(await sendPath(app, path, token));
        expectNotAdmin(await sendPath(app, '/files/private/x', token));
        expect(handled).to.deep.equal([]);
      });

    it(`is accepted where no guard would take it, and ${what} has the guard`, async () => {
      const app = behind(guarding);
      for (const path of ['//files/public/x', '/private//x', '/files/x%2Fy'])
        expect((await sendPath(app, path, token)).status, path).to.equal(200);
      expect(handled).to.have.lengthOf(3);
    });
  }
});
