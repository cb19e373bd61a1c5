/** The first exchange of an identity, over HTTP, where somebody else was faster or has the name already. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { memoryStore } from '../../src/microservice';
import { expectExactRefusal } from '../refusals';
import { claimsOf, setCookiesOf, type Browser } from './browser';
import { clientId, ProviderFixture } from './identity-providers/provider-fixture';
import { SignInApp } from './sign-in-app';

describe('regression: a first exchange that meets another account', () => {
  let provider: ProviderFixture;
  let app: SignInApp;

  before(async () => {
    provider = await ProviderFixture.start();
  });
  after(() => provider.close());

  beforeEach(async () => {
    const idp = { provider: 'oidc', issuer: provider.iss, clientId, algorithms: ['ES256'] } as const;
    app = await new SignInApp({ store: memoryStore(), idp, clock: () => Date.now() }).withUsers();
    app.server.verifier.clock = () => Date.now();
  });
  afterEach(() => app.close());

  const exchange = (claims: object) => {
    const browser = app.browser();
    return browser.ask('social-exchange/', { id_token: provider.idToken(claims) }).then(answer => {
      browser.keep(answer);
      return { answer, browser };
    });
  };

  it('makes one user of several first exchanges at the same time', async () => {
    const arren = { sub: 'arren-1', email: 'arren@example.com' };
    const all = await Promise.all(Array.from({ length: 4 }, (_, jti) => exchange({ ...arren, jti: `${jti}` })));
    for (const { answer } of all) expect(answer.status, answer.text).to.equal(200);
    expect(new Set(all.map(({ browser }) => claimsOf(browser.accessToken).sub)).size).to.equal(1);
  });

  it('gives the user another name where somebody has the one that the provider knows', async () => {
    const { answer, browser } = await exchange({
      sub: 'other-ged',
      email: 'other@example.com',
      preferred_username: 'ged',
    });
    expect(answer.status, answer.text).to.equal(200);
    const user = await app.users.findById(String(claimsOf(browser.accessToken).sub));
    expect(user).to.include({ email: 'other@example.com' });
    expect(user!.username).to.match(/^oidc-[0-9a-f]{20}$/);
    expect(user!.id).not.to.equal(await app.idOf('ged'));
  });

  /** The name that a user gets who has none, or whose name is taken. */
  const madeNameOf = (sub: string): string =>
    `oidc-${createHash('sha256')
      .update(JSON.stringify([provider.iss, sub]))
      .digest('hex')
      .slice(0, 20)}`;
  const nameOf = async (browser: Browser): Promise<string> =>
    (await app.users.findById(String(claimsOf(browser.accessToken).sub)))!.username;

  it('gives no user the name that another identity would get', async () => {
    for (const [index, name] of [madeNameOf('victim'), madeNameOf('victim').toUpperCase()].entries()) {
      const sub = `squatter-${index}`;
      const { answer, browser } = await exchange({ sub, email: `${sub}@example.com`, preferred_username: name });
      expect(answer.status, answer.text).to.equal(200);
      expect(await nameOf(browser)).to.equal(madeNameOf(sub));
    }
    const { answer, browser } = await exchange({ sub: 'victim', email: 'victim@example.com' });
    expect(answer.status, answer.text).to.equal(200);
    expect(await nameOf(browser)).to.equal(madeNameOf('victim'));
  });

  it('lets the user in where every name that can be computed is taken', async () => {
    await app.users.create({ username: madeNameOf('victim') });
    const claims = { sub: 'victim', email: 'victim@example.com', preferred_username: 'ged' };
    const all = await Promise.all(Array.from({ length: 3 }, (_, jti) => exchange({ ...claims, jti: `${jti}` })));
    for (const { answer } of all) expect(answer.status, answer.text).to.equal(200);
    const names = await Promise.all(all.map(({ browser }) => nameOf(browser)));
    expect(new Set(names).size).to.equal(1);
    expect(names[0]).to.match(new RegExp(`^${madeNameOf('victim')}-[0-9a-f]{16}$`));
  });

  it('is still refused where the address belongs to somebody else', async () => {
    const { answer } = await exchange({ sub: 'thief', email: 'tenar@example.com' });
    expectExactRefusal(answer, {
      status: 401,
      challenges: ['Bearer realm="api"'],
      error: 'authentication_failed',
      description: 'The account belongs to somebody who signs in in another way',
    });
    expect(setCookiesOf(answer)).to.deep.equal([]);
  });

  it('is still 503 where the users cannot be asked', async () => {
    app.users.create = () => Promise.reject(new Error('duplicate key value: secret'));
    const { answer } = await exchange({ sub: 'arren-2', email: 'arren2@example.com' });
    expectExactRefusal(answer, {
      status: 503,
      retryAfter: '1',
      error: 'temporarily_unavailable',
      description: 'Sessions cannot be looked up at the moment',
    });
  });
});
