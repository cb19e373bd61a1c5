import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { AuthenticationFailed } from '../../src/core/http/exceptions';
import { memoryStore } from '../../src/microservice/stores/memory-store';
import { DpopProofs } from '../../src/microservice/tokens/dpop-proofs';
import { base64url } from '../issuer/test-issuer';
import type { Browser } from './browser';
import { issuer, SignInApp } from './sign-in-app';

const path = '/auth/refresh/';

// RFC 9449 §4.3, 9: htu is the URL of this server, whatever server the request's target names.
describe('a proof of possession', () => {
  let app: SignInApp;
  let server: Server;
  let browser: Browser;
  let keys: { privateKey: CryptoKey; publicKey: CryptoKey };

  beforeEach(async () => {
    app = await new SignInApp({ store: memoryStore(), rotateRefreshTokens: false }).withUsers();
    server = createServer(app.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    keys = await generateKeyPair('ES256', { extractable: true });
    browser = app.browser();
    const credentials = { username: 'ged', password: 'sparrowhawk' };
    browser.keep(await browser.ask('sign-in/', credentials).set('DPoP', await proofFor(`${issuer}/auth/sign-in/`)));
  });
  afterEach(async () => {
    server.close();
    await app.close();
  });

  async function proofFor(htu: string): Promise<string> {
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) };
    const claims = { htm: 'POST', htu, jti: randomUUID(), iat: Math.floor(app.time.now / 1000) };
    return new SignJWT(claims).setProtectedHeader(header).sign(keys.privateKey);
  }

  async function refreshAt(target: string, proof: string): Promise<number | undefined> {
    const { port } = server.address() as AddressInfo;
    const headers = { 'Content-Type': 'application/json', Cookie: browser.cookieHeader, DPoP: proof };
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path: target, headers });
    asked.end(JSON.stringify({ CSRF_token: browser.csrfToken }));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  }

  it('made for this server is taken', async () => {
    expect(await refreshAt(path, await proofFor(issuer + path))).to.equal(200);
  });

  it('made for another server is not, by whatever name the request calls this one', async () => {
    const elsewhere = `https://evil.example${path}`;
    for (const target of [path, elsewhere]) expect(await refreshAt(target, await proofFor(elsewhere))).to.equal(401);
  });
});

describe('a proof of possession by an Ed25519 key', () => {
  const url = issuer + path;
  const claims = () => ({ htm: 'POST', htu: url, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) });
  const thumbprintOf = (proof: string): Promise<string | null> =>
    new DpopProofs(memoryStore(), () => Date.now()).thumbprint({
      request: {},
      proofs: [proof],
      method: 'POST',
      urls: [url],
    });

  for (const alg of ['EdDSA', 'Ed25519'])
    it(`is taken with the alg ${alg} (RFC 9864)`, async () => {
      const { privateKey, publicKey } = await generateKeyPair('Ed25519', { extractable: true });
      const header = { alg, typ: 'dpop+jwt', jwk: await exportJWK(publicKey) };
      const proof = await new SignJWT(claims()).setProtectedHeader(header).sign(privateKey);
      expect(await thumbprintOf(proof)).to.match(/^[\w-]{43}$/);
    });

  it('is refused where the key is of small order: anybody can make such a proof', async () => {
    const one = Buffer.from([1, ...Array<number>(31).fill(0)]);
    const jwk: JWK = { kty: 'OKP', crv: 'Ed25519', x: one.toString('base64url') };
    const input = `${base64url({ alg: 'EdDSA', typ: 'dpop+jwt', jwk })}.${base64url(claims())}`;
    const proof = `${input}.${Buffer.concat([one, Buffer.alloc(32)]).toString('base64url')}`;
    const refused: unknown = await thumbprintOf(proof).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(AuthenticationFailed);
  });
});
