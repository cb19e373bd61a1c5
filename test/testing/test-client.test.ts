import { expect } from 'chai';
import type { Express } from 'express';
import request from 'supertest';
import type { AxiomsServer } from 'axioms-routing-controllers';
import {
  forgeProof,
  forgedProofs,
  TestClient,
  TestClock,
  TestIssuer,
  type ForgedProofName,
} from 'axioms-routing-controllers/testing';
import { parseCompactJws } from '../../src/core/jws/compact-jws';
import { bookApi } from './book-api';

const parsed = (proof: string) => parseCompactJws(proof, 8192);
const externalUrl = 'https://api.example.com/v1/';

describe('a test client', () => {
  let clock: TestClock;
  let issuer: TestIssuer;
  let client: TestClient;
  let app: Express;
  beforeEach(() => {
    clock = new TestClock();
    issuer = new TestIssuer({ clock });
    client = new TestClient(issuer, { externalUrl });
    app = bookApi({ ...issuer.settings(), dpop: 'required', externalUrl });
    issuer.attachTo(clock.attachTo(app));
  });
  afterEach(() => {
    (app.locals.axioms as AxiomsServer).close();
  });

  const list = (fields: Record<string, string>) => request(app).get('/books?page=2').set(fields);
  const token = () => client.token({ scope: 'book:read', sub: 'bob' });

  it('makes the fields of a request that the server accepts, once', async () => {
    const fields = client.fields('GET', '/books?page=2', token());
    expect((await list(fields)).body).to.include({ sub: 'bob' });
    const again = await list(fields);
    expect([again.status, again.body]).to.deep.equal([
      401,
      { error: 'invalid_dpop_proof', error_description: 'The DPoP proof was used before' },
    ]);
  });

  it('goes by the clock of its issuer', async () => {
    const fields = client.fields('GET', '/books', token());
    clock.advance(61);
    expect((await list(fields)).status).to.equal(401);
    expect((await list(client.fields('GET', '/books', token()))).status).to.equal(200);
  });

  it('has a key of the algorithm that it is given', async () => {
    client = new TestClient(issuer, { externalUrl, alg: 'RS256' });
    expect(client.jwk).to.have.keys('kty', 'n', 'e');
    expect((await list(client.fields('GET', '/books', token()))).status).to.equal(200);
  });

  it('has a public key alone in its proofs', () => {
    const { header } = parsed(client.proof({ method: 'GET', url: externalUrl }));
    expect(header['jwk']).to.have.keys('kty', 'crv', 'x', 'y');
  });

  it('puts the nonce that the server sent into the proof, and no hash where there is no token', () => {
    const { claims } = parsed(client.proof({ method: 'POST', url: `${externalUrl}token?a=b`, nonce: 'n' }));
    expect(claims).to.have.keys('htm', 'htu', 'jti', 'iat', 'nonce');
    expect(claims).to.include({ htm: 'POST', htu: 'https://api.example.com/v1/token', nonce: 'n' });
  });

  for (const [name, { title, status, error, description }] of Object.entries(forgedProofs))
    it(`forges a proof ${title}`, async () => {
      const answer = await list(client.forgedFields(name as ForgedProofName, 'GET', '/books?page=2', token()));
      const expected = { error, error_description: description };
      expect([answer.status, answer.body]).to.deep.equal([status, expected]);
    });

  it('forges by name, and refuses a name that it does not know', () => {
    const target = { method: 'GET', url: externalUrl, token: token() };
    expect(parsed(client.forge('no-identifier', target)).claims).not.to.have.property('jti');
    expect(() => forgeProof('toString' as ForgedProofName, client, target)).to.throw(
      RangeError,
      "There is no forged proof 'toString': it is one of empty, garbage, no-signature, padded,",
    );
  });
});
