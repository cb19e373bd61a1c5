/** Each database says in its own way that a row exists already. The store takes all of them for an answer. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { QueryFailedError, type DataSource } from 'typeorm';
import { memoryStore, type StoredSigningKey } from '../../src/microservice';
import { typeOrmStore } from '../../src/microservice/typeorm';
import type { Browser } from '../microservice/browser';
import { expectRefused } from '../microservice/refused';
import { issuer, SignInApp } from '../microservice/sign-in-app';
import { needsServer, places, storeAt, type OpenStore } from '../microservice/stores/places';

for (const place of places.filter(({ server }) => server !== undefined))
  describe(`regression: a row that exists already was 503 (${place.name})`, () => {
    let open: OpenStore;

    needsServer(place);
    beforeEach(async () => {
      open = await place.open();
    });
    afterEach(async () => {
      await open.remove();
    });

    it('answers the first sign-ins of two processes that start together', async () => {
      const other = await storeAt(open.address!);
      const apps = [new SignInApp({ store: open.store }), new SignInApp({ store: other.store })];
      for (const app of apps) await app.withUsers();
      const answers = await Promise.all(apps.map(app => app.browser().signIn()));
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
      for (const app of apps) await app.close();
      await other.close();
    });

    it('refuses a DPoP proof that is sent again', async () => {
      const app = await new SignInApp({ store: open.store }).withUsers();
      const proof = await proofAt(app.time.now);
      expect((await signInWith(proof, app.browser())).status).to.equal(200);
      expectRefused(await signInWith(proof, app.browser()), { status: 401, error: 'invalid_dpop_proof' });
      await app.close();
    });
  });

describe('regression: two processes that start together made two first keys', () => {
  it('uses the key that another process made after this one had found none', async () => {
    const store = memoryStore();
    const { signingKeys } = store;
    const first = await new SignInApp({ store }, { jwksPrefetch: false }).withUsers();
    // The second process reads before the first one has a key, and goes on after it.
    const late = {
      async signingKeys(of: string) {
        late.signingKeys = of => signingKeys.call(store, of);
        const none = await signingKeys.call(store, of);
        expect((await first.browser().signIn()).status).to.equal(200);
        return none;
      },
      addSigningKey: (key: StoredSigningKey) => store.addSigningKey(key),
      removeSigningKey: (of: string, generation: number) => store.removeSigningKey(of, generation),
    };
    const second = await new SignInApp({ store, signingKeyStore: late }, { jwksPrefetch: false }).withUsers();
    expect((await second.browser().signIn()).status).to.equal(200);
    expect(await store.signingKeys(issuer)).to.have.length(1);
    for (const app of [first, second]) await app.close();
  });
});

async function proofAt(now: number): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const claims = { htm: 'POST', htu: `${issuer}/auth/sign-in/`, jti: randomUUID(), iat: Math.floor(now / 1000) };
  const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) };
  return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
}

function signInWith(proof: string, browser: Browser) {
  return browser.ask('sign-in/', { username: 'ged', password: 'sparrowhawk' }).set('DPoP', proof);
}

describe("regression: a database's own error for a row that exists already", () => {
  const key = { issuer, generation: 1, kid: 'k', alg: 'ES256', sealedJwk: 'x', createdAt: 1, activeFrom: 1 };

  /** A store on a database that refuses each row with this error. */
  function storeRefusing(members: object) {
    const driverError = Object.assign(new Error('refused'), members);
    const manager = {
      insert: () => Promise.reject(new QueryFailedError('INSERT', [], driverError)),
      update: () => Promise.resolve({ affected: 0 }),
    };
    return typeOrmStore({ dataSource: { manager } as unknown as DataSource });
  }

  for (const [database, error] of [
    ['PostgreSQL', { code: '23505' }],
    ['MySQL', { code: 'ER_DUP_ENTRY', errno: 1062 }],
    ['SQL Server, for an index', { code: 'EREQUEST', number: 2601 }],
    ['SQL Server, for a primary key', { code: 'EREQUEST', number: 2627 }],
    ['Oracle', { message: 'ORA-00001: unique constraint (APP.PK) violated', errorNum: 1 }],
    ['SQLite', { message: 'UNIQUE constraint failed: axioms_used_once.key' }],
  ] as const)
    it(`is the answer "no" of the store (${database})`, async () => {
      const store = storeRefusing(error);
      expect(await store.useOnce('proof', 2, 1)).to.equal(false);
      expect(await store.addSigningKey(key)).to.equal(false);
    });

  for (const [what, error] of [
    ['a deadlock', { code: 'ER_LOCK_DEADLOCK', errno: 1213 }],
    ['a missing table', { code: 'EREQUEST', number: 208 }],
    ['a full disk', { message: 'ORA-01653: unable to extend table' }],
    ['an error without a code or a message', { message: undefined }],
  ] as const)
    it(`is not taken for ${what}`, async () => {
      const store = storeRefusing(error);
      for (const step of [store.useOnce('proof', 2, 1), store.addSigningKey(key)])
        expect(await step.catch((reason: unknown) => reason)).to.be.instanceOf(QueryFailedError);
    });
});
