import { expect } from 'chai';
import express, { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import { Body, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AllowAny,
  HasAccessTokenScopes,
  HasValidAccessToken,
  ImproperlyConfigured,
  InsufficientScope,
  NotAuthenticated,
  NotFound,
  PermissionDenied,
  Throttled,
  axiomsErrorHandler,
  requireAccessToken,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type DecisionEvent,
} from 'axioms-routing-controllers';
import type { AccessTokenRequirements } from '../../../src/routing-controllers/endpoints/plain-routes';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ApiOptions, Method } from '../../api';
import { badByItsKey, badWithoutAKey } from '../../bad-tokens';
import { TestIssuer } from '../../issuer/test-issuer';
import { expectRefusal } from '../../refusals';
import { forbidStrayErrors } from '../stray-errors';

const ran: string[] = [];

function handler(given: Request, response: Response): void {
  const { user, auth, authJwt } = given as Request & Partial<Pick<AxiomsRequest, 'auth' | 'authJwt'>>;
  ran.push('handler');
  response.json({ sub: user?.sub ?? null, token: typeof auth?.token, iss: typeof authJwt?.iss });
}

@JsonController('/same')
class SameController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['a', 'b'];
  @Get('/') read() {
    ran.push('handler');
    return {};
  }
}

@JsonController('/inside')
class InsideController {
  permissionClasses = [AllowAny];
  @Get('/') @UseBefore(requireAccessToken({ scopes: ['a'] })) read() {
    ran.push('handler');
    return {};
  }
  @Post('/') create(@Body({ validate: false }) body: object) {
    return body;
  }
}

type Setup = (app: Express) => void;

async function serving(
  setup: Setup,
  check: (
    ask: (claims: object | null, method: Method, path: string) => Test,
    issuer: TestIssuer,
    app: Express,
  ) => Promise<void>,
  { axioms, ...options }: ApiOptions = {},
): Promise<void> {
  const issuer = await TestIssuer.start();
  const app = express();
  useExpressServer(app, {
    controllers: [SameController, InsideController],
    ...options,
    axioms: { ...issuer.settings(), ...axioms },
  });
  setup(app);
  const ask = (claims: object | null, method: Method, path: string): Test => {
    const test = request(app)[method](path);
    return claims === null ? test : test.set('Authorization', `Bearer ${issuer.token(claims)}`);
  };
  try {
    await check(ask, issuer, app);
  } finally {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  }
}

describe('requireAccessToken', () => {
  forbidStrayErrors();
  beforeEach(() => ran.splice(0));

  it('answers as a controller’s route does, whatever is sent', () =>
    serving(
      app => app.get('/plain', requireAccessToken({ scopes: ['a', 'b'] }), handler),
      async (_ask, issuer, app) => {
        const scoped = issuer.token({ scope: 'b' });
        const sent: (string | undefined)[] = [
          undefined,
          'Bearer',
          'Bearer a b',
          'Basic YTpi',
          'Bearer no-token',
          `Bearer ${scoped}`,
          `Bearer ${issuer.token({ scope: 'x' })}`,
          `Bearer ${issuer.token({ scope: 'x' })} `,
          ...[...badWithoutAKey, ...badByItsKey].map(({ make }) => `Bearer ${make(issuer)}`),
        ];
        for (const authorization of sent)
          for (const method of ['get', 'head'] as const) {
            const [same, plain] = await Promise.all(
              ['/same', '/plain'].map(path => {
                const test = request(app)[method](path);
                return authorization === undefined ? test : test.set('Authorization', authorization);
              }),
            );
            const seen = ({ status, headers, text }: request.Response) =>
              status === 200
                ? status
                : [
                    status,
                    text,
                    ...['www-authenticate', 'cache-control', 'content-type', 'retry-after'].map(
                      name => headers[name] as unknown,
                    ),
                  ];
            expect(seen(plain!), authorization).to.deep.equal(seen(same!));
          }
        expect(ran).to.have.length(4);
      },
    ));

  const cases: readonly (readonly [
    AccessTokenRequirements | undefined,
    object,
    readonly (readonly [object, string?])[],
  ])[] = [
    [undefined, {}, []],
    [{}, {}, []],
    [{ scopes: ['a', 'b'] }, { scope: 'b' }, [[{ scope: 'c' }, 'a b']]],
    [{ anyScopes: ['a'] }, { scope: 'a' }, [[{}, 'a']]],
    [{ allScopes: ['a', 'b'] }, { scope: 'a b' }, [[{ scope: 'a' }, 'a b']]],
    [
      { scopes: ['a'], allScopes: ['b', 'c'], roles: ['r'] },
      { scope: 'a b c', roles: ['r'] },
      [[{ scope: 'a b', roles: ['r'] }, 'b c'], [{ scope: 'b c', roles: ['r'] }, 'a'], [{ scope: 'a b c' }]],
    ],
    [{ roles: ['x', 'y'] }, { roles: ['y'] }, [[{ roles: ['z'] }], [{ scope: 'x' }]]],
    [{ allRoles: ['x', 'y'] }, { roles: ['y', 'x'] }, [[{ roles: ['x'] }]]],
    [{ permissions: ['p', 'q'] }, { permissions: ['q'] }, [[{ permissions: [] }]]],
    [{ allPermissions: ['p', 'q'], scopes: undefined }, { permissions: ['q', 'p'] }, [[{ permissions: ['p'] }]]],
  ];
  for (const [requirements, allowed, refused] of cases)
    it(`asks for ${JSON.stringify(requirements)}`, () =>
      serving(
        app => app.get('/plain', requireAccessToken(requirements), handler),
        async ask => {
          const served = await ask(allowed, 'get', '/plain');
          expect([served.status, served.body]).to.deep.equal([200, { sub: 'alice', token: 'string', iss: 'string' }]);
          ran.splice(0);
          for (const [claims, scope] of refused)
            expectRefusal(
              await ask(claims, 'get', '/plain'),
              scope === undefined ? 'permission_denied' : 'insufficient_scope',
              scope,
            );
          expectRefusal(await ask(null, 'get', '/plain'), 'not_authenticated');
          expectRefusal(await ask({ ...allowed, exp: 1 }, 'get', '/plain'), 'invalid_token');
          expect(ran).to.deep.equal([]);
        },
      ));

  it('stands on routers, in apps that are mounted, and in front of everything', () =>
    serving(
      app => {
        const router = Router();
        router.get('/in', requireAccessToken(), handler);
        const inner = express();
        inner.get('/in', requireAccessToken(), handler);
        app.use('/router', router);
        app.use('/app', inner);
        app.use('/all', requireAccessToken(), handler);
      },
      async ask => {
        for (const path of ['/router/in', '/app/in', '/all/of/it']) {
          expect((await ask({}, 'get', path)).status).to.equal(200);
          expectRefusal(await ask(null, 'get', path), 'not_authenticated');
        }
        expectRefusal(await ask(null, 'post', '/all'), 'not_authenticated');
        ran.splice(0);
        expectRefusal(await ask(null, 'options', '/all'), 'not_authenticated');
        expect(ran).to.deep.equal([]);
        // Express answers OPTIONS for a route of GET.
        expect((await ask(null, 'options', '/router/in')).status).to.equal(200);
        expect(ran).to.deep.equal([]);
      },
    ));

  it('stands in front of a controller’s handler, which stays the controller’s', () =>
    serving(
      () => undefined,
      async ask => {
        expect((await ask({ scope: 'a' }, 'get', '/inside')).status).to.equal(200);
        expectRefusal(await ask({}, 'get', '/inside'), 'insufficient_scope', 'a');
        expectRefusal(await ask(null, 'get', '/inside'), 'not_authenticated');
        expect(ran).to.deep.equal(['handler']);
      },
    ));

  it('publishes its decisions on their channel', () =>
    serving(
      app => app.get('/plain', requireAccessToken({ scopes: ['a'] }), handler),
      async ask => {
        const events: DecisionEvent[] = [];
        const listen = (event: unknown): void => void events.push(event as DecisionEvent);
        subscribe('axioms:decision', listen);
        await ask({ scope: 'a' }, 'get', '/plain');
        await ask({}, 'get', '/plain');
        await ask(null, 'get', '/plain');
        await new Promise(resolve => setImmediate(resolve));
        unsubscribe('axioms:decision', listen);
        expect(
          events.map(({ outcome, reason, status, route }) => [outcome, reason, status, route.place]),
        ).to.deep.equal([
          ['allowed', 'ok', 200, 'PlainRoute.requireAccessToken'],
          ['refused', 'insufficient_scope', 403, 'PlainRoute.requireAccessToken'],
          ['refused', 'not_authenticated', 401, 'PlainRoute.requireAccessToken'],
        ]);
      },
    ));

  it('hands its refusals on where the app answers errors itself', () =>
    serving(
      app => {
        app.get('/plain', requireAccessToken(), handler);
        app.use((error: NotAuthenticated, _request: Request, response: Response, _next: NextFunction) => {
          response.set(error.headers).status(418).json(error);
        });
      },
      async ask => {
        const response = await ask(null, 'get', '/plain');
        const { error } = response.body as { error: string };
        expect([response.status, response.headers['www-authenticate'], error]).to.deep.equal([
          418,
          'Bearer realm="api"',
          'not_authenticated',
        ]);
      },
      { defaultErrorHandler: false },
    ));

  it('is 503 while the issuer’s keys cannot be had', () =>
    serving(
      app => app.get('/plain', requireAccessToken(), handler),
      async (ask, issuer) => {
        issuer.server.keysMode = { is: 'status', status: 500 };
        const { status, headers } = await ask({}, 'get', '/plain');
        expect(status).to.equal(503);
        expect(headers).to.have.property('retry-after');
        expect(ran).to.deep.equal([]);
      },
      { axioms: { jwksPrefetch: false } },
    ));

  it('serves nothing in an app without a server', async () => {
    const app = express();
    const errors: unknown[] = [];
    app.get('/plain', requireAccessToken(), handler);
    app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
      errors.push(error);
      response.sendStatus(500);
    });
    expect((await request(app).get('/plain')).status).to.equal(500);
    expect(errors[0]).to.be.instanceOf(ImproperlyConfigured);
    expect(ran).to.deep.equal([]);
  });

  it('takes a server of a router by hand', async () => {
    const issuer = await TestIssuer.start();
    const router = Router() as Router & { locals: { axioms: AxiomsServer } };
    useExpressServer(router, { controllers: [SameController], axioms: issuer.settings() });
    const app = express().use('/api', router);
    app.get('/plain', requireAccessToken({}, router.locals.axioms), handler);
    try {
      expectRefusal(await request(app).get('/plain'), 'not_authenticated');
      const token = issuer.token();
      expect((await request(app).get('/plain').set('Authorization', `Bearer ${token}`)).status).to.equal(200);
    } finally {
      router.locals.axioms.close();
      await issuer.close();
    }
  });

  const wrong: readonly (readonly [object, string])[] = [
    [{ scopes: [] }, 'requireAccessToken({ scopes }) must name scopes'],
    [{ allRoles: [] }, 'requireAccessToken({ allRoles }) must name roles'],
    [{ scopes: 'a' }, 'requireAccessToken({ scopes }) must name scopes'],
    [{ scopes: ['a b'] }, 'requireAccessToken({ scopes }) must name scopes'],
    [{ permissions: null }, 'requireAccessToken({ permissions }) must name permissions'],
    [{ scope: ['a'] }, "requireAccessToken() has no option 'scope'"],
    [{ toString: ['a'] }, "requireAccessToken() has no option 'toString'"],
    [{ scopes: ['a'], anyScopes: ['b'] }, 'requireAccessToken() has both scopes and anyScopes'],
    [['a'], "requireAccessToken() has no option '0'"],
    ['a' as unknown as object, 'requireAccessToken() takes an object'],
    [null as unknown as object, 'requireAccessToken() takes an object'],
  ];
  for (const [requirements, message] of wrong)
    it(`throws at once: ${message}`, () => {
      expect(() => requireAccessToken(requirements)).to.throw(ImproperlyConfigured, message);
    });
});

describe('axiomsErrorHandler', () => {
  forbidStrayErrors();
  const errors = {
    denied: () => new PermissionDenied(),
    own: () => new PermissionDenied('Not on Sundays', { code: 'sunday' }),
    nobody: () => new NotAuthenticated(),
    scope: () => new InsufficientScope(['a']),
    missing: () => new NotFound(),
    often: () => new Throttled(3),
    misconfigured: () => new ImproperlyConfigured('secret plan'),
  };

  @JsonController('/thrown')
  class ThrowingController {
    permissionClasses = [AllowAny];
    @Get('/:name') throw(): void {
      throw errors[
        (this as unknown as AxiomsRequest & { request: Request }).request.params.name as keyof typeof errors
      ]();
    }
  }

  for (const defaultErrorHandler of [true, false])
    it(`renders our errors exactly as controllers do, ${defaultErrorHandler ? 'beside' : 'in place of'} the default`, () =>
      serving(
        app => {
          app.get('/handed/:name', ({ params }, _response, next) => {
            next(errors[params.name as keyof typeof errors]());
          });
          app.use(axiomsErrorHandler);
        },
        async ask => {
          for (const name of Object.keys(errors)) {
            const [same, plain] = [
              await ask(null, 'get', `/thrown/${name}`),
              await ask(null, 'get', `/handed/${name}`),
            ];
            expect(
              [plain.status, plain.text, plain.headers['www-authenticate'], plain.headers['retry-after']],
              name,
            ).to.deep.equal([same.status, same.text, same.headers['www-authenticate'], same.headers['retry-after']]);
            expect(plain.headers['cache-control']).to.equal('no-store');
            expect(plain.text).not.to.contain('secret');
          }
        },
        { controllers: [ThrowingController], defaultErrorHandler },
      ));

  it('leaves other errors, and answers that have begun, to others', () =>
    serving(
      app => {
        app.get('/other', () => {
          throw Object.assign(new Error('teapot'), { status: 418 });
        });
        app.get('/begun', (_request, response, next) => {
          response.write('begun');
          next(new PermissionDenied());
        });
        app.post('/json', express.json(), handler);
        app.use(axiomsErrorHandler);
        app.use((error: Error & { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
          if (response.headersSent) response.end(' and ended');
          else response.status(error.status ?? 500).send(error.message);
        });
      },
      async ask => {
        const other = await ask(null, 'get', '/other');
        expect([other.status, other.text]).to.deep.equal([418, 'teapot']);
        const begun = await ask(null, 'get', '/begun');
        expect([begun.status, String(begun.text || begun.body)]).to.deep.equal([200, 'begun and ended']);
        const json = await ask(null, 'post', '/json').set('Content-Type', 'application/json').send('{');
        expect([json.status, (json.body as { error: string }).error]).to.deep.equal([400, 'invalid_request']);
      },
    ));
});
