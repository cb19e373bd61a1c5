/**
 * The stores of used proofs remembered the latest end of a forgotten proof, and refused every proof that ended earlier. A clock
 * that was ahead for three seconds and was set right closed the API to all clients for as long as it had been ahead.
 */
import { expect } from 'chai';
import type { Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { MemoryProofStore, createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { TestIssuer } from '../issuer/test-issuer';

const externalUrl = 'https://api.example.com';
const sixHours = 6 * 3600;

let handled = 0;

@JsonController('/books')
class BookController {
  @Get('/') list() {
    handled++;
    return [];
  }
}

describe('regression: a clock that was ahead', () => {
  let issuer: TestIssuer;
  let app: Express;
  let ahead = 0;

  const seconds = (): number => Date.now() / 1000 + ahead;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    const clock = (): number => seconds() * 1000;
    const proofStore = Object.assign(new MemoryProofStore(), { clock });
    const axioms = { ...issuer.settings(), dpop: 'required' as const, externalUrl, proofStore };
    app = createExpressServer({ controllers: [BookController], axioms });
    (app.locals.axioms as AxiomsServer).verifier.clock = clock;
    [ahead, handled] = [0, 0];
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  // The token is long-lived, so that it is good at each of the times.
  function tokenOf(client: TestClient): string {
    return client.token({ exp: Math.floor(Date.now() / 1000) + 2 * sixHours });
  }

  function proofOf(client: TestClient, token: string, iat: number): Record<string, string> {
    const target = { method: 'GET', url: `${externalUrl}/books`, token };
    return { Authorization: `DPoP ${token}`, DPoP: client.proof(target, { iat }) };
  }

  async function statusOf(fields: Record<string, string>): Promise<number> {
    return (await request(app).get('/books').set(fields)).status;
  }

  it('closes the API to nobody once it is right, and opens no proof that was used', async () => {
    const [mallory, alice] = [new TestClient(issuer, { externalUrl }), new TestClient(issuer, { externalUrl })];
    const [ofMallory, ofAlice] = [tokenOf(mallory), tokenOf(alice)];
    const used = proofOf(alice, ofAlice, seconds());
    expect(await statusOf(used)).to.equal(200);

    ahead = sixHours;
    const early = proofOf(mallory, ofMallory, seconds() - 58);
    expect(await statusOf(early)).to.equal(200);
    // What comes next makes the store forget both.
    ahead += 3;
    expect(await statusOf(proofOf(mallory, ofMallory, seconds() - 58))).to.equal(200);

    // The seconds that have passed meanwhile.
    ahead = 4;
    expect(await statusOf(proofOf(alice, ofAlice, seconds()))).to.equal(200);
    expect(handled).to.equal(4);
    const again = await request(app).get('/books').set(used);
    expect(again.status).to.equal(401);
    expect(again.headers['www-authenticate']).to.equal(
      'DPoP error="invalid_dpop_proof", error_description="The DPoP proof is too old", algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"',
    );

    ahead = sixHours;
    expect(await statusOf(early)).to.equal(401);
    expect(handled).to.equal(4);
  });
});
