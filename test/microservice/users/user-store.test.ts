import { expect } from 'chai';
import type { Context } from 'mocha';
import { DataSource, TableIndex, type QueryRunner, type Table } from 'typeorm';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { userMigrations } from '../../../src/microservice/users/create-users-migration';
import { MemoryUserStore } from '../../../src/microservice/users/memory-user-store';
import { IdentityEntity, UserEntity, userEntities } from '../../../src/microservice/users/typeorm-entities';
import { TypeOrmUserStore } from '../../../src/microservice/users/typeorm-user-store';
import { UserConflict, type UserStore } from '../../../src/microservice/users/user-store';
import { createDatabase, dropDatabase, openDatabase } from '../mariadb';
import {
  Account,
  accountColumns,
  accountTables,
  mariadb,
  ourTables,
  postgres,
  sqlite,
  type Database,
} from './user-databases';

interface Kept {
  readonly users: UserStore;
  /** Takes the right to sign in. */
  deactivate(id: string): Promise<void>;
  close(): Promise<void>;
}

function inMemory(): Promise<Kept> {
  const users = new MemoryUserStore();
  const deactivate = (id: string): Promise<void> => {
    users.update(id, { isActive: false });
    return Promise.resolve();
  };
  return Promise.resolve({ users, deactivate, close: () => Promise.resolve() });
}

async function inOurs(opening: Promise<Database>): Promise<Kept> {
  const { dataSource, remove } = await opening;
  const users = new TypeOrmUserStore(dataSource);
  const deactivate = async (id: string): Promise<void> => {
    await dataSource.getRepository(UserEntity).update({ id }, { isActive: false });
  };
  return { users, deactivate, close: remove };
}

async function inAccounts(opening: Promise<Database>): Promise<Kept> {
  const { dataSource, remove } = await opening;
  const users = new TypeOrmUserStore(dataSource, { user: Account, columns: accountColumns });
  const deactivate = async (id: string): Promise<void> => {
    await dataSource.getRepository(Account).update({ key: Number(id) }, { enabled: false });
  };
  return { users, deactivate, close: remove };
}

/** Rethrows the error of a database that is required: one in this process, or a server in `REQUIRED_SERVERS`. */
function requireServer(place: string, error: unknown): void {
  const server = { PostgreSQL: 'postgres', MariaDB: 'mariadb' }[place.split(', ').at(-1) ?? ''];
  if (server === undefined || (process.env.REQUIRED_SERVERS ?? '').split(',').includes(server)) throw error;
}

const places: readonly [name: string, open: () => Promise<Kept>][] = [
  ['in memory', inMemory],
  ['in our table, sql.js', () => inOurs(sqlite(ourTables))],
  ["in the app's table, sql.js", () => inAccounts(sqlite(accountTables))],
  ['in our table, PostgreSQL', () => inOurs(postgres(ourTables))],
  ["in the app's table, PostgreSQL", () => inAccounts(postgres(accountTables))],
  ['in our table, MariaDB', () => inOurs(mariadb(ourTables))],
  ["in the app's table, MariaDB", () => inAccounts(mariadb(accountTables))],
];

const issuer = 'https://idp.example.com';

/** How a promise ended: the reason of the conflict, or `stored`. */
async function outcome(step: Promise<unknown>): Promise<string> {
  try {
    await step;
    return 'stored';
  } catch (error) {
    if (error instanceof UserConflict) return error.reason;
    throw error;
  }
}

for (const [name, open] of places)
  describe(`users ${name}`, () => {
    let kept: Kept;
    let users: UserStore;

    before(async function () {
      try {
        kept = await open();
        ({ users } = kept);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        requireServer(name, error);
        if (code === undefined) throw error;
        pendAll(this, `The server cannot be reached: ${code} ${message}`);
      }
    });
    // `before` may have skipped.
    after(() => (kept as Kept | undefined)?.close());

    it('finds a user by id, name, identity and e-mail address, and nobody by others', async () => {
      const identity = { issuer, subject: 'ged-1' };
      const made = await users.create({ username: 'ged', email: 'Ged@Example.com', passwordHash: 'h1', identity });
      expect(made).to.include({ username: 'ged', isActive: true, email: 'ged@example.com' });
      expect(made.id).to.be.a('string').and.not.equal('');
      expect(await users.findById(made.id)).to.deep.equal(made);
      expect(await users.findByUsername('ged')).to.deep.equal({ user: made, passwordHash: 'h1' });
      expect(await users.findByIdentity(identity)).to.deep.equal(made);
      expect(await users.findByEmail('gED@example.COM')).to.deep.equal([made]);
      expect(await users.findByUsername('Ged')).to.equal(undefined);
      expect(await users.findByUsername("ged' OR 1=1 --")).to.equal(undefined);
      expect(await users.findByIdentity({ issuer, subject: 'GED-1' })).to.equal(undefined);
      expect(await users.findByIdentity({ issuer: `${issuer}/`, subject: 'ged-1' })).to.equal(undefined);
      expect(await users.findByEmail('other@example.com')).to.deep.equal([]);
    });

    for (const id of ['', 'nobody', '00000000-0000-4000-8000-000000000000', '999999999999999999999', "' OR 1=1 --"])
      it(`finds nobody by the id ${JSON.stringify(id)}`, async () => {
        expect(await users.findById(id)).to.equal(undefined);
      });

    it('never has the hash of a password in a user', async () => {
      const made = await users.create({ username: 'tenar', passwordHash: 'the-hash-itself' });
      const found = [made, await users.findById(made.id), (await users.findByUsername('tenar'))?.user];
      expect(JSON.stringify(found)).not.to.contain('the-hash-itself');
    });

    it('keeps users without a password or an e-mail address, as many as there are', async () => {
      await users.create({ username: 'without-1' });
      await users.create({ username: 'without-2' });
      expect((await users.findByUsername('without-2'))?.passwordHash).to.equal(undefined);
    });

    for (const [reason, first, second] of [
      ['username', { username: 'same' }, { username: 'same' }],
      ['email', { username: 'mail-1', email: 'a@same.example' }, { username: 'mail-2', email: 'A@SAME.example' }],
      [
        'identity',
        { username: 'id-1', identity: { issuer, subject: 'same' } },
        { username: 'id-2', identity: { issuer, subject: 'same' } },
      ],
    ] as const) {
      it(`refuses a second user with the same ${reason}, and stores nothing of it`, async () => {
        await users.create(first);
        expect(await outcome(users.create(second))).to.equal(reason);
        if (second.username !== first.username) expect(await users.findByUsername(second.username)).to.equal(undefined);
      });

      it(`makes one of twenty users with the same ${reason} at the same time`, async () => {
        const tries = Array.from({ length: 20 }, (_, index) => ({
          ...(reason === 'email' ? { email: 'twenty@same.example' } : {}),
          ...(reason === 'identity' ? { identity: { issuer, subject: 'twenty' } } : {}),
          username: reason === 'username' ? 'twenty' : `twenty-${reason}-${index}`,
        }));
        const outcomes = await Promise.all(tries.map(one => outcome(users.create(one))));
        expect(outcomes.filter(one => one === 'stored')).to.have.length(1);
        expect(outcomes.filter(one => one === reason)).to.have.length(19);
        const stored = await Promise.all(tries.map(({ username }) => users.findByUsername(username)));
        expect(new Set(stored.filter(Boolean).map(found => found!.user.id)).size).to.equal(1);
      });
    }

    it('does not take a letter for another one in e-mail addresses', async () => {
      // Made small, the Kelvin sign is a k, and a dotted capital I begins with an i.
      await users.create({ username: 'kelvin', email: 'mike@kelvin.example' });
      expect(await users.findByEmail('mi\u212Ae@kelvin.example')).to.deep.equal([]);
      await users.create({ username: 'other-kelvin', email: 'mi\u212Ae@kelvin.example' });
      expect(await users.findByEmail('MIKE@kelvin.example')).to.have.length(1);
    });

    it('regression: an address with a capital letter that is not ASCII was not found', async () => {
      const email = '\u00C4lice@\u00D6rtlich.example';
      const made = await users.create({ username: 'umlaut', email });
      for (const one of [email, email.replace('lice', 'LICE')]) {
        expect(await users.findByEmail(one)).to.deep.equal([made]);
        expect(await outcome(users.create({ username: 'umlaut-2', email: one }))).to.equal('email');
      }
      expect(await users.findByEmail(email.toLowerCase())).to.deep.equal([]);
      const dotted = await users.create({ username: 'dotted', email: '\u0130stanbul@example.com' });
      expect(await users.findByEmail('\u0130STANBUL@example.com')).to.deep.equal([dotted]);
    });

    it('links one identity of an issuer to a user, and never one of somebody else', async () => {
      const one = await users.create({ username: 'link-1' });
      const other = await users.create({ username: 'link-2' });
      await users.link(one.id, { issuer, subject: 'link-1' });
      expect(await users.findByIdentity({ issuer, subject: 'link-1' })).to.deep.equal(one);
      expect(await outcome(users.link(other.id, { issuer, subject: 'link-1' }))).to.equal('identity');
      expect(await outcome(users.link(one.id, { issuer, subject: 'link-1b' }))).to.equal('identity');
      expect(await outcome(users.link('999999', { issuer, subject: 'nobody' }))).to.equal('identity');
      await users.link(one.id, { issuer: 'https://other.example.com', subject: 'link-1' });
      expect(await users.findByIdentity({ issuer, subject: 'link-1' })).to.deep.equal(one);
      expect(await users.findByIdentity({ issuer, subject: 'link-1b' })).to.equal(undefined);
      expect(await users.findByIdentity({ issuer, subject: 'nobody' })).to.equal(undefined);
    });

    it('links one of twenty identities at the same time', async () => {
      const { id } = await users.create({ username: 'link-many' });
      const links = Array.from({ length: 20 }, (_, index) => users.link(id, { issuer, subject: `many-${index}` }));
      const outcomes = await Promise.all(links.map(outcome));
      expect(outcomes.filter(one => one === 'stored')).to.have.length(1);
      expect(outcomes.filter(one => one === 'identity')).to.have.length(19);
    });

    it('replaces the hash of a password, and not one that changed meanwhile', async () => {
      const { id } = await users.create({ username: 'hash', passwordHash: 'old' });
      expect(await users.replacePasswordHash(id, 'old', 'new')).to.equal(true);
      expect(await users.replacePasswordHash(id, 'old', 'undone')).to.equal(false);
      expect(await users.replacePasswordHash(id, undefined, 'undone')).to.equal(false);
      expect((await users.findByUsername('hash'))?.passwordHash).to.equal('new');
      const without = await users.create({ username: 'no-hash' });
      expect(await users.replacePasswordHash(without.id, undefined, 'first')).to.equal(true);
    });

    it('remembers the last sign-in, to the millisecond', async () => {
      const { id } = await users.create({ username: 'login' });
      const time = new Date(Date.UTC(2025, 6, 1, 12, 30, 15, 250));
      await users.touchLogin(id, time);
      const user = await users.findById(id);
      expect(user!['lastLogin']).to.deep.equal(time);
    });

    it('keeps two identities whose subjects differ only in case as two users', async () => {
      const [lower, upper] = ['aB3', 'Ab3'].map(subject => ({ issuer, subject }));
      const one = await users.create({ username: 'lower', identity: lower! });
      const other = await users.create({ username: 'upper', identity: upper! });
      expect((await users.findByIdentity(lower!))?.id).to.equal(one.id);
      expect((await users.findByIdentity(upper!))?.id).to.equal(other.id);
    });

    it('says who is not active', async () => {
      const { id } = await users.create({ username: 'inactive', identity: { issuer, subject: 'inactive' } });
      await kept.deactivate(id);
      expect((await users.findById(id))?.isActive).to.equal(false);
      expect((await users.findByUsername('inactive'))?.user.isActive).to.equal(false);
      expect((await users.findByIdentity({ issuer, subject: 'inactive' }))?.isActive).to.equal(false);
    });
  });

function pendAll(context: Context, reason: string): never {
  context.test!.parent!.title += ` (${reason})`;
  return context.skip();
}

describe('users in a MariaDB whose collation and character set are not ours', () => {
  const inMariadb = async (collation: string, use: (users: UserStore) => Promise<void>): Promise<void> => {
    const name = await createDatabase(collation);
    const dataSource = await openDatabase(name, ourTables);
    try {
      await dataSource.runMigrations();
      await use(new TypeOrmUserStore(dataSource));
    } finally {
      await dataSource.destroy();
      await dropDatabase(name);
    }
  };
  before(async function () {
    try {
      await dropDatabase(await createDatabase('utf8mb4_bin'));
    } catch (error) {
      requireServer('MariaDB', error);
      this.skip();
    }
  });

  it('regression: what its collation takes for the same was an error of the database', () =>
    inMariadb('utf8mb4_general_ci', async users => {
      const identity = { issuer, subject: 'abc' };
      const first = await users.create({ username: 'one', email: 'j\u00F3se@example.com', identity });
      expect(await outcome(users.create({ username: 'two', email: 'jose@example.com' }))).to.equal('email');
      const spaced = { issuer, subject: 'abc ' };
      expect(await outcome(users.create({ username: 'three', identity: spaced }))).to.equal('identity');
      const other = await users.create({ username: 'four' });
      expect(await outcome(users.link(other.id, spaced))).to.equal('identity');
      expect(await users.findByIdentity(spaced)).to.equal(undefined);
      expect(await users.findByIdentity(identity)).to.deep.equal(first);
    }));

  for (const collation of ['utf8mb3_general_ci', 'latin1_swedish_ci'])
    it(`regression: a character that ${collation} does not have was an outage`, () =>
      inMariadb(collation, async users => {
        await users.create({ username: 'x', email: 'x@example.com' });
        for (const text of ['x\u{1F600}1', '\u{1F600}', 'x\u{20BB7}']) {
          expect(await users.findByUsername(text)).to.equal(undefined);
          expect(await users.findByEmail(`${text}@example.com`)).to.deep.equal([]);
          expect(await users.findById(text)).to.equal(undefined);
          expect(await users.findByIdentity({ issuer, subject: text })).to.equal(undefined);
        }
      }));
});

describe('the tables of users', () => {
  it('regression: are the same for a second database, whatever the driver of the first did with them', async () => {
    const seen: number[][] = [];
    const createTable = ({ uniques, indices }: Table): void => {
      seen.push([uniques.length, indices.length]);
      // As the drivers of MySQL and MariaDB do.
      indices.push(...uniques.splice(0).map(({ name, columnNames }) => new TableIndex({ name, columnNames })));
    };
    const runner = { createTable } as unknown as QueryRunner;
    for (const Migration of [...userMigrations, ...userMigrations]) await new Migration().up(runner);
    expect(seen.map(String)).to.deep.equal(['2,0', '1,0', '2,0', '1,0']);
  });

  for (const [name, open] of [
    ['sql.js', sqlite],
    ['PostgreSQL', postgres],
    ['MariaDB', mariadb],
  ] as const)
    it(`are made by the migrations as the entities say, and taken away again, in ${name}`, async function () {
      const database = await open(ourTables).catch((error: unknown) => {
        requireServer(name, error);
        return this.skip();
      });
      const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).to.deep.equal([]);
      await database.dataSource.undoLastMigration();
      await database.dataSource.undoLastMigration();
      await database.remove();
    });

  it('keep a write of others that falls between the steps of one that fails, where there is one connection', async () => {
    const { dataSource, remove } = await sqlite(ourTables);
    const users = new TypeOrmUserStore(dataSource);
    await users.create({ username: 'first' });
    const others = dataSource.manager.insert(IdentityEntity, { issuer, subject: 'theirs', userId: 'x' });
    const [failed] = await Promise.allSettled([users.create({ username: 'first' }), others]);
    expect(failed.status).to.equal('rejected');
    expect(await dataSource.manager.countBy(IdentityEntity, { subject: 'theirs' })).to.equal(1);
    await remove();
  });

  const mistakes: readonly [what: string, tables: object, options: object, named: string][] = [
    ['an entity that the data source does not have', { entities: [...userEntities] }, { user: Account }, 'the entity'],
    ['identities that it does not have', { entities: [UserEntity] }, {}, 'IdentityEntity'],
    [
      'a column that is not there',
      accountTables,
      { user: Account, columns: { ...accountColumns, username: 'nick' } },
      "'nick'",
    ],
    ['a required column under its usual name that is not there', accountTables, { user: Account }, "'id'"],
    [
      'an id that is not the primary key',
      accountTables,
      { user: Account, columns: { ...accountColumns, id: 'login' } },
      'primary key',
    ],
  ];
  for (const [what, tables, options, named] of mistakes)
    it(`stop the start for ${what}`, async () => {
      const dataSource = await new DataSource({ type: 'sqljs', ...tables }).initialize();
      expect(() => new TypeOrmUserStore(dataSource, options)).to.throw(ImproperlyConfigured, named);
      await dataSource.destroy();
    });
});
