/** An app of plain routes alone. */
import { expect } from 'chai';
import express, { Router, type Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import {
  axiomsErrorHandler,
  guardApp,
  ImproperlyConfigured,
  PermissionDenied,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { demanding, expectExactRefusal, invalidToken, notAuthenticated } from '../refusals';

describe('guardApp', () => {
  let issuer: TestIssuer;
  const servers: AxiomsServer[] = [];
  let ran = 0;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    ran = 0;
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  function guarded(app: Express | Router, more: object = {}): AxiomsServer {
    const server = guardApp(app, { ...issuer.settings(), ...more });
    servers.push(server);
    return server;
  }

  const handler = (_request: unknown, response: { json(body: unknown): unknown }): void => {
    ran += 1;
    response.json({});
  };
  const ask = (app: Express, claims: object | null, path = '/export'): Promise<Response> => {
    const asked = request(app).get(path);
    return (async () => (claims === null ? asked : asked.set('Authorization', `Bearer ${issuer.token(claims)}`)))();
  };

  async function expectGuarded(app: Express, path = '/export'): Promise<void> {
    expectExactRefusal(await ask(app, null, path), demanding(notAuthenticated, 'export'));
    expectExactRefusal(await ask(app, { exp: 1 }, path), demanding(invalidToken('The access token expired'), 'export'));
    expect((await ask(app, { scope: 'other' }, path)).status).to.equal(403);
    expect(ran).to.equal(0);
    expect((await ask(app, { scope: 'export' }, path)).status).to.equal(200);
    expect(ran).to.equal(1);
  }

  it('guards plain routes without any controller, and returns the server', async () => {
    const app = express();
    const server = guarded(app);
    app.get('/export', requireAccessToken({ scopes: ['export'] }), handler);
    await expectGuarded(app);
    expect(app.locals.axioms).to.equal(server);
    expect([server.audit(), server.routes]).to.deep.equal([[], []]);
  });

  it('guards routes that were registered before it, and those of routers', async () => {
    const app = express();
    app.use('/in', Router().get('/export', requireAccessToken({ scopes: ['export'] }), handler));
    guarded(app);
    await expectGuarded(app, '/in/export');
  });

  it('guards a router', async () => {
    const router = Router();
    const server = guarded(router);
    router.get('/export', requireAccessToken({ scopes: ['export'], server }), handler);
    await expectGuarded(express().use(router));
  });

  it('serves the metadata of the resource, with the scopes of its routes', async () => {
    const app = express();
    guarded(app, { resourceUrl: 'https://api.example.com' });
    app.get('/export', requireAccessToken({ scopes: ['export'] }), handler);
    const metadata = await request(app).get('/.well-known/oauth-protected-resource');
    expect(metadata.body).to.deep.include({ resource: 'https://api.example.com', scopes_supported: ['export'] });
  });

  it('has a document without operations, and an error handler', async () => {
    const app = express();
    guarded(app);
    app.get('/denied', () => {
      throw new PermissionDenied();
    });
    app.use(axiomsErrorHandler);
    expect((await openApiDocument(app)).paths).to.deep.equal({});
    expect((await ask(app, null, '/denied')).body).to.have.property('error', 'permission_denied');
  });

  it('is one of several servers where the app has controllers, too', async () => {
    @JsonController('/things')
    class ThingController {
      @Get('/') list() {
        return [];
      }
    }
    const app = express();
    const server = guarded(app);
    useExpressServer(app, { controllers: [ThingController], axioms: issuer.settings() });
    servers.push(app.locals.axioms as AxiomsServer);
    app.get('/export', requireAccessToken({ scopes: ['export'], server }), handler);
    app.get('/unnamed', requireAccessToken(), handler);
    await expectGuarded(app);
    expect((await ask(app, {}, '/unnamed')).status).to.equal(500);
    expect((await ask(app, null, '/things')).status).to.equal(401);
  });

  it('warns of its settings, and stops the start where they are wrong', () => {
    const logger = new RecordingLogger();
    guarded(express(), { issuerUrl: undefined, jwksUrl: 'http://127.0.0.1:9/keys', logger });
    expect(logger.text('warn')).to.include('There is only a jwksUrl');
    expect(() => guardApp(express(), { audience: 'api' })).to.throw(ImproperlyConfigured, /issuerUrl|domain/);
    for (const wrong of [undefined, {}, 'app'])
      expect(() => guardApp(wrong as never, issuer.settings())).to.throw(
        ImproperlyConfigured,
        'guardApp() needs an Express app or router',
      );
  });

  it('reads the variables where no settings are given', () => {
    const { AXIOMS_AUDIENCE: audience, AXIOMS_ISS_URL: issuerUrl, AXIOMS_JWKS_PREFETCH: prefetch } = process.env;
    Object.assign(process.env, {
      AXIOMS_AUDIENCE: 'of-the-environment',
      AXIOMS_ISS_URL: 'http://127.0.0.1:9',
      AXIOMS_JWKS_PREFETCH: 'false',
    });
    try {
      const server = guardApp(express());
      servers.push(server);
      expect(server.settings.audience).to.deep.equal(['of-the-environment']);
    } finally {
      for (const [name, value] of Object.entries({
        AXIOMS_AUDIENCE: audience,
        AXIOMS_ISS_URL: issuerUrl,
        AXIOMS_JWKS_PREFETCH: prefetch,
      }))
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
    }
  });
});
