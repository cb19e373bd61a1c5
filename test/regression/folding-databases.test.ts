/** A database may take two texts for the same one, by its collation. The library does not. */
import { expect } from 'chai';
import { DataSource, EntitySchema, type DataSourceOptions } from 'typeorm';
import { randomUUID } from 'node:crypto';
import { memoryStore } from '../../src/microservice';
import { IdentityEntity, microserviceEntities, TypeOrmUserStore, typeOrmStore } from '../../src/microservice/typeorm';
import { UserConflict } from '../../src/microservice/users/user-store';
import { cheapHasher, issuer, SignInApp } from '../microservice/sign-in-app';
import { postgresUrl } from '../microservice/users/user-databases';
import { expectRefused } from '../microservice/refused';

const Reader = new EntitySchema({
  name: 'Reader',
  tableName: 'reader',
  columns: {
    id: { type: 'varchar', primary: true },
    username: { type: 'varchar', unique: true },
    passwordHash: { type: 'varchar' },
    isActive: { type: 'boolean' },
  },
});

interface Opened {
  readonly dataSource: DataSource;
  remove(): Promise<void>;
}

async function open(options: DataSourceOptions, collation: string): Promise<Opened> {
  const dataSource = await new DataSource({ ...options, entities: [Reader, IdentityEntity] }).initialize();
  const text = `varchar(255) COLLATE ${collation}`;
  if (options.type === 'postgres') {
    await dataSource.query(`CREATE SCHEMA "${options.schema}"`);
    await dataSource.query(
      `CREATE COLLATION ${collation} (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`,
    );
  }
  const table = options.type === 'postgres' ? `"${options.schema}".reader` : 'reader';
  await dataSource.query(
    `CREATE TABLE ${table} (id ${text} PRIMARY KEY, username ${text} UNIQUE, "passwordHash" varchar(255), "isActive" boolean)`,
  );
  const remove = async (): Promise<void> => {
    if (options.type === 'postgres') await dataSource.query(`DROP SCHEMA "${options.schema}" CASCADE`);
    await dataSource.destroy();
  };
  return { dataSource, remove };
}

const schema = `axioms_folding_${randomUUID()}`;

for (const [place, others, opening] of [
  ['sql.js, without case', ['GED', 'Ged'], () => open({ type: 'sqljs' }, 'NOCASE')],
  [
    'PostgreSQL, without accents',
    ['GED', 'gèd', 'ģêd'],
    () => open({ type: 'postgres', url: postgresUrl, schema }, `"${schema}".folding`),
  ],
] as const)
  describe(`regression: a table of users that folds names (${place})`, () => {
    let opened: Opened;
    let users: TypeOrmUserStore;
    let app: SignInApp;

    before(async function () {
      try {
        opened = await opening();
      } catch (error) {
        const isRequired = (process.env.REQUIRED_SERVERS ?? '').includes('postgres');
        if (isRequired || !place.includes('PostgreSQL')) throw error;
        return this.skip();
      }
      const columns = { email: null, lastLogin: null, givenName: null, familyName: null };
      users = new TypeOrmUserStore(opened.dataSource, { user: Reader, columns });
      const passwordHash = await cheapHasher.hash('sparrowhawk');
      await opened.dataSource.manager.insert(Reader, { id: 'a1', username: 'ged', passwordHash, isActive: true });
      app = new SignInApp({ store: memoryStore(), users, refusalTime: 0 });
    });
    after(async () => {
      await (app as SignInApp | undefined)?.close();
      await (opened as Opened | undefined)?.remove();
    });

    for (const name of others) {
      it(`signs nobody in as ged under the name ${name}`, async () => {
        const browser = app.browser();
        expectRefused(await browser.signIn(name), { status: 401, error: 'authentication_failed' });
        expect(browser.accessToken).to.equal('');
        expect(await users.findByUsername(name)).to.equal(undefined);
      });

      it(`makes no second user with the name ${name}, which the table would not take`, async () => {
        const outcome = await users.create({ username: name, passwordHash: 'x' }).catch((error: unknown) => error);
        expect(outcome).to.be.instanceOf(UserConflict).with.property('reason', 'username');
      });
    }

    it('signs ged in', async () => {
      expect((await app.browser().signIn('ged')).status).to.equal(200);
      expect((await users.findById('a1'))?.username).to.equal('ged');
    });

    it('finds no user by another spelling of an id', async () => {
      expect(await users.findById('A1')).to.equal(undefined);
    });
  });

describe('regression: a table of sessions that folds ids', () => {
  const family = (handle: string, userId: string) => {
    const texts = { id: handle, clientId: 'app', jkt: null, current: 'hash', previous: null };
    return { ...texts, handle, issuer, userId, generation: 0, signedInAt: 1, rotatedAt: 1, idleUntil: 2, expiresAt: 3 };
  };

  it('does not list the sessions of the user A1 as those of a1, or find a session by another handle', async () => {
    const dataSource = await new DataSource({ type: 'sqljs', entities: [...microserviceEntities] }).initialize();
    await dataSource.query(
      `CREATE TABLE axioms_refresh_family (handle text COLLATE NOCASE, id text, issuer text COLLATE NOCASE,
       client_id text, user_id text COLLATE NOCASE, jkt text, current_hash text, previous_hash text, generation integer,
       signed_in_at bigint, rotated_at bigint, idle_until bigint, expires_at bigint)`,
    );
    const store = typeOrmStore({ dataSource });
    for (const [handle, userId] of [
      ['one', 'a1'],
      ['two', 'A1'],
    ] as const)
      await store.addFamily(family(handle, userId));
    expect(await store.familiesOf(issuer, 'a1')).to.deep.equal([family('one', 'a1')]);
    expect(await store.findFamily('ONE')).to.equal(undefined);
    expect(await store.findFamily('one')).to.deep.equal(family('one', 'a1'));
    await dataSource.destroy();
  });
});
