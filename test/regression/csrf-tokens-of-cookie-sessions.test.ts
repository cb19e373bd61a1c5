/**
 * Fault: a session of the package `cookie-session` has no id, so that a CSRF token from before a sign-in was good after
 * it. A stranger who had planted the session's cookie knew such a token.
 */
import { expect } from 'chai';
import cookieSession from 'cookie-session';
import express, { type Express, type Request, type Response } from 'express';
import { Get, JsonController, OnUndefined, Param, Post } from 'routing-controllers';
import request, { type Response as Answer } from 'supertest';
import {
  AllowAny,
  SessionAuthentication,
  checkCsrfToken,
  csrfToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, fieldsOf } from '../refusals';

interface Kept {
  user?: object | undefined;
  shop?: { customer?: object };
}
type WithSession = Request & { session: Kept };

let handled = 0;

class ShopSession extends SessionAuthentication {
  override sessionUser(asked: Request): unknown {
    return (asked as WithSession).session.shop?.customer;
  }
}

class AsyncSession extends SessionAuthentication {
  override sessionUser(asked: Request): unknown {
    return Promise.resolve((asked as WithSession).session.shop?.customer);
  }
}

/** The same routes for each class; `keep` stores the user where that class reads it. */
function controllerOf(path: string, one: typeof SessionAuthentication, keep: (session: Kept, user?: object) => void) {
  @JsonController(path)
  class SessionController {
    authenticationClasses = [one];
    permissionClasses = [AllowAny];
    declare request: WithSession;
    declare response: Response;

    @Get('/token') token() {
      return { token: csrfToken(this.request, this.response) };
    }

    @Post('/sign-in/:name') signIn(@Param('name') name: string) {
      checkCsrfToken(this.request);
      keep(this.request.session, { id: name });
      return { token: csrfToken(this.request, this.response) };
    }

    @Post('/sign-out') @OnUndefined(204) signOut() {
      keep(this.request.session);
    }

    @Post('/change') @OnUndefined(204) change() {
      if (this.request.user !== undefined) handled += 1;
    }
  }
  return SessionController;
}

const inUser = (session: Kept, user?: object) => {
  session.user = user;
};
const inShop = (session: Kept, user?: object) => {
  session.shop = user === undefined ? {} : { customer: user };
};
const kinds = {
  '/default': controllerOf('/default', SessionAuthentication, inUser),
  '/shop': controllerOf('/shop', ShopSession, inShop),
  '/async': controllerOf('/async', AsyncSession, inShop),
};
const notOfSession = {
  status: 403,
  error: 'permission_denied',
  description: 'The CSRF token is not of this session',
};

describe('regression: CSRF tokens of a session without an id', () => {
  let issuer: TestIssuer;
  let app: Express;
  let agent: ReturnType<typeof request.agent>;

  before(async () => {
    issuer = await TestIssuer.start();
    app = express().use(cookieSession({ name: 's', keys: ['for a test'] }));
    app.get('/plain', (asked, answer) => {
      answer.json({ token: csrfToken(asked, answer) });
    });
    useExpressServer(app, { controllers: Object.values(kinds), axioms: issuer.settings() });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    agent = request.agent(app);
    handled = 0;
  });

  const tokenAt = async (path: string): Promise<string> => ((await agent.get(path)).body as { token: string }).token;
  const post = async (path: string, token: string): Promise<Answer> => agent.post(path).set('X-CSRF-Token', token);

  async function expectRefused(path: string, token: string): Promise<void> {
    expectExactRefusal(await post(path, token), notOfSession);
    expect(handled).to.equal(0);
  }

  for (const path of Object.keys(kinds)) {
    it(`are refused after a sign-in if they were issued before it: ${path}`, async () => {
      const before = await tokenAt(`${path}/token`);
      expect((await post(`${path}/sign-in/ged`, before)).status).to.equal(200);
      await expectRefused(`${path}/change`, before);
      const after = await tokenAt(`${path}/token`);
      await expectRefused(`${path}/change`, before);
      expect((await post(`${path}/change`, after)).status).to.equal(204);
      expect(handled).to.equal(1);
    });

    it(`are refused if the secret is that of a session that a stranger has planted: ${path}`, async () => {
      const stranger = await request(app).get(`${path}/token`);
      const planted = stranger.body as { token: string };
      const cookies = fieldsOf(stranger, 'set-cookie').map(field => field.split(';')[0]!);
      const victim = await request(app)
        .post(`${path}/sign-in/ged`)
        .set({ Cookie: cookies.join('; '), 'X-CSRF-Token': planted.token });
      expect(victim.status).to.equal(200);
      const kept = fieldsOf(victim, 'set-cookie')
        .map(field => field.split(';')[0]!)
        .join('; ');
      const forged = await request(app).post(`${path}/change`).set({ Cookie: kept, 'X-CSRF-Token': planted.token });
      expectExactRefusal(forged, notOfSession);
      expect(handled).to.equal(0);
    });

    it(`are refused for another user, and after a sign-out: ${path}`, async () => {
      await post(`${path}/sign-in/ged`, await tokenAt(`${path}/token`));
      const ofGed = await tokenAt(`${path}/token`);
      expect((await post(`${path}/sign-out`, ofGed)).status).to.equal(204);
      await expectRefused(`${path}/sign-in/tenar`, ofGed);
      expect((await post(`${path}/sign-in/tenar`, await tokenAt(`${path}/token`))).status).to.equal(200);
      await expectRefused(`${path}/change`, ofGed);
    });
  }

  for (const path of ['/default', '/shop'])
    it(`are good from the handler that signs the user in, and for the whole session: ${path}`, async () => {
      const answer = await post(`${path}/sign-in/ged`, await tokenAt(`${path}/token`));
      const { token } = answer.body as { token: string };
      await tokenAt(`${path}/token`);
      for (let count = 1; count <= 2; count++) {
        expect((await post(`${path}/change`, token)).status).to.equal(204);
        expect(handled).to.equal(count);
      }
    });

  it('are good from a plain route, before and after the sign-in', async () => {
    expect((await post('/default/sign-in/ged', await tokenAt('/plain'))).status).to.equal(200);
    expect((await post('/default/change', await tokenAt('/plain'))).status).to.equal(204);
    expect(handled).to.equal(1);
  });
});
