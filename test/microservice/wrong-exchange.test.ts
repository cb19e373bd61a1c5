/** What is not exchanged, on every store: nothing is issued, nobody is made or linked, and no session is lost. */
import { expect } from 'chai';
import type { Test } from 'supertest';
import type { RefreshFamily } from '../../src/microservice';
import { claimsOf, type Browser } from './browser';
import { ProviderFixture, clientId } from './identity-providers/provider-fixture';
import { expectRefused, type Refused } from './refused';
import { issuer, SignInApp } from './sign-in-app';
import { needsServer, places, type OpenStore } from './stores/places';

interface Visit {
  readonly browser: Browser;
  readonly provider: ProviderFixture;
  readonly other: ProviderFixture;
}

interface Case extends Refused {
  readonly what: string;
  send(visit: Visit): Test;
}

const endpoint = 'social-exchange/';
const json = 'application/json';
const person = { sub: 'arren-1', email: 'arren@example.com' };
const hour = 3600;
const now = (): number => Math.floor(Date.now() / 1000);

/** 400: the body is wrong, `field` of it. */
function malformed(what: string, body: (visit: Visit) => object, ...fields: string[]): Case {
  const send = (visit: Visit): Test => visit.browser.ask(endpoint, body(visit));
  return { what, status: 400, error: 'invalid_request', fields, send };
}

/** 401: a token is wrong. */
function refused(what: string, body: (visit: Visit) => object): Case {
  return { what, status: 401, error: 'authentication_failed', send: visit => visit.browser.ask(endpoint, body(visit)) };
}

/** A good body, sent in a wrong way. */
function sent(what: string, status: number, error: string, send: (test: Test, body: object) => Test): Case {
  const body = ({ provider }: Visit): object => ({ id_token: provider.idToken(person) });
  return { what, status, error, send: visit => send(visit.browser.ask(endpoint), body(visit)) };
}

const cases: readonly Case[] = [
  malformed('an empty object', () => ({}), 'id_token'),
  malformed('a list', ({ provider }) => [provider.idToken(person)], 'id_token'),
  malformed('an access token alone', ({ provider }) => ({ access_token: provider.accessToken(person) }), 'id_token'),
  malformed('an empty ID token', () => ({ id_token: '' }), 'id_token'),
  malformed('null', () => ({ id_token: null }), 'id_token'),
  malformed('members that are no text', () => ({ id_token: { a: 1 }, access_token: 1 }), 'id_token', 'access_token'),
  sent('malformed JSON', 400, 'invalid_request', test => test.type(json).send('{"id_token"')),
  sent('a form', 400, 'invalid_request', (test, body) => test.type('form').send(body)),
  sent('JSON that says it is text', 400, 'invalid_request', (test, body) =>
    test.type('text/plain').send(JSON.stringify(body)),
  ),
  sent('more than 64 KiB', 413, 'invalid_request', (test, body) => test.send({ ...body, more: 'x'.repeat(70_000) })),
  sent('a page of another origin', 403, 'permission_denied', (test, body) =>
    test.set('Origin', 'https://evil.example.com').send(body),
  ),
  sent('a cross-site request', 403, 'permission_denied', (test, body) =>
    test.set('Sec-Fetch-Site', 'cross-site').send(body),
  ),
  refused('garbage', () => ({ id_token: 'a.b.c' })),
  refused('an expired token', ({ provider }) => ({ id_token: provider.idToken({ ...person, exp: now() - hour }) })),
  refused('a token of the future', ({ provider }) => ({
    id_token: provider.idToken({ ...person, iat: now() + hour }),
  })),
  refused('a token that was replayed from another login', ({ provider }) => ({
    id_token: provider.idToken({ ...person, nonce: 'of that login' }),
    nonce: 'of this one',
  })),
  refused('a token without a signature', ({ provider }) => ({
    id_token: provider.idToken(person).replace(/[^.]+$/, ''),
  })),
  refused("another provider's token", ({ other }) => ({ id_token: other.idToken(person) })),
  refused("another provider's token that names this provider as its issuer", ({ provider, other }) => ({
    id_token: other.idToken({ ...person, iss: provider.iss }),
  })),
  refused("another provider's access token", ({ provider, other }) => ({
    id_token: provider.idToken(person),
    access_token: other.accessToken({ ...person, iss: provider.iss }),
  })),
  refused('a token for another client', ({ provider }) => ({
    id_token: provider.idToken({ ...person, aud: 'other' }),
  })),
  refused('an access token in its place', ({ provider }) => ({ id_token: provider.accessToken(person) })),
  refused("another user's access token", ({ provider }) => ({
    id_token: provider.idToken(person),
    access_token: provider.accessToken({ sub: 'cob-1' }),
  })),
  refused('an access token of our own', ({ browser }) => ({ id_token: browser.accessToken })),
  refused('an address that is not verified', ({ provider }) => ({
    id_token: provider.idToken({ ...person, email_verified: false }),
  })),
  refused("another user's address", ({ provider }) => ({
    id_token: provider.idToken({ sub: 'thief', email: 'tenar@example.com' }),
  })),
];

for (const place of places)
  describe(`wrong exchanges, on ${place.name}`, function () {
    this.timeout(30_000);
    let provider: ProviderFixture;
    let other: ProviderFixture;
    let open: OpenStore | undefined;
    let app: SignInApp;
    let browser: Browser;
    const changes: string[] = [];

    needsServer(place);
    before(async () => {
      [provider, other] = [await ProviderFixture.start(), await ProviderFixture.start()];
      open = await place.open();
      const idp = { provider: 'oidc', issuer: provider.iss, clientId, algorithms: ['ES256'] } as const;
      app = await new SignInApp({ store: open.store, idp, clock: () => Date.now() }).withUsers();
      app.server.verifier.clock = () => Date.now();
      browser = app.browser();
      expect((await browser.signIn()).status).to.equal(200);
      note('create');
      note('link');
    });
    after(async () => {
      if (open === undefined) return;
      await app.close();
      await open.remove();
      await provider.close();
      await other.close();
    });

    /** Of users: what is done all the same. */
    function note(name: 'create' | 'link'): void {
      const method = app.users[name].bind(app.users) as (...given: unknown[]) => Promise<never>;
      Object.assign(app.users, {
        [name]: (...given: unknown[]) => {
          changes.push(name);
          return method(...given);
        },
      });
    }

    function families(): Promise<readonly RefreshFamily[]> {
      return open!.store.familiesOf(issuer, String(claimsOf(browser.accessToken).sub));
    }

    for (const one of cases)
      it(`refuses ${one.what}, issues nothing and loses nothing`, async () => {
        const before = await families();
        expectRefused(await one.send({ browser, provider, other }), one);
        expect([changes, await families()]).to.deep.equal([[], before]);
        expect((await browser.refresh()).status).to.equal(200);
        expect((await browser.me()).status).to.equal(200);
      });

    it('exchanges the good ones of these, with and without the slash at the end', async () => {
      for (const at of [endpoint, 'social-exchange']) {
        const visitor = app.browser();
        const tokens = { id_token: provider.idToken(person), access_token: provider.accessToken(person) };
        expect(visitor.keep(await visitor.ask(at, tokens)).status).to.equal(200);
        expect((await visitor.me()).status).to.equal(200);
        expect((await visitor.refresh()).status).to.equal(200);
      }
      expect(changes).to.deep.equal(['create']);
    });
  });
