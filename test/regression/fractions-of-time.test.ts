/** Times may have fractions: `iat` of a proof (RFC 7519 §2), and what a precise clock returns. Stores keep whole ones. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { expectRefused } from '../microservice/refused';
import { issuer, SignInApp } from '../microservice/sign-in-app';
import { needsServer, places, type OpenStore } from '../microservice/stores/places';

for (const place of places)
  describe(`regression: a fraction in a time was 503 (${place.name})`, () => {
    let open: OpenStore;
    let app: SignInApp;
    let keys: { privateKey: CryptoKey; publicKey: CryptoKey };

    needsServer(place);
    beforeEach(async () => {
      open = await place.open();
      const clock = (): number => app.time.now + 0.123_456_789;
      // The server reads the clock while the users are made.
      app = new SignInApp({ store: open.store, clock });
      await app.withUsers();
      keys = await generateKeyPair('ES256', { extractable: true });
    });
    afterEach(async () => {
      await app.close();
      await open.remove();
    });

    async function proofAt(iat: number): Promise<string> {
      const claims = { htm: 'POST', htu: `${issuer}/auth/sign-in/`, jti: randomUUID(), iat };
      const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) };
      return new SignJWT(claims).setProtectedHeader(header).sign(keys.privateKey);
    }

    it('signs in, refreshes and rotates keys with a clock that returns fractions', async () => {
      const browser = app.browser();
      expect((await browser.signIn()).status).to.equal(200);
      expect((await browser.refresh()).status).to.equal(200);
      expect((await browser.me()).status, app.logger.text()).to.equal(200);
      expect((await app.microservice.rotateKeys(1)).activeFrom).to.equal(app.time.now + 1000);
      expect((await app.microservice.rotateKeys(0)).activeFrom).to.equal(app.time.now);
      expect((await browser.refresh()).status).to.equal(200);
      await app.microservice.close();
      expect(app.logger.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
    });

    for (const fraction of [0, 0.1234567, -0.000_000_5, -59.987_654_3])
      it(`takes a DPoP proof once whose iat differs from now by ${fraction} s`, async () => {
        const proof = await proofAt(app.time.now / 1000 + fraction);
        const credentials = { username: 'ged', password: 'sparrowhawk' };
        const signIn = () => app.browser().ask('sign-in/', credentials).set('DPoP', proof);
        expect((await signIn()).status).to.equal(200);
        expectRefused(await signIn(), { status: 401, error: 'invalid_dpop_proof' });
      });
  });
