/** Nonces of resource servers (RFC 9449 §8, §9), over HTTP. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import express from 'express';
import { Get, Header, JsonController, UseBefore } from 'routing-controllers';
import request, { type Response, type Test } from 'supertest';
import {
  AllowAny,
  HasAccessTokenScopes,
  MemoryProofStore,
  createExpressServer,
  guardApp,
  requireAccessToken,
  type AxiomsRequest,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { TestClient, TestClock } from 'axioms-routing-controllers/testing';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import * as kit from 'axioms-routing-controllers/testing';
import { noncePeriod } from '../../src/core/proofs/nonces';
import { expectExactRefusal, fieldsOf, type Refusal } from '../refusals';

let handled = 0;
const externalUrl = 'https://api.example.com';
const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';

@JsonController('/books')
class BookController {
  declare request: AxiomsRequest;
  @Get('/') list() {
    handled++;
    return [];
  }
  @Get('/cached') @Header('Cache-Control', 'private, max-age=60') cached() {
    handled++;
    return [];
  }
}

@JsonController('/scoped')
class ScopedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:read'];
  @Get('/') list() {
    handled++;
    return [];
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/') list() {
    handled++;
    return [];
  }
}

@JsonController('/twice')
class TwiceController {
  @Get('/') @UseBefore(requireAccessToken({ scopes: ['book:read'] })) list() {
    handled++;
    return [];
  }
}

const controllers = [BookController, ScopedController, OpenController, TwiceController];

function refused(error: string, description: string): Refusal {
  const challenge = `DPoP error="${error}", error_description="${description}", ${algs}`;
  return { status: 401, challenges: [challenge], error, description };
}

const missing = refused('use_dpop_nonce', 'The DPoP proof has no nonce');
const wrong = refused('use_dpop_nonce', 'The DPoP proof has a nonce that is too old, or not for its key');
const used = refused('invalid_dpop_proof', 'The DPoP proof was used before');

describe('nonces of DPoP proofs (RFC 9449 §9)', () => {
  const dpopNonceSecret = randomBytes(32).toString('base64url');
  let clock: TestClock;
  let issuer: kit.TestIssuer;
  let client: TestClient;
  let app: express.Express;
  let servers: AxiomsServer[];
  beforeEach(async () => {
    clock = new TestClock();
    issuer = await new kit.TestIssuer({ audience: externalUrl, clock }).listen();
    servers = [];
    app = serve({});
    client = new TestClient(issuer, { externalUrl });
    handled = 0;
  });
  afterEach(async () => {
    for (const server of servers) server.close();
    await issuer.close();
  });

  function serve(axioms: Partial<SettingsInput>): express.Express {
    const settings = { ...issuer.settings(), dpop: 'required' as const, externalUrl, dpopNonceSecret, ...axioms };
    const made = clock.attachTo(createExpressServer({ controllers, axioms: settings }));
    servers.push(made.locals.axioms as AxiomsServer);
    return made;
  }

  function get(token: string, path = '/books', served = app): Test {
    return request(served)
      .get(path)
      .set(client.fields('GET', path, token));
  }

  /** Expects the refusal, a nonce that is good, and that no handler ran. */
  async function expectNonceNeeded(test: Test, refusal: Refusal): Promise<Response> {
    const before = handled;
    const response = await test;
    expectExactRefusal(response, refusal);
    expect(fieldsOf(response, 'dpop-nonce')).to.have.length(1);
    expect(handled).to.equal(before);
    return response;
  }

  async function expectServed(test: Test, nonces = 0): Promise<Response> {
    const before = handled;
    const response = await test;
    expect(response.status, response.text).to.equal(200);
    expect(fieldsOf(response, 'www-authenticate')).to.deep.equal([]);
    expect(fieldsOf(response, 'dpop-nonce')).to.have.length(nonces);
    expect(handled).to.equal(before + 1);
    return response;
  }

  async function learnNonce(token: string): Promise<void> {
    expect(client.keepNonce(await expectNonceNeeded(get(token), missing))).to.equal(true);
  }

  it('asks for a nonce, accepts the one that it sends, and sends none while that is current', async () => {
    const token = client.token();
    await learnNonce(token);
    await expectServed(get(token));
    await expectServed(get(token));
  });

  it('does not use up a proof that lacks the nonce, and accepts each proof with it once', async () => {
    const token = client.token();
    const jti = { jti: 'the same' };
    const target = { method: 'GET', url: `${externalUrl}/books`, token };
    const send = (nonce?: string): Test =>
      request(app)
        .get('/books')
        .set({ Authorization: `DPoP ${token}`, DPoP: client.proof({ ...target, nonce }, jti) });
    const { headers } = await expectNonceNeeded(send(), missing);
    const { 'dpop-nonce': nonce } = headers as { 'dpop-nonce': string };
    await expectNonceNeeded(send('wrong'), wrong);
    await expectServed(send(nonce));
    expectExactRefusal(await send(nonce), used);
    expect(handled).to.equal(1);
  });

  it('renews an aging nonce with a response that no cache keeps, and refuses an old one', async () => {
    const token = client.token();
    await learnNonce(token);
    const first = client.nonce;
    clock.advance(noncePeriod);
    const renewed = await expectServed(get(token), 1);
    expect(fieldsOf(renewed, 'cache-control')).to.deep.equal(['no-store']);
    client.keepNonce(renewed);
    expect(client.nonce).not.to.equal(first);
    await expectServed(get(token));
    client.nonce = first;
    clock.advance(noncePeriod);
    client.keepNonce(await expectNonceNeeded(get(client.token()), wrong));
    await expectServed(get(client.token()));
  });

  it('renews the nonce of a caller that a rule refuses, and of a request that no handler answers', async () => {
    await learnNonce(client.token());
    clock.advance(noncePeriod);
    const refusal = await get(client.token(), '/scoped').expect(403);
    expect(fieldsOf(refusal, 'dpop-nonce')).to.have.length(1);
    expect(fieldsOf(refusal, 'cache-control')).to.deep.equal(['no-store']);
    expect(handled).to.equal(0);
  });

  it('leaves the last word about caches to the handler', async () => {
    await learnNonce(client.token());
    clock.advance(noncePeriod);
    const response = await expectServed(get(client.token(), '/books/cached'), 1);
    expect(fieldsOf(response, 'cache-control')).to.deep.equal(['private, max-age=60']);
  });

  it('accepts no nonce of another key, of another secret, and none that is empty, long or no text', async () => {
    const token = client.token();
    await learnNonce(token);
    const stolen = client.nonce;
    const other = new TestClient(issuer, { externalUrl });
    const foreign = request(app)
      .get('/books')
      .set(other.fields('GET', '/books', other.token(), stolen));
    await expectNonceNeeded(foreign, wrong);
    const elsewhere = serve({ dpopNonceSecret: 'x'.repeat(32) });
    await expectNonceNeeded(get(token, '/books', elsewhere), wrong);
    for (const nonce of ['', 'x', 'x'.repeat(43), 'x'.repeat(5000), 'é'.repeat(43), `${String(stolen)}=`])
      await expectNonceNeeded(
        request(app)
          .get('/books')
          .set(client.fields('GET', '/books', token, nonce)),
        wrong,
      );
    const target = { method: 'GET', url: `${externalUrl}/books`, token };
    for (const nonce of [7, null, [stolen], {}]) {
      const DPoP = client.proof(target, { nonce });
      const response = await request(app)
        .get('/books')
        .set({ Authorization: `DPoP ${token}`, DPoP });
      expectExactRefusal(response, refused('invalid_dpop_proof', 'The nonce of the DPoP proof is no text'));
    }
    expect(handled).to.equal(0);
  });

  it('accepts the nonces of another server with the same secret, and of one that changes its secret', async () => {
    await learnNonce(client.token());
    await expectServed(get(client.token(), '/books', serve({})));
    const changing = serve({ dpopNonceSecret: ['y'.repeat(32), dpopNonceSecret] });
    client.keepNonce(await expectServed(get(client.token(), '/books', changing), 1));
    await expectServed(get(client.token(), '/books', changing));
    await expectNonceNeeded(get(client.token()), wrong);
  });

  it('tells a key its nonce only once every other check of the proof has passed', async () => {
    const token = client.token();
    const target = { method: 'GET', url: `${externalUrl}/books`, token };
    for (const name of Object.keys(kit.forgedProofs) as kit.ForgedProofName[]) {
      const DPoP = kit.forgeProof(name, client, target);
      const response = await request(app)
        .get('/books')
        .set({ Authorization: `DPoP ${token}`, DPoP });
      const { error, description } = kit.forgedProofs[name];
      expectExactRefusal(response, refused(error, description));
      expect(fieldsOf(response, 'dpop-nonce'), name).to.deep.equal([]);
    }
    expect(handled).to.equal(0);
  });

  it('asks before the store of used proofs, which learns of no proof without a nonce', async () => {
    const proofStore = new MemoryProofStore();
    const asked: string[] = [];
    const use = proofStore.use.bind(proofStore);
    proofStore.use = proof => {
      asked.push(proof.id);
      return use(proof);
    };
    app = serve({ proofStore });
    await learnNonce(client.token());
    expect(asked).to.deep.equal([]);
    await expectServed(get(client.token()));
    expect(asked).to.have.length(1);
  });

  it('asks on an open route, on a plain route, and where two guards check one proof', async () => {
    await expectNonceNeeded(get(client.token(), '/open'), missing);
    const plain = express();
    const settings = { ...issuer.settings(), dpop: 'required' as const, externalUrl, dpopNonceSecret };
    servers.push(guardApp(plain, settings));
    clock.attachTo(plain);
    plain.get('/plain', requireAccessToken(), (_, response) => {
      handled++;
      response.json([]);
    });
    client.keepNonce(await expectNonceNeeded(get(client.token(), '/plain', plain), missing));
    await expectServed(get(client.token(), '/plain', plain));
    clock.advance(noncePeriod);
    await expectServed(get(client.token(), '/plain', plain), 1);
    await expectServed(get(client.token({ scope: 'book:read' }), '/twice'), 1);
    await expectServed(get(client.token(), '/open'), 1);
  });

  it('asks no bearer token for a nonce', async () => {
    const bearer = request(serve({ dpop: 'allowed' }))
      .get('/books')
      .set('Authorization', `Bearer ${issuer.token()}`);
    await expectServed(bearer);
  });

  it('accepts requests in parallel with one nonce', async () => {
    const token = client.token();
    await learnNonce(token);
    const responses = await Promise.all(Array.from({ length: 20 }, () => get(token)));
    expect(responses.map(({ status }) => status)).to.deep.equal(Array<number>(20).fill(200));
  });

  it('makes a client whose server had a wrong clock ask again, and no more than that', async () => {
    await learnNonce(client.token());
    const ahead = new TestClock(clock.now() + 3_600_000);
    const jumped = serve({});
    ahead.attachTo(jumped);
    // The proof is from the past of that server: its clock is the mistake, and no nonce is sent.
    const old = refused('invalid_dpop_proof', 'The DPoP proof is too old');
    const token = client.token({ exp: issuer.seconds() + 7200 });
    expectExactRefusal(await get(token, '/books', jumped), old);
    clock.attachTo(jumped);
    await expectServed(get(client.token(), '/books', jumped));
  });

  it('is in the OpenAPI document', async () => {
    const document = await openApiDocument(app, { info: { title: 'a', version: '1' } });
    const responses = document.paths['/books']?.['get']?.responses as Record<string, { headers?: object }>;
    expect(responses['401']?.headers).to.have.property('DPoP-Nonce');
    const without = await openApiDocument(serve({ dpopNonceSecret: undefined }), {
      info: { title: 'a', version: '1' },
    });
    expect(JSON.stringify(without)).not.to.contain('DPoP-Nonce');
  });
});
