import 'reflect-metadata';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  createExpressServer,
  settingsFromEnv,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { RecordingLogger } from '../issuer/recording-logger';
import { audience, TestIssuer } from '../issuer/test-issuer';
import { bearer, expectExactRefusal, invalidToken } from '../refusals';

let calls = 0;

@JsonController('/notes')
class NoteController {
  @Get('/')
  list() {
    calls++;
    return { ok: true };
  }
}

describe('an issuer that is only compared', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    calls = 0;
  });

  function serve(settings: SettingsInput) {
    const logger = new RecordingLogger();
    const axioms = { audience, jwksUrl: issuer.server.jwksUrl, ...settings, logger };
    const app = createExpressServer({ controllers: [NoteController], axioms });
    const ask = (claims: object) =>
      request(app)
        .get('/notes')
        .set('Authorization', `Bearer ${issuer.token(claims)}`);
    const close = (): void => {
      (app.locals['axioms'] as AxiomsServer).close();
    };
    return { app, ask, close, logger };
  }

  for (const issuerUrl of ['acme.com', 'http://adfs.example.com/adfs/services/trust', 'urn:example:idp'])
    it(`may be ${issuerUrl}: its tokens are accepted, others are refused, and nothing but the keys is fetched`, async () => {
      const { ask, close, logger } = serve({ issuerUrl });
      const before = issuer.server.requests.length;
      expect((await ask({ iss: issuerUrl })).status).to.equal(200);
      const fetched = issuer.server.requests.slice(before).map(({ path }) => path);
      for (const iss of [
        `${issuerUrl}/`,
        issuerUrl.toUpperCase(),
        `https://${issuerUrl}`,
        issuer.url,
        undefined,
        [issuerUrl],
      ])
        expectExactRefusal(await ask({ iss }), invalidToken('The access token is from another issuer'));
      close();
      expect([...new Set(fetched)]).to.deep.equal(['/keys']);
      expect(calls).to.equal(1);
      expect(logger.text('warn')).to.equal('');
    });

  it('is among several issuers chosen by its name', async () => {
    const entry = { audience, jwksUrl: issuer.server.jwksUrl };
    const issuers = ['acme.com', 'stytch.com/project-1'].map(issuerUrl => ({ ...entry, issuerUrl }));
    const { ask, close } = serve({ issuers, audience: undefined, jwksUrl: undefined });
    for (const iss of ['acme.com', 'stytch.com/project-1']) expect((await ask({ iss })).status).to.equal(200);
    expectExactRefusal(await ask({ iss: 'acme.com.evil' }), invalidToken('The access token is from another issuer'));
    close();
  });

  for (const [issuerUrl, servers] of [
    ['acme.com', undefined],
    ['http://adfs.example.com/adfs/services/trust', undefined],
    ['https://login.example.com/tenant?x=1', undefined],
    ['https://login.example.com/tenant#x', undefined],
    ['https://login.example.com/tenant', ['https://login.example.com/tenant']],
  ] as const)
    it(`is ${servers ? '' : 'not '}named to clients as an authorization server where it is ${issuerUrl} (RFC 9728)`, async () => {
      const { app, close } = serve({ issuerUrl, resourceUrl: 'https://api.example.com' });
      const answer = await request(app).get('/.well-known/oauth-protected-resource');
      close();
      expect((answer.body as { authorization_servers?: string[] }).authorization_servers).to.deep.equal(servers);
    });

  it('has no sign-in in an OpenAPI document, and is not asked for one', async () => {
    const { app, close, logger } = serve({ issuerUrl: 'acme.com' });
    const { components } = await openApiDocument(app);
    close();
    expect(Object.keys(components.securitySchemes)).to.deep.equal(['bearer']);
    expect(logger.text('warn')).to.equal('');
  });

  it('may have claims that are required as a boolean or a number, in the variable', async () => {
    const AXIOMS_REQUIRED_CLAIMS = '{"email_verified":true,"level":2,"ver":"1.0"}';
    const { ask, close } = serve({ issuerUrl: 'acme.com', ...settingsFromEnv({ AXIOMS_REQUIRED_CLAIMS }) });
    const good = { iss: 'acme.com', email_verified: true, level: 2, ver: '1.0' };
    expect((await ask(good)).status).to.equal(200);
    for (const wrong of [
      { email_verified: 'true' },
      { email_verified: false },
      { level: '2' },
      { level: undefined },
      { ver: 1 },
    ])
      expectExactRefusal(await ask({ ...good, ...wrong }), {
        status: 401,
        challenges: [bearer('invalid_token', 'The access token lacks a required claim')],
        error: 'invalid_token',
        description: 'The access token lacks a required claim',
      });
    close();
    expect(calls).to.equal(1);
  });
});
