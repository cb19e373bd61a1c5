/** What `request.auth` tells, and what an authentication class may return for it. */
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AccessTokenAuthentication,
  BaseAuthentication,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { TestIssuer } from '../issuer/test-issuer';

let ran = 0;

class HeaderAuthentication extends BaseAuthentication {
  authenticate(given: Request) {
    return JSON.parse(given.get('X-Result') ?? 'null') as { user: { isAuthenticated: boolean } } | null;
  }
}

abstract class Base {
  declare request: AxiomsRequest;
  @Get('/') get() {
    ran += 1;
    const { authenticator, ...auth } = { ...this.request.auth };
    return { ...auth, by: authenticator?.constructor.name };
  }
}

@JsonController('/token')
class TokenController extends Base {
  authenticationClasses = [AccessTokenAuthentication];
}

@JsonController('/custom')
class CustomController extends Base {
  authenticationClasses = [HeaderAuthentication];
}

@JsonController('/counted')
class CountedController extends Base {
  authenticationClasses = [HeaderAuthentication];
  throttleClasses = [UserRateThrottle];
}

describe('request.auth', () => {
  let issuer: TestIssuer;
  let app: Express;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    app = useExpressServer(express(), {
      controllers: [TokenController, CustomController, CountedController],
      axioms: { ...issuer.settings(), throttleRates: { user: '1/hour' } },
    });
    ran = 0;
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  const custom = (path: string, result: object): Test => request(app).get(path).set('X-Result', JSON.stringify(result));
  const user = { isAuthenticated: true, id: 1 };
  const exp = Math.floor(Date.now() / 1000) + 600;

  for (const [claims, clientId, scopes] of [
    [{ client_id: 'app', azp: 'other', scope: 'a b' }, 'app', ['a', 'b']],
    [{ azp: 'web' }, 'web', []],
    [{ client_id: 7, azp: 'web' }, undefined, []],
    [{}, undefined, []],
  ] as const)
    it(`has the client, the scopes and the expiry of a token with ${JSON.stringify(claims)}`, async () => {
      const token = issuer.token({ ...claims, exp });
      const answer = await request(app).get('/token').set('Authorization', `Bearer ${token}`);
      const body = answer.body as { clientId?: string };
      expect(body).to.deep.include({ scopes, expiresAt: exp, by: 'AccessTokenAuthentication', token });
      expect(body.clientId).to.equal(clientId);
    });

  it("has the same of the claims that a class of the app's own returns, and keeps what it says itself", async () => {
    const claims = { client_id: 'app', exp, scope: 'a' };
    expect((await custom('/custom', { user, auth: { claims } })).body).to.deep.equal({
      claims,
      clientId: 'app',
      scopes: ['a'],
      expiresAt: exp,
      by: 'HeaderAuthentication',
    });
    const said = await custom('/custom', { user: { ...user, scopes: ['b'] }, auth: { claims, clientId: 'mine' } });
    expect(said.body).to.deep.include({ clientId: 'mine', scopes: ['b'] });
  });

  for (const [what, auth] of [
    ['null', { auth: null }],
    ['left out', {}],
  ] as const)
    it(`has the authenticator alone where a class returns auth ${what}`, async () => {
      expect((await custom('/custom', { user, ...auth }).expect(200)).body).to.deep.equal({
        by: 'HeaderAuthentication',
      });
    });

  for (const auth of [7, 'text', true, { token: 7 }, { claims: [] }, { claims: null }])
    it(`is a mistake of the class where it returns auth ${JSON.stringify(auth)}`, async () => {
      await custom('/custom', { user, auth }).expect(500);
      expect(ran).to.equal(0);
    });

  it('belongs to a user that a throttle counts separately from every other user', async () => {
    const users = [{ id: 1 }, { id: '1' }, { sub: '1' }, { id: 2 }];
    for (const one of users) {
      const result = { user: { isAuthenticated: true, ...one }, auth: { claims: {} } };
      await custom('/counted', result).expect(200);
      await custom('/counted', result).expect(429);
    }
    await custom('/counted', { user: { isAuthenticated: true } }).expect(500);
    expect(ran).to.equal(users.length);
  });
});
