/** The rule that requires a DPoP key, in each of its forms. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  RequiresDPoP,
  SessionAuthentication,
  auditRoutes,
  createExpressServer,
  not,
  or,
  requireAccessToken,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { requiresDPoP } from 'axioms-routing-controllers/decorators';
import { TestClient } from 'axioms-routing-controllers/testing';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied, type Refusal } from '../refusals';

let handled = 0;
function handle(): { ok: boolean } {
  handled++;
  return { ok: true };
}

@JsonController('/rule')
class RuleController {
  permissionClasses = [RequiresDPoP, HasAccessTokenScopes];
  accessTokenScopes = ['transfer:create'];
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/decorated')
class DecoratedController {
  @requiresDPoP() @Get('/') list() {
    return handle();
  }
  @Get('/plain') plain() {
    return handle();
  }
}

@JsonController('/either')
class EitherController {
  permissionClasses = [or(RequiresDPoP, HasAccessTokenScopes)];
  accessTokenScopes = ['transfer:create'];
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/unbound')
class UnboundController {
  permissionClasses = [not(RequiresDPoP)];
  @Get('/') list() {
    return handle();
  }
}

class EveryoneSession extends SessionAuthentication {
  override sessionUser(): object {
    return { isAuthenticated: true, sub: 'session' };
  }
}

@JsonController('/session')
class SessionController {
  authenticationClasses = [AccessTokenAuthentication, EveryoneSession];
  permissionClasses = [RequiresDPoP];
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/nothing')
class Plain {
  @Get('/') list() {
    return handle();
  }
}

const externalUrl = 'https://api.example.com';
const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';
const notBound = 'The access token is not bound to a DPoP key';

function refused(error: string, description: string, scope?: string): Refusal {
  const parameters = [
    ...(error === 'not_authenticated' ? [] : [`error="${error}"`, `error_description="${description}"`]),
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
    algs,
  ];
  return { status: 401, challenges: [`DPoP ${parameters.join(', ')}`], error, description };
}

describe('RequiresDPoP', () => {
  const controllers = [RuleController, DecoratedController, EitherController, UnboundController, SessionController];
  let api: Api;
  let client: TestClient;
  beforeEach(async () => {
    api = await Api.start({ controllers, axioms: { dpop: 'allowed', externalUrl } });
    client = new TestClient(api.issuer, { externalUrl });
    handled = 0;
  });
  afterEach(() => api.close());

  const proven = (path: string, claims: object = {}) =>
    request(api.app)
      .get(path)
      .set(client.fields('GET', path, client.token({ scope: 'transfer:create', ...claims })));

  for (const path of ['/rule', '/decorated'])
    it(`admits a bound token and refuses an unbound one with 401: ${path}`, async () => {
      const scope = path === '/rule' ? 'transfer:create' : undefined;
      await proven(path).expect(200);
      expect(handled).to.equal(1);
      const anonymous = refused('not_authenticated', 'Authentication credentials were not provided', scope);
      expectExactRefusal(await api.as(null, 'get', path), anonymous);
      const unbound = await api.as({ scope: 'transfer:create' }, 'get', path);
      expectExactRefusal(unbound, refused('invalid_token', notBound, scope));
      expect(handled).to.equal(1);
    });

  it('does not tighten the handlers beside the decorated one', async () => {
    await api.as({}, 'get', '/decorated/plain').expect(200);
  });

  it('still asks the other rules of a bound token', async () => {
    const response = await proven('/rule', { scope: 'other' });
    expect(response.status).to.equal(403);
    expect(response.headers['www-authenticate']).to.contain('DPoP error="insufficient_scope"');
    expect(handled).to.equal(0);
  });

  it('may be an alternative: the challenge then offers both schemes', async () => {
    await proven('/either', { scope: '' }).expect(200);
    await api.as({ scope: 'transfer:create' }, 'get', '/either').expect(200);
    const response = await api.as(null, 'get', '/either');
    expect(response.status).to.equal(401);
    expect(response.headers['www-authenticate']).to.match(
      /^DPoP scope="transfer:create", algs=".*", Bearer realm="api"/,
    );
  });

  it('refuses a bound token under not() with 403, and a bearer token is fine there', async () => {
    await api.as({}, 'get', '/unbound').expect(200);
    expectExactRefusal(await proven('/unbound'), permissionDenied);
  });

  it('refuses the user of a session, and says what is needed', async () => {
    const response = await request(api.app).get('/session');
    const description = 'An access token that is bound to a DPoP key is needed';
    expectExactRefusal(response, refused('not_authenticated', description));
    expect(handled).to.equal(0);
  });

  it('guards a plain route: requireAccessToken({ dpop: "required" })', async () => {
    api.app.get('/plain', requireAccessToken({ dpop: 'required', scopes: ['transfer:create'] }), (_, response) => {
      handled++;
      response.json({ ok: true });
    });
    await proven('/plain').expect(200);
    const unbound = await api.as({ scope: 'transfer:create' }, 'get', '/plain');
    expectExactRefusal(unbound, refused('invalid_token', notBound, 'transfer:create'));
    expect(handled).to.equal(1);
    expect(() => requireAccessToken({ dpop: 'allowed' as 'required' })).to.throw(
      ImproperlyConfigured,
      "requireAccessToken({ dpop }) must be 'required'",
    );
  });

  it('is in the audit', () => {
    const audit = JSON.stringify(auditRoutes({ controllers, axioms: api.server.settings }));
    expect(audit).to.contain('{"kind":"dpop"}');
  });

  it('refuses a bound token without its proof for that reason, before the rule', async () => {
    const token = client.token({ scope: 'transfer:create' });
    const response = await request(api.app).get('/rule').set('Authorization', `Bearer ${token}`);
    const description = 'The access token is bound to a key that was not shown';
    expect(response.status).to.equal(401);
    expect(response.text).to.contain(description);
  });
});

describe('a server that accepts DPoP', () => {
  const start = (axioms: Partial<SettingsInput>, controllers: (new () => object)[] = [Plain]): AxiomsServer => {
    const given = { audience: 'a', domain: 'auth.example.com', jwksPrefetch: false, ...axioms };
    return createExpressServer({ controllers, axioms: given }).locals.axioms as AxiomsServer;
  };

  it('does not start without a URL that proofs can name', () => {
    for (const dpop of ['allowed', 'required'] as const)
      expect(() => start({ dpop })).to.throw(
        ImproperlyConfigured,
        `Setting 'dpop' (AXIOMS_DPOP) is '${dpop}' without 'externalUrl' (AXIOMS_EXTERNAL_URL) and 'resourceUrl' (AXIOMS_RESOURCE_URL); expected one of the two: the URL by which clients reach this app, which their proofs must name.`,
      );
  });

  it('takes the origin of resourceUrl, unless externalUrl is given', () => {
    const resourceUrl = 'https://api.example.com/books';
    const one = start({ dpop: 'allowed', resourceUrl, audience: resourceUrl });
    expect(one.settings.externalUrl).to.equal('https://api.example.com');
    one.close();
    const two = start({ dpop: 'allowed', resourceUrl, audience: resourceUrl, externalUrl: 'https://example.com/api' });
    expect(two.settings.externalUrl).to.equal('https://example.com/api');
    two.close();
  });

  it('does not start with a URL that has a query', () => {
    expect(() => start({ externalUrl: 'https://example.com/?a=b' })).to.throw(ImproperlyConfigured, 'without a query');
  });

  it('does not start for one issuer either', () => {
    const issuers = [{ issuerUrl: 'https://one.example.com', audience: 'a', dpop: 'required' as const }];
    expect(() => createExpressServer({ controllers: [Plain], axioms: { issuers } })).to.throw(
      ImproperlyConfigured,
      "Setting 'issuers[0]': Setting 'dpop' (AXIOMS_DPOP) is 'required' without 'externalUrl'",
    );
  });

  it('does not start with a rule that nobody could meet', () => {
    expect(() => start({}, [RuleController])).to.throw(
      ImproperlyConfigured,
      "RuleController.list requires a DPoP key, and the setting 'dpop' (AXIOMS_DPOP) is 'off', so that nobody could call it. Set it to 'allowed' or 'required'.",
    );
  });
});

describe('several issuers with DPoP', () => {
  it('each have their own rule, and the challenge offers what any of them accepts', async () => {
    const second = await Api.start({ controllers: [Plain] });
    const first = await Api.start({ controllers: [Plain] });
    const { audience } = first.issuer;
    const issuers = [
      { issuerUrl: first.issuer.url, audience, dpop: 'required' as const },
      { issuerUrl: second.issuer.url, audience },
    ];
    const app = createExpressServer({
      controllers: [DecoratedController],
      axioms: { issuers, externalUrl, logger: first.server.settings.logger },
    });
    const path = '/decorated/plain';
    const bound = (api: Api) => {
      const client = new TestClient(api.issuer, { externalUrl });
      return client.fields('GET', path, client.token());
    };
    const get = (fields: Record<string, string>) => request(app).get(path).set(fields);
    expect((await get(bound(first))).status).to.equal(200);
    expect((await get({ Authorization: `Bearer ${first.issuer.token()}` })).text).to.contain(notBound);
    expect((await get({ Authorization: `Bearer ${second.issuer.token()}` })).status).to.equal(200);
    expect((await get(bound(second))).status).to.equal(401);
    expect((await get({})).headers['www-authenticate']).to.equal(`DPoP ${algs}, Bearer realm="api"`);
    (app.locals.axioms as AxiomsServer).close();
    await first.close();
    await second.close();
  });
});
