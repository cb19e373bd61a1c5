/** What others need to verify the tokens: metadata (RFC 8414) and keys, with which a server elsewhere does so over HTTP. */
import { expect } from 'chai';
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import request from 'supertest';
import { memoryStore, type MicroserviceOptions } from '../../src/microservice';
import { expectExactRefusal, invalidToken } from '../refusals';
import { issuer, SignInApp } from './sign-in-app';

const clock = (): number => Date.now();

describe('metadata and keys', () => {
  let app: SignInApp;
  afterEach(() => app.close());

  function start(options: Partial<MicroserviceOptions> = {}): void {
    app = new SignInApp({ store: memoryStore(), clock, ...options });
  }

  const idp = { provider: 'google', clientId: '1234' } as const;

  it('say all that there is, and no more', async () => {
    start({ signingAlgorithm: 'ES256', idp });
    const answer = await request(app.app).get('/.well-known/oauth-authorization-server');
    expect(answer.status).to.equal(200);
    expect(answer.headers).to.include({ 'cache-control': 'public, max-age=300' });
    expect(answer.headers['content-type']).to.match(/^application\/json/);
    const { dpop_signing_alg_values_supported: dpop, ...metadata } = answer.body as Record<string, unknown>;
    expect(dpop).to.include('ES256');
    expect(metadata).to.deep.equal({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: [],
      access_token_signing_alg_values_supported: ['ES256'],
      sign_in_endpoint: `${issuer}/auth/sign-in/`,
      social_exchange_endpoint: `${issuer}/auth/social-exchange/`,
      refresh_endpoint: `${issuer}/auth/refresh/`,
      csrf_endpoint: `${issuer}/auth/csrf/`,
      logoff_endpoint: `${issuer}/auth/logoff/`,
    });
  });

  it('name no exchange where there is no provider', async () => {
    start();
    const answer = await request(app.app).get('/.well-known/oauth-authorization-server');
    expect(answer.body).not.to.have.property('social_exchange_endpoint');
  });

  it('are there with and without the slash at the end', async () => {
    start();
    for (const path of ['jwks.json', 'oauth-authorization-server']) {
      const answers = [`/.well-known/${path}`, `/.well-known/${path}/`].map(url => request(app.app).get(url));
      const [without, withSlash] = await Promise.all(answers);
      expect([without!.status, withSlash!.status]).to.deep.equal([200, 200]);
      expect(withSlash!.body).to.deep.equal(without!.body);
    }
  });

  it('are also where an issuer with a path has them (RFC 8414 §3.1)', async () => {
    const tenant = 'https://example.com/tenant';
    start({ issuer: tenant, audience: issuer });
    const answer = await request(app.app).get('/.well-known/oauth-authorization-server/tenant');
    const { issuer: named, jwks_uri: keysAt } = answer.body as { issuer: string; jwks_uri: string };
    expect([named, keysAt]).to.deep.equal([tenant, `${tenant}/.well-known/jwks.json`]);
    expect((await request(app.app).get(new URL(keysAt).pathname)).status).to.equal(200);
  });

  it('need no token, and mind none', async () => {
    start();
    for (const path of ['jwks.json', 'oauth-authorization-server'])
      for (const value of ['Bearer junk', 'Bearer']) {
        const answer = await request(app.app).get(`/.well-known/${path}`).set('Authorization', value);
        expect([answer.status, answer.headers['www-authenticate']]).to.deep.equal([200, undefined]);
      }
  });
});

describe('a resource server elsewhere', () => {
  let server: Server;
  let app: SignInApp;
  let url: string;
  let asked: string[];
  let process: ChildProcess;
  let elsewhere: string;

  before(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    asked = [];
    app = await new SignInApp({ store: memoryStore(), issuer: url, audience: url, clock }).withUsers();
    server.on('request', ({ url: path = '' }) => asked.push(path)).on('request', app.app);
    process = fork(join(__dirname, 'resource-server.js'), [url], { execArgv: [] });
    const [port] = (await once(process, 'message')) as [number];
    elsewhere = `http://127.0.0.1:${port}`;
  });
  after(async () => {
    process.kill();
    await app.close();
    server.close();
  });

  it('finds the keys by the metadata, and verifies the tokens like anybody’s', async () => {
    const browser = app.browser();
    expect((await browser.signIn()).status).to.equal(200);
    const call = (token: string) => request(elsewhere).get('/me').set('Authorization', `Bearer ${token}`);
    expect((await call(browser.accessToken)).body).to.include({ iss: url, aud: url });
    expect(asked).to.deep.equal([
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/.well-known/jwks.json',
    ]);
    expectExactRefusal(
      await call(tampered(browser.accessToken)),
      invalidToken('The signature of the access token is wrong'),
    );
  });

  it('refetches the keys when the next one signs', async () => {
    await app.microservice.rotateKeys(0);
    const browser = app.browser();
    await browser.signIn();
    const answer = await request(elsewhere).get('/me').set('Authorization', `Bearer ${browser.accessToken}`);
    expect(answer.status).to.equal(200);
    expect(asked.at(-1)).to.equal('/.well-known/jwks.json');
  });
});

/** With another first character of its signature. */
function tampered(token: string): string {
  return token.replace(/[^.]+$/, signature => (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1));
}
