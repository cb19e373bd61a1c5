/** No method is public by default: OPTIONS is asked the same rules as any other method that a handler takes. */
import { expect } from 'chai';
import express, { Router, type NextFunction, type Request, type Response } from 'express';
import { All, Get, JsonController, Method, Post } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAuthenticated,
  auditRoutes,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
  type RouteAudit,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { hasRequiredScopes, hasValidAccessToken } from 'axioms-routing-controllers/decorators';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { audience, silentLogger } from '../issuer/test-issuer';
import { demanding, expectExactRefusal, fieldsOf, notAuthenticated } from '../refusals';

type ControllerClass = new (...dependencies: never[]) => object;

const ran: string[] = [];

@JsonController('/default')
class DefaultController {
  @All('/') serve() {
    ran.push('default');
    return {};
  }
  @Method('options', '/own') answer() {
    ran.push('options');
    return {};
  }
  @Get('/read') read() {
    ran.push('read');
    return {};
  }
}

@JsonController('/inherited')
class InheritingController extends DefaultController {}

@JsonController('/mandatory')
class MandatoryController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [AllowAny];
  @All('/') serve() {
    ran.push('mandatory');
    return {};
  }
}

@JsonController('/any-get')
class AnyGetController {
  authenticationClasses = [IsAnyGetOrIsAccessTokenAuthenticated];
  @All('/') serve() {
    ran.push('any-get');
    return {};
  }
}

@JsonController('/decorated')
class DecoratedController {
  permissionClasses = [AllowAny];
  @All('/') @hasValidAccessToken() serve() {
    ran.push('decorated');
    return {};
  }
  @All('/scoped') @hasRequiredScopes('a') scoped() {
    ran.push('scoped');
    return {};
  }
}

@hasValidAccessToken
@JsonController('/decorated-class')
class DecoratedClassController {
  @All('/') serve() {
    ran.push('decorated class');
    return {};
  }
}

const controllers = [
  DefaultController,
  InheritingController,
  MandatoryController,
  AnyGetController,
  DecoratedController,
  DecoratedClassController,
];

function handler(_request: Request, response: Response): void {
  ran.push('plain');
  response.json({});
}

describe('OPTIONS, where a handler takes it', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
    api.app.all('/plain/all', requireAccessToken(), handler);
    api.app.use('/plain/use', requireAccessToken(), handler);
    api.app.options('/plain/options', requireAccessToken({ scopes: ['a'] }), handler);
    api.app.use('/plain/router', Router().use(requireAccessToken()).all('/in', handler));
    api.app.get('/plain/get', requireAccessToken(), handler);
  });
  beforeEach(() => ran.splice(0));
  after(() => api.close());

  for (const path of [
    '/default',
    '/default/own',
    '/inherited',
    '/mandatory',
    '/any-get',
    '/decorated',
    '/decorated/scoped',
    '/decorated-class',
    '/plain/all',
    '/plain/use/anything',
    '/plain/options',
    '/plain/router/in',
  ])
    it(`runs no handler of ${path} without a token`, async () => {
      const isScoped = ['/decorated/scoped', '/plain/options'].includes(path);
      const refusal = isScoped ? demanding(notAuthenticated, 'a') : notAuthenticated;
      expectExactRefusal(await api.as(null, 'options', path), refusal);
      expect(ran).to.deep.equal([]);
      expect((await api.as({ scope: 'a' }, 'options', path)).status).to.equal(200);
      expect(ran).to.have.length(1);
    });

  for (const path of ['/default/read', '/plain/get'])
    it(`is answered by Express where no handler takes it: ${path}`, async () => {
      const response = await api.as(null, 'options', path);
      // Express 4 writes no spaces.
      expect([response.status, response.headers.allow?.split(/, ?/)]).to.deep.equal([200, ['GET', 'HEAD']]);
      expect(fieldsOf(response, 'www-authenticate')).to.deep.equal([]);
      expect(ran).to.deep.equal([]);
    });

  it('is described by OpenAPI as needing a token', async () => {
    const { paths } = await openApiDocument(api.app);
    for (const path of ['/default', '/mandatory', '/decorated'])
      expect(paths[path]?.options?.security, path).to.deep.include({ bearer: [] });
  });
});

describe('a preflight', () => {
  // What cors() does with a preflight.
  function answerPreflight(given: Request, response: Response, next: NextFunction): void {
    if (given.method === 'OPTIONS') response.set('Access-Control-Allow-Origin', '*').status(204).end();
    else next();
  }

  it('is answered without credentials by a middleware in front of the server', async () => {
    ran.splice(0);
    const app = express().use(answerPreflight);
    useExpressServer(app, { controllers: [DefaultController], axioms: settings() });
    const response = await request(app).options('/default');
    expect([response.status, response.headers['access-control-allow-origin']]).to.deep.equal([204, '*']);
    expectExactRefusal(await request(app).get('/default'), notAuthenticated);
    expect(ran).to.deep.equal([]);
    (app.locals.axioms as AxiomsServer).close();
  });
});

function settings(more: Partial<SettingsInput> = {}): SettingsInput {
  return { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger, ...more };
}

function audited(controller: ControllerClass, more: Partial<SettingsInput> = {}): Record<string, [string, string]> {
  const audits = auditRoutes({ controllers: [controller], axioms: settings(more) });
  return Object.fromEntries(
    audits.map(({ method, path, who, rule }: RouteAudit) => [`${method} ${path}`, [who, rule] as [string, string]]),
  );
}

function warnings(controller: ControllerClass, more: Partial<SettingsInput>): string {
  const logger = new RecordingLogger();
  auditRoutes({ controllers: [controller], axioms: settings({ ...more, logger }) });
  return logger.text('warn');
}

describe('the audit of a handler that takes every method', () => {
  it('counts OPTIONS', () => {
    class IsOpenToOptions extends HasValidAccessToken {
      override isPublic({ method }: Request) {
        return method === 'OPTIONS';
      }
    }
    @JsonController('/leaky')
    class LeakyController {
      authenticationClasses = [IsOpenToOptions];
      @All('/') serve() {
        return {};
      }
    }
    expect(audited(LeakyController)).to.deep.equal({
      'ALL /leaky/': ['anyone', '(any method but OPTIONS and authenticated) or only OPTIONS'],
    });
  });

  it('counts a rare method that is more open than the others', () => {
    @JsonController('/rare')
    class RareController {
      permissionClasses = [AllowAny];
      @All('/') @hasValidAccessToken({ safeMethods: ['PURGE'] }) serve() {
        return {};
      }
    }
    expect(audited(RareController)['ALL /rare/']).to.deep.equal([
      'anyone',
      '(any method but PURGE and authenticated) or only PURGE',
    ]);
  });

  it('says "authenticated" where OPTIONS needs a token', () => {
    for (const controller of [DefaultController, MandatoryController, DecoratedClassController])
      expect(Object.values(audited(controller))[0]).to.deep.equal(['authenticated', 'authenticated']);
  });
});

describe('a method of publicMethods that a guarded handler takes', () => {
  it('is warned of at startup, with the routes, and "public" in the audit', () => {
    const publicMethods = ['OPTIONS'];
    const warned = warnings(DefaultController, { publicMethods });
    expect(warned).to.contain('publicMethods').and.to.contain('AXIOMS_SAFE_METHODS');
    expect(warned).to.contain('OPTIONS of DefaultController.serve (ALL /default/)');
    expect(warned).to.contain('OPTIONS of DefaultController.answer (OPTIONS /default/own)');
    expect(warned).not.to.contain('DefaultController.read');
    expect(audited(DefaultController, { publicMethods })).to.deep.equal({
      'ALL /default/': [
        'anyone',
        '(any method but OPTIONS and authenticated) or only OPTIONS; public by the setting publicMethods: OPTIONS',
      ],
      'OPTIONS /default/own': ['anyone', 'anyone; public by the setting publicMethods: OPTIONS'],
      'GET /default/read': ['authenticated', 'authenticated'],
    });
  });

  for (const [what, publicMethods, controller] of [
    ['a mandatory authentication class', ['DELETE'], MandatoryController],
    ['a decorator', ['GET'], DecoratedController],
    ['a rare method', ['TRACE'], DefaultController],
    ['several methods', ['GET', 'POST'], AnyGetController],
  ] as const)
    it(`is warned of: ${what}`, () => {
      const warned = warnings(controller, { publicMethods });
      expect(warned).to.contain(`${publicMethods.at(-1)} of ${controller.name}.serve`);
      expect(JSON.stringify(audited(controller, { publicMethods }))).to.contain('public by the setting');
    });

  it('is warned of where the authentication classes are decided per request', () => {
    @JsonController('/by-request')
    class ByRequestController {
      declare request: Request;
      get authenticationClasses() {
        return this.request.query.key === undefined ? [HasValidAccessToken] : [];
      }
      @Get('/') list() {
        return [];
      }
    }
    expect(warnings(ByRequestController, { publicMethods: ['GET'] })).to.contain('GET of ByRequestController.list');
  });

  it('is warned of once where requireAccessToken() guards a plain route: at startup, if the server is named', async () => {
    const logger = new RecordingLogger();
    const axioms = settings({ publicMethods: ['GET'], logger });
    const app = useExpressServer(express(), { controllers: [MandatoryController], axioms });
    const server = app.locals.axioms as AxiomsServer;
    const opened = (): string[] => logger.text('warn').match(/opens plain routes[^.]*GET/g) ?? [];
    app.get('/unnamed', requireAccessToken(), handler);
    app.get('/scoped', requireAccessToken({ scopes: ['a'], server }), handler);
    expect(opened()).to.have.length(0);
    app.get('/named', requireAccessToken({ server }), handler);
    expect(opened()).to.have.length(1);
    for (const path of ['/named', '/unnamed', '/unnamed']) expect((await request(app).get(path)).status).to.equal(200);
    expect(opened()).to.have.length(2);
    expectExactRefusal(await request(app).get('/scoped'), demanding(notAuthenticated, 'a'));
    server.close();
  });

  it('is not warned of where the setting opens nothing', () => {
    @JsonController('/open')
    class OpenController {
      permissionClasses = [AllowAny];
      @Get('/') list() {
        return [];
      }
    }
    @JsonController('/strict')
    class StrictController {
      authenticationClasses = [HasValidAccessToken];
      permissionClasses = [IsAuthenticated];
      @Get('/') list() {
        return [];
      }
    }
    @JsonController('/scoped')
    class ScopedController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['a'];
      @Get('/') list() {
        return [];
      }
      @Post('/') create() {
        return [];
      }
    }
    for (const controller of [OpenController, StrictController, ScopedController]) {
      expect(warnings(controller, { publicMethods: ['GET', 'HEAD'] }), controller.name).to.equal('');
      expect(JSON.stringify(audited(controller, { publicMethods: ['GET'] }))).not.to.contain('public');
    }
    // A handler of every method is asked GET's rules for HEAD.
    expect(warnings(DefaultController, { publicMethods: ['HEAD'] })).to.equal('');
    expect(warnings(DefaultController, {})).to.equal('');
  });
});
