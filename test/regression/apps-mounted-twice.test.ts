/**
 * Express keeps only the app that mounted an app last (`app.parent`). A middleware in an app that two apps mount took the
 * server of the last one, so that one API accepted the tokens of the other, and refused its own.
 */
import { expect } from 'chai';
import express, { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import {
  backchannelLogout,
  axiomsErrorHandler,
  guardApp,
  healthMiddleware,
  InvalidRequest,
  MemoryDenylist,
  NotAuthenticated,
  requireAccessToken,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer, signed } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

type Name = 'staff' | 'customers';
const names = ['staff', 'customers'] as const;

const handler = (_request: Request, response: Response): void => {
  response.json([]);
};

describe('regression: an app that two apps mount', () => {
  forbidStrayErrors();
  const issuers = {} as Record<Name, TestIssuer>;
  let apps: Record<Name, Express>;
  let denylists: Record<Name, MemoryDenylist>;
  let logger: RecordingLogger;

  before(async () => {
    for (const name of names) issuers[name] = await TestIssuer.start();
  });
  after(async () => {
    for (const name of names) await issuers[name].close();
  });
  beforeEach(() => {
    logger = new RecordingLogger();
    apps = { staff: express(), customers: express() };
    // Express writes errors that it answers to the console in other environments.
    for (const name of names) apps[name].set('env', 'test');
    denylists = { staff: new MemoryDenylist(), customers: new MemoryDenylist() };
  });
  afterEach(() => {
    for (const name of names) (apps[name].locals.axioms as AxiomsServer | undefined)?.close();
  });

  function guard(name: Name): void {
    guardApp(apps[name], { ...issuers[name].settings(), denylist: denylists[name], logger, realm: name });
  }

  function guardBoth(): void {
    for (const name of names) guard(name);
  }

  function mountIn(inner: Express | Router, order: readonly Name[] = names): void {
    for (const name of order) apps[name].use('/r', inner);
  }

  async function statusOf(at: Name, path: string, by: Name = at): Promise<number> {
    const token = issuers[by].token({ sub: 'alice' });
    return (await request(apps[at]).get(path).set('Authorization', `Bearer ${token}`)).status;
  }

  async function statuses(path: string): Promise<number[]> {
    const found: number[] = [];
    for (const at of names) for (const by of names) found.push(await statusOf(at, path, by));
    return found;
  }

  const own = [200, 401, 401, 200];

  for (const [what, order] of [
    ['in one order', names],
    ['in the other order', [...names].reverse()],
  ] as const)
    it(`takes the tokens of the app that the request came through, mounted ${what}`, async () => {
      guardBoth();
      mountIn(express().get('/export', requireAccessToken(), handler), order);
      expect(await statuses('/r/export')).to.deep.equal(own);
    });

  it('takes them where it is mounted before the apps have servers', async () => {
    mountIn(express().get('/export', requireAccessToken(), handler));
    guardBoth();
    expect(await statuses('/r/export')).to.deep.equal(own);
  });

  it('takes them where the second app mounts it after a request to the first', async () => {
    guardBoth();
    const inner = express().get('/export', requireAccessToken(), handler);
    apps.staff.use('/r', inner);
    expect(await statuses('/r/export')).to.deep.equal([200, 401, 404, 404]);
    apps.customers.use('/r', inner);
    expect(await statuses('/r/export')).to.deep.equal(own);
  });

  it('takes them where apps without a server are in between', async () => {
    guardBoth();
    const inner = express().get('/export', requireAccessToken(), handler);
    for (const name of names) apps[name].use('/deep', express().use('/er', inner));
    expect(await statuses('/deep/er/export')).to.deep.equal(own);
  });

  it('takes them where both apps are mounted in a third one, and a request leaves one for the other', async () => {
    guardBoth();
    const passing = express().use((_request, _response, next: NextFunction) => {
      next();
    });
    mountIn(passing);
    const outer = express().use(apps.staff).use('/c', apps.customers).use(apps.customers);
    apps.customers.get('/only', requireAccessToken(), handler);
    for (const [by, status] of [
      ['staff', 401],
      ['customers', 200],
    ] as const) {
      const token = issuers[by].token({ sub: 'alice' });
      expect((await request(outer).get('/only').set('Authorization', `Bearer ${token}`)).status).to.equal(status);
    }
  });

  it('takes them in a router that both apps use', async () => {
    guardBoth();
    mountIn(Router().get('/export', requireAccessToken(), handler));
    expect(await statuses('/r/export')).to.deep.equal(own);
  });

  it('has no server where the request came through an app without one', async () => {
    guard('customers');
    const inner = express().set('env', 'test').get('/export', requireAccessToken(), handler);
    mountIn(inner);
    const token = issuers.customers.token({ sub: 'alice' });
    const statusAt = async (app: Express, path: string): Promise<number> =>
      (await request(app).get(path).set('Authorization', `Bearer ${token}`)).status;
    expect(await statusAt(apps.customers, '/r/export')).to.equal(200);
    expect(await statusAt(apps.staff, '/r/export')).to.equal(500);
    expect(await statusAt(inner, '/export')).to.equal(500);
  });

  it('ends the sessions of the app to which the issuer has sent the logout', async () => {
    guardBoth();
    mountIn(express().post('/logout', backchannelLogout({ clientId: 'books' })));
    const { url: iss, key } = issuers.staff;
    const iat = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const claims = { iss, aud: 'books', sub: 'alice', jti: 'once', iat, exp: iat + 120, events };
    const token = signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt' }, claims, key);
    for (const [name, status] of [
      ['customers', 400],
      ['staff', 200],
    ] as const)
      expect((await request(apps[name]).post('/r/logout').type('form').send({ logout_token: token })).status).to.equal(
        status,
      );
    const alice = { iss, sub: 'alice', iat };
    expect([denylists.staff.isRevoked(alice), denylists.customers.isRevoked(alice)]).to.deep.equal([true, false]);
  });

  it('answers errors with the realm of the app that the request came through', async () => {
    guardBoth();
    const inner = express().get('/export', () => {
      throw new NotAuthenticated();
    });
    mountIn(inner.use(axiomsErrorHandler));
    for (const name of names)
      expect((await request(apps[name]).get('/r/export')).headers['www-authenticate']).to.equal(
        `Bearer realm="${name}"`,
      );
  });

  it('tells the health of the app that the request came through', async () => {
    guardBoth();
    mountIn(express().get('/ready', healthMiddleware({ details: true })));
    const of = async (name: Name): Promise<string> => (await request(apps[name]).get('/r/ready')).text;
    expect(await of('staff')).to.include(issuers.staff.url);
    expect(await of('customers')).to.include(issuers.customers.url);
  });

  it('refuses a path that misses the guard of the first app by its spelling', async () => {
    guardBoth();
    apps.staff.use('/r/private', (_request, _response, next: NextFunction) => {
      next(new InvalidRequest('private'));
    });
    mountIn(express().get(/.*/, requireAccessToken(), handler));
    const token = issuers.staff.token({ sub: 'alice' });
    for (const path of ['/r//private', '/r/./private', '/r/priv%61te']) {
      const { status, text } = await request(apps.staff).get(path).set('Authorization', `Bearer ${token}`);
      expect([status, text], path).to.deep.include(400);
    }
    expect(logger.text('error')).to.equal('');
  });

  for (const how of ['mounted', 'called'] as const)
    it(`refuses another case of letters after a request through another app, where the inner app is ${how}`, async () => {
      apps.staff.enable('case sensitive routing');
      guardBoth();
      apps.staff.use('/private', requireAccessToken({ scopes: ['admin'] }));
      apps.customers.use('/private', (_request, _response, next: NextFunction) => {
        next();
      });
      const inner = express().get('/private/:number', requireAccessToken(), handler);
      for (const app of [apps.customers, apps.staff, express()])
        app.use(how === 'mounted' ? inner : (given, response, next) => void inner(given, response, next));
      expect(await statusOf('customers', '/private/1')).to.equal(200);
      expect(await statusOf('staff', '/PRIVATE/1')).to.equal(400);
    });

  it('reads the options of a router once, through whichever app the requests come', async () => {
    guardBoth();
    mountIn(express().get('/export', requireAccessToken(), handler));
    let reads = 0;
    const other = Router().get('/', handler);
    Object.defineProperty(other, 'caseSensitive', { get: () => ++reads === 0 });
    apps.staff.use('/other', other);
    for (let round = 0; round < 3; round++) await statuses('/r/export');
    expect(reads).to.equal(1);
  });

  /** Makes the server on a router, and stores it in the locals of the app. */
  function guardByHand(name: Name): void {
    apps[name].locals.axioms = guardApp(Router(), { ...issuers[name].settings(), logger });
  }

  it('takes the tokens of a server that is only in the locals of the one app that mounts the inner one', async () => {
    guardByHand('staff');
    apps.staff.use('/r', express().get('/export', requireAccessToken(), handler));
    expect(await statuses('/r/export')).to.deep.equal([200, 401, 404, 404]);
  });

  it('accepts no tokens of another app where the servers are only in the locals of the apps', async () => {
    for (const name of names) guardByHand(name);
    mountIn(express().set('env', 'test').get('/export', requireAccessToken(), handler));
    expect(await statuses('/r/export')).to.deep.equal([500, 500, 401, 200]);
    expect(await statuses('/r/export')).to.deep.equal([500, 500, 401, 200]);
  });

  it('accepts none where an app with a server of its own is around these apps', async () => {
    for (const name of names) guardByHand(name);
    mountIn(express().set('env', 'test').get('/export', requireAccessToken(), handler));
    const around = express().use('/staff', apps.staff).use('/customers', apps.customers);
    guardApp(around, { ...issuers.staff.settings(), logger });
    const found: number[] = [];
    for (const at of [...names, ...names]) {
      const token = issuers.customers.token({ sub: 'alice' });
      found.push((await request(around).get(`/${at}/r/export`).set('Authorization', `Bearer ${token}`)).status);
    }
    expect(found).to.deep.equal([500, 200, 500, 200]);
    (around.locals.axioms as AxiomsServer).close();
  });
});
