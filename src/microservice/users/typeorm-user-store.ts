/** Stores users in a database, in the app's own table or in ours. */
import { randomUUID } from 'node:crypto';
import { IsNull, QueryFailedError, type DataSource, type EntityManager, type EntityTarget } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { onPrimary } from '../typeorm/primary';
import { foldedEmail, isSameEmail } from './email';
import { IdentityEntity, UserEntity } from './typeorm-entities';
import type { Identity, NewUser, StoredUser, User } from './user';
import { ColumnsOfUsers, type Row, type UserColumns } from './user-columns';
import { UserConflict, type ConflictReason, type UserStore } from './user-store';

/** Options of {@link TypeOrmUserStore}. */
export interface TypeOrmUserStoreOptions {
  /** The entity for users; default: `UserEntity`, with the table `axioms_users`. */
  readonly user?: EntityTarget<object>;
  /** The names of its properties, if they differ from the defaults. */
  readonly columns?: UserColumns;
}

/**
 * Stores users in a TypeORM `DataSource`, which must be initialized and have `IdentityEntity` among its entities. Names
 * and addresses should be unique in the app's own table, as they are in ours. Identities always are. A name is found only
 * in the exact spelling of the table, whatever its collation: override `findByUsername()` to accept others.
 *
 * The subjects of identities are case-sensitive, and the default collation of MariaDB, MySQL and SQL Server ignores case:
 * a user with the subject `ABC` could not be stored beside one with `abc`. Give the columns of `axioms_identities` a
 * binary collation there that does not ignore spaces at the end, in MariaDB as the database's default: `CREATE DATABASE app
 * CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin` (MySQL 8: `utf8mb4_0900_bin`). The character set must be utf8mb4.
 *
 * @example
 * const dataSource = await new DataSource({
 *   type: 'postgres', url, entities: [Account, IdentityEntity], migrations: [CreateAxiomsIdentities1735689600001],
 * }).initialize();
 * const users = new TypeOrmUserStore(dataSource, { user: Account, columns: { username: 'login' } });
 */
export class TypeOrmUserStore implements UserStore {
  readonly #dataSource: DataSource;
  readonly #entity: EntityTarget<object>;
  readonly #columns: ColumnsOfUsers;

  /** @throws ImproperlyConfigured if an entity or a column is missing */
  constructor(dataSource: DataSource, { user = UserEntity, columns = {} }: TypeOrmUserStoreOptions = {}) {
    for (const [entity, name] of [
      [user, 'the entity of a user'],
      [IdentityEntity, 'IdentityEntity'],
    ] as const)
      if (!dataSource.isInitialized || !dataSource.hasMetadata(entity))
        throw new ImproperlyConfigured(
          `TypeOrmUserStore does not find ${name}: add it to the 'entities' of the DataSource, and initialize that first.`,
        );
    this.#dataSource = dataSource;
    this.#entity = user;
    this.#columns = new ColumnsOfUsers(dataSource.getMetadata(user), columns);
  }

  async findById(id: string): Promise<User | undefined> {
    const user = await onPrimary(this.#dataSource, manager => this.#userWithId(manager, id));
    return user?.id === id ? user : undefined;
  }

  async findByUsername(username: string): Promise<StoredUser | undefined> {
    const rows = await onPrimary(this.#dataSource, manager => this.#rowsWithUsername(manager, username));
    const row = rows.find(one => one[this.#columns.of('username') ?? ''] === username);
    if (row === undefined) return undefined;
    const hash = row[this.#columns.of('passwordHash') ?? ''];
    return {
      user: this.#columns.toUser(row),
      passwordHash: typeof hash === 'string' && hash !== '' ? hash : undefined,
    };
  }

  async findByIdentity(identity: Identity): Promise<User | undefined> {
    return onPrimary(this.#dataSource, async manager => {
      const holder = await holderOf(manager, identity);
      return holder === undefined ? undefined : this.#userWithId(manager, holder);
    });
  }

  async findByEmail(email: string): Promise<readonly User[]> {
    return onPrimary(this.#dataSource, manager => this.#usersWithEmail(manager, email));
  }

  async create(user: NewUser): Promise<User> {
    try {
      return await this.#atomically(manager => this.#insert(manager, user));
    } catch (error) {
      throw error instanceof QueryFailedError ? await this.#conflictOr(error as QueryFailedError, user) : error;
    }
  }

  async link(userId: string, identity: Identity): Promise<void> {
    if ((await this.findById(userId)) === undefined) throw new UserConflict('identity');
    try {
      await this.#dataSource.manager.insert(IdentityEntity, { ...identity, userId });
    } catch (error) {
      const isTaken = await onPrimary(
        this.#dataSource,
        async manager =>
          (await holderOf(manager, identity)) !== undefined ||
          (await manager.existsBy(IdentityEntity, { issuer: identity.issuer, userId })),
      );
      throw isTaken || isDuplicate(error) ? new UserConflict('identity') : error;
    }
  }

  async replacePasswordHash(userId: string, from: string | undefined, to: string): Promise<boolean> {
    const passwordHash = this.#columns.of('passwordHash');
    if (passwordHash === undefined) return false;
    return this.#update({ ...this.#key(userId), [passwordHash]: from ?? IsNull() }, { [passwordHash]: to });
  }

  async touchLogin(userId: string, time: Date): Promise<void> {
    const lastLogin = this.#columns.of('lastLogin');
    if (lastLogin !== undefined) await this.#update(this.#key(userId), { [lastLogin]: time });
  }

  #key(userId: string): Row {
    return { [this.#columns.of('id') ?? '']: userId };
  }

  async #update(which: Row, change: Row): Promise<boolean> {
    const { affected } = await this.#dataSource.manager.update(this.#entity, which, change);
    return affected === 1;
  }

  async #userWithId(manager: EntityManager, id: string): Promise<User | undefined> {
    const row = await unlessNotHeld(manager.findOneBy(this.#entity, this.#key(id)), null);
    return row === null ? undefined : this.#columns.toUser(row as Row);
  }

  /**
   * Returns the rows whose name the database takes for this one: depending on its collation it ignores case, accents or
   * spaces at the end. The app may have excluded the hash from the default selection.
   */
  async #rowsWithUsername(manager: EntityManager, username: string): Promise<readonly Row[]> {
    const name = this.#columns.of('username') ?? '';
    const passwordHash = this.#columns.of('passwordHash');
    const query = manager.createQueryBuilder(this.#entity, 'found').where(`found.${name} = :username`, { username });
    if (passwordHash !== undefined) query.addSelect(`found.${passwordHash}`);
    return (await unlessNotHeld(query.getMany(), [])) as Row[];
  }

  // The database may fold more letters than we do, so it folds both sides, and its results are compared again. In a
  // Turkish locale it folds I to another letter than we do.
  async #usersWithEmail(manager: EntityManager, email: string): Promise<readonly User[]> {
    const property = this.#columns.of('email');
    if (property === undefined) return [];
    const query = manager.createQueryBuilder(this.#entity, 'found');
    const isFound = `LOWER(found.${property}) IN (LOWER(:email), :folded)`;
    const found = query.where(isFound, { email, folded: foldedEmail(email) }).getMany();
    const rows = await unlessNotHeld(found, []);
    return (rows as Row[]).filter(row => isSameEmail(row[property], email)).map(row => this.#columns.toUser(row));
  }

  async #insert(manager: EntityManager, user: NewUser): Promise<User> {
    const conflict = await this.#conflictOf(manager, user);
    if (conflict !== undefined) throw new UserConflict(conflict);
    const { identity, isActive = true, email, ...rest } = user;
    const attributes = { ...rest, isActive, email: email === undefined ? undefined : foldedEmail(email) };
    const { identifiers } = await manager.insert(
      this.#entity,
      this.#columns.toRow({ ...this.#newKey(), ...attributes }),
    );
    const userId = String((identifiers[0] as Row)[this.#columns.of('id') ?? '']);
    if (identity !== undefined) await manager.insert(IdentityEntity, { ...identity, userId });
    const created = await this.#userWithId(manager, userId);
    if (created === undefined) throw new Error('The user that was stored is not found again');
    return created;
  }

  #newKey(): Row {
    const [key] = this.#dataSource.getMetadata(this.#entity).primaryColumns;
    return key?.isGenerated === true ? {} : { id: randomUUID() };
  }

  async #conflictOr(error: QueryFailedError, user: NewUser): Promise<Error> {
    const found = await onPrimary(this.#dataSource, manager => this.#conflictOf(manager, user));
    const conflict = found ?? this.#duplicateIn(error, user);
    return conflict === undefined ? error : new UserConflict(conflict);
  }

  // A collation may take values for the same that we do not, such as accents and spaces at the end.
  #duplicateIn(error: QueryFailedError, { email }: NewUser): ConflictReason | undefined {
    if (!isDuplicate(error)) return undefined;
    if (error.query.includes(this.#dataSource.getMetadata(IdentityEntity).tableName)) return 'identity';
    return email === undefined ? undefined : 'email';
  }

  async #conflictOf(manager: EntityManager, user: NewUser): Promise<ConflictReason | undefined> {
    const { identity, username, email } = user;
    if (identity !== undefined && (await holderOf(manager, identity)) !== undefined) return 'identity';
    // The database would refuse each of these, too, if names are unique.
    if ((await this.#rowsWithUsername(manager, username)).length > 0) return 'username';
    const isTaken = email !== undefined && (await this.#usersWithEmail(manager, email)).length > 0;
    return isTaken ? 'email' : undefined;
  }

  // A driver with a single connection has a single transaction, and a rollback would undo the writes of other requests.
  // Such a database has one process, so running one job at a time is enough: conflicts are found before anything is
  // written.
  #atomically<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    if (hasOneConnection(this.#dataSource)) return inTurn(this.#dataSource, () => work(this.#dataSource.manager));
    return this.#dataSource.transaction(work);
  }
}

// Some databases ignore case when they compare, but subjects are case-sensitive (OpenID Connect Core §2).
async function holderOf(manager: EntityManager, { issuer, subject }: Identity): Promise<string | undefined> {
  const row = await unlessNotHeld(manager.findOneBy(IdentityEntity, { issuer, subject }), null);
  return row?.issuer === issuer && row.subject === subject ? row.userId : undefined;
}

/** Returns `nothing` where the database cannot compare the column with the value: no row has a value that it cannot hold. */
async function unlessNotHeld<Found>(found: Promise<Found>, nothing: Found): Promise<Found> {
  try {
    return await found;
  } catch (error) {
    if (notHeld.includes(codeOf(error))) return nothing;
    throw error;
  }
}

// PostgreSQL: no number or UUID, too large a number, a character that its encoding does not have. MariaDB and MySQL: a
// character that the character set of the column does not have (1267, 1270, 1271, 1366, 3988).
const notHeld: readonly unknown[] = [
  '22P02',
  '22003',
  '22P05',
  'ER_CANT_AGGREGATE_2COLLATIONS',
  'ER_CANT_AGGREGATE_3COLLATIONS',
  'ER_CANT_AGGREGATE_NCOLLATIONS',
  'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
  'ER_IMPOSSIBLE_STRING_CONVERSION',
];

function isDuplicate(error: unknown): boolean {
  const code = codeOf(error);
  return code === '23505' || code === 'ER_DUP_ENTRY' || /^UNIQUE constraint failed/.test(messageOf(error));
}

function codeOf(error: unknown): unknown {
  return error instanceof QueryFailedError ? (error.driverError as NodeJS.ErrnoException).code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof QueryFailedError ? (error.driverError as Error).message : '';
}

function hasOneConnection(dataSource: DataSource): boolean {
  const [one, other] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
  return one === other;
}

const turns = new WeakMap<DataSource, Promise<unknown>>();

function inTurn<Result>(dataSource: DataSource, work: () => Promise<Result>): Promise<Result> {
  const turn = (turns.get(dataSource) ?? Promise.resolve()).then(work);
  turns.set(
    dataSource,
    turn.catch(() => undefined),
  );
  return turn;
}
