/** Several servers on one app: a middleware that needs a server uses the one that is named, and never guesses. */
import { expect } from 'chai';
import express, { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request, { type Response as Reply } from 'supertest';
import { Container, Service } from 'typedi';
import {
  AllowAny,
  BasePermission,
  ImproperlyConfigured,
  MemoryDenylist,
  NotAuthenticated,
  NotFound,
  PermissionDenied,
  axiomsErrorHandler,
  backchannelLogout,
  healthMiddleware,
  protectedResourceMiddleware,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import type { Health } from '../../src/routing-controllers/endpoints/health';
import { TestClock, TestIssuer as KitIssuer, forceAuthenticate } from 'axioms-routing-controllers/testing';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer, signed } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';

const ran: string[] = [];

function handler(_request: Request, response: Response): void {
  ran.push('handler');
  response.json({});
}

@JsonController('/own')
class OwnController {
  @Get('/') read() {
    return {};
  }
}

@JsonController('/guarded')
class GuardedController {
  permissionClasses = [AllowAny];
  @Get('/') @UseBefore(requireAccessToken({ scopes: ['a'] })) read() {
    ran.push('controller');
    return {};
  }
}

let made = 0;

@Service()
class Tally {
  asked = 0;
}

@Service()
class IsTallied extends BasePermission {
  constructor(private readonly tally: Tally) {
    super();
    made += 1;
  }
  override hasPermission() {
    this.tally.asked += 1;
    return true;
  }
}

@JsonController('/tallied')
class TalliedController {
  permissionClasses = [IsTallied];
  @Get('/') read() {
    return {};
  }
}

describe('a middleware on an app with several servers', () => {
  let app: Express;
  let issuers: readonly TestIssuer[];
  let servers: readonly AxiomsServer[];
  let loggers: readonly RecordingLogger[];
  const denylists = [new MemoryDenylist(), new MemoryDenylist()] as const;

  before(async () => {
    issuers = [await TestIssuer.start(), await TestIssuer.start()];
  });
  after(() => Promise.all(issuers.map(issuer => issuer.close())));
  beforeEach(() => {
    ran.splice(0);
    loggers = [new RecordingLogger(), new RecordingLogger()];
    app = express();
    servers = [serve(0), serve(1)];
  });
  afterEach(() => {
    for (const server of servers) server.close();
  });

  function serve(index: 0 | 1, options: Partial<AxiomsServerOptions> = {}, on = app): AxiomsServer {
    useExpressServer(on, {
      controllers: [OwnController, GuardedController],
      routePrefix: `/v${index}`,
      axioms: {
        ...issuers[index]!.settings(),
        realm: `realm-${index}`,
        denylist: denylists[index],
        logger: loggers[index]!,
      },
      ...options,
    });
    return on.locals.axioms as AxiomsServer;
  }

  function ask(path: string, index?: number, on: Express = app, claims: object = {}) {
    const test = request(on).get(path);
    return index === undefined ? test : test.set('Authorization', `Bearer ${issuers[index]!.token(claims)}`);
  }

  function expectUnnamed(reply: Reply, middleware: string, ...words: string[]): void {
    expectRefusal(reply, 'server_error');
    expect(reply.text).not.to.contain('useExpressServer');
    const logged = loggers.map(one => one.text('error')).join('');
    for (const word of [middleware, 'cannot choose between the 2 servers', 'useExpressServer()', ...words])
      expect(logged).to.contain(word);
    expect(ran).to.deep.equal([]);
  }

  async function statuses(path: string): Promise<number[]> {
    return [await ask(path), await ask(path, 0), await ask(path, 1)].map(({ status }) => status);
  }

  it('leaves a @Service() permission of the app one object for all of its servers', async () => {
    const shared = express();
    const options = { controllers: [TalliedController] };
    const both = [serve(0, options, shared), serve(1, options, shared)];
    made = 0;
    for (const index of [0, 1] as const) expect((await ask(`/v${index}/tallied`, index, shared)).status).to.equal(200);
    expect([made, Container.get(Tally).asked]).to.deep.equal([1, 2]);
    for (const server of both) server.close();
  });

  describe('requireAccessToken()', () => {
    it('refuses every token where no server is named, and says how to name one', async () => {
      app.get('/plain', requireAccessToken(), handler);
      for (const index of [undefined, 0, 1])
        expectUnnamed(
          await ask('/plain', index),
          'requireAccessToken()',
          "requireAccessToken({ scopes: ['book:read'], server: app.locals.axioms })",
        );
    });

    for (const [how, guard] of [
      ['as an option', (server: AxiomsServer) => requireAccessToken({ server })],
      ['as the second argument', (server: AxiomsServer) => requireAccessToken({}, server)],
      ['as an option of the second argument', (server: AxiomsServer) => requireAccessToken(undefined, { server })],
    ] as const)
      it(`takes the tokens of the server that is named ${how}, and of no other`, async () => {
        app.get('/first', guard(servers[0]!), handler);
        app.get('/second', guard(servers[1]!), handler);
        expect(await statuses('/first')).to.deep.equal([401, 200, 401]);
        expect(await statuses('/second')).to.deep.equal([401, 401, 200]);
        expect(ran).to.have.length(2);
        expect((await ask('/first')).headers['www-authenticate']).to.equal('Bearer realm="realm-0"');
      });

    it('requires what it names of the named server’s tokens', async () => {
      app.get('/scoped', requireAccessToken({ scopes: ['a'], server: servers[0] }), handler);
      expect((await ask('/scoped', 0, app, { scope: 'a' })).status).to.equal(200);
      const refused = await ask('/scoped', 0, app, { scope: 'b' });
      expect(refused.headers['www-authenticate']).to.contain('insufficient_scope').and.to.contain('scope="a"');
      expect((await ask('/scoped', 1, app, { scope: 'a' })).status).to.equal(401);
      expect(ran).to.have.length(1);
    });

    it('refuses where a second server was added after the route', async () => {
      const grown = express();
      const first = serve(0, {}, grown);
      grown.get('/plain', requireAccessToken(), handler);
      expect((await ask('/plain', 0, grown)).status).to.equal(200);
      ran.splice(0);
      const second = serve(1, {}, grown);
      for (const index of [0, 1]) expectUnnamed(await ask('/plain', index, grown), 'requireAccessToken()');
      first.close();
      second.close();
    });

    it('refuses where both servers have the same settings', async () => {
      const twice = express();
      for (const routePrefix of ['/v1', '/v2'])
        useExpressServer(twice, { controllers: [OwnController], routePrefix, axioms: { ...issuers[0]!.settings() } });
      twice.get('/plain', requireAccessToken(), handler);
      expectRefusal(await ask('/plain', 0, twice), 'server_error');
      expect(ran).to.deep.equal([]);
      (twice.locals.axioms as AxiomsServer).close();
    });

    it('refuses in routers and in apps that are mounted', async () => {
      const inner = express().get('/in', requireAccessToken(), handler);
      const router = Router().get('/in', requireAccessToken(), handler);
      app.use('/app', inner).use('/router', router).use('/use', requireAccessToken(), handler);
      for (const path of ['/app/in', '/router/in', '/use/anything'])
        expectUnnamed(await ask(path, 1), 'requireAccessToken()');
    });

    it('uses the server of a mounted app where that has one', async () => {
      const inner = express();
      const own = serve(0, {}, inner);
      inner.get('/in', requireAccessToken(), handler);
      app.use('/app', inner);
      expect(await statuses('/app/in')).to.deep.equal([401, 200, 401]);
      own.close();
    });

    it('uses the server of the controller whose handler it stands in front of', async () => {
      const scope = { scope: 'a' };
      for (const [path, index, status] of [
        ['/v0/guarded', 0, 200],
        ['/v0/guarded', 1, 401],
        ['/v1/guarded', 0, 401],
        ['/v1/guarded', 1, 200],
      ] as const)
        expect((await ask(path, index, app, scope)).status, `${path} ${index}`).to.equal(status);
      expect((await ask('/v0/guarded', 0)).status).to.equal(403);
      expect(ran).to.deep.equal(['controller', 'controller']);
    });

    it('refuses behind a route that has passed the request on', async () => {
      @JsonController('/passing')
      class PassingController {
        @Get('/:id')
        @UseBefore((_request: Request, _response: Response, next: NextFunction) => {
          next('route');
        })
        read() {
          return {};
        }
      }
      const passing = serve(0, { controllers: [PassingController], routePrefix: '/passed' });
      app.get('/passed/passing/here', requireAccessToken(), handler);
      const logged = (await ask('/passed/passing/here', 0)).status;
      expect(logged).to.equal(500);
      expect(ran).to.deep.equal([]);
      passing.close();
    });

    it('hands its refusal on where a server leaves errors to the app', async () => {
      const own = express();
      const made = [serve(0, {}, own), serve(1, { defaultErrorHandler: false }, own)];
      own.get('/plain', requireAccessToken(), handler);
      const errors: unknown[] = [];
      own.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
        errors.push(error);
        response.sendStatus(418);
      });
      expect((await ask('/plain', 1, own)).status).to.equal(418);
      expect(errors[0])
        .to.be.instanceOf(ImproperlyConfigured)
        .and.to.have.property('message')
        .that.contains('name one');
      expect(ran).to.deep.equal([]);
      for (const server of made) server.close();
    });

    it('throws for a value that is not a server, and for two servers', () => {
      for (const server of [{}, app, 'server', null] as unknown as AxiomsServer[])
        expect(() => requireAccessToken({ server })).to.throw(ImproperlyConfigured, 'app.locals.axioms');
      expect(() => requireAccessToken({ server: servers[0] }, servers[1])).to.throw(
        ImproperlyConfigured,
        'two servers',
      );
    });

    it('takes the only server of an app whose locals were replaced', async () => {
      const lone = express();
      const own = serve(0, {}, lone);
      Object.assign(lone, { locals: {} });
      lone.get('/plain', requireAccessToken(), handler);
      expect((await ask('/plain', 0, lone)).status).to.equal(200);
      own.close();
    });
  });

  describe('healthMiddleware()', () => {
    it('refuses where no server is named, and says how to name one', async () => {
      app.get('/ready', healthMiddleware());
      expectUnnamed(await ask('/ready'), 'healthMiddleware()', 'healthMiddleware({ server: app.locals.axioms })');
    });

    it('is about the server that is named', async () => {
      await servers[0]!.jwksManager.refresh();
      servers[1]!.close();
      for (const [index, path] of ['/first', '/second'].entries()) {
        app.get(path, healthMiddleware({ server: servers[index], details: true }));
        app.get(`${path}-alone`, healthMiddleware(servers[index]));
      }
      const health = (await ask('/first')).body as Health;
      expect([health.status, health.issuers[0]?.issuer]).to.deep.equal(['ready', issuers[0]!.url]);
      expect((await ask('/first-alone')).status).to.equal(200);
      for (const path of ['/second', '/second-alone']) expect((await ask(path)).status).to.equal(503);
    });
  });

  describe('backchannelLogout()', () => {
    let count = 0;

    function logoutToken(index: number): string {
      const { key, url } = issuers[index]!;
      const now = Math.floor(Date.now() / 1000);
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      count += 1;
      const claims = { iss: url, aud: 'books', iat: now, exp: now + 60, jti: `j${count}`, sid: 's1', events };
      return signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt' }, claims, key);
    }

    const send = (path: string, index: number) =>
      request(app)
        .post(path)
        .type('form')
        .send({ logout_token: logoutToken(index) });

    it('refuses where no server is named, says how to name one, and ends no session', async () => {
      app.post('/logout', backchannelLogout({ clientId: 'books' }));
      for (const index of [0, 1]) {
        expectUnnamed(
          await send('/logout', index),
          'backchannelLogout()',
          'backchannelLogout({ clientId, server: app.locals.axioms })',
        );
        expect((await ask(`/v${index}/own`, index, app, { sid: 's1' })).status).to.equal(200);
      }
    });

    it('ends sessions of the server that is named', async () => {
      app.post('/first', backchannelLogout({ clientId: 'books', server: servers[0] }));
      expect((await send('/first', 1)).status).to.equal(400);
      expect((await send('/first', 0)).status).to.equal(200);
      expect((await ask('/v0/own', 0, app, { sid: 's1' })).status).to.equal(401);
      expect((await ask('/v1/own', 1, app, { sid: 's1' })).status).to.equal(200);
    });
  });

  describe('axiomsErrorHandler', () => {
    beforeEach(() => {
      app.get('/thrown', () => {
        throw new NotAuthenticated();
      });
      app.get('/denied', requireAccessToken({ server: servers[1] }), () => {
        throw new PermissionDenied();
      });
      app.get('/other', () => {
        throw Object.assign(new Error('teapot'), { status: 418 });
      });
    });

    it('refuses where no server is named and none has guarded the request, and says how to name one', async () => {
      app.use(axiomsErrorHandler);
      expectUnnamed(await ask('/thrown'), 'axiomsErrorHandler', 'axiomsErrorHandler({ server: app.locals.axioms })');
    });

    it('answers for the server that has guarded the request', async () => {
      app.use(axiomsErrorHandler);
      expectRefusal(await ask('/denied', 1), 'permission_denied');
      expect(loggers[1]!.text('debug')).to.contain('requireAccessToken refused');
      expect(loggers[0]!.text('debug', 'error')).to.equal('');
    });

    it('answers for the server that is named', async () => {
      app.use(axiomsErrorHandler({ server: servers[1] }));
      app.use((error: { status: number }, _request: Request, response: Response, _next: NextFunction) => {
        response.sendStatus(error.status);
      });
      const reply = await ask('/thrown');
      expect([reply.status, reply.headers['www-authenticate']]).to.deep.equal([401, 'Bearer realm="realm-1"']);
      expect((await ask('/other')).status).to.equal(418);
    });

    it('is error middleware of four parameters, named or not', () => {
      for (const one of [axiomsErrorHandler, axiomsErrorHandler({ server: servers[0] }), axiomsErrorHandler({})])
        expect(one).to.have.length(4);
      expect(() => axiomsErrorHandler({ server: {} as AxiomsServer })).to.throw(
        ImproperlyConfigured,
        'app.locals.axioms',
      );
    });

    it('answers without a name where the app has one server', async () => {
      const lone = express();
      const own = serve(0, {}, lone);
      lone.get('/missing', () => {
        throw new NotFound();
      });
      lone.use(axiomsErrorHandler({}));
      expectRefusal(await ask('/missing', undefined, lone), 'not_found');
      own.close();
    });
  });

  describe('protectedResourceMiddleware()', () => {
    const resourceUrl = 'https://api.example.com/books';

    it('needs a server', () => {
      for (const given of [[], [undefined], [{}], [{ server: undefined }], [app]] as unknown as AxiomsServer[][])
        expect(() => protectedResourceMiddleware(...given)).to.throw(
          ImproperlyConfigured,
          'protectedResourceMiddleware({ server: app.locals.axioms })',
        );
    });

    it('tells of the server that is named', async () => {
      const inner = express();
      const own = serve(0, { axioms: { ...issuers[0]!.settings(), resourceUrl } }, inner);
      const outer = express()
        .use('/books', inner)
        .use(protectedResourceMiddleware({ server: own }));
      const { body } = (await request(outer).get('/.well-known/oauth-protected-resource/books')) as {
        body: { resource?: string };
      };
      expect(body.resource).to.equal(resourceUrl);
      own.close();
    });
  });

  describe('the test kit', () => {
    it('forces a caller on every server of the app, or on the one that is named', async () => {
      forceAuthenticate(app, { sub: 'alice' });
      expect([(await ask('/v0/own')).status, (await ask('/v1/own')).status]).to.deep.equal([200, 200]);
      forceAuthenticate(app, null, { server: servers[0] });
      expect([(await ask('/v0/own')).status, (await ask('/v1/own')).status]).to.deep.equal([401, 200]);
      forceAuthenticate(app, null);
      expect([(await ask('/v0/own')).status, (await ask('/v1/own')).status]).to.deep.equal([401, 401]);
    });

    it('attaches an issuer to the server that is named, and refuses to guess', () => {
      const issuer = new KitIssuer();
      const before = servers.map(({ jwksManager }) => jwksManager.fetch);
      expect(() => issuer.attachTo(app)).to.throw(ImproperlyConfigured, 'name one, { server: app.locals.axioms }');
      expect(servers.map(({ jwksManager }) => jwksManager.fetch)).to.deep.equal(before);
      issuer.attachTo(app, { server: servers[0] });
      expect(servers.map(({ jwksManager }) => jwksManager.fetch === issuer.fetch)).to.deep.equal([true, false]);
    });

    it('attaches a clock to every server of the app, or to the one that is named', () => {
      const [clock, other] = [new TestClock(), new TestClock()];
      clock.attachTo(app);
      expect(servers.every(({ verifier }) => verifier.clock === clock.now)).to.equal(true);
      other.attachTo(app, { server: servers[1] });
      expect(servers.map(({ verifier }) => verifier.clock === other.now)).to.deep.equal([false, true]);
    });
  });
});
