/**
 * A JWT that is bound to a DPoP key was accepted as a bearer token where it was introspected and the issuer's answer had no
 * `cnf`: a thief needed no key (RFC 9449 §6.2).
 */
import { expect } from 'chai';
import type { Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  IntrospectionAuthentication,
  IsAuthenticated,
  createExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { TestIssuer } from '../issuer/test-issuer';

const externalUrl = 'https://api.example.com';

let handled = 0;

@JsonController('/books')
class BookController {
  authenticationClasses = [IntrospectionAuthentication];
  permissionClasses = [IsAuthenticated];

  @Get('/') list() {
    handled++;
    return [];
  }
}

describe('regression: a JWT that is bound, and introspected', () => {
  let issuer: TestIssuer;
  let app: Express;
  let client: TestClient;
  let said: object;

  beforeEach(async () => {
    handled = 0;
    issuer = await TestIssuer.start();
    client = new TestClient(issuer, { externalUrl });
    const introspection = { introspectionUrl: `${issuer.url}/introspect`, introspectionClientId: 'api' };
    const axioms = { ...issuer.settings(), ...introspection, introspectionClientSecret: 'secret', externalUrl };
    app = createExpressServer({ controllers: [BookController], axioms: { ...axioms, dpop: 'allowed' } });
    said = { active: true, sub: 'alice', aud: issuer.audience, token_type: 'Bearer' };
    (app.locals.axioms as AxiomsServer).introspector.fetch = () => Promise.resolve(Response.json(said));
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  async function refusalOf(fields: Record<string, string>): Promise<string> {
    const { status, headers } = await request(app).get('/books').set(fields);
    expect([status, handled]).to.deep.equal([401, 0]);
    return String(headers['www-authenticate']);
  }

  it('is refused as a bearer token, although the answer has no cnf', async () => {
    expect(await refusalOf({ Authorization: `Bearer ${client.token()}` })).to.equal(
      'DPoP algs="ES256 ES384 EdDSA Ed25519 RS256 PS256", Bearer realm="api", error="invalid_token", error_description="The access token is bound to a key that was not shown"',
    );
  });

  // Some readers leave out the empty parts at the end.
  for (const end of ['.', '..', '...'])
    it(`is refused with ${end} behind it`, async () => {
      expect(await refusalOf({ Authorization: `Bearer ${client.token()}${end}` })).to.contain(
        'error_description="The access token is bound to a key that was not shown"',
      );
    });

  it('is accepted with its proof, and refused with that of another key', async () => {
    const token = client.token();
    const other = new TestClient(issuer, { externalUrl });
    expect(await refusalOf(other.fields('GET', '/books', token))).to.contain('error="invalid_dpop_proof"');
    const { status } = await request(app)
      .get('/books')
      .set(client.fields('GET', '/books', token));
    expect([status, handled]).to.deep.equal([200, 1]);
  });

  it('is refused where its cnf cannot be checked', async () => {
    const token = issuer.token({ cnf: { kid: 'k1' } });
    expect(await refusalOf({ Authorization: `Bearer ${token}` })).to.contain('is bound to a key that was not shown');
  });

  it('is judged by the answer where that has a cnf of its own', async () => {
    said = { ...said, token_type: 'DPoP', cnf: { jkt: new TestClient(issuer, { externalUrl }).thumbprint } };
    expect(await refusalOf(client.fields('GET', '/books', client.token()))).to.contain('error="invalid_dpop_proof"');
  });

  it('has no effect on tokens that are opaque, or that are JWTs without cnf', async () => {
    for (const token of ['opaque', issuer.token(), 'e30.e30', 'e30.bm9uZQ.x'])
      expect((await request(app).get('/books').set('Authorization', `Bearer ${token}`)).status, token).to.equal(200);
  });
});
