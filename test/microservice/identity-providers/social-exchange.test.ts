import { expect } from 'chai';
import { ImproperlyConfigured, ServiceUnavailable } from '../../../src/core/http/exceptions';
import { SocialExchange } from '../../../src/microservice/identity-providers/social-exchange';
import { InvalidFields } from '../../../src/microservice/invalid-fields';
import type { UserStore } from '../../../src/microservice/users/user-store';
import { TypeOrmUserStore } from '../../../src/microservice/users/typeorm-user-store';
import { ourTables, postgres, sqlite } from '../users/user-databases';
import { down } from '../../issuer/scripted-issuer';
import { signed, signingKey } from '../../issuer/test-issuer';
import { clientId, ProviderFixture, refusalOf } from './provider-fixture';

describe("exchanging a provider's tokens", () => {
  let fixture: ProviderFixture;
  beforeEach(async () => {
    fixture = await ProviderFixture.start();
  });
  afterEach(() => fixture.close());

  it('makes a user at first sight, and finds them again', async () => {
    const exchange = fixture.exchange();
    const id_token = fixture.idToken({ preferred_username: 'ged', given_name: 'Ged', family_name: 'of Gont' });
    const made = await exchange.exchange({ id_token });
    expect(made).to.include({
      username: 'ged',
      email: 'ged@example.com',
      givenName: 'Ged',
      familyName: 'of Gont',
      isActive: true,
    });
    // Whatever else the provider says about them by now.
    const later = fixture.idToken({ email: 'new@example.com', preferred_username: 'sparrowhawk' });
    expect((await exchange.exchange({ id_token: later })).id).to.equal(made.id);
    expect((await fixture.users.findById(made.id))!['lastLogin']).to.be.instanceOf(Date);
  });

  it('takes what else a provider answers, and keeps nothing of it', async () => {
    const body = {
      id_token: fixture.idToken(),
      access_token: fixture.accessToken(),
      refresh_token: 'their-refresh-token',
      expires_in: 300,
      token_type: 'Bearer',
    };
    const user = await fixture.exchange().exchange(body);
    expect(JSON.stringify(user)).not.to.match(/eyJ|their-refresh-token/);
    expect(fixture.logger.text()).not.to.match(/eyJ|their-refresh-token/);
  });

  for (const [what, body, fields] of [
    ['nothing', {}, { id_token: ['This field is required.'] }],
    ['no body', null, { id_token: ['This field is required.'] }],
    ['a nonce that is a number', { id_token: 'x', nonce: 1 }, { nonce: ['Not a valid string.'] }],
    ['null', { id_token: null }, { id_token: ['This field may not be null.'] }],
    ['nothing in it', { id_token: '' }, { id_token: ['This field may not be blank.'] }],
    ['a list', { id_token: ['x'] }, { id_token: ['Not a valid string.'] }],
    [
      'an access token that is an object',
      { id_token: 'x', access_token: {} },
      { access_token: ['Not a valid string.'] },
    ],
    [
      'too much',
      { id_token: 'x'.repeat(65_537) },
      { id_token: ['Ensure this field has no more than 65536 characters.'] },
    ],
  ] as const)
    it(`says what is wrong with a body with ${what}`, async () => {
      const error = await fixture
        .exchange()
        .exchange(body)
        .catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(InvalidFields);
      expect((error as InvalidFields).toJSON()).to.deep.include({ error: 'invalid_request', fields });
      expect(await fixture.users.findByUsername('ged')).to.equal(undefined);
    });

  it('holds the ID token to a nonce in the body', async () => {
    const id_token = fixture.idToken({ nonce: 'n1' });
    await fixture.exchange().exchange({ id_token, nonce: 'n1' });
    expect(await refusalOf(fixture.exchange().exchange({ id_token, nonce: 'n2' }))).to.equal('token_nonce');
  });

  it('takes an access token that is null for none', async () => {
    await fixture.exchange().exchange({ id_token: fixture.idToken(), access_token: null });
  });

  describe('does not have the mistake', () => {
    it('1: of taking an address for a person', async () => {
      const admin = await fixture.users.create({ username: 'admin', email: 'admin@example.com' });
      for (const email of ['admin@example.com', 'ADMIN@Example.com']) {
        const id_token = fixture.idToken({ sub: 'attacker', email });
        expect(await refusalOf(fixture.exchange().exchange({ id_token }))).to.equal('account_exists');
      }
      expect(await fixture.users.findByIdentity({ issuer: fixture.iss, subject: 'attacker' })).to.equal(undefined);
      expect(await fixture.users.findByEmail('admin@example.com')).to.deep.equal([admin]);
    });

    it('1: of taking an address for verified that is not called so, also where linking is allowed', async () => {
      const admin = await fixture.users.create({ username: 'admin', email: 'admin@example.com' });
      const linking = fixture.exchange({ linkByVerifiedEmail: true });
      for (const email_verified of [false, 'false', undefined, null, 'true', 1, [true]]) {
        const id_token = fixture.idToken({ sub: 'attacker', email: 'admin@example.com', email_verified });
        expect(await refusalOf(linking.exchange({ id_token }))).to.equal('email_not_verified');
      }
      // Nor is it looked at where users without a verified address are let in.
      const without = fixture.exchange({ linkByVerifiedEmail: true, requireVerifiedEmail: false });
      const id_token = fixture.idToken({ sub: 'attacker', email: 'admin@example.com', email_verified: false });
      const user = await without.exchange({ id_token });
      expect(user.id).not.to.equal(admin.id);
      expect(user['email']).to.equal(undefined);
    });

    it('1: of taking a letter for another one', async () => {
      await fixture.users.create({ username: 'mike', email: 'mike@example.com' });
      const linking = fixture.exchange({ linkByVerifiedEmail: true });
      const user = await linking.exchange({ id_token: fixture.idToken({ email: 'mi\u212Ae@example.com' }) });
      expect(user.username).not.to.equal('mike');
    });

    it('2: of asking neither for issuer, use nor algorithm', async () => {
      const theirs = signingKey('k1');
      for (const [token, reason] of [
        [fixture.idToken({ iss: 'https://evil.example.com' }), 'token_issuer'],
        [fixture.idToken({ token_use: 'access' }), 'token_kind'],
        [fixture.idToken({}, { alg: 'none' }), 'token_algorithm'],
        [fixture.idToken({}, {}, theirs), 'token_signature'],
      ] as const)
        expect(await refusalOf(fixture.exchange().exchange({ id_token: token }))).to.equal(reason);
    });

    it('4: of failing at what is not good, instead of refusing it', async () => {
      for (const id_token of ['garbage', 'a.b.c', '..', '\u00E9.\u00E9.\u00E9', fixture.idToken({ exp: 1 })])
        expect(await refusalOf(fixture.exchange().exchange({ id_token }))).to.match(/^token_/);
    });

    it('5: of letting in who is not active', async () => {
      const exchange = fixture.exchange({ linkByVerifiedEmail: true });
      const { id } = await exchange.exchange({ id_token: fixture.idToken() });
      fixture.users.update(id, { isActive: false });
      expect(await refusalOf(exchange.exchange({ id_token: fixture.idToken() }))).to.equal('account_inactive');
      // Nor is somebody linked to such an account.
      const other = fixture.idToken({ sub: 'other' });
      expect(await refusalOf(exchange.exchange({ id_token: other }))).to.equal('account_inactive');
      expect(await fixture.users.findByIdentity({ issuer: fixture.iss, subject: 'other' })).to.equal(undefined);
    });

    it('6: of failing at an address that is not verified', async () => {
      const id_token = fixture.idToken({ email_verified: false });
      expect(await refusalOf(fixture.exchange().exchange({ id_token }))).to.equal('email_not_verified');
    });

    it('7: of failing without given and family name', async () => {
      const user = await fixture.exchange().exchange({ id_token: fixture.idToken({ given_name: 5 }) });
      expect(user).to.include({ givenName: '', familyName: '' });
    });

    it('10: of linking an account that is linked to somebody else there', async () => {
      const exchange = fixture.exchange({ linkByVerifiedEmail: true });
      const ged = await exchange.exchange({ id_token: fixture.idToken() });
      const other = fixture.idToken({ sub: 'other' });
      expect(await refusalOf(exchange.exchange({ id_token: other }))).to.equal('account_conflict');
      expect((await exchange.exchange({ id_token: fixture.idToken() })).id).to.equal(ged.id);
    });

    it('11: of failing where the keys cannot be had', async () => {
      fixture.issuer.server.metadataMode = down;
      fixture.issuer.server.keysMode = down;
      const error = await fixture
        .exchange()
        .exchange({ id_token: fixture.idToken() })
        .catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(ServiceUnavailable);
    });

    it('17: of telling nobody', async () => {
      await refusalOf(fixture.exchange().exchange({ id_token: fixture.idToken({ aud: 'x' }) }));
      expect(fixture.logger.entries).to.deep.include({
        level: 'info',
        message: "A provider's tokens were not exchanged",
        data: { reason: 'token_audience' },
      });
    });
  });

  it('links a user by a verified address, where that is allowed, once and for all', async () => {
    const ged = await fixture.users.create({ username: 'ged', email: 'Ged@Example.com', passwordHash: 'h' });
    const linking = fixture.exchange({ linkByVerifiedEmail: true });
    expect((await linking.exchange({ id_token: fixture.idToken() })).id).to.equal(ged.id);
    const later = fixture.idToken({ email: 'other@example.com' });
    expect((await fixture.exchange().exchange({ id_token: later })).id).to.equal(ged.id);
  });

  it('links nobody where two users have the address', async () => {
    for (const username of ['one', 'two']) await fixture.users.create({ username });
    const both = [(await fixture.users.findByUsername('one'))!.user, (await fixture.users.findByUsername('two'))!.user];
    fixture.users.findByEmail = () => Promise.resolve(both);
    const linking = fixture.exchange({ linkByVerifiedEmail: true });
    expect(await refusalOf(linking.exchange({ id_token: fixture.idToken() }))).to.equal('account_exists');
  });

  for (const [what, name] of [
    ['that is taken', 'admin'],
    ['with white space', 'a b'],
    ['that is too long', 'x'.repeat(151)],
    ['of other letters', '\u0430dmin'],
    ['that is no text', 5],
    ['that is empty', ''],
  ] as const)
    it(`generates a username for a user with a name ${what}`, async () => {
      const admin = await fixture.users.create({ username: 'admin' });
      const exchange = fixture.exchange();
      const user = await exchange.exchange({ id_token: fixture.idToken({ preferred_username: name }) });
      expect(user.id).not.to.equal(admin.id);
      expect(user.username).to.match(/^oidc-[0-9a-f]{20}$/);
    });

  it('stores the subject in an attribute, and attributes of the app, where that is configured', async () => {
    const exchange = fixture.exchange(
      {},
      { userUuidField: 'uuid', profile: ({ claims }) => ({ locale: claims['locale'], username: 'not this one' }) },
    );
    const id_token = fixture.idToken({ locale: 'de', preferred_username: 'ged' });
    expect(await exchange.exchange({ id_token })).to.include({ uuid: 'ged-1', locale: 'de', username: 'ged' });
  });

  describe('with several providers', () => {
    let other: ProviderFixture;
    beforeEach(async () => {
      other = await ProviderFixture.start('cognito');
    });
    afterEach(() => other.close());

    it('asks the one that the token names, and takes nothing of another', async () => {
      const both = new SocialExchange([fixture.provider(), other.provider()], fixture.users, {
        logger: fixture.logger,
      });
      const [one, two] = [fixture.idToken(), other.idToken({ email: 'other@example.com' })];
      const users = [await both.exchange({ id_token: one }), await both.exchange({ id_token: two })];
      // The same subject at two issuers is two people.
      expect(users[0]!.id).not.to.equal(users[1]!.id);
      const forged = signed({ alg: 'ES256', kid: other.issuer.key.kid }, claimsOf(one), other.issuer.key);
      expect(await refusalOf(both.exchange({ id_token: forged }))).to.equal('token_signature');
      const mixed = { id_token: two, access_token: fixture.accessToken() };
      expect(await refusalOf(both.exchange(mixed))).to.equal('token_issuer');
      const third = fixture.idToken({ iss: 'https://third.example.com' });
      expect(await refusalOf(both.exchange({ id_token: third }))).to.equal('token_issuer');
    });

    it('takes the client that the token is for, where two are of one issuer', async () => {
      const two = new SocialExchange(
        [fixture.provider({ name: 'web' }), fixture.provider({ name: 'mobile', clientId: 'client-2' })],
        fixture.users,
        { logger: fixture.logger },
      );
      const web = await two.exchange({ id_token: fixture.idToken() });
      const mobile = await two.exchange({ id_token: fixture.idToken({ aud: 'client-2' }) });
      expect(mobile.id).to.equal(web.id);
      expect(await refusalOf(two.exchange({ id_token: fixture.idToken({ aud: 'client-3' }) }))).to.equal(
        'token_audience',
      );
    });

    it('does not start with two of one name', () => {
      const providers = [fixture.provider(), fixture.provider()];
      expect(() => new SocialExchange(providers, fixture.users)).to.throw(ImproperlyConfigured, "'oidc'");
    });
  });

  for (const [name, open] of [
    ['in memory', undefined],
    ['in sql.js', () => sqlite(ourTables)],
    ['in PostgreSQL', () => postgres(ourTables)],
  ] as const)
    it(`makes one user of twenty first exchanges at the same time, ${name}`, async function () {
      const isRequired = (process.env.REQUIRED_SERVERS ?? '').split(',').includes('postgres');
      const database = await open?.().catch((error: unknown) => {
        if (isRequired || name !== 'in PostgreSQL') throw error;
        return this.skip();
      });
      const users: UserStore = database === undefined ? fixture.users : new TypeOrmUserStore(database.dataSource);
      const provider = fixture.provider({ clientId });
      const servers = Array.from({ length: 20 }, () => new SocialExchange([provider], users));
      const id_token = fixture.idToken({ preferred_username: 'ged' });
      const found = await Promise.all(servers.map(server => server.exchange({ id_token })));
      expect(new Set(found.map(({ id }) => id)).size).to.equal(1);
      expect(await users.findByEmail('ged@example.com')).to.have.length(1);
      await database?.remove();
    });
});

function claimsOf(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as object;
}
