/** Several servers on one app: a route of an earlier server must not open one of a later server. */
import { expect } from 'chai';
import express, { Router, type Application, type Express } from 'express';
import { All, Get, JsonController, Param, Post, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  IsAuthenticated,
  auditRoutes,
  useExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
  type PermissionRule,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { readMembers } from '../read-members';

type ControllerClass = new () => object;
type Verb = typeof Get | typeof All | typeof Post;

const logger = new RecordingLogger();
const settings: SettingsInput = { audience: 'api', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger };

interface Serving {
  readonly verb?: Verb;
  readonly base?: string;
  readonly path: string | RegExp;
  readonly rule?: PermissionRule;
  readonly isPassedOn?: boolean;
  readonly routePrefix?: string;
  readonly axioms?: Partial<SettingsInput>;
}

function controllerOf(name: string, { verb = Get, base, path, rule, isPassedOn = false }: Serving): ControllerClass {
  class Made {
    permissionClasses = rule === undefined ? undefined : [rule];
    constructor() {
      Object.assign(this, readMembers(rule === undefined ? [] : [rule], { accessTokenScopes: ['a'] }));
    }
    serve() {
      return { from: name };
    }
  }
  Object.defineProperty(Made, 'name', { value: name });
  const descriptor = Object.getOwnPropertyDescriptor(Made.prototype, 'serve')!;
  (verb as unknown as (path: string | RegExp) => MethodDecorator)(path)(Made.prototype, 'serve', descriptor);
  const passOn = (_request: unknown, _response: unknown, next: () => void): void => {
    next();
  };
  if (isPassedOn) (UseBefore(passOn) as unknown as (target: object, name: string) => void)(Made.prototype, 'serve');
  JsonController(base)(Made);
  return Made;
}

const names = ['First', 'Second', 'Third'];

/** One server of each, in this order. */
function serve<T>(app: T, ...servings: readonly Serving[]): T {
  logger.entries.splice(0);
  servings.forEach((one, index) => {
    const options: AxiomsServerOptions = {
      controllers: [controllerOf(names[index] ?? '', one)],
      axioms: { ...settings, ...one.axioms },
      ...(one.routePrefix === undefined ? {} : { routePrefix: one.routePrefix }),
    };
    useExpressServer(app, options);
    ((app as Application).locals.axioms as AxiomsServer).close();
  });
  return app;
}

function refusal(app: Express, ...servings: readonly Serving[]): string {
  try {
    serve(app, ...servings);
  } catch (error) {
    if (error instanceof ImproperlyConfigured) return error.message;
    throw error;
  }
  return 'It started.';
}

const isExpress4 = 'lazyrouter' in express.application;
const open = AllowAny;

describe('a route of one server that shadows a guarded route of another one', () => {
  const cases: readonly (readonly [what: string, ...servings: Serving[]])[] = [
    ['the same path', { path: '/x', rule: open }, { path: '/x' }],
    ['a parameter', { path: '/x/:id', rule: open }, { path: '/x/secret' }],
    ['every method', { verb: All, path: '/x', rule: open }, { verb: Post, path: '/x' }],
    ['other letters of the same path', { path: '/X/', rule: open }, { path: '/x' }],
    ['a regex', { path: /^\/x\/.*$/, rule: open }, { path: '/x/secret' }],
    ['a wildcard', { path: isExpress4 ? '/x/*' : '/x/*rest', rule: open }, { path: '/x/:id/y' }],
    [
      'an authenticated caller, of a scope',
      { path: '/x', rule: IsAuthenticated },
      { path: '/x', rule: HasAccessTokenScopes },
    ],
    ['the default rule, of a scope', { path: '/x' }, { path: '/x', rule: HasAccessTokenScopes }],
    [
      'a controller’s path, of a routePrefix',
      { base: '/api/v1/books', path: '/:id', rule: open },
      { routePrefix: '/api/v1', base: '/books', path: '/secret' },
    ],
    [
      'a routePrefix, of another',
      { routePrefix: '/api', base: '/v1', path: '/:name/:id', rule: open },
      { routePrefix: '/api/v1', base: '/books', path: '/:id' },
    ],
    [
      'a routePrefix without its slash',
      { routePrefix: 'api', path: '/x', rule: open },
      { routePrefix: '/api', path: '/x' },
    ],
    [
      'a routePrefix with a parameter',
      { routePrefix: '/:version', path: '/x', rule: open },
      { routePrefix: '/v2', path: '/x' },
    ],
    ['the first of three', { path: '/x', rule: open }, { path: '/y' }, { path: '/x' }],
    [
      'another issuer',
      { path: '/x', rule: open },
      { path: '/x', axioms: { issuerUrl: 'http://127.0.0.1:8', audience: 'other' } },
    ],
  ];
  for (const [what, ...servings] of cases)
    it(`stops the start: ${what}`, () => {
      const later = names[servings.length - 1];
      expect(refusal(express(), ...servings))
        .to.contain(`${later}.serve (`)
        .and.to.contain('is never reached: First.serve (')
        .and.to.contain('by an earlier server of this app')
        .and.to.contain('useExpressServer()');
    });

  it('stops the start on a router, which several servers share', () => {
    const router = Router() as unknown as Express;
    expect(refusal(router, { path: '/x', rule: open }, { path: '/x' })).to.contain('is never reached');
  });

  it('stops the start where one server is given the app and the other its router', function () {
    if (isExpress4) this.skip();
    const app = express();
    serve(app, { path: '/x', rule: open });
    expect(refusal(app.router as unknown as Express, { path: '/x' })).to.contain('is never reached');
  });

  it('stops the start of a third server, where the second one failed', () => {
    const app = express();
    expect(refusal(app, { path: '/x' }, { path: '/y', rule: open }, { path: '/y' })).to.contain('Third.serve');
    expect(refusal(app, { path: '/y' })).to.contain('is never reached');
  });

  it('never lets a stranger in: the app does not start, and server data stays that of the first', async () => {
    const app = serve(express(), { path: '/x/:id', rule: open });
    const first = app.locals.axioms as AxiomsServer;
    expect(refusal(app, { path: '/x/secret' })).to.contain('is never reached');
    expect(app.locals.axioms).to.equal(first);
    expect(first.audit().map(({ handler }) => handler)).to.deep.equal(['First.serve']);
    expect((await request(app).get('/x/1')).body).to.deep.equal({ from: 'First' });
  });
});

describe('a route of one server', () => {
  for (const [what, ...servings] of [
    ['stands behind the guarded one', { path: '/x/secret' }, { path: '/x/:id', rule: open }],
    ['has another prefix', { routePrefix: '/v1', path: '/x', rule: open }, { routePrefix: '/v2', path: '/x' }],
    ['has another method', { verb: Post, path: '/x', rule: open }, { path: '/x' }],
    ['takes a part of the paths only', { path: '/x/new', rule: open }, { path: '/x/:id' }],
  ] as readonly (readonly [string, ...Serving[]])[])
    it(`does not affect the other server where it ${what}`, () => {
      expect(refusal(express(), ...servings)).to.equal('It started.');
      expect(logger.text('warn')).to.equal('');
    });

  for (const [what, ...servings] of [
    ['requires the same', { path: '/x' }, { path: '/x' }],
    ['requires more', { path: '/x', rule: HasAccessTokenScopes }, { path: '/x', rule: open }],
    ['may pass requests on', { path: '/x', rule: open, isPassedOn: true }, { path: '/x' }],
  ] as readonly (readonly [string, ...Serving[]])[])
    it(`is warned of where it shadows another server’s and ${what}`, () => {
      expect(refusal(express(), ...servings)).to.equal('It started.');
      expect(logger.text('warn'))
        .to.match(/Second\.serve \(GET \/x\) (?:is never|may never be) reached/)
        .and.to.contain('an earlier server of this app');
    });

  it('is warned of where it takes some requests of another server’s, which trusts another issuer, audience or key set', () => {
    const partial: Serving = { path: /^\/x\/\d+$/ };
    expect(refusal(express(), partial, { path: '/x/:id' })).to.equal('It started.');
    expect(logger.text('warn')).to.equal('');
    for (const axioms of [
      { issuerUrl: 'http://127.0.0.1:8' },
      { audience: 'other' },
      { jwksUrl: 'http://127.0.0.1:8/jwks.json' },
    ]) {
      expect(refusal(express(), partial, { path: '/x/:id', axioms })).to.equal('It started.');
      expect(logger.text('warn')).to.contain('Second.serve (GET /x/:id) may never be reached');
    }
  });

  it('is no matter on two apps, and not for auditRoutes()', () => {
    const [one, other] = [express(), express()];
    serve(one, { path: '/x', rule: open });
    serve(other, { path: '/x' });
    const controllers = [controllerOf('Audited', { path: '/x' })];
    expect(auditRoutes({ controllers, axioms: settings }).map(({ who }) => who)).to.deep.equal(['authenticated']);
  });
});

describe('the paths of two servers', () => {
  it('are compared as the app reads them', () => {
    const app = express();
    app.enable('case sensitive routing');
    expect(refusal(app, { path: '/X', rule: open }, { path: '/x' })).to.equal('It started.');
    const strict = express();
    strict.enable('strict routing');
    expect(refusal(strict, { path: '/x/', rule: open }, { path: '/x' })).to.equal('It started.');
    expect(refusal(strict, { path: '/y', rule: open }, { path: '/y' })).to.contain('is never reached');
  });

  it('are compared as the router of the app was made, not as its settings read later', async () => {
    const app = express();
    serve(app, { path: '/X', rule: open });
    app.enable('case sensitive routing');
    app.enable('strict routing');
    // Express has made the router: the setting changes nothing any more.
    expect((await request(app).get('/x/')).body).to.deep.equal({ from: 'First' });
    expect(refusal(app, { path: '/x' })).to.contain('is never reached');
  });

  it('are compared as a router was made', () => {
    const sensitive = Router({ caseSensitive: true, strict: true }) as unknown as Express;
    expect(refusal(sensitive, { path: '/X', rule: open }, { path: '/x' })).to.equal('It started.');
  });
});

describe('two servers on one app, by their own routes', () => {
  it('guard a request each by its own issuer', async () => {
    const issuers = [await TestIssuer.start(), await TestIssuer.start()] as const;
    @JsonController('/books')
    class BookController {
      @Get('/:id') retrieve(@Param('id') id: string) {
        return { id };
      }
    }
    const app = express();
    for (const [index, issuer] of issuers.entries())
      useExpressServer(app, { controllers: [BookController], routePrefix: `/v${index}`, axioms: issuer.settings() });
    const statuses = await Promise.all(
      ['/v0/books/1', '/v1/books/1'].flatMap(path =>
        issuers.map(async issuer => {
          const sent = request(app).get(path).set('Authorization', `Bearer ${issuer.token()}`);
          return (await sent).status;
        }),
      ),
    );
    expect(statuses).to.deep.equal([200, 401, 401, 200]);
    (app.locals.axioms as AxiomsServer).close();
    await Promise.all(issuers.map(issuer => issuer.close()));
  });
});
