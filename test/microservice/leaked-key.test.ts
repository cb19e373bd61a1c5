/** What `rotateKeys(0)` promises: a key that has leaked is worth nothing from then on. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { importJWK, SignJWT } from 'jose';
import request from 'supertest';
import { createExpressServer, type AxiomsServer, type SettingsInput } from 'axioms-routing-controllers';
import { memoryStore, type MicroserviceOptions, type StoredSigningKey } from '../../src/microservice';
import { Secrets } from '../../src/microservice/secrets';
import { unseal } from '../../src/microservice/tokens/sealed-key';
import { eventually } from '../issuer/fake-time';
import { expectExactRefusal, invalidToken, type Refusal } from '../refusals';
import { claimsOf, headerOf, type Browser } from './browser';
import { issuer, MeController, secret, SignInApp } from './sign-in-app';

const unknownKey: Refusal = invalidToken('The access token is signed with an unknown key');
const tenYears = 10 * 365 * 86_400;

describe('regression: a signing key that has leaked', () => {
  let app: SignInApp;
  let store: ReturnType<typeof memoryStore>;

  beforeEach(async () => {
    store = memoryStore();
    app = await start();
  });
  afterEach(() => app.close());

  async function start(options: Partial<MicroserviceOptions> = {}): Promise<SignInApp> {
    const started = new SignInApp({ store, ...options });
    Object.assign(started.server.jwksManager, { clock: started.time.clock, timers: started.time.timers });
    return started.withUsers();
  }

  async function signedIn(): Promise<Browser> {
    const browser = app.browser();
    expect((await browser.signIn()).status).to.equal(200);
    return browser;
  }

  /** A token as only somebody with the private key can make it. */
  async function forged({ sealedJwk, ...stored }: StoredSigningKey): Promise<string> {
    const key = await importJWK((await unseal(sealedJwk, stored, new Secrets(secret))) as object, stored.alg);
    const now = Math.floor(app.time.now / 1000);
    const claims = {
      iss: issuer,
      aud: issuer,
      sub: 'admin',
      client_id: issuer,
      jti: 'x',
      iat: now,
      exp: now + tenYears,
    };
    const header = { alg: stored.alg, kid: stored.kid, typ: 'at+jwt' };
    return new SignJWT(claims).setProtectedHeader(header).sign(key);
  }

  const me = (token: string) => request(app.app).get('/me').set('Authorization', `Bearer ${token}`);

  async function publishedKids(): Promise<unknown[]> {
    const answer = await request(app.app).get('/.well-known/jwks.json');
    return (answer.body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  }

  it('is published no more, and every token that it signed is refused at once', async () => {
    const browser = await signedIn();
    const honest = browser.accessToken;
    const [leaked] = await store.signingKeys(issuer);
    const token = await forged(leaked!);
    expect((await me(token)).body).to.include({ sub: 'admin' });
    expect((await me(honest)).status).to.equal(200);

    const { kid, activeFrom } = await app.microservice.rotateKeys(0);
    expect(activeFrom).to.equal(app.time.now);
    for (const worthless of [token, honest]) expectExactRefusal(await me(worthless), unknownKey);
    expect(await publishedKids()).to.deep.equal([kid]);
    expect((await store.signingKeys(issuer)).map(key => key.kid)).to.deep.equal([kid]);
    expect(app.logger.text('warn')).to.include('Signing keys were withdrawn').and.to.include(leaked!.kid);

    // The session goes on: its next access token is signed with the new key.
    expect((await browser.refresh()).status).to.equal(200);
    expect(headerOf(browser.accessToken)).to.include({ kid });
    expect((await browser.me()).body).to.include({ sub: claimsOf(honest).sub });
  });

  for (const [how, settingsFor] of Object.entries<(jwksUrl: string) => SettingsInput>({
    'by its jwksUrl alone': jwksUrl => ({ jwksUrl, audience: issuer }),
    'beside another issuer with the same jwksUrl': jwksUrl => ({
      issuers: [
        { issuerUrl: 'https://old-name.example', jwksUrl, audience: issuer },
        { issuerUrl: issuer, jwksUrl, audience: issuer },
      ],
    }),
  }))
    it(`is refused at once by a server of this process that knows its issuer ${how}`, async () => {
      const honest = (await signedIn()).accessToken;
      const listening = app.app.listen(0, '127.0.0.1');
      await once(listening, 'listening');
      const { port } = listening.address() as AddressInfo;
      const other = createExpressServer({
        controllers: [MeController],
        axioms: { logger: app.logger, ...settingsFor(`http://127.0.0.1:${port}/.well-known/jwks.json`) },
      });
      const server = other.locals.axioms as AxiomsServer;
      server.verifier.clock = app.time.clock;
      const ask = () => request(other).get('/me').set('Authorization', `Bearer ${honest}`);
      expect((await ask()).status).to.equal(200);
      await app.microservice.rotateKeys(0);
      expect((await ask()).status).to.equal(401);
      server.close();
      listening.close();
    });

  it('takes with it a key that was announced and does not sign yet', async () => {
    await signedIn();
    const { kid: announced } = await app.microservice.rotateKeys();
    const { kid } = await app.microservice.rotateKeys(0);
    expect(await publishedKids()).to.deep.equal([kid]);
    app.time.advance(7200);
    expect(headerOf((await signedIn()).accessToken).kid)
      .to.equal(kid)
      .and.not.to.equal(announced);
  });

  it('stays in use in a rotation that only has no overlap by the options', async () => {
    await app.close();
    app = await start({ signingKeyOverlap: 0 });
    const browser = await signedIn();
    const { kid } = await app.microservice.rotateKeys();
    expect((await browser.me()).status).to.equal(200);
    expect(await publishedKids()).to.deep.equal([headerOf(browser.accessToken).kid, kid]);
  });

  it('is not brought back by a read of the store that began before', async () => {
    await signedIn();
    const { signingKeys } = store;
    let release = (): void => undefined;
    const held = new Promise<void>(resolve => (release = resolve));
    let isRead = false;
    store.signingKeys = async of => {
      const keys = await signingKeys.call(store, of);
      isRead = true;
      await held;
      return keys;
    };
    app.time.advance(61);
    const reading = publishedKids();
    await eventually(() => isRead);
    store.signingKeys = signingKeys;
    const { kid } = await app.microservice.rotateKeys(0);
    release();
    expect(await reading).to.deep.equal([kid]);
    expect(headerOf((await signedIn()).accessToken)).to.include({ kid });
  });

  it('is refused even where the store fails while it is removed, and the next rotation removes it', async () => {
    await signedIn();
    const [leaked] = await store.signingKeys(issuer);
    const token = await forged(leaked!);
    const { removeSigningKey } = store;
    store.removeSigningKey = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const failure: unknown = await app.microservice.rotateKeys(0).catch((error: unknown) => error);
    expect(failure).to.have.property('name', 'ServiceUnavailable');
    expectExactRefusal(await me(token), unknownKey);
    expect(await publishedKids()).not.to.include(leaked!.kid);
    store.removeSigningKey = removeSigningKey;
    const { kid } = await app.microservice.rotateKeys(0);
    expect((await store.signingKeys(issuer)).map(key => key.kid)).to.deep.equal([kid]);
    expect((await (await signedIn()).me()).status).to.equal(200);
  });

  it('is removed again where a fail-over, or a backup, has brought it back', async () => {
    const browser = await signedIn();
    const { accessToken } = browser;
    const [leaked] = await store.signingKeys(issuer);
    const { kid } = await app.microservice.rotateKeys(0);
    // As a replica that had not got the last writes.
    for (const { generation } of await store.signingKeys(issuer)) await store.removeSigningKey(issuer, generation);
    await store.addSigningKey(leaked!);
    app.time.advance(61);

    const next = await signedIn();
    expect(headerOf(next.accessToken).kid).to.not.be.oneOf([leaked!.kid, kid]);
    expect((await next.me()).status).to.equal(200);
    expectExactRefusal(await me(accessToken), unknownKey);
    expect(await publishedKids()).to.not.include(leaked!.kid);
    expect((await store.signingKeys(issuer)).map(one => one.kid)).to.not.include(leaked!.kid);
    const errors = app.logger.entries.filter(({ level }) => level === 'error');
    expect(errors.map(({ message, data }) => [message, data])).to.deep.equal([
      ['Withdrawn signing keys are in the store: they are removed', { kids: [leaked!.kid] }],
    ]);
  });

  it('leaves a key that signs, also where another process announces one at the same time', async () => {
    await signedIn();
    const { addSigningKey } = store;
    const elsewhere = new SignInApp({ store, clock: app.time.clock });
    store.addSigningKey = async key => {
      store.addSigningKey = addSigningKey;
      await elsewhere.microservice.rotateKeys();
      return addSigningKey.call(store, key);
    };
    const { kid, activeFrom } = await app.microservice.rotateKeys(0);
    expect(activeFrom).to.equal(app.time.now);
    expect(await publishedKids()).to.deep.equal([kid]);
    expect(headerOf((await signedIn()).accessToken)).to.include({ kid });
    await elsewhere.close();
  });

  it('is refused after two minutes where another process, such as `axioms keys rotate`, withdrew it', async () => {
    const honest = (await signedIn()).accessToken;
    const [leaked] = await store.signingKeys(issuer);
    const token = await forged(leaked!);
    expect((await me(token)).status).to.equal(200);
    // What the other process leaves in the store, without the memory of this one.
    const other = memoryStore();
    const elsewhere = new SignInApp({ store: other, clock: app.time.clock });
    const { kid } = await elsewhere.microservice.rotateKeys(0);
    const [made] = await other.signingKeys(issuer);
    await elsewhere.close();
    await store.addSigningKey({ ...made!, generation: 2 });
    await store.removeSigningKey(issuer, 1);

    const { jwksManager } = app.server;
    for (let passed = 0; passed < 125; passed += 5) {
      app.time.advance(5);
      await eventually(() => Number(jwksManager.status()[0]!.nextRefresh) > app.time.now);
    }
    for (const worthless of [token, honest]) expectExactRefusal(await me(worthless), unknownKey);
    expect(await publishedKids()).to.deep.equal([kid]);
    expect((await (await signedIn()).me()).status).to.equal(200);
  });
});
