/** Access tokens, their claims and their keys. */
import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, SignJWT } from 'jose';
import request, { type Response } from 'supertest';
import { memoryStore, type MicroserviceOptions } from '../../src/microservice';
import { claimsOf, headerOf, setCookiesOf, type Browser } from './browser';
import { issuer, secret, SignInApp } from './sign-in-app';

let app: SignInApp;

async function start(options: Partial<MicroserviceOptions> = {}): Promise<SignInApp> {
  app = await new SignInApp({ store: memoryStore(), ...options }).withUsers();
  return app;
}

async function signedIn(): Promise<Browser> {
  const browser = app.browser();
  const answer = await browser.signIn();
  expect(answer.status, answer.text).to.equal(200);
  return browser;
}

async function publishedKids(): Promise<unknown[]> {
  const answer = await request(app.app).get('/.well-known/jwks.json');
  return (answer.body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

describe('signing keys', () => {
  afterEach(() => app.close());

  for (const alg of ['EdDSA', 'ES256', 'RS256'] as const)
    it(`signs with ${alg}, and the other half of the library accepts it without HTTP`, async () => {
      await start({ signingAlgorithm: alg });
      const browser = await signedIn();
      expect(headerOf(browser.accessToken)).to.include({ alg, typ: 'at+jwt' });
      expect((await browser.me()).status).to.equal(200);
      expect(app.server.jwksManager.status()[0]).to.include({ usable: true, jwksUrl: null });
    });

  it('publishes a new key before it signs, and the old one until its last token has expired', async () => {
    await start();
    const first = await signedIn();
    const { kid: old } = headerOf(first.accessToken);
    const { kid, activeFrom } = await app.microservice.rotateKeys();
    expect(activeFrom).to.equal(app.time.now + 3_600_000);
    expect(await publishedKids()).to.have.members([old, kid]);
    app.time.advance(3599);
    expect(headerOf((await signedIn()).accessToken).kid).to.equal(old);
    app.time.advance(61);
    const second = await signedIn();
    expect(headerOf(second.accessToken).kid).to.equal(kid);
    expect((await second.me()).status).to.equal(200);
    expect(await publishedKids()).to.have.members([old, kid]);
    app.time.advance(600);
    expect(await publishedKids()).to.deep.equal([kid]);
  });

  it('signs with a new key at once where there is no overlap', async () => {
    await start();
    const { kid: old } = headerOf((await signedIn()).accessToken);
    const { kid } = await app.microservice.rotateKeys(0);
    const browser = await signedIn();
    expect(headerOf(browser.accessToken).kid).to.equal(kid).and.not.to.equal(old);
    expect((await browser.me()).status).to.equal(200);
  });

  it('signs at once with the very first key, also where a rotation made it', async () => {
    // Nobody else makes it meanwhile, as the prefetching of keys would.
    app = await new SignInApp({ store: memoryStore() }, { jwksPrefetch: false }).withUsers();
    const { kid, activeFrom } = await app.microservice.rotateKeys();
    expect(activeFrom).to.equal(app.time.now);
    expect(headerOf((await signedIn()).accessToken).kid).to.equal(kid);
  });

  it('forgets retired keys when the next one is made', async () => {
    const store = memoryStore();
    await start({ store });
    await signedIn();
    for (let count = 0; count < 4; count++) {
      await app.microservice.rotateKeys();
      app.time.advance(10_000);
    }
    expect(await store.signingKeys(issuer)).to.have.length.lessThan(4);
  });

  it('makes one first key, however many processes start', async () => {
    const store = memoryStore();
    await start({ store });
    const others = [1, 2, 3].map(() => new SignInApp({ store, clock: app.time.clock }));
    await Promise.all([app, ...others].map(one => request(one.app).get('/.well-known/jwks.json')));
    expect(await store.signingKeys(issuer)).to.have.length(1);
    for (const one of others) await one.close();
  });

  it('announces a key of another algorithm like any other', async () => {
    const store = memoryStore();
    await start({ store });
    await signedIn();
    app.server.close();
    const { time, users } = app;
    app = new SignInApp({ store, users, signingAlgorithm: 'ES256', clock: time.clock });
    expect(headerOf((await signedIn()).accessToken).alg).to.equal('EdDSA');
    expect(await publishedKids()).to.have.length(2);
  });

  it('stores no key that could be read, and believes none that somebody else wrote there', async () => {
    const store = memoryStore();
    await start({ store });
    await signedIn();
    const [stored] = await store.signingKeys(issuer);
    expect(JSON.stringify(stored)).not.to.match(/"(?:d|x)"/);
    const { publicKey } = generateKeyPairSync('ed25519');
    const forged = { ...stored!, generation: 2, kid: 'forged', activeFrom: 0 };
    const sealedJwk = Buffer.from(JSON.stringify(await exportJWK(publicKey))).toString('base64url');
    await store.addSigningKey({ ...forged, sealedJwk: `e30..AAAA.${sealedJwk}.AAAA` });
    await store.addSigningKey({ ...stored!, generation: 3, kid: 'moved', activeFrom: 0 });
    app.time.advance(120);
    expect(await publishedKids()).to.deep.equal([stored!.kid]);
    expect((await (await signedIn()).me()).status).to.equal(200);
  });
});

describe('claims of the user', () => {
  afterEach(() => app.close());

  it('are those that are listed, and no others', async () => {
    await start({
      customTokenUserAttributes: ['email', 'nickname'],
      customTokenCallableAttributes: [
        { attrName: 'roles', attrGetter: ({ username }) => Promise.resolve([username, 'wizard']) },
      ],
    });
    const browser = await signedIn();
    const own = { email: 'ged@example.com', nickname: null, roles: ['ged', 'wizard'] };
    expect(claimsOf(browser.accessToken)).to.include({ email: own.email, nickname: null });
    expect(claimsOf(browser.accessToken)).to.have.deep.property('roles', own.roles);
    expect(claimsOf(browser.accessToken)).not.to.have.any.keys('username', 'isActive', 'passwordHash');
    app.users.update(await app.idOf('ged'), { email: 'duny@example.com' });
    await browser.refresh();
    expect(claimsOf(browser.accessToken)).to.include({ email: 'duny@example.com' });
  });

  it('carry along no object that nobody listed, and nothing is issued', async () => {
    await start({ customTokenUserAttributes: ['profile'] });
    app.users.update(await app.idOf('ged'), { profile: { password: 'sparrowhawk' } });
    const answer = await app.browser().signIn();
    expect([answer.status, answer.body]).to.deep.equal([
      500,
      { error: 'server_error', error_description: 'The server could not handle the request' },
    ]);
    expect(setCookiesOf(answer)).to.deep.equal([]);
  });

  it('and the serialized user are in the answers of sign-in and refresh', async () => {
    await start({ userSerializer: ({ username, email }) => ({ username, email }) });
    const browser = app.browser();
    for (const answer of [await browser.signIn(), await browser.refresh()])
      expect((answer.body as { user: unknown }).user).to.deep.equal({ username: 'ged', email: 'ged@example.com' });
  });
});

describe('a session that is bound to a key (RFC 9449)', () => {
  afterEach(() => app.close());

  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let count = 0;

  async function proof(endpoint: string, claims: object = {}, header: object = {}, key = privateKey): Promise<string> {
    const all = {
      htm: 'POST',
      htu: `${issuer}/auth/${endpoint}/`,
      iat: app.time.now / 1000,
      jti: `p${count++}`,
      ...claims,
    };
    const jwk = await exportJWK(publicKey);
    return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(key);
  }

  async function boundSession(): Promise<Browser> {
    const browser = app.browser();
    const credentials = { username: 'ged', password: 'sparrowhawk' };
    const answer = await browser.ask('sign-in/', credentials).set('DPoP', await proof('sign-in'));
    expect(answer.status, answer.text).to.equal(200);
    browser.keep(answer);
    return browser;
  }

  async function refreshWith(browser: Browser, ...proofs: string[]): Promise<Response> {
    return browser.ask('refresh/', { CSRF_token: browser.csrfToken }).set('DPoP', proofs as never);
  }

  beforeEach(() => start());

  it('has tokens that say so, and is refreshed with that key alone', async () => {
    const browser = await boundSession();
    expect(claimsOf(browser.accessToken))
      .to.have.nested.property('cnf.jkt')
      .that.matches(/^[\w-]{43}$/);
    const without = await browser.copy().refresh();
    expect([without.status, (without.body as { error: string }).error]).to.deep.equal([401, 'invalid_dpop_proof']);
    expect(setCookiesOf(without)).to.deep.equal([]);
    expect((await refreshWith(browser, await proof('refresh'))).status).to.equal(200);
  });

  it('refuses a proof that was used before', async () => {
    const browser = await boundSession();
    const once = await proof('refresh');
    browser.keep(await refreshWith(browser, once));
    expect((await refreshWith(browser, once)).status).to.equal(401);
    expect((await refreshWith(browser, await proof('refresh'))).status).to.equal(200);
  });

  it('refuses a proof with any one defect, and loses nothing', async () => {
    const browser = await boundSession();
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = app.time.now / 1000;
    const wrong = {
      'another key': await proof('refresh', {}, { jwk: await exportJWK(other.publicKey) }, other.privateKey),
      'another signature': await proof('refresh', {}, {}, other.privateKey),
      'another type': await proof('refresh', {}, { typ: 'JWT' }),
      'another method': await proof('refresh', { htm: 'GET' }),
      'another URL': await proof('sign-in'),
      'too old': await proof('refresh', { iat: now - 61 }),
      'too new': await proof('refresh', { iat: now + 61 }),
      'no jti': await proof('refresh', { jti: undefined }),
      'no iat': await proof('refresh', { iat: undefined }),
      'no key': await proof('refresh', {}, { jwk: undefined }),
      'a private key': await proof('refresh', {}, { jwk: await exportJWK(privateKey) }),
      garbage: 'a.b.c',
      empty: '',
    };
    for (const [what, one] of Object.entries(wrong)) {
      const answer = await refreshWith(browser, one);
      expect([answer.status, (answer.body as { error: string }).error], what).to.deep.equal([
        401,
        'invalid_dpop_proof',
      ]);
      expect(setCookiesOf(answer), what).to.deep.equal([]);
    }
    expect((await refreshWith(browser, await proof('refresh'))).status).to.equal(200);
  });
});

describe('one secret', () => {
  afterEach(() => app.close());

  it('protects every cookie: with another secret, or another salt, nobody is signed in', async () => {
    const store = memoryStore();
    await start({ store });
    const browser = await signedIn();
    for (const options of [{ secret: `${secret}!` }, { cookieSalt: 'more' }]) {
      const other = new SignInApp({ store, users: app.users, clock: app.time.clock, ...options });
      const answer = await Object.assign(other.browser(), {
        cookies: browser.cookies,
        csrfToken: browser.csrfToken,
      }).refresh();
      expect(answer.status).to.equal(401);
      await other.close();
    }
    expect((await browser.refresh()).status).to.equal(200);
  });

  it('does not make a token of one client good for another', async () => {
    const store = memoryStore();
    await start({ store });
    const browser = await signedIn();
    const other = new SignInApp({ store, users: app.users, clock: app.time.clock, clientId: 'other' });
    const copy = Object.assign(other.browser(), { cookies: new Map(browser.cookies), csrfToken: browser.csrfToken });
    expect((await copy.refresh()).status).to.equal(401);
    await other.close();
    expect((await browser.refresh()).status).to.equal(200);
  });
});
