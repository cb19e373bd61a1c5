/** Fault: a server kept every requireAccessToken() that was made for a request, and published what it required. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import express, { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  createExpressServer,
  guardApp,
  requireAccessToken,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { audience, silentLogger } from '../issuer/test-issuer';

const settings = {
  audience,
  issuerUrl: 'http://127.0.0.1:9',
  jwksPrefetch: false,
  logger: silentLogger,
  resourceUrl: 'https://api.example.com',
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let server: AxiomsServer | undefined;
let made: WeakRef<object>[] = [];

function kept(guard: ReturnType<typeof requireAccessToken>): ReturnType<typeof requireAccessToken> {
  made.push(new WeakRef(guard));
  return guard;
}

function ofTenant(given: Request, response: Response, next: NextFunction): void {
  kept(requireAccessToken({ scopes: [`tenant:${String(given.params['tenant'])}`] }))(given, response, next);
}

function namedOfTenant(given: Request, response: Response, next: NextFunction): void {
  kept(requireAccessToken({ scopes: [`tenant:${String(given.params['tenant'])}`], server: server! }))(
    given,
    response,
    next,
  );
}

function inAnAppOfItsOwn(given: Request, response: Response): void {
  const guard = kept(requireAccessToken({ scopes: [`tenant:${String(given.params['tenant'])}`], server: server! }));
  express().use(guard)(given, response);
}

function answered(_given: Request, response: Response): void {
  response.json({});
}

@JsonController('/t')
class TenantController {
  permissionClasses = [AllowAny];
  @Get('/:tenant') @UseBefore(ofTenant) list() {
    return [];
  }
}

describe('a guard that is made for a request', () => {
  beforeEach(() => {
    made = [];
  });
  afterEach(() => {
    server?.close();
  });

  function app(): Express {
    const made = express();
    server = guardApp(made, settings);
    return made;
  }

  async function scopesOf(one: Express): Promise<unknown> {
    const response = await request(one).get('/.well-known/oauth-protected-resource').expect(200);
    return (response.body as { scopes_supported?: unknown }).scopes_supported;
  }

  async function refuse(one: Express, path: string): Promise<void> {
    for (let number = 0; number < 20; number += 1) await request(one).get(`${path}${number}`).expect(401);
  }

  for (const [name, middleware] of Object.entries({ ofTenant, namedOfTenant, inAnAppOfItsOwn }))
    it(`is not kept and not published: ${name} in the app`, async () => {
      const one = app().use('/tenants/:tenant', middleware, answered);
      await refuse(one, '/tenants/');
      expect(await scopesOf(one)).to.equal(undefined);
      await expectNothingKept();
    });

  it('is not kept and not published: in a middleware that is registered before the server', async () => {
    const one = express().use('/tenants/:tenant', namedOfTenant, answered);
    server = guardApp(one, settings);
    await refuse(one, '/tenants/');
    expect(await scopesOf(one)).to.equal(undefined);
  });

  it('is not kept and not published: in @UseBefore', async () => {
    const one = createExpressServer({ controllers: [TenantController], axioms: settings });
    server = one.locals.axioms as AxiomsServer;
    await refuse(one, '/t/');
    expect(await scopesOf(one)).to.equal(undefined);
    await expectNothingKept();
  });

  it('does not hide guards of routes that the app adds after its first request', async () => {
    const one = app();
    await refuse(one.use('/tenants/:tenant', ofTenant, answered), '/tenants/');
    one.get('/late', requireAccessToken({ scopes: ['late'] }), answered);
    one.get('/named', requireAccessToken({ scopes: ['named'], server: server! }), answered);
    one.use('/in', Router().get('/', requireAccessToken({ scopes: ['in'] }), answered));
    one.use('/mounted', express().get('/', requireAccessToken({ scopes: ['mounted'] }), answered));
    expect(await scopesOf(one)).to.deep.equal(['in', 'late', 'named']);
    await request(one).get('/mounted').expect(401);
    expect(await scopesOf(one)).to.deep.equal(['in', 'late', 'mounted', 'named']);
  });

  it('does not hide guards that were made at startup and that a middleware calls', async () => {
    const one = app();
    const guard = requireAccessToken({ scopes: ['wrapped'] });
    requireAccessToken({ scopes: ['elsewhere'], server: server! });
    one.get('/', (given, response, next) => {
      guard(given, response, next);
    });
    await request(one).get('/').expect(401);
    expect(await scopesOf(one)).to.deep.equal(['elsewhere', 'wrapped']);
  });

  async function expectNothingKept(): Promise<void> {
    expect(made.length).to.equal(20);
    await new Promise(resolve => setImmediate(resolve));
    collectGarbage();
    expect(made.filter(one => one.deref() !== undefined).length).to.be.lessThan(5);
  }
});
