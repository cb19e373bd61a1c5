/** A sign-in that is under way while the password changes, or while the user is deactivated, starts no session. */
import { expect } from 'chai';
import type { Response } from 'supertest';
import { memoryStore, PhcPasswordHasher, type PasswordHasher } from '../../src/microservice';
import { setCookiesOf } from '../microservice/browser';
import { clientId, ProviderFixture } from '../microservice/identity-providers/provider-fixture';
import { cheapHasher, issuer, SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal, type Refusal } from '../refusals';

const stronger = new PhcPasswordHasher({ scrypt: { ln: 11, r: 1, p: 1 }, argon2: false, concurrency: 8 });

function refusedWith(description: string): Refusal {
  return { status: 401, challenges: ['Bearer realm="api"'], error: 'authentication_failed', description };
}

const noAccount = refusedWith('No active account found with the given credentials');

describe('regression: a sign-in that is under way while the account changes', () => {
  let app: SignInApp;
  let store: ReturnType<typeof memoryStore>;
  let ged: string;
  /** Runs after the first verification of a password, before the sign-in goes on. */
  let meanwhile: () => Promise<unknown>;

  function hasherOf(inner: PasswordHasher): PasswordHasher {
    let isFirst = true;
    return {
      decoy: inner.decoy,
      hash: (...parameters) => inner.hash(...parameters),
      needsRehash: hash => inner.needsRehash(hash),
      async verify(...parameters) {
        const isRight = await inner.verify(...parameters);
        const isNow = isFirst;
        isFirst = false;
        if (isNow) await meanwhile();
        return isRight;
      },
    };
  }

  async function start(inner: PasswordHasher = cheapHasher): Promise<void> {
    store = memoryStore();
    app = await new SignInApp({ store, passwordHasher: hasherOf(inner), refusalTime: 0 }).withUsers();
    ged = await app.idOf('ged');
  }

  beforeEach(async () => {
    meanwhile = () => Promise.resolve();
    await start();
  });
  afterEach(() => app.close());

  async function changePassword(password: string): Promise<void> {
    const { passwordHash } = (await app.users.findByUsername('ged'))!;
    expect(await app.users.replacePasswordHash(ged, passwordHash, await cheapHasher.hash(password))).to.equal(true);
  }

  async function expectNoSession(answer: Response, refusal: Refusal): Promise<void> {
    expectExactRefusal(answer, refusal);
    expect(setCookiesOf(answer)).to.deep.equal([]);
    expect(await store.familiesOf(issuer, ged)).to.deep.equal([]);
    expect(app.logger.text('info')).not.to.include('A session started');
  }

  it('does not outlive a password change and logOffEverywhere()', async () => {
    meanwhile = async () => {
      await changePassword('new password');
      await app.microservice.logOffEverywhere(ged);
    };
    await expectNoSession(await app.browser().signIn(), noAccount);
    expect((await app.browser().signIn('ged', 'new password')).status).to.equal(200);
  });

  for (const [what, change] of [
    [
      'the user is deactivated',
      () => {
        app.users.update(ged, { isActive: false });
      },
    ],
    ['the password is removed', async () => app.users.replacePasswordHash(ged, await hashOfGed(), undefined as never)],
    [
      'the name goes to another user with the same password',
      async () => {
        app.users.update(ged, { username: 'sparrowhawk' });
        await app.users.create({ username: 'ged', passwordHash: await hashOfGed('sparrowhawk') });
      },
    ],
  ] as const)
    it(`does not start a session if ${what} in the meantime`, async () => {
      meanwhile = async () => change();
      await expectNoSession(await app.browser().signIn(), noAccount);
    });

  async function hashOfGed(username = 'ged'): Promise<string> {
    return (await app.users.findByUsername(username))!.passwordHash!;
  }

  it('starts a session if the hash has changed and the password has not', async () => {
    meanwhile = () => changePassword('sparrowhawk');
    const browser = app.browser();
    expect((await browser.signIn()).status).to.equal(200);
    expect((await browser.refresh()).status).to.equal(200);
  });

  it('starts sessions for several sign-ins at once that each replace a weaker hash', async () => {
    await app.close();
    await start(stronger);
    const browsers = Array.from({ length: 4 }, () => app.browser());
    const answers = await Promise.all(browsers.map(browser => browser.signIn()));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    expect(await hashOfGed()).to.match(/^\$scrypt\$ln=11,/);
    expect(await store.familiesOf(issuer, ged)).to.have.length(4);
  });

  it('leaves no session behind if the user cannot be read again', async () => {
    meanwhile = () => {
      app.users.findByUsername = () => Promise.reject(new Error('The database is gone'));
      return Promise.resolve();
    };
    await expectNoSession(await app.browser().signIn(), {
      status: 503,
      retryAfter: '1',
      error: 'temporarily_unavailable',
      description: 'Sessions cannot be looked up at the moment',
    });
  });
});

describe("regression: an exchange of a provider's tokens that is under way while the user is deactivated", () => {
  let provider: ProviderFixture;

  before(async () => {
    provider = await ProviderFixture.start();
  });
  after(() => provider.close());

  for (const [what, change] of [
    [
      'deactivated',
      (app: SignInApp, id: string) => {
        app.users.update(id, { isActive: false });
      },
    ],
    ['removed', (app: SignInApp) => (app.users.findById = () => Promise.resolve(undefined))],
  ] as const)
    it(`starts no session for a user who is ${what} in the meantime`, async () => {
      const idp = { provider: 'oidc', issuer: provider.iss, clientId, algorithms: ['ES256'] } as const;
      const store = memoryStore();
      const app = new SignInApp({ store, idp, clock: () => Date.now() });
      app.users.touchLogin = id => Promise.resolve(void change(app, id));
      const answer = await app.browser().ask('social-exchange/', { id_token: provider.idToken() });
      const user = await app.users.findByIdentity({ issuer: provider.iss, subject: 'ged-1' });
      expectExactRefusal(answer, refusedWith('The account is not active'));
      expect(setCookiesOf(answer)).to.deep.equal([]);
      expect(await store.familiesOf(issuer, user!.id)).to.deep.equal([]);
      await app.close();
    });
});
