/** The app's own authorizationChecker must judge the caller that the handler sees. */
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Authorized, Body, Get, JsonController, Post, createParamDecorator, type Action } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  BaseAuthentication,
  IsAuthenticated,
  SessionAuthentication,
  useExpressServer,
  type AuthenticationClass,
  type AuthenticationResult,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';

type WithUser = Request & { user?: { readonly sub: string; readonly roles: readonly string[] } };

const clerk = { sub: 'bob', roles: ['clerk'] };
const ran: string[] = [];
const asked: unknown[] = [];

/** An app may load the user anew, and find another one. */
const Reload = () =>
  createParamDecorator({
    value: ({ request: given }: { request: WithUser }) => {
      if (given.query.to === 'clerk') given.user = clerk;
    },
  });

class ApiKey extends BaseAuthentication {
  override readonly isToken = false;
  override readonly authorizationSchemes = [];
  authenticate(given: Request): AuthenticationResult | null {
    const sub = given.get('X-Key');
    return sub === undefined ? null : { user: { isAuthenticated: true, sub, roles: ['clerk'] } };
  }
}

@JsonController('/session')
class SessionController {
  authenticationClasses = [SessionAuthentication];
  permissionClasses = [IsAuthenticated];
  declare request: AxiomsRequest;
  @Get('/') @Authorized('admin') wipe(@Reload() _user: unknown) {
    ran.push(`wiped by ${this.request.user?.sub}`);
    return {};
  }
}

@JsonController('/by-body')
class ByBodyController {
  permissionClasses = [IsAuthenticated];
  declare request: AxiomsRequest;
  get authenticationClasses(): AuthenticationClass[] {
    return (this.request.body as { as?: string } | undefined)?.as === 'key' ? [ApiKey] : [AccessTokenAuthentication];
  }
  @Post('/') @Authorized('admin') wipe(@Body({ validate: false }) _body: object) {
    ran.push(`wiped by ${this.request.user?.sub}`);
    return {};
  }
}

describe("regression: the app's own authorizationChecker", () => {
  let app: Express;
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.use((given, _response, next) => {
      if (given.get('X-Session') !== undefined) (given as WithUser).user = { sub: 'alice', roles: ['admin'] };
      next();
    });
    useExpressServer(app, {
      controllers: [SessionController, ByBodyController],
      authorizationChecker: async ({ request: given }: Action, roles: string[]) => {
        const { user } = given as AxiomsRequest;
        asked.push(user?.sub);
        // The app may look the roles up, and the user change meanwhile.
        await Promise.resolve();
        if ((given as Request).query.to === 'clerk-meanwhile') (given as WithUser).user = clerk;
        return roles.some(role => user?.roles?.includes(role));
      },
      axioms: issuer.settings(),
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    ran.length = asked.length = 0;
  });

  const session = (query = '') => request(app).get(`/session${query}`).set('X-Session', 'yes');

  it('is asked once where the caller stays the same', async () => {
    expect((await session()).status).to.equal(200);
    expect([asked, ran]).to.deep.equal([['alice'], ['wiped by alice']]);
  });

  for (const query of ['?to=clerk', '?to=clerk-meanwhile'])
    it(`is asked again about a session's user that the app has replaced: ${query}`, async () => {
      expectRefusal(await session(query), 'permission_denied');
      expect([asked, ran]).to.deep.equal([['alice', 'bob'], []]);
    });

  it('is asked about the caller of the credentials that the body asks for', async () => {
    const send = (as: string) =>
      request(app)
        .post('/by-body')
        .set('Authorization', `Bearer ${issuer.token({ sub: 'eve', roles: ['admin'] })}`)
        .set('X-Key', 'bob')
        .send({ as });
    expectRefusal(await send('key'), 'permission_denied');
    expect([asked, ran]).to.deep.equal([['bob'], []]);
    expect((await send('token')).status).to.equal(200);
    expect([asked, ran]).to.deep.equal([['bob', 'eve'], ['wiped by eve']]);
  });
});
