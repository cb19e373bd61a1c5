/** A DPoP proof names the URL that the client knows, and a proxy may take the path of the issuer away. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import express, { type Express } from 'express';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import request, { type Response } from 'supertest';
import { memoryStore, type MicroserviceOptions } from '../../src/microservice';
import { Browser } from '../microservice/browser';
import { SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal } from '../refusals';

const issuer = 'https://example.com/api';
const named = `${issuer}/auth/sign-in/`;
const description = 'The DPoP proof is not valid';
const refusal = {
  status: 401,
  challenges: [
    `DPoP error="invalid_dpop_proof", error_description="${description}", algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"`,
  ],
  error: 'invalid_dpop_proof',
  description,
};

interface Deployment {
  readonly options: Partial<MicroserviceOptions>;
  /** Where the app is mounted in another one. */
  readonly mount?: string;
  /** The path of the sign-in, as the server sees it. */
  readonly path: string;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
}

const deployments: Readonly<Record<string, Deployment>> = {
  "behind a proxy that takes the issuer's path away": {
    options: { refreshCookiePath: '/api/auth', prefix: '/auth' },
    path: '/auth/sign-in/',
    accepted: [named],
    // The first is the sign-in of another server behind the same proxy.
    refused: ['https://example.com/auth/sign-in/', `${issuer}/auth/refresh/`, `${issuer}/api/auth/sign-in/`],
  },
  'behind such a proxy, with cookies for every path': {
    options: { refreshCookiePath: '/' },
    path: '/auth/sign-in/',
    accepted: [named],
    refused: ['https://example.com/auth/sign-in/', 'https://example.org/api/auth/sign-in/'],
  },
  "mounted at the issuer's path": {
    options: { refreshCookiePath: '/api/auth', prefix: '/auth' },
    mount: '/api',
    path: '/api/auth/sign-in/',
    accepted: [named],
    refused: ['https://example.com/auth/sign-in/', `${issuer}/api/auth/sign-in/`],
  },
  "beside the issuer's path, where browsers see it": {
    options: {},
    path: '/auth/sign-in/',
    accepted: [named, 'https://example.com/auth/sign-in/'],
    refused: ['https://example.com/sign-in/', 'https://evil.example/auth/sign-in/'],
  },
  "with the issuer's path in the prefix": {
    options: { prefix: '/api/auth', refreshCookiePath: '/api/auth' },
    path: '/api/auth/sign-in/',
    accepted: [`${issuer}/api/auth/sign-in/`, named],
    refused: ['https://example.com/auth/sign-in/'],
  },
  'behind a proxy that gives the app another URL than the issuer, by externalUrl': {
    options: { issuer: 'https://auth.example.org', externalUrl: 'https://example.com/api', refreshCookiePath: '/' },
    path: '/auth/sign-in/',
    accepted: [named],
    refused: ['https://auth.example.org/auth/sign-in/', 'https://example.com/auth/sign-in/'],
  },
  'behind a proxy that takes another path away than the path of the issuer': {
    options: { externalUrl: 'https://example.com/shop/', refreshCookiePath: '/shop/auth', prefix: '/auth' },
    path: '/auth/sign-in/',
    accepted: ['https://example.com/shop/auth/sign-in/'],
    refused: [named, 'https://example.com/auth/sign-in/'],
  },
  'asked without the slash at the end': {
    options: { refreshCookiePath: '/api/auth', prefix: '/auth' },
    path: '/auth/sign-in',
    accepted: [named.slice(0, -1)],
    refused: ['https://example.com/auth/sign-in'],
  },
};

describe('regression: a DPoP proof at a microservice whose issuer has a path', () => {
  let app: SignInApp;
  let outer: Express;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;

  before(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
  });
  afterEach(() => app.close());

  async function start({ options, mount = '/' }: Pick<Deployment, 'options' | 'mount'>): Promise<void> {
    app = await new SignInApp({ store: memoryStore(), issuer, refusalTime: 0, ...options }).withUsers();
    outer = express().use(mount, app.app);
  }

  async function proofFor(htu: string): Promise<string> {
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) };
    const claims = { htm: 'POST', htu, jti: randomUUID(), iat: Math.floor(app.time.now / 1000) };
    return new SignJWT(claims).setProtectedHeader(header).sign(keys.privateKey);
  }

  async function signIn(path: string, htu: string): Promise<Response> {
    const credentials = { username: 'ged', password: 'sparrowhawk' };
    return request(outer)
      .post(path)
      .set('DPoP', await proofFor(htu))
      .send(credentials);
  }

  for (const [where, deployment] of Object.entries(deployments)) {
    const { path, accepted, refused } = deployment;
    it(`is accepted for the URL of the endpoint alone: ${where}`, async () => {
      await start(deployment);
      for (const htu of accepted) expect((await signIn(path, htu)).status, htu).to.equal(200);
      for (const htu of refused) expectExactRefusal(await signIn(path, htu), refusal);
    });
  }

  for (const externalUrl of [undefined, 'https://example.org/shop'])
    it(`is accepted for the URLs of the metadata behind a proxy: externalUrl ${externalUrl ?? 'not given'}`, async () => {
      const path = externalUrl === undefined ? '/api/auth' : '/shop/auth';
      await start({ options: { externalUrl, refreshCookiePath: path, prefix: '/auth' } });
      const published = await request(outer).get('/.well-known/oauth-authorization-server');
      expect(published.body).to.include({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` });
      const metadata = published.body as Record<string, string>;
      const browser = new Browser(outer);
      browser.keep(await signIn('/auth/sign-in/', metadata['sign_in_endpoint']!));
      const refresh = async (htu: string): Promise<Response> =>
        browser.ask('refresh/', { CSRF_token: browser.csrfToken }).set('DPoP', await proofFor(htu));
      expectExactRefusal(await refresh(metadata['sign_in_endpoint']!), refusal);
      expect((await refresh(metadata['refresh_endpoint']!)).status).to.equal(200);
    });
});
