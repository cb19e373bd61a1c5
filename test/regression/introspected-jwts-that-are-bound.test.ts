/**
 * A JWT that is bound to a DPoP key was accepted as a bearer token where it was introspected and the issuer's answer had no
 * `cnf`: a thief needed no key (RFC 9449 §6.2). Later, so was one with empty parts in front or in the middle, one that had
 * another JWT for its payload, and one whose answer named a certificate alone.
 */
import { expect } from 'chai';
import type { Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  IntrospectionAuthentication,
  IsAuthenticated,
  createExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { TestIssuer, base64url } from '../issuer/test-issuer';

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

@JsonController('/shelves')
class ShelfController {
  authenticationClasses = [AccessTokenAuthentication, IntrospectionAuthentication];
  permissionClasses = [IsAuthenticated];

  @Get('/') list() {
    handled++;
    return [];
  }
}

/** As RFC 7519 §5.2 has it: the payload is a JWT. */
function nested(token: string): string {
  return [base64url({ alg: 'ES256', cty: 'JWT' }), base64url(token), 'c2ln'].join('.');
}

const spellings: readonly ((token: string) => string)[] = [
  token => `${token}.`,
  token => `${token}...`,
  token => `.${token}`,
  token => `${'.'.repeat(9)}${token}`,
  token => token.replace('.', '..'),
  token => token.replaceAll('.', '..'),
  token => `.${token.replaceAll('.', '...')}.`,
];

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
    app = createExpressServer({
      controllers: [BookController, ShelfController],
      axioms: { ...axioms, dpop: 'allowed', mtls: 'allowed' },
    });
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

  // Some readers leave out empty parts.
  for (const spelled of spellings)
    it(`is refused as ${spelled('a.b.c')}`, async () => {
      expect(await refusalOf({ Authorization: `Bearer ${spelled(client.token())}` })).to.contain(
        'error_description="The access token is bound to a key that was not shown"',
      );
    });

  for (const spelled of spellings)
    it(`is not introspected behind AccessTokenAuthentication as ${spelled('a.b.c')}`, async () => {
      // Without cnf, so that nothing but the form of the token refuses it.
      const token = spelled(issuer.token());
      const response = await request(app).get('/shelves').set('Authorization', `Bearer ${token}`);
      expect([response.status, handled]).to.deep.equal([401, 0]);
      expect(response.body).to.include({ error_description: 'The access token is malformed' });
    });

  for (const [title, wrapped] of [
    ['the payload of another JWT', nested],
    ['the payload of the payload of another JWT', (token: string) => nested(nested(token))],
    ['one part of a token that is opaque', (token: string) => `v1.${base64url(token)}`],
    ['the last parts of a token that is opaque', (token: string) => `v1.${token}`],
  ] as const)
    it(`is refused as ${title}`, async () => {
      expect(await refusalOf({ Authorization: `Bearer ${wrapped(client.token())}` })).to.contain(
        'error_description="The access token is bound to a key that was not shown"',
      );
    });

  for (const [title, added] of [
    ['behind it', (token: string, part: string) => `${token}.${part}`],
    ['in front of it', (token: string, part: string) => `${part}.${token}`],
    ['behind its claims', (token: string, part: string) => token.replace('.', `.${part}.`)],
  ] as const)
    it(`is not bound to a key that a thief has named ${title}`, async () => {
      const part = base64url({ cnf: { jkt: client.thumbprint } });
      for (const token of ['opaque', issuer.token()]) {
        const fields = client.fields('GET', '/books', added(`${token}.x`, part));
        expect(await refusalOf(fields)).to.contain('is bound to a key that was not shown');
      }
    });

  for (const [title, wrapped] of [
    ['the payload of another JWT', nested],
    ['.a.b.c', (token: string) => `.${token}`],
  ] as const)
    it(`is accepted with its proof only if the answer names its key, as ${title}`, async () => {
      const token = wrapped(client.token());
      const refusal = await refusalOf(client.fields('GET', '/books', token));
      expect(refusal).to.contain('is bound to a key that was not shown');
      (app.locals.axioms as AxiomsServer).introspector.forget(token);
      said = { ...said, token_type: 'DPoP', cnf: { jkt: client.thumbprint } };
      const fields = client.fields('GET', '/books', token);
      expect((await request(app).get('/books').set(fields)).status).to.equal(200);
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

  it('is judged by the answer where that alone has a cnf', async () => {
    said = { ...said, token_type: 'DPoP', cnf: { jkt: new TestClient(issuer, { externalUrl }).thumbprint } };
    const fields = client.fields('GET', '/books', issuer.token());
    expect(await refusalOf(fields)).to.contain('error="invalid_dpop_proof"');
  });

  it('is refused with the proof of either key where the answer names another', async () => {
    const other = new TestClient(issuer, { externalUrl });
    said = { ...said, token_type: 'DPoP', cnf: { jkt: other.thumbprint } };
    for (const one of [client, other])
      expect(await refusalOf(one.fields('GET', '/books', client.token()))).to.contain(
        'error_description="The access token is bound to a key that was not shown"',
      );
  });

  it('is accepted with its proof where the answer names the same key', async () => {
    said = { ...said, token_type: 'DPoP', cnf: { jkt: client.thumbprint } };
    const fields = client.fields('GET', '/books', client.token());
    expect((await request(app).get('/books').set(fields)).status).to.equal(200);
  });

  for (const cnf of [null, {}, { kid: 'k1' }, { jwk: {} }])
    it(`is refused with its proof where the answer has ${JSON.stringify(cnf)} for cnf`, async () => {
      said = { ...said, cnf };
      expect(await refusalOf(client.fields('GET', '/books', client.token()))).to.contain('is bound to a key');
    });

  it('needs its proof and the certificate that the answer names', async () => {
    said = { ...said, cnf: { 'x5t#S256': client.thumbprint } };
    const token = client.token();
    expect(await refusalOf({ Authorization: `Bearer ${token}` })).to.contain('bound to a key that was not shown');
    expect(await refusalOf(client.fields('GET', '/books', token))).to.contain('bound to a client certificate');
  });

  it('has no effect on tokens that are opaque, or that are JWTs without cnf', async () => {
    for (const token of ['opaque', issuer.token(), 'e30.e30', 'e30.bm9uZQ.x'])
      expect((await request(app).get('/books').set('Authorization', `Bearer ${token}`)).status, token).to.equal(200);
  });
});
