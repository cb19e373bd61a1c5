/** RFC 9728: metadata of the protected resource, and where a 401 says that it is. */
import { expect } from 'chai';
import express, { Router, type Express } from 'express';
import { All, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import request, { type Response } from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  and,
  BaseAuthentication,
  createExpressServer,
  DenyAll,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  NotAuthenticated,
  not,
  or,
  protectedResourceMiddleware,
  requireAccessToken,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { Api } from '../../api';
import { audience, silentLogger } from '../../issuer/test-issuer';
import { RecordingLogger } from '../../issuer/recording-logger';
import { SeveralIssuers } from '../../several-issuers';
import { bearer, expectExactRefusal, fieldsOf } from '../../refusals';

const wellKnown = '/.well-known/oauth-protected-resource';

@JsonController('/papers')
class PaperController {
  permissionClasses = [or(HasAccessTokenScopes, not(not(and(HasAccessTokenScopes, HasAccessTokenRoles))))];
  accessTokenRoles = ['editor'];
  get accessTokenScopes() {
    return this.action === 'list' ? ['paper:read'] : ['paper:write', 'paper:read'];
  }
  declare action: string;

  @Get('/') list() {
    return [];
  }
  @Post('/') create() {
    return {};
  }
}

@JsonController('/drafts')
class DraftController {
  permissionClasses = [not(HasAccessTokenScopes)];
  accessTokenScopes = ['never:named'];

  @Get('/') list() {
    return [];
  }
}

const settings = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger };

describe('the metadata of the protected resource', () => {
  const apps: Express[] = [];
  afterEach(() => {
    for (const app of apps.splice(0)) (app.locals.axioms as AxiomsServer).close();
  });

  function served(resourceUrl: string | undefined, options: object = {}, app = express()): Express {
    apps.push(app);
    const axioms = { ...settings, resourceUrl };
    return useExpressServer(app, { controllers: [PaperController, DraftController], axioms, ...options });
  }

  async function metadata(app: Express, path: string): Promise<Response> {
    const response = await request(app).get(path);
    expect(response.status, path).to.equal(200);
    expect(response.headers['content-type']).to.match(/^application\/json/);
    expect(response.headers['access-control-allow-origin']).to.equal('*');
    expect(response.headers['cache-control']).to.match(/^public, max-age=\d+$/);
    return response;
  }

  it('names resource, authorization server, scopes of the rules, and how tokens are sent', async () => {
    expect((await metadata(served('https://api.example.com'), wellKnown)).body).to.deep.equal({
      resource: 'https://api.example.com',
      authorization_servers: ['http://127.0.0.1:9'],
      scopes_supported: ['paper:read', 'paper:write'],
      bearer_methods_supported: ['header'],
    });
  });

  for (const [resourceUrl, path, others] of [
    ['https://api.example.com', wellKnown, [`${wellKnown}/v1`]],
    ['https://api.example.com/', wellKnown, []],
    [
      'https://api.example.com/v1',
      `${wellKnown}/v1`,
      [wellKnown, `${wellKnown}/v2`, `/v1${wellKnown}`, `${wellKnown}/V1`],
    ],
    ['https://api.example.com/v1/', `${wellKnown}/v1/`, [wellKnown]],
    ['https://api.example.com/a/:b/*c/(d)', `${wellKnown}/a/:b/*c/(d)`, [`${wellKnown}/a/x/c/d`]],
    ['https://api.example.com/a%20b', `${wellKnown}/a%20b`, []],
    [
      'https://api.example.com/v1?tenant=a',
      `${wellKnown}/v1?tenant=a`,
      [`${wellKnown}/v1?tenant=b`, `${wellKnown}/v1`],
    ],
    ['https://api.example.com?tenant=a', `${wellKnown}?tenant=a`, [wellKnown]],
  ] as const)
    it(`of ${resourceUrl} is at ${path}`, async () => {
      const app = served(resourceUrl);
      expect(((await metadata(app, path)).body as { resource: string }).resource).to.equal(resourceUrl);
      const { headers } = await request(app).get('/papers');
      expect(headers['www-authenticate']).to.equal(
        `Bearer realm="api", scope="paper:read", resource_metadata="https://api.example.com${path}"`,
      );
      for (const other of others) expect((await request(app).get(other)).status, other).to.equal(404);
    });

  it('warns at startup where no accepted audience is the resource, for each issuer, and not otherwise', () => {
    const resourceUrl = 'https://books.example.com';
    const warningsOf = (axioms: object): readonly string[] => {
      const logger = new RecordingLogger();
      served(resourceUrl, { axioms: { ...settings, resourceUrl, logger, ...axioms } });
      return logger.entries.filter(({ level }) => level === 'warn').map(({ message }) => message);
    };
    const [warning, ...others] = warningsOf({});
    expect(others).to.deep.equal([]);
    expect(warning).to.match(
      /'resourceUrl' .* is no accepted audience: .* https:\/\/books\.example\.com, which is refused/,
    );
    expect(warningsOf({ audience: [audience, resourceUrl] })).to.deep.equal([]);
    expect(warningsOf({ audience: `${resourceUrl}/` })).to.have.lengthOf(1);
    const issuers = [1, 2, 3].map(number => ({
      issuerUrl: `http://127.0.0.1:${number}`,
      audience: number === 2 ? resourceUrl : audience,
    }));
    expect(warningsOf({ issuers, audience: undefined, issuerUrl: undefined })).to.have.lengthOf(2);
  });

  describe('of plain routes', () => {
    const anything = (_request: unknown, response: { json(body: unknown): void }) => {
      response.json({});
    };
    const scopesOf = async (app: Express) =>
      ((await metadata(app, wellKnown)).body as { scopes_supported: readonly string[] }).scopes_supported;
    const ofControllers = ['paper:read', 'paper:write'];

    it('names the scopes of guards on the app and its routers, whenever they are registered', async () => {
      const app = express();
      app.get('/early', requireAccessToken({ scopes: ['early'] }), anything);
      served('https://api.example.com', {}, app);
      expect(await scopesOf(app)).to.deep.equal(['early', ...ofControllers]);
      const inner = Router().get(
        '/',
        requireAccessToken({ allScopes: ['inner:a', 'inner:b'], roles: ['r'] }),
        anything,
      );
      app.use('/deep', Router().use('/deeper', inner).use('/again', inner));
      app.use('/all', [requireAccessToken({ anyScopes: ['used'] })], anything);
      expect(await scopesOf(app)).to.deep.equal(['early', 'inner:a', 'inner:b', ...ofControllers, 'used']);
    });

    it('names the scopes of guards in front of handlers, once', async () => {
      @JsonController('/inside')
      class InsideController {
        permissionClasses = [AllowAny];
        @Get('/') @UseBefore(requireAccessToken({ scopes: ['inside', 'paper:read'] })) list() {
          return [];
        }
      }
      const app = served('https://api.example.com', { controllers: [PaperController, InsideController] });
      expect(await scopesOf(app)).to.deep.equal(['inside', ...ofControllers]);
    });

    it('names those of a guard that names the server, and of no other server', async () => {
      const app = served('https://api.example.com');
      const other = served('https://other.example.com', { controllers: [DraftController] });
      requireAccessToken({ scopes: ['named'], server: app.locals.axioms as AxiomsServer });
      expect(await scopesOf(app)).to.deep.equal(['named', ...ofControllers]);
      expect(await scopesOf(other)).to.equal(undefined);
    });

    it('takes the scopes of an unnamed guard for no server where the app has several', async () => {
      const app = served('https://api.example.com');
      app.get('/unnamed', requireAccessToken({ scopes: ['unnamed'] }), anything);
      served('https://other.example.com', { controllers: [DraftController], routePrefix: '/other' }, app);
      expect(await scopesOf(app)).to.deep.equal(ofControllers);
    });

    it('names those of a guard in a mounted app from its first request on', async () => {
      const app = served('https://api.example.com');
      app.use('/mounted', express().get('/', requireAccessToken({ scopes: ['mounted'] }), anything));
      expect(await scopesOf(app)).to.deep.equal(ofControllers);
      const refused = await request(app).get('/mounted');
      expect(refused.headers['www-authenticate']).to.equal(
        `Bearer realm="api", scope="mounted", resource_metadata="https://api.example.com${wellKnown}"`,
      );
      expect(await scopesOf(app)).to.deep.equal(['mounted', ...ofControllers]);
    });
  });

  it('is not there without resourceUrl, and no challenge names it', async () => {
    const app = served(undefined);
    expect((await request(app).get(wellKnown)).status).to.equal(404);
    expect((await request(app).get('/papers')).headers['www-authenticate']).to.equal(
      'Bearer realm="api", scope="paper:read"',
    );
  });

  it('answers HEAD and conditional requests, and a preflight; other methods are not its own', async () => {
    const app = served('https://api.example.com');
    const { headers } = await metadata(app, wellKnown);
    const head = await request(app).head(wellKnown);
    expect([head.status, head.text, head.headers['content-length']]).to.deep.equal([
      200,
      undefined,
      headers['content-length'],
    ]);
    const again = await request(app).get(wellKnown).set('If-None-Match', headers['etag']!);
    expect(again.status).to.equal(304);
    const preflight = await request(app).options(wellKnown).set('Access-Control-Request-Method', 'GET');
    expect(preflight.status).to.equal(204);
    expect(preflight.headers).to.include({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': '*',
    });
    for (const method of ['post', 'put', 'delete'] as const)
      expect((await request(app)[method](wellKnown)).status, method).to.equal(404);
  });

  it('is public, and read whatever the credentials', async () => {
    const app = served('https://api.example.com');
    expect((await request(app).get(wellKnown).set('Authorization', 'Bearer nonsense')).status).to.equal(200);
  });

  it('is at the root whatever the routePrefix, before middlewares and controllers for everything', async () => {
    @JsonController()
    class EverythingController {
      @All(/.*/) refuse() {
        throw new NotAuthenticated();
      }
    }
    const app = served('https://api.example.com/v1', { routePrefix: '/v1', controllers: [EverythingController] });
    expect((await metadata(app, `${wellKnown}/v1`)).body).not.to.include.keys('scopes_supported');
  });

  it('lives beside the routers of an app', async () => {
    const app = express();
    app.use('/plain', (_request, response) => void response.send('plain'));
    served('https://api.example.com', {}, app);
    app.use((_request, response) => void response.status(418).send('last'));
    await metadata(app, wellKnown);
    expect((await request(app).get('/plain')).text).to.equal('plain');
    expect((await request(app).get(`${wellKnown}/else`)).status).to.equal(418);
  });

  it('of several servers of one app are each their own; those of one resource are one', async () => {
    const app = express();
    served('https://api.example.com/a', { routePrefix: '/a', controllers: [DraftController] }, app);
    const first = app.locals.axioms as AxiomsServer;
    served('https://api.example.com/b', { routePrefix: '/b', controllers: [PaperController] }, app);
    const second = app.locals.axioms as AxiomsServer;
    served('https://api.example.com/a', { routePrefix: '/c', controllers: [PaperController] }, app);
    const a = (await metadata(app, `${wellKnown}/a`)).body as Record<string, unknown>;
    const b = (await metadata(app, `${wellKnown}/b`)).body as Record<string, unknown>;
    expect([a['resource'], a['scopes_supported'], a['authorization_servers']]).to.deep.equal([
      'https://api.example.com/a',
      ['paper:read', 'paper:write'],
      ['http://127.0.0.1:9'],
    ]);
    expect([b['resource'], b['scopes_supported']]).to.deep.equal([
      'https://api.example.com/b',
      ['paper:read', 'paper:write'],
    ]);
    for (const [path, resource] of [
      ['/a/drafts', 'a'],
      ['/b/papers', 'b'],
    ] as const)
      expect((await request(app).get(path)).headers['www-authenticate']).to.contain(`${wellKnown}/${resource}"`);
    first.close();
    second.close();
  });

  it('is that of the server with a resourceUrl, beside a server without one', async () => {
    const app = express();
    served(undefined, { routePrefix: '/a', controllers: [DraftController] }, app);
    const first = app.locals.axioms as AxiomsServer;
    served('https://api.example.com/b', { routePrefix: '/b', controllers: [PaperController] }, app);
    const body = (await metadata(app, `${wellKnown}/b`)).body as Record<string, unknown>;
    expect(body['resource']).to.equal('https://api.example.com/b');
    expect((await request(app).get('/b/nothing')).status).to.equal(404);
    expect((await request(app).get(wellKnown)).status).to.equal(404);
    first.close();
  });

  it('is for an app around it to serve, where that takes the path away', async () => {
    const inner = served('https://api.example.com/api');
    const outer = express().use('/api', inner);
    expect((await request(outer).get(`${wellKnown}/api`)).status).to.equal(404);
    outer.use(protectedResourceMiddleware(inner.locals.axioms as AxiomsServer));
    await metadata(outer, `${wellKnown}/api`);
  });

  it('names no scopes and no servers where none are known', async () => {
    @JsonController('/open')
    class OpenController {
      permissionClasses = [AllowAny];
      @Get('/') read() {
        return {};
      }
    }

    @JsonController('/dynamic')
    class DynamicController {
      permissionClasses = [HasAccessTokenScopes];
      get accessTokenScopes() {
        return [`scope${this.request.url.length}`];
      }
      declare request: AxiomsRequest;
      @Get('/') read() {
        return {};
      }
    }
    const axioms = {
      ...settings,
      issuerUrl: undefined,
      jwksUrl: 'http://127.0.0.1:9/keys',
      resourceUrl: 'https://api.example.com',
    };
    const app = createExpressServer({ controllers: [OpenController, DynamicController], axioms });
    apps.push(app);
    expect((await metadata(app, wellKnown)).body).to.deep.equal({
      resource: 'https://api.example.com',
      bearer_methods_supported: ['header'],
    });
  });

  it('names every issuer of several', async () => {
    const api = await SeveralIssuers.start({
      each: [{}, {}],
      controllers: [PaperController],
      axioms: { resourceUrl: 'https://api.example.com' },
    });
    const response = await metadata(api.app, wellKnown);
    const urls = api.issuers.map(({ url }) => url);
    await api.close();
    expect((response.body as { authorization_servers: string[] }).authorization_servers).to.deep.equal(urls);
  });
});

describe('resource_metadata', () => {
  class ApiKeyAuthentication extends BaseAuthentication {
    authenticate() {
      return null;
    }
    override authenticateHeader() {
      return 'ApiKey realm="keys"';
    }
  }

  class DPoPAuthentication extends ApiKeyAuthentication {
    override authenticateHeader() {
      return 'DPoP';
    }
  }

  class OwnMetadata extends ApiKeyAuthentication {
    override authenticateHeader() {
      return 'Bearer realm="own", resource_metadata="https://elsewhere.example/metadata"';
    }
  }

  @JsonController('/keys')
  class KeyController {
    authenticationClasses = [AccessTokenAuthentication, ApiKeyAuthentication, DPoPAuthentication, OwnMetadata];
    @Get('/') list() {
      return [];
    }
  }

  @JsonController('/closed')
  class ClosedController {
    permissionClasses = [DenyAll];
    @Get('/') list() {
      return [];
    }
  }

  const address = `resource_metadata="https://api.example.com${wellKnown}/v1"`;
  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [PaperController, KeyController, ClosedController],
      axioms: { resourceUrl: 'https://api.example.com/v1' },
    });
  });
  after(() => api.close());

  it('is the last parameter of a 401, after error and error_description', async () => {
    const response = await api.as({ exp: 1 }, 'get', '/papers');
    const { error_description: description } = response.body as { error_description: string };
    expect(description).to.match(/expired/);
    const challenges = [`${bearer('invalid_token', description, 'paper:read')}, ${address}`];
    expectExactRefusal(response, { status: 401, challenges, error: 'invalid_token', description });
  });

  it('stands on HEAD as on GET', async () => {
    const { headers } = await api.as(null, 'head', '/papers');
    expect(headers['www-authenticate']).to.equal(`Bearer realm="api", scope="paper:read", ${address}`);
  });

  it('is the last parameter of a 403 that names scopes, on no other 403, and on no 400', async () => {
    const response = await api.as({ scope: 'x' }, 'get', '/papers');
    const { error_description: description } = response.body as { error_description: string };
    const challenges = [`${bearer('insufficient_scope', description, 'paper:read')}, ${address}`];
    expectExactRefusal(response, { status: 403, challenges, error: 'insufficient_scope', description });
    const denied = await api.as({}, 'get', '/closed');
    expect([denied.status, denied.headers['www-authenticate']]).to.deep.equal([403, undefined]);
    const wrong = await api.as(null, 'get', '/papers').set('Authorization', 'Bearer a b');
    expect(wrong.status).to.equal(400);
    expect(wrong.headers['www-authenticate'])
      .to.match(/^Bearer /)
      .and.not.contain('resource_metadata');
  });

  it('is on challenges that take tokens, once, and on no other', async () => {
    const response = await api.as(null, 'get', '/keys');
    expect(fieldsOf(response, 'www-authenticate')).to.deep.equal([
      `Bearer realm="api", ${address}`,
      'ApiKey realm="keys"',
      `DPoP ${address}`,
      'Bearer realm="own", resource_metadata="https://elsewhere.example/metadata"',
    ]);
  });
});
