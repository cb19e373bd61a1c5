import { expect } from 'chai';
import express from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { HasAccessTokenScopes, ImproperlyConfigured, useExpressServer } from 'axioms-routing-controllers';
import { openApiDocument, serveOpenApi, type OpenApiDocument } from 'axioms-routing-controllers/openapi';
import { Api } from '../api';
import { down, oidcPath } from '../issuer/scripted-issuer';
import { FakeTime } from '../issuer/fake-time';

@JsonController('/papers')
class PaperController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['paper:read'];

  @Get('/') list() {
    return [];
  }
}

describe('serveOpenApi', () => {
  let api: Api;
  beforeEach(async () => {
    api = await Api.start({ controllers: [PaperController] });
    const { url } = api.issuer;
    api.issuer.server.metadata = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
  });
  afterEach(() => api.close());

  const json = async (app: express.Express = api.app, path = '/openapi.json') => {
    const response = await request(app).get(path);
    expect(response.status).to.equal(200);
    expect(response.headers['content-type']).to.match(/^application\/json/);
    return response.body as OpenApiDocument;
  };

  it('serves the document, to anybody', async () => {
    serveOpenApi(api.app);
    expect(await json()).to.deep.equal(await openApiDocument(api.app));
    const response = await request(api.app).get('/openapi.json');
    expect(response.headers).to.include({ 'access-control-allow-origin': '*', 'cache-control': 'no-cache' });
  });

  it('serves Swagger UI with its own assets, and the page that signing in returns to', async () => {
    serveOpenApi(api.app, { info: { title: 'Papers', version: '1' }, clientId: 'docs', askedScopes: ['paper:read'] });
    const page = await request(api.app).get('/docs/');
    expect(page.status).to.equal(200);
    expect(page.text).to.contain('<title>Papers</title>');
    const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
    expect(sources.length).to.be.greaterThan(4);
    for (const source of sources.filter(one => !one.startsWith('#'))) {
      expect(source, 'an asset of its own').to.match(/^\.\//);
      expect((await request(api.app).get(`/docs/${source.slice(2)}`)).status, source).to.equal(200);
    }
    expect((await request(api.app).get('/docs/oauth2-redirect.html')).text).to.contain('oauth2-redirect.js');
    expect((await request(api.app).get('/docs/oauth2-redirect.js')).text).to.contain('swaggerUIRedirectOauth2');
    const { text } = await request(api.app).get('/docs/swagger-ui-init.js');
    expect(text).to.contain('"swaggerUrl": "../openapi.json"').and.contain('"usePkceWithAuthorizationCodeGrant": true');
    expect(text).to.contain('"clientId": "docs"').and.contain('"validatorUrl": null');
  });

  it('redirects a request without the slash to where the assets are, and keeps its query', async () => {
    serveOpenApi(api.app);
    const response = await request(api.app).get('/docs?tag=Paper');
    expect([response.status, response.headers['location']]).to.deep.equal([308, '/docs/?tag=Paper']);
  });

  it('lets the window of signing in find back, whatever other middlewares say', async () => {
    const app = express().use((_request, response, next) => {
      response.set('Cross-Origin-Opener-Policy', 'same-origin');
      next();
    });
    serveOpenApi(app);
    for (const path of ['/docs/', '/docs/oauth2-redirect.html']) {
      const { headers } = await request(app).get(path);
      expect(headers).not.to.include.keys('cross-origin-opener-policy');
      expect(headers['content-security-policy']).to.match(/^default-src 'self';.*frame-ancestors 'none'/);
    }
  });

  it('serves two of them beside each other, each with its own client', async () => {
    serveOpenApi(api.app, { clientId: 'one' });
    serveOpenApi(api.app, { clientId: 'two', path: '/other/docs', documentPath: '/other.json' });
    expect((await request(api.app).get('/docs/swagger-ui-init.js')).text).to.contain('"clientId": "one"');
    const { text } = await request(api.app).get('/other/docs/swagger-ui-init.js');
    expect(text).to.contain('"clientId": "two"').and.contain('"swaggerUrl": "../../other.json"');
    expect(await json(api.app, '/other.json')).to.deep.equal(await json());
  });

  it('may come before the server, and says where the app is mounted', async () => {
    const app = serveOpenApi(express());
    useExpressServer(app, { controllers: [PaperController], axioms: api.issuer.settings() });
    const outer = express().use('/api', app);
    const { paths, servers } = await json(outer, '/api/openapi.json');
    expect(Object.keys(paths)).to.deep.equal(['/papers']);
    expect(servers).to.deep.equal([{ url: '/api' }]);
    (app.locals.axioms as { close(): void }).close();
  });

  it('serves the document while the issuer is down, says so, and has it all later', async () => {
    const time = new FakeTime();
    Object.assign(api.server.jwksManager, { clock: time.clock });
    api.issuer.server.metadataMode = down;
    serveOpenApi(api.app);
    const { components, paths } = await json();
    expect(Object.keys(components.securitySchemes)).to.deep.equal(['bearer']);
    expect(components.securitySchemes['bearer']!['description']).to.contain(api.issuer.url);
    expect(paths['/papers']!['get']!.security).to.deep.equal([{ bearer: ['paper:read'] }]);
    const asked = api.issuer.server.count(oidcPath);
    for (let count = 0; count < 20; count++) await json();
    expect(api.issuer.server.count(oidcPath)).to.equal(asked);
    api.issuer.server.metadataMode = { is: 'ok' };
    time.advance(31);
    expect(Object.keys((await json()).components.securitySchemes)).to.have.members(['oauth2', 'bearer']);
  });

  it('hands on that there is no server', async () => {
    const app = serveOpenApi(express());
    let error: unknown;
    app.use((thrown: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      error = thrown;
      response.sendStatus(500);
    });
    expect((await request(app).get('/openapi.json')).status).to.equal(500);
    expect(error).to.be.instanceOf(ImproperlyConfigured);
  });

  for (const [what, options] of [
    ['without its slash', { path: 'docs' }],
    ['with a slash at its end', { path: '/docs/' }],
    ['with a pattern', { documentPath: '/:name.json' }],
    ['that is empty', { documentPath: '' }],
    ['for both', { path: '/docs', documentPath: '/docs' }],
    ['inside the other', { path: '/docs', documentPath: '/docs/openapi.json' }],
  ] as const)
    it(`refuses a path ${what}`, () => {
      expect(() => serveOpenApi(express(), options)).to.throw(ImproperlyConfigured, /serveOpenApi\(\)/);
    });
});
