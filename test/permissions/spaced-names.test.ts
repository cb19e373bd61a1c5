import { expect } from 'chai';
import { Authorized, Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  axiomsErrorHandler,
  BaseAuthentication,
  createExpressServer,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  IntrospectionAuthentication,
  not,
  requireAccessToken,
  type AuthenticationResult,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { hasRequiredPermissions, hasRequiredRoles } from 'axioms-routing-controllers/decorators';
import { forceAuthenticate } from 'axioms-routing-controllers/testing';
import { Api } from '../api';
import { IntrospectionEndpoint } from '../issuer/introspection-endpoint';
import { RecordingLogger } from '../issuer/recording-logger';
import { audience, TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, permissionDenied } from '../refusals';
import { SeveralIssuers } from '../several-issuers';

let handled = 0;

abstract class Names {
  answer() {
    handled++;
    return { ok: true };
  }
}

@JsonController('/admin-role')
class AdminRoleController extends Names {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['admin'];
  @Get('/') read() {
    return this.answer();
  }
}

@JsonController('/billing-role')
class BillingRoleController extends Names {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['Billing admin'];
  @Get('/') read() {
    return this.answer();
  }
}

@JsonController('/admin-permission')
class AdminPermissionController extends Names {
  permissionClasses = [HasAccessTokenPermissions];
  accessTokenAllPermissions = ['admin'];
  @Get('/') read() {
    return this.answer();
  }
}

@JsonController('/not-banned')
class NotBannedController extends Names {
  permissionClasses = [not(HasAccessTokenRoles)];
  accessTokenRoles = ['banned'];
  @Get('/') read() {
    return this.answer();
  }
}

@JsonController('/decorated')
class DecoratedController extends Names {
  @hasRequiredRoles('admin') @Get('/role') role() {
    return this.answer();
  }
  @hasRequiredRoles('Billing admin') @Get('/billing') billing() {
    return this.answer();
  }
  @hasRequiredPermissions('admin') @Get('/permission') permission() {
    return this.answer();
  }
  @Authorized('admin') @Get('/authorized') authorized() {
    return this.answer();
  }
  @Authorized(['Billing admin']) @Get('/authorized-billing') authorizedBilling() {
    return this.answer();
  }
}

@JsonController('/opaque')
class OpaqueController extends Names {
  authenticationClasses = [IntrospectionAuthentication];
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['admin'];
  @Get('/') read() {
    return this.answer();
  }
}

class CardAuthentication extends BaseAuthentication {
  authenticate(): AuthenticationResult {
    return { user: { isAuthenticated: true, sub: 'card' }, auth: { claims: { roles: 'Billing admin' } } };
  }
}

@JsonController('/card')
class CardController extends Names {
  authenticationClasses = [CardAuthentication];
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['admin'];
  @Get('/') read() {
    return this.answer();
  }
}

const controllers = [
  AdminRoleController,
  BillingRoleController,
  AdminPermissionController,
  NotBannedController,
  DecoratedController,
  CardController,
];

describe('a role or a permission that is written as text', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
    api.app.get('/plain', requireAccessToken({ roles: ['admin'] }), (_request, response) => {
      handled++;
      response.json({ ok: true });
    });
    api.app.use(axiomsErrorHandler);
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
  });

  const refused: [claims: object, path: string][] = [
    [{ roles: 'Billing admin' }, '/admin-role'],
    [{ roles: 'admin ' }, '/admin-role'],
    [{ roles: 'admin\tbilling' }, '/admin-role'],
    [{ roles: 'Billing' }, '/billing-role'],
    [{ permissions: 'Billing admin' }, '/admin-permission'],
    [{ roles: 'Billing admin' }, '/decorated/role'],
    [{ permissions: 'Billing admin' }, '/decorated/permission'],
    [{ roles: 'Billing admin' }, '/decorated/authorized'],
    [{ roles: 'Billing admin' }, '/plain'],
    [{}, '/card'],
  ];
  for (const [claims, path] of refused)
    it(`does not pass GET ${path} with ${JSON.stringify(claims)}: a text is one name`, async () => {
      expectExactRefusal(await api.as(claims, 'get', path), permissionDenied);
      expect(handled).to.equal(0);
    });

  const passed: [claims: object, path: string][] = [
    [{ roles: 'admin' }, '/admin-role'],
    [{ roles: ['Billing', 'admin'] }, '/admin-role'],
    [{ roles: 'Billing admin' }, '/billing-role'],
    [{ roles: ['Billing admin'] }, '/billing-role'],
    [{ permissions: 'admin' }, '/admin-permission'],
    [{ roles: 'Billing admin' }, '/decorated/billing'],
    [{ roles: 'Billing admin' }, '/decorated/authorized-billing'],
    [{ roles: 'admin' }, '/plain'],
    [{ roles: 'not banned' }, '/not-banned'],
    [{ roles: 'other' }, '/not-banned'],
  ];
  for (const [claims, path] of passed)
    it(`passes GET ${path} with ${JSON.stringify(claims)}`, async () => {
      const response = await api.as(claims, 'get', path);
      expect([response.status, handled]).to.deep.equal([200, 1]);
    });

  it('is one name for an introspected token, too', async () => {
    const endpoint = await IntrospectionEndpoint.start();
    const app = createExpressServer({ controllers: [OpaqueController], axioms: endpoint.settings });
    const ask = (roles: unknown) => {
      endpoint.answer = () => endpoint.good({ roles });
      return request(app)
        .get('/opaque')
        .set('Authorization', `Bearer opaque-${JSON.stringify(roles).replace(/\W/g, '-')}`);
    };
    try {
      expectExactRefusal(await ask('Billing admin'), permissionDenied);
      expect((await ask('admin')).status).to.equal(200);
      expect(handled).to.equal(1);
    } finally {
      (app.locals.axioms as AxiomsServer).close();
      await endpoint.close();
    }
  });

  it('is one name for a caller of the test kit, too', async () => {
    forceAuthenticate(api.app, { sub: 'alice', roles: 'Billing admin' });
    const [refusal, billing] = [await request(api.app).get('/admin-role'), await request(api.app).get('/billing-role')];
    forceAuthenticate(api.app, null);
    expectExactRefusal(refusal, permissionDenied);
    expect(billing.status).to.equal(200);
  });

  it('is split where the setting of its own issuer says split:, and of no other', async () => {
    const several = await SeveralIssuers.start({
      each: [{ rolesClaims: 'split:roles' }, {}],
      controllers: [AdminRoleController],
    });
    const roles = 'Billing admin';
    const [splitting, other] = [
      await several.as(0, { roles }, 'get', '/admin-role'),
      await several.as(1, { roles }, 'get', '/admin-role'),
    ];
    await several.close();
    expect(splitting.status).to.equal(200);
    expectExactRefusal(other, permissionDenied);
    expect(handled).to.equal(1);
  });
});

describe('the warning about a role that is written as text with spaces', () => {
  const closed: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closed.splice(0)) await close();
  });

  const warnings = (logger: RecordingLogger) => logger.entries.filter(({ level }) => level === 'warn');

  async function start(axioms: Partial<SettingsInput> = {}): Promise<{ api: Api; logger: RecordingLogger }> {
    const logger = new RecordingLogger();
    const api = await Api.start({ controllers, axioms: { ...axioms, logger } });
    closed.push(() => api.close());
    return { api, logger };
  }

  it('comes once for each setting, names the claim and the setting, and never the value', async () => {
    const { api, logger } = await start({ permissionsClaims: ['/a/p'] });
    for (const roles of ['first secret', 'second secret', 'first secret'])
      await api.as({ roles, a: { p: 'third secret' } }, 'get', '/admin-role');
    expect(warnings(logger).map(({ data }) => data)).to.deep.equal([
      { issuer: api.issuer.url, setting: 'rolesClaims', claim: 'roles', toSplit: 'split:roles' },
      { issuer: api.issuer.url, setting: 'permissionsClaims', claim: '/a/p', toSplit: 'split:/a/p' },
    ]);
    expect(new Set(warnings(logger).map(({ message }) => message)).size).to.equal(1);
    expect(logger.text()).not.to.contain('secret');
  });

  it('does not come for a token that is refused, for a list, for one word, for scopes, or where the claim is split', async () => {
    const { api, logger } = await start({ permissionsClaims: 'split:permissions' });
    await api.as({ roles: 'a b', aud: 'other' }, 'get', '/admin-role');
    await api.with(api.issuer.token({ roles: 'a b' }, { kid: 'unknown' }), 'get', '/admin-role');
    await api.as({ roles: ['a b'], permissions: 'a b', scope: 'a b' }, 'get', '/admin-role');
    await api.as({ roles: 'ab' }, 'get', '/admin-role');
    expect(warnings(logger)).to.deep.equal([]);
  });

  it('comes once for each issuer', async () => {
    const logger = new RecordingLogger();
    const several = await SeveralIssuers.start({ each: [{}, {}], controllers, axioms: { logger } });
    closed.push(() => several.close());
    for (const index of [0, 1, 0, 1]) await several.as(index, { roles: `a ${Math.random()}` }, 'get', '/admin-role');
    const issuers = warnings(logger).map(({ data }) => (data as { issuer: string }).issuer);
    expect(issuers).to.deep.equal(several.issuers.map(({ url }) => url));
  });

  it('names the member of a union', async () => {
    const { api, logger } = await start({ rolesClaims: 'union:groups|/realm/roles' });
    await api.as({ groups: ['x'], realm: { roles: 'a b' } }, 'get', '/admin-role');
    expect(warnings(logger).map(({ data }) => (data as { claim: string }).claim)).to.deep.equal(['/realm/roles']);
  });

  it('is seen with the default logger', async () => {
    const issuer = await TestIssuer.start();
    closed.push(() => issuer.close());
    const app = createExpressServer({ controllers, axioms: { audience, issuerUrl: issuer.url } });
    closed.push(() => {
      (app.locals.axioms as AxiomsServer).close();
    });
    const { warn } = console;
    const lines: unknown[][] = [];
    console.warn = (...line: unknown[]) => lines.push(line);
    try {
      await request(app)
        .get('/admin-role')
        .set('Authorization', `Bearer ${issuer.token({ roles: 'a b' })}`);
    } finally {
      console.warn = warn;
    }
    expect(lines.filter(line => String(line[0]).includes('split:NAME')).length).to.equal(1);
  });
});
