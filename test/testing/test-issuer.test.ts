import { expect } from 'chai';
import type { Express } from 'express';
import request from 'supertest';
import type { AxiomsServer } from 'axioms-routing-controllers';
import {
  expectAccessMatrix,
  forge,
  forgedTokens,
  TestClock,
  TestIssuer,
  type ForgedTokenName,
} from 'axioms-routing-controllers/testing';
import { supportedAlgorithms } from '../../src/core/jws/signature';
import { eventually } from '../issuer/fake-time';
import { bookApi } from './book-api';

const list = (app: Express, token: string) => request(app).get('/books').set('Authorization', `Bearer ${token}`);
const reader = { sub: 'bob', scope: 'book:read' };
const closeServer = (app: Express): void => {
  (app.locals.axioms as AxiomsServer).close();
};

for (const way of ['over HTTP', 'by its fetch'] as const)
  describe(`a test issuer ${way}`, () => {
    let issuer: TestIssuer;
    let app: Express;
    beforeEach(async () => {
      issuer = new TestIssuer();
      if (way === 'over HTTP') await issuer.listen();
      app = bookApi({ ...issuer.settings(), jwksPrefetch: false, jwksTimeout: 0.3 });
      if (way === 'by its fetch') issuer.attachTo(app);
    });
    afterEach(async () => {
      closeServer(app);
      await issuer.close();
    });

    it('signs tokens that the server accepts, with the claims that they are given', async () => {
      const answer = await list(app, issuer.token({ ...reader, roles: ['editor'], email: 'b@example.com' }));
      expect([answer.status, answer.body]).to.deep.equal([
        200,
        { sub: 'bob', roles: ['editor'], email: 'b@example.com' },
      ]);
      expect([issuer.fetches, issuer.endpoints.count('/.well-known/openid-configuration')]).to.deep.equal([1, 1]);
    });

    it('rotates its key, and takes one back', async () => {
      const old = issuer.token(reader);
      await list(app, old).expect(200);
      issuer.rotate('next', { alg: 'RS256' });
      await list(app, issuer.token(reader)).expect(200);
      await list(app, old).expect(200);
      issuer.remove('k1');
      await (app.locals.axioms as AxiomsServer).jwksManager.refresh();
      await list(app, old).expect(401);
      expect(() => {
        issuer.remove('k1');
      }).to.throw(RangeError, "No key 'k1' is published: next.");
    });

    for (const mode of [
      undefined,
      { is: 'status', status: 500 },
      { is: 'hang' },
      { is: 'slow', delay: 2000 },
      { is: 'html' },
      { is: 'invalid-json' },
      { is: 'not-a-jwks' },
      { is: 'drop' },
      { is: 'drip' },
      { is: 'redirect', status: 302 },
      { is: 'oversized', bytes: 2 * 1024 * 1024, chunked: true },
    ] as const)
      it(`has an outage (${mode === undefined ? 'by default' : mode.is}) and recovers`, async () => {
        issuer.outage(mode);
        const { status, headers } = await list(app, issuer.token(reader));
        expect([status, headers['www-authenticate']]).to.deep.equal([503, undefined]);
        issuer.recover();
        await (app.locals.axioms as AxiomsServer).jwksManager.refresh();
        await list(app, issuer.token(reader)).expect(200);
      });
  });

describe('a test issuer', () => {
  for (const alg of supportedAlgorithms)
    it(`signs by ${alg}`, async () => {
      const issuer = new TestIssuer({ alg });
      const app = issuer.attachTo(bookApi(issuer.settings()));
      await list(app, issuer.token(reader)).expect(200);
      closeServer(app);
    });

  it('has keys for the algorithms that can be accepted, and no others', () => {
    for (const alg of ['HS256', 'none', 'ES257', 'constructor'])
      expect(() => new TestIssuer({ alg }), alg).to.throw(RangeError, `'${alg}'`);
  });

  it('may have a name and an audience of its own, listening or not', async () => {
    for (const isListening of [false, true]) {
      const issuer = new TestIssuer({ issuerUrl: 'https://login.example.com/tenant/', audience: 'books' });
      if (isListening) await issuer.listen();
      const app = bookApi(issuer.settings());
      if (!isListening) issuer.attachTo(app);
      expect([issuer.claims().iss, issuer.claims().aud]).to.deep.equal(['https://login.example.com/tenant/', 'books']);
      await list(app, issuer.token(reader)).expect(200);
      closeServer(app);
      await issuer.close();
    }
  });

  it('has no outage that there is not, and no kid twice', () => {
    const issuer = new TestIssuer();
    expect(() => {
      issuer.outage({ is: 'gone' } as never);
    }).to.throw(RangeError, "cannot be 'gone'");
    expect(issuer.endpoints.keysMode).to.deep.equal({ is: 'ok' });
    issuer.rotate('k2');
    issuer.remove('k1');
    issuer.rotate();
    expect(issuer.endpoints.keys.map(({ kid }) => kid)).to.deep.equal(['k2', 'k3']);
  });

  it('fetches nothing of others', async () => {
    const { fetch, endpoints } = new TestIssuer();
    const failure = await fetch('https://elsewhere.test/keys').catch((error: unknown) => error);
    expect([(failure as Error).message, endpoints.requests]).to.deep.equal([
      'The test issuer is not at https://elsewhere.test',
      [],
    ]);
  });

  it('is closed by await using, and may be closed without having listened', async () => {
    const issuer = await new TestIssuer().listen();
    const { jwksUrl } = issuer.endpoints;
    await issuer[Symbol.asyncDispose]();
    await issuer.close();
    await new TestIssuer().close();
    expect(
      await fetch(jwksUrl).then(
        () => 'open',
        () => 'closed',
      ),
    ).to.equal('closed');
  });

  it('refuses to be attached to an app that nobody serves', () => {
    const app = { locals: {} };
    expect(() => new TestIssuer().attachTo(app)).to.throw('has no server of axioms-routing-controllers');
    expect(() => new TestClock().attachTo(undefined as never)).to.throw('has no server of axioms-routing-controllers');
  });
});

describe('a test clock', () => {
  it('moves the time of the server, its timers and the tokens of an issuer', async () => {
    const clock = new TestClock(new Date('2031-05-06'));
    const issuer = new TestIssuer({ clock });
    const app = clock.attachTo(
      issuer.attachTo(bookApi({ ...issuer.settings(), jwksRefreshInterval: 600, jwksTimeout: 1000 })),
    );
    const token = issuer.token(reader);
    await list(app, token).expect(200);
    clock.advance(304);
    await list(app, token).expect(200);
    clock.advance(1);
    await list(app, token).expect(401);
    await list(app, issuer.token(reader)).expect(200);
    expect([issuer.fetches, clock.waiting]).to.deep.equal([1, 1]);
    clock.advance(400);
    await eventually(() => issuer.fetches === 2);
    closeServer(app);
  });

  it('moves the time of the stores that the settings name', () => {
    const clock = new TestClock(7);
    const [store, other] = [{ clock: () => 0 }, { clock: 'none' }];
    const axioms = { jwksManager: {}, verifier: {}, settings: { store, other, realm: 'api', nothing: null } };
    clock.attachTo({ locals: { axioms } });
    expect([store.clock(), other.clock]).to.deep.equal([7, 'none']);
  });

  it('calls back in order, in the time that a callback is due at, and not what was cleared', () => {
    const clock = new TestClock(0);
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, clock.now()]);
    clock.timers.setTimeout(note('second'), 2000);
    clock.timers.clearTimeout(clock.timers.setTimeout(note('cleared'), 1500));
    clock.timers.setTimeout(() => {
      note('first')();
      clock.timers.setTimeout(note('third'), 4000);
    }, 1000);
    clock.timers.setTimeout(note('late'), 5001);
    clock.advance(5);
    expect(seen).to.deep.equal([
      ['first', 1000],
      ['second', 2000],
      ['third', 5000],
    ]);
    expect([clock.now(), clock.waiting]).to.deep.equal([5000, 1]);
  });

  it('does not run backwards, nor begin at no time', () => {
    const clock = new TestClock(7);
    for (const seconds of [-1, Number.NaN])
      expect(() => {
        clock.advance(seconds);
      }).to.throw(RangeError);
    expect(clock.now()).to.equal(7);
    expect(() => new TestClock(Number.NaN)).to.throw(RangeError);
    expect(() => new TestClock(new Date('no date'))).to.throw(RangeError);
  });
});

describe('a forged token', () => {
  let issuer: TestIssuer;
  let app: Express;
  before(() => {
    issuer = new TestIssuer();
    app = issuer.attachTo(bookApi(issuer.settings()));
  });
  after(() => {
    closeServer(app);
  });

  const names = Object.keys(forgedTokens) as ForgedTokenName[];

  it('has at least a dozen forms', () => {
    expect(names).to.include.members([
      ...['expired', 'wrong-audience', 'wrong-issuer', 'alg-none', 'hs256-with-public-key', 'unknown-kid', 'tampered'],
      ...['no-expiry', 'not-yet-valid', 'id-token', 'duplicate-member', 'padded', 'crit', 'embedded-jwk'],
    ]);
  });

  for (const name of names)
    it(`${forgedTokens[name].title} (${name}) is refused as its data says`, async () => {
      const { status, error, description, isRefusedWithoutAKey } = forgedTokens[name];
      await list(app, issuer.token(reader)).expect(200);
      const { fetches } = issuer;
      const token = forge(name, issuer, reader);
      const answer = await list(app, token);
      expect([answer.status, answer.body]).to.deep.equal([status, { error, error_description: description }]);
      expect(answer.headers['www-authenticate']).to.equal(
        `Bearer realm="api", error="${error}", error_description="${description}", scope="book:read"`,
      );
      if (isRefusedWithoutAKey) expect(issuer.fetches).to.equal(fetches);
    });

  for (const alg of ['RS256', 'EdDSA'])
    it(`is refused likewise where the issuer signs by ${alg}`, async () => {
      const signer = new TestIssuer({ alg });
      const served = signer.attachTo(bookApi(signer.settings()));
      const tokens = Object.fromEntries(names.map(name => [name, signer.forge(name, reader)]));
      const statuses = Object.fromEntries(names.map(name => [name, forgedTokens[name].status]));
      const good = { good: signer.token(reader) };
      await expectAccessMatrix(
        served,
        { 'GET /books': { ...statuses, good: 200 } },
        { tokens: { ...tokens, ...good } },
      );
      closeServer(served);
    });

  it('is not made for an unknown name', () => {
    for (const name of ['nonsense', 'toString', '__proto__'])
      expect(() => issuer.forge(name as ForgedTokenName)).to.throw(RangeError, `'${name}'`);
  });
});

describe('a test issuer with a path', () => {
  it('has its OAuth metadata where RFC 8414 §3.1 puts it, not behind the path', async () => {
    const issuer = new TestIssuer({ issuerUrl: 'https://a.test/tenant', audience: 'books' });
    const { endpoints } = issuer;
    endpoints.metadataMode = { is: 'status', status: 404 };
    endpoints.modes.set('/.well-known/oauth-authorization-server/tenant', { is: 'ok' });
    const app = bookApi({ ...issuer.settings(), jwksPrefetch: false });
    issuer.attachTo(app);
    await list(app, issuer.token(reader)).expect(200);
    const asked = await endpoints.fetch('https://a.test/.well-known/oauth-authorization-server/tenant');
    expect(await asked.json()).to.deep.equal({ issuer: 'https://a.test/tenant', jwks_uri: endpoints.jwksUrl });
    const appended = await endpoints.fetch('https://a.test/tenant/.well-known/oauth-authorization-server');
    expect(appended.status).to.equal(404);
    closeServer(app);
    await issuer.close();
  });
});
