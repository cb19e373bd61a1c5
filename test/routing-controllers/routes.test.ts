import { expect } from 'chai';
import { IsInt } from 'class-validator';
import express, { type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import { Container } from 'typedi';
import {
  All,
  Body,
  Controller,
  Get,
  Head,
  HttpCode,
  JsonController,
  Method,
  Param,
  Post,
  UseBefore,
} from 'routing-controllers';
import {
  AccessTokenVerifier,
  AllowAny,
  HasAccessTokenScopes,
  Settings,
  createExpressServer,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { Api, type Method as HttpMethod } from '../api';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from './stray-errors';

class NewPaper {
  @IsInt() pages!: number;
}

const ran: string[] = [];

/** 401 without a token, 403 with the wrong scope, and with the right one what is expected. */
async function expectGuarded(api: Api, method: HttpMethod, path: string, scope: string, status = 200): Promise<void> {
  expect((await api.as(null, method, path)).status, `${path} without a token`).to.equal(401);
  expect((await api.as({ scope: `${scope}s` }, method, path)).status, `${path} with the wrong scope`).to.equal(403);
  expect((await api.as({ scope }, method, path)).status, `${path} with the right scope`).to.equal(status);
}

async function started(options: Parameters<typeof Api.start>[0], use: (api: Api) => Promise<void>): Promise<void> {
  const api = await Api.start(options);
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

describe('a controller that a glob finds', () => {
  forbidStrayErrors();

  for (const routePrefix of ['', '/api'])
    it(`is guarded like any other, under the prefix '${routePrefix}'`, () =>
      started({ controllers: [`${__dirname}/glob/*.js`], routePrefix }, async api => {
        await expectGuarded(api, 'get', `${routePrefix}/papers/7`, 'paper');
        await expectGuarded(api, 'head', `${routePrefix}/papers/7`, 'paper');
        await expectGuarded(api, 'post', `${routePrefix}/papers`, 'paper', 400);
        const created = await api.as({ scope: 'paper' }, 'post', `${routePrefix}/papers`).send({ pages: 3 });
        expect([created.status, created.body]).to.deep.equal([201, { pages: 3 }]);
        expect((await api.as({ scope: 'paper' }, 'get', `${routePrefix}/papers/7`)).body).to.deep.equal({ id: 7 });
        expect((await api.as({ scope: 'paper' }, 'get', `${routePrefix}/papers/seven`)).status).to.equal(400);
        expect((await api.as(null, 'get', `${routePrefix}/silent-papers`)).status).to.equal(401);
        expect((await api.as({}, 'get', `${routePrefix}/silent-papers`)).status).to.equal(200);
      }));
});

@JsonController('/pages')
class PageController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['page'];

  @Get(/\/(\d+)/)
  retrieve(@Param('0') id: number) {
    return { id };
  }

  @Get(/^\/from-(?<name>[a-z]+)$/i)
  named(@Param('name') name: string) {
    return { name };
  }

  @Get(/\/each-\d/g)
  each() {
    return { each: true };
  }

  @Post(/\/in\/(red|blue)|\/plain/)
  @HttpCode(201)
  create(@Body() paper: NewPaper) {
    return { pages: paper.pages };
  }
}

@JsonController()
class BareController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['page'];

  @Get(/^\/bare\/(\d+)$/)
  retrieve(@Param('0') id: number) {
    return { id };
  }

  @Get(/^\/sticky$/y)
  sticky() {
    return { sticky: true };
  }
}

@JsonController(String.raw`/v1.0`)
class DottedController {
  permissionClasses = [AllowAny];

  @Get(/\/dotted/)
  dotted() {
    return { ok: true };
  }
}

@JsonController('/shelves/:shelf')
class ShelfController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['page'];

  @Get(/\/page-(\d+)/)
  retrieve(@Param('shelf') shelf: string, @Param('0') id: number) {
    return { shelf, id };
  }
}

@JsonController('/shelves')
class OpenShelfController {
  permissionClasses = [AllowAny];

  @Get('/:shelf/:name')
  open() {
    return { open: true };
  }
}

describe('a route that is a regular expression', () => {
  forbidStrayErrors();

  const controllers = [PageController, BareController, DottedController];

  for (const routePrefix of ['', '/api', 'api'])
    it(`is guarded, with its parameters and validation, under the prefix '${routePrefix}'`, () =>
      started({ controllers, routePrefix }, async api => {
        const prefix = routePrefix && '/api';
        await expectGuarded(api, 'get', `${prefix}/pages/12`, 'page');
        await expectGuarded(api, 'get', `${prefix}/pages/from-Here`, 'page');
        await expectGuarded(api, 'get', `${prefix}/bare/7`, 'page');
        for (const path of ['in/red', 'in/blue', 'plain'])
          await expectGuarded(api, 'post', `${prefix}/pages/${path}`, 'page', 400);
        const page = { scope: 'page' };
        expect((await api.as(page, 'get', `${prefix}/pages/12`)).body).to.deep.equal({ id: 12 });
        expect((await api.as(page, 'get', `${prefix}/pages/from-Here`)).body).to.deep.equal({ name: 'Here' });
        expect((await api.as(page, 'get', `${prefix}/bare/7`)).body).to.deep.equal({ id: 7 });
        const created = await api.as(page, 'post', `${prefix}/pages/plain`).send({ pages: 1 });
        expect([created.status, created.body]).to.deep.equal([201, { pages: 1 }]);
      }));

  for (const routePrefix of ['', '/of/:tenant'])
    it(`is guarded below a path with a parameter, under the prefix '${routePrefix}', and leaves no request to a later route`, () =>
      started({ controllers: [ShelfController, OpenShelfController], routePrefix }, async api => {
        const prefix = routePrefix && '/of/us';
        await expectGuarded(api, 'get', `${prefix}/shelves/top%20left/page-12`, 'page');
        const page = await api.as({ scope: 'page' }, 'get', `${prefix}/shelves/top%20left/page-12`);
        expect(page.body).to.deep.equal({ shelf: 'top left', id: 12 });
        expect((await api.as(null, 'get', `${prefix}/shelves/top/other`)).body).to.deep.equal({ open: true });
        expect((await api.as(null, 'get', `${prefix}/shelves/top/left/page-12`)).status).to.equal(404);
      }));

  it('matches as a whole after a prefix, and takes the prefix literally', () =>
    started({ controllers }, async api => {
      for (const path of ['/pages/12/more', '/pages/x/12', '/pages/in/green', '/other/pages/12', '/v1x0/dotted'])
        expect((await api.as({ scope: 'page' }, 'get', path)).status, path).to.equal(404);
      expect((await api.as(null, 'get', '/v1.0/dotted')).status).to.equal(200);
    }));

  it('answers every time, whatever its flags remember', () =>
    started({ controllers }, async api => {
      for (let turn = 0; turn < 3; turn++) {
        await expectGuarded(api, 'get', '/pages/each-1', 'page');
        await expectGuarded(api, 'get', '/sticky', 'page');
      }
    }));
});

@JsonController('/verbs')
class VerbController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['verb'];

  @All('/all')
  all() {
    ran.push('all');
    return { ok: true };
  }

  @Head('/head')
  head() {
    ran.push('head');
    return '';
  }

  @Get('/get')
  get() {
    ran.push('get');
    return { ok: true };
  }

  @Method('options', '/get')
  options() {
    ran.push('options');
    return { ok: true };
  }

  @Method('propfind', '/get')
  propfind() {
    ran.push('propfind');
    return { ok: true };
  }
}

@JsonController('/foreign')
class ForeignVerbController {
  @Method('conjure' as 'get', '/')
  conjure() {
    return {};
  }
}

describe('a route of any method', () => {
  forbidStrayErrors();

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [VerbController] });
  });
  beforeEach(() => {
    ran.length = 0;
  });
  after(() => api.close());

  for (const method of ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const)
    it(`is guarded when @All is asked with ${method}`, async () => {
      await expectGuarded(api, method, '/verbs/all', 'verb');
      expect(ran).to.deep.equal(['all']);
    });

  for (const [method, path, handler] of [
    ['head', '/verbs/head', 'head'],
    ['head', '/verbs/get', 'get'],
    ['get', '/verbs/get', 'get'],
    ['options', '/verbs/get', 'options'],
    ['propfind' as 'get', '/verbs/get', 'propfind'],
  ] as const)
    it(`is guarded at ${method} ${path}`, async () => {
      await expectGuarded(api, method, path, 'verb');
      expect(ran).to.deep.equal([handler]);
    });

  it('refuses to start with a method that Express does not have', async () => {
    const issuer = await TestIssuer.start();
    const start = () => createExpressServer({ controllers: [ForeignVerbController], axioms: issuer.settings() });
    expect(start).to.throw('ForeignVerbController.conjure').with.property('name', 'ImproperlyConfigured');
    await issuer.close();
  });
});

@JsonController('/users')
class UserController {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return [(this as unknown as { action: string }).action];
  }

  @Get('/me')
  me() {
    ran.push('me');
    return { who: 'me' };
  }

  @Get('/:id')
  retrieve(@Param('id') id: string) {
    ran.push('retrieve');
    return { who: id };
  }

  @All('/:id')
  anything(@Param('id') id: string) {
    ran.push('anything');
    return { anything: id };
  }
}

@JsonController('/people')
class PeopleController {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return [(this as unknown as { action: string }).action];
  }

  @All('/:id')
  anything(@Param('id') id: string) {
    ran.push('anything');
    return { anything: id };
  }

  @Get('/:id')
  retrieve(@Param('id') id: string) {
    ran.push('retrieve');
    return { who: id };
  }

  @Get('/me')
  me() {
    ran.push('me');
    return { who: 'me' };
  }
}

function passOver(request: Request, _response: Response, next: NextFunction): void {
  next(request.params.id === 'me' ? 'route' : undefined);
}

@JsonController('/passing')
class PassingController {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return [(this as unknown as { action: string }).action];
  }

  @Get('/:id')
  @UseBefore(passOver)
  retrieve(@Param('id') id: string) {
    ran.push('retrieve');
    return { who: id };
  }

  @Get('/me')
  me() {
    ran.push('me');
    return { who: 'me' };
  }

  @Get('/twice/over')
  @UseBefore((_request: Request, _response: Response, next: NextFunction) => {
    next();
    next();
  })
  twice() {
    ran.push('twice');
    return { ok: true };
  }
}

function slowly(turns: number) {
  return async (_request: Request, _response: Response, next: NextFunction): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve));
    next();
  };
}

@JsonController('/slow')
class SlowController {
  declare request: Request;
  declare action: string;

  get permissionClasses() {
    return this.action === 'open' ? [AllowAny] : [HasAccessTokenScopes];
  }

  // Decided per request: it looks at more than the method.
  get accessTokenScopes() {
    return [`closed:${this.request.path}`];
  }

  @Get('/closed')
  @UseBefore(slowly(20))
  closed() {
    ran.push('closed');
    return { ok: true };
  }

  @Get('/:id')
  @UseBefore(slowly(200))
  open() {
    return { ok: true };
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];

  @Get('/')
  list() {
    return { ok: true };
  }
}

describe('routes that overlap', () => {
  forbidStrayErrors();

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [UserController, PeopleController, PassingController] });
  });
  beforeEach(() => {
    ran.length = 0;
  });
  after(() => api.close());

  for (const [path, scope, handlers] of [
    ['/users/me', 'me', ['me']],
    ['/users/7', 'retrieve', ['retrieve']],
    ['/people/me', 'anything', ['anything']],
    ['/people/7', 'anything', ['anything']],
    ['/passing/7', 'retrieve', ['retrieve']],
    ['/passing/twice/over', 'twice', ['twice']],
  ] as const)
    it(`are served by the first that matches ${path}, once, under its own rule`, async () => {
      expect((await api.as({ scope }, 'get', path)).status).to.equal(200);
      expect(ran).to.deep.equal(handlers);
      for (const other of ['me', 'retrieve', 'anything', 'twice'].filter(one => one !== scope))
        expect((await api.as({ scope: other }, 'get', path)).status, other).to.equal(403);
      expect((await api.as(null, 'get', path)).status).to.equal(401);
      expect(ran).to.deep.equal(handlers);
    });

  for (const path of ['/users/me', '/people/me'])
    it(`run one handler for ${path}, where the caller may have each of them`, async () => {
      const claims = { scope: 'me retrieve anything' };
      expect((await api.as(claims, 'get', path)).status).to.equal(200);
      expect((await api.as(claims, 'get', '/users/7')).status).to.equal(200);
      expect(ran).to.have.length(2);
    });

  it('serves another method by @All, under its rule', async () => {
    expect((await api.as({ scope: 'anything' }, 'delete', '/users/me')).status).to.equal(200);
    expect((await api.as({ scope: 'me retrieve' }, 'delete', '/users/me')).status).to.equal(403);
    expect(ran).to.deep.equal(['anything']);
  });

  it('asks the rules of both routes where one goes on to the other', async () => {
    expect((await api.as({ scope: 'retrieve me' }, 'get', '/passing/me')).body).to.deep.equal({ who: 'me' });
    expect(ran).to.deep.equal(['me']);
    expect((await api.as({ scope: 'retrieve' }, 'get', '/passing/me')).status).to.equal(403);
    expect((await api.as({ scope: 'me' }, 'get', '/passing/me')).status).to.equal(403);
    expect(ran).to.deep.equal(['me']);
  });

  it('never run a handler under the guard of another, where a middleware of the app goes on twice', async () => {
    const issuer = await TestIssuer.start();
    const app = express();
    app.use((_request, _response, next) => {
      next();
      next();
    });
    useExpressServer(app, { controllers: [SlowController], axioms: issuer.settings() });
    const get = () => request(app).get('/slow/closed').set('Authorization', `Bearer ${issuer.token()}`);
    expect((await get()).status).to.be.oneOf([200, 403, 500]);
    expect((await get()).status).to.be.oneOf([200, 403, 500]);
    expect(ran).not.to.include('closed');
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
});

@Controller('/text')
class TextController {
  @Get('/')
  list() {
    return 'text';
  }
}

describe('several servers in one process', () => {
  forbidStrayErrors();

  let first: Api;
  let second: Api;
  before(async () => {
    first = await Api.start({ controllers: [VerbController, TextController], routePrefix: '/one' });
    second = await Api.start({
      controllers: [VerbController],
      axioms: { audience: 'https://two.example.com', realm: 'two' },
    });
  });
  after(async () => {
    await first.close();
    await second.close();
  });

  const verb = { scope: 'verb' };

  it('mount one controller class twice, each guarded with its own verifier', async () => {
    await expectGuarded(first, 'get', '/one/verbs/get', 'verb');
    const ofSecond = { aud: 'https://two.example.com' };
    expect((await second.as({ ...verb, ...ofSecond }, 'get', '/verbs/get')).status).to.equal(200);
    expect((await second.as({ scope: 'x', ...ofSecond }, 'get', '/verbs/get')).status).to.equal(403);
    const anonymous = await second.as(null, 'get', '/verbs/get');
    expect([anonymous.status, anonymous.headers['www-authenticate']]).to.deep.equal([
      401,
      'Bearer realm="two", scope="verb"',
    ]);
  });

  it('refuse the tokens of each other', async () => {
    const foreign = second.issuer.token({ ...verb, aud: 'https://two.example.com' });
    expect((await first.with(foreign, 'get', '/one/verbs/get')).status).to.equal(401);
    expect((await second.with(first.issuer.token(verb), 'get', '/verbs/get')).status).to.equal(401);
  });

  it('leave the services of the last server in the container, and those of each server on its app', () => {
    expect(Container.get(Settings)).to.equal(second.server.settings);
    expect(Container.get(AccessTokenVerifier)).to.equal(second.server.verifier);
    expect(first.server.verifier).not.to.equal(second.server.verifier);
    expect(first.server.settings.audience).not.to.deep.equal(second.server.settings.audience);
  });

  it('share one app under two prefixes', async () => {
    const issuers = [await TestIssuer.start(), await TestIssuer.start()] as const;
    const app = express();
    useExpressServer(app, { controllers: [VerbController], routePrefix: '/a', axioms: issuers[0].settings() });
    const ofA = app.locals.axioms as AxiomsServer;
    useExpressServer(app, { controllers: [VerbController], routePrefix: '/b', axioms: issuers[1].settings() });
    const ofB = app.locals.axioms as AxiomsServer;
    const status = async (path: string, token?: string): Promise<number> => {
      const test = request(app).get(path);
      return (await (token === undefined ? test : test.set('Authorization', `Bearer ${token}`))).status;
    };
    const [a, b] = issuers.map(issuer => issuer.token(verb));
    expect(await Promise.all([status('/a/verbs/get', a), status('/b/verbs/get', b)])).to.deep.equal([200, 200]);
    expect(await Promise.all([status('/a/verbs/get', b), status('/b/verbs/get', a)])).to.deep.equal([401, 401]);
    expect(await Promise.all([status('/a/verbs/get'), status('/b/verbs/get')])).to.deep.equal([401, 401]);
    ofA.close();
    ofB.close();
    await Promise.all(issuers.map(issuer => issuer.close()));
  });

  for (const [name, inner] of [
    ['a sub-app', () => express()],
    ['a router', () => express.Router() as unknown as ReturnType<typeof express>],
  ] as const)
    it(`serve ${name} that is mounted at a path`, async () => {
      const issuer = await TestIssuer.start();
      const mounted = useExpressServer(inner(), {
        controllers: [VerbController, OpenController],
        axioms: issuer.settings(),
      });
      const app = express();
      app.use('/outer/:tenant', mounted);
      const get = (path: string) => request(app).get(path);
      expect((await get('/outer/t/verbs/get')).status).to.equal(401);
      expect((await get('/outer/t/open')).status).to.equal(200);
      expect((await get('/outer/t/verbs/get').set('Authorization', `Bearer ${issuer.token()}`)).status).to.equal(403);
      const right = await get('/outer/t/verbs/get').set('Authorization', `Bearer ${issuer.token(verb)}`);
      expect(right.status).to.equal(200);
      (mounted.locals.axioms as AxiomsServer).close();
      await issuer.close();
    });

  it('guard again behind one another, where both serve a path', async () => {
    const issuers = [await TestIssuer.start(), await TestIssuer.start()] as const;
    const app = express();
    for (const issuer of issuers) useExpressServer(app, { controllers: [VerbController], axioms: issuer.settings() });
    const { status } = await request(app)
      .get('/verbs/get')
      .set('Authorization', `Bearer ${issuers[1].token(verb)}`);
    expect(status).to.equal(401);
    (app.locals.axioms as AxiomsServer).close();
    await Promise.all(issuers.map(issuer => issuer.close()));
  });
});
