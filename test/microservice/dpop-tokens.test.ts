/** From the sign-in to the API: tokens that the microservice binds to a DPoP key, and that this library's API accepts. */
import { expect } from 'chai';
import express, { type Express } from 'express';
import request, { type Test } from 'supertest';
import { createExpressServer, type AxiomsServer, type SettingsInput } from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { memoryStore } from '../../src/microservice/stores/memory-store';
import { expectExactRefusal, type Refusal } from '../refusals';
import { claimsOf, type Browser } from './browser';
import { issuer, MeController, SignInApp } from './sign-in-app';

const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';

function refused(error: string, description: string): Refusal {
  const challenge = `DPoP error="${error}", error_description="${description}", ${algs}`;
  return { status: 401, challenges: [challenge, 'Bearer realm="api"'], error, description };
}

const notShown = 'The access token is bound to a key that was not shown';

describe('a DPoP-bound token of the microservice', () => {
  let app: SignInApp;
  let browser: Browser;
  let client: TestClient;
  const settings: SettingsInput = { dpop: 'allowed', externalUrl: issuer };

  beforeEach(async () => {
    app = await new SignInApp({ store: memoryStore() }, settings).withUsers();
    client = clientOf();
    browser = app.browser();
    browser.keep(await signIn(client));
  });
  afterEach(() => app.close());

  function clientOf(): TestClient {
    const seconds = () => Math.floor(app.time.now / 1000);
    return new TestClient({ seconds, token: () => browser.accessToken }, { externalUrl: issuer });
  }

  function proofAt(endpoint: string, by = client): string {
    return by.proof({ method: 'POST', url: `${issuer}/auth/${endpoint}/` });
  }

  function signIn(by: TestClient): Test {
    const credentials = { username: 'ged', password: 'sparrowhawk' };
    return browser.ask('sign-in/', credentials).set('DPoP', proofAt('sign-in', by));
  }

  function refresh(by = client): Test {
    return browser.ask('refresh/', { CSRF_token: browser.csrfToken }).set('DPoP', proofAt('refresh', by));
  }

  function me(fields: Record<string, string>, at: Express = app.app): Test {
    return request(at).get('/me').set(fields);
  }

  it('names the key of the sign-in, and is accepted with a proof of that key', async () => {
    expect(claimsOf(browser.accessToken)['cnf']).to.deep.equal({ jkt: client.thumbprint });
    const response = await me(client.fields('GET', '/me', browser.accessToken));
    expect(response.status).to.equal(200);
    expect((response.body as { sub: string }).sub).to.equal(await app.idOf('ged'));
  });

  it('is refused as a bearer token, with its proof or without', async () => {
    const Authorization = `Bearer ${browser.accessToken}`;
    const { DPoP } = client.fields('GET', '/me', browser.accessToken);
    const error = `Bearer realm="api", error="invalid_token", error_description="${notShown}"`;
    const refusal = { ...refused('invalid_token', notShown), challenges: [`DPoP ${algs}`, error] };
    expectExactRefusal(await me({ Authorization }), refusal);
    expectExactRefusal(await me({ Authorization, DPoP }), refusal);
  });

  it('is refused without a proof, with that of a thief, and with the proof of the sign-in', async () => {
    const thief = clientOf();
    const token = browser.accessToken;
    const Authorization = `DPoP ${token}`;
    const anotherKey = 'The DPoP proof is by another key than the one that the access token is bound to';
    expectExactRefusal(await me({ Authorization }), refused('invalid_dpop_proof', 'The DPoP proof is missing'));
    const stolen = thief.fields('GET', '/me', token);
    expectExactRefusal(await me(stolen), refused('invalid_dpop_proof', anotherKey));
    const ofSignIn = { Authorization, DPoP: proofAt('sign-in') };
    expectExactRefusal(await me(ofSignIn), refused('invalid_dpop_proof', 'The DPoP proof is for another method'));
  });

  it('is refused with a proof that was used', async () => {
    const fields = client.fields('GET', '/me', browser.accessToken);
    await me(fields).expect(200);
    expectExactRefusal(await me(fields), refused('invalid_dpop_proof', 'The DPoP proof was used before'));
  });

  it('gets the same answer to a wrong proof at the sign-in, with the challenge of DPoP, whatever the password is', async () => {
    const description = 'The DPoP proof is not valid';
    const refusal = refused('invalid_dpop_proof', description);
    for (const [password, proof] of [
      ['sparrowhawk', 'x'],
      ['wrong', 'x'],
      ['wrong', proofAt('refresh')],
    ] as const) {
      const answer = await browser.ask('sign-in/', { username: 'ged', password }).set('DPoP', proof);
      expectExactRefusal(answer, { ...refusal, challenges: (refusal.challenges ?? []).slice(0, 1) });
    }
    const wrong = await browser.ask('sign-in/', { username: 'ged', password: 'wrong' }).set('DPoP', proofAt('sign-in'));
    expect(wrong.headers['www-authenticate']).to.equal('Bearer realm="api"');
  });

  it('gets the same answer to a used proof at the sign-in, whatever the password is', async () => {
    const refusal = refused('invalid_dpop_proof', 'The DPoP proof is not valid');
    const used = proofAt('sign-in');
    await browser.ask('sign-in/', { username: 'ged', password: 'sparrowhawk' }).set('DPoP', used).expect(200);
    for (const password of ['sparrowhawk', 'wrong']) {
      const answer = await browser.ask('sign-in/', { username: 'ged', password }).set('DPoP', used);
      expectExactRefusal(answer, { ...refusal, challenges: (refusal.challenges ?? []).slice(0, 1) });
    }
  });

  it('uses its proof up with a wrong password, too', async () => {
    const proof = proofAt('sign-in');
    await browser.ask('sign-in/', { username: 'ged', password: 'wrong' }).set('DPoP', proof).expect(401);
    const again = await browser.ask('sign-in/', { username: 'ged', password: 'sparrowhawk' }).set('DPoP', proof);
    expect((again.body as { error: string }).error).to.equal('invalid_dpop_proof');
  });

  it('is bound also where an adapter leaves rawHeaders empty, and a bad proof is refused there', async () => {
    const adapted = express();
    adapted.use((received, _response, next) => {
      received.rawHeaders.length = 0;
      next();
    });
    adapted.use(app.app);
    const credentials = { username: 'ged', password: 'sparrowhawk' };
    const ask = (proof: string): Test => request(adapted).post('/auth/sign-in/').send(credentials).set('DPoP', proof);
    expect((await ask('garbage')).status).to.equal(401);
    const answer = await ask(proofAt('sign-in')).expect(200);
    // And the API accepts it with a proof, once, and with no two proofs that were joined.
    const fields = client.fields('GET', '/me', (answer.body as { access_token: string }).access_token);
    expect((await me({ ...fields, DPoP: `${fields['DPoP']}, ${fields['DPoP']}` }, adapted)).status).to.equal(401);
    expect((await me(fields, adapted)).status).to.equal(200);
    expect((await me(fields, adapted)).status).to.equal(401);
    expect(claimsOf((answer.body as { access_token: string }).access_token)['cnf']).to.deep.equal({
      jkt: client.thumbprint,
    });
  });

  it('has a session that is refreshed by its key alone, and ended without it', async () => {
    const CSRF_token = browser.csrfToken;
    const without = await browser.ask('refresh/', { CSRF_token });
    const refusal = refused('invalid_dpop_proof', 'The session is bound to a key that was not shown');
    expectExactRefusal(without, { ...refusal, challenges: (refusal.challenges ?? []).slice(0, 1) });
    await browser.ask('logoff/', { CSRF_token }).expect(204);
    await refresh().expect(401);
  });

  it('is renewed with a proof of the same key alone, and the next one is bound to it again', async () => {
    const before = browser.accessToken;
    const stolen = await refresh(clientOf());
    expect([stolen.status, (stolen.body as { error: string }).error]).to.deep.equal([401, 'invalid_dpop_proof']);
    browser.keep(await refresh().expect(200));
    expect(browser.accessToken).not.to.equal(before);
    await me(client.fields('GET', '/me', browser.accessToken)).expect(200);
    await me({ Authorization: `Bearer ${browser.accessToken}` }).expect(401);
  });

  it('is refused once its session is logged off, whatever proof comes with it', async () => {
    const token = browser.accessToken;
    await me(client.fields('GET', '/me', token)).expect(200);
    app.time.advance(1);
    expect((await browser.logOff()).status).to.equal(204);
    const fields = client.fields('GET', '/me', token);
    expectExactRefusal(await me(fields), refused('invalid_token', 'The access token was revoked'));
  });

  it('is a bearer token where the sign-in had no proof, which an API that requires DPoP refuses', async () => {
    const plain = app.browser();
    await plain.signIn();
    expect(claimsOf(plain.accessToken)).not.to.have.property('cnf');
    expect((await plain.me()).status).to.equal(200);
    const strict = otherApi({ dpop: 'required' });
    const refusal = refused('invalid_token', 'The access token is not bound to a DPoP key');
    const challenges = refusal.challenges?.slice(0, 1) ?? [];
    expectExactRefusal(await me({ Authorization: `Bearer ${plain.accessToken}` }, strict), { ...refusal, challenges });
    await me(client.fields('GET', '/me', browser.accessToken), strict).expect(200);
    (strict.locals.axioms as AxiomsServer).close();
  });

  it('is accepted by another API at another URL, for proofs that name that URL', async () => {
    const other = otherApi({ externalUrl: 'https://books.example.com/v1' });
    const reader = Object.assign(clientOf(), { key: client.key, externalUrl: 'https://books.example.com/v1' });
    const forMe = client.fields('GET', '/me', browser.accessToken);
    expectExactRefusal(await me(forMe, other), refused('invalid_dpop_proof', 'The DPoP proof is for another URL'));
    await me(reader.fields('GET', '/me', browser.accessToken), other).expect(200);
    (other.locals.axioms as AxiomsServer).close();
  });

  /** An API that fetches the keys of the microservice. */
  function otherApi(more: SettingsInput): Express {
    const axioms = { issuerUrl: issuer, audience: issuer, ...settings, logger: app.logger, ...more };
    const other = createExpressServer({ controllers: [MeController], axioms });
    const { verifier, jwksManager } = other.locals.axioms as AxiomsServer;
    verifier.clock = app.time.clock;
    jwksManager.fetch = async url => {
      const keys = await request(app.app).get(new URL(url instanceof Request ? url.url : url).pathname);
      return Response.json(keys.body);
    };
    return other;
  }
});
