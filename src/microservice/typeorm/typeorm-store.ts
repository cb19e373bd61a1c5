/** A store in a database that TypeORM supports. Each step is one SQL statement. */
import {
  LessThanOrEqual,
  QueryFailedError,
  type DataSource,
  type DataSourceOptions,
  type EntityManager,
  type FindOperator,
} from 'typeorm';
import type { MicroserviceStore, RefreshFamily, Rotation, StoredSigningKey } from '../stores/store';
import { openDatabase, type DatabasePlace, type OpenDatabase } from './database';
import { onPrimary, requireEntities } from './primary';
import { familyTable, microserviceEntities, signingKeyTable, usedOnceTable } from './tables';

/** A database that the store opens, or the app's own `DataSource`, which has the entities and migrations. */
export type TypeOrmStoreOptions = DatabasePlace | { readonly dataSource: DataSource };

/**
 * Creates a store in a database: a file of SQLite with `sql.js` (for one process; only the package must be installed),
 * PostgreSQL for production, or the app's own `DataSource` with `microserviceEntities` and `microserviceMigrations`.
 * The store opens its database and creates the tables at the first use. It runs no migrations on the app's own
 * `DataSource`, and reads from its primary if it is replicated.
 *
 * @throws ImproperlyConfigured if the app's own `DataSource` is initialized and lacks the entities
 *
 * @example
 * const forOneProcess = typeOrmStore({ file: 'data/microservice.sqlite' });
 * const forMany = typeOrmStore({ url: 'postgres://app@db.example.com/app', schema: 'sign_in' });
 */
export function typeOrmStore(options: TypeOrmStoreOptions): MicroserviceStore {
  return new TypeOrmStore(options);
}

class TypeOrmStore implements MicroserviceStore {
  /** Absent for a database without a clock of its own. */
  readonly now?: () => Promise<number>;
  #opened: Promise<OpenDatabase> | undefined;
  readonly #clock: string | undefined;

  constructor(private readonly options: TypeOrmStoreOptions) {
    if ('dataSource' in options) requireEntities(options.dataSource, microserviceEntities);
    this.#clock = 'file' in options ? undefined : clockOf(options);
    if (this.#clock !== undefined) this.now = () => this.#ask(this.#clock as string);
  }

  async addFamily(family: RefreshFamily): Promise<void> {
    const families = await this.families();
    await families.insert(family);
  }

  async findFamily(handle: string): Promise<RefreshFamily | undefined> {
    const family = await this.#read(manager => manager.findOneBy(familyTable, { handle }));
    return family?.handle === handle ? family : undefined;
  }

  // The condition and the change are one SQL statement, so of several simultaneous calls only one succeeds.
  async rotateFamily(rotation: Rotation): Promise<boolean> {
    const { handle, from, generation, to, previous = from, at, idleUntil, deadline } = rotation;
    const families = await this.families();
    const next = { current: to, previous, generation: generation + 1, rotatedAt: at, idleUntil };
    const update = families.createQueryBuilder().update(next).where({ handle, current: from, generation });
    if (deadline !== undefined && this.#clock !== undefined)
      update.andWhere(`${this.#clock} <= :deadline`, { deadline });
    return (await update.execute()).affected === 1;
  }

  async removeFamily(handle: string): Promise<boolean> {
    const families = await this.families();
    return (await families.delete({ handle })).affected === 1;
  }

  async familiesOf(issuer: string, userId: string): Promise<readonly RefreshFamily[]> {
    const found = await this.#read(manager => manager.findBy(familyTable, { issuer, userId }));
    // The app's own database may ignore case, but `A1` and `a1` may be two users.
    return found.filter(family => family.issuer === issuer && family.userId === userId);
  }

  async addSigningKey(key: StoredSigningKey): Promise<boolean> {
    const { manager } = await this.database();
    return inserted(manager.insert(signingKeyTable, key));
  }

  async signingKeys(issuer: string): Promise<readonly StoredSigningKey[]> {
    return this.#read(manager => manager.findBy(signingKeyTable, { issuer }));
  }

  async removeSigningKey(issuer: string, generation: number): Promise<void> {
    const { manager } = await this.database();
    await manager.delete(signingKeyTable, { issuer, generation });
  }

  // A row that is there was used, also if it has ended: the clock of the database may be ahead for a moment.
  async useOnce(key: string, until: number): Promise<boolean> {
    const { manager } = await this.database();
    return inserted(manager.insert(usedOnceTable, { key, until }));
  }

  async removeExpired(now: number): Promise<number> {
    const { manager } = await this.database();
    const past = pastBy(now);
    const gone = [
      await manager.delete(familyTable, { idleUntil: past }),
      await manager.delete(familyTable, { expiresAt: past }),
      await manager.delete(usedOnceTable, { until: past }),
    ];
    return gone.reduce((sum, { affected }) => sum + (affected ?? 0), 0);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    const database = await opened?.catch(() => undefined);
    await database?.close();
  }

  async #read<T>(look: (manager: EntityManager) => Promise<T>): Promise<T> {
    return onPrimary(await this.database(), look);
  }

  async #ask(clock: string): Promise<number> {
    const [row] = await (await this.database()).query<{ now: unknown }[]>(`SELECT ${clock} AS now`);
    return Number(row?.now);
  }

  private async families() {
    return (await this.database()).getRepository(familyTable);
  }

  // If the database cannot be opened, the next request tries again.
  private async database(): Promise<DataSource> {
    if ('dataSource' in this.options) return this.options.dataSource;
    this.#opened ??= openDatabase(this.options).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return (await this.#opened).dataSource;
  }
}

// UTC_TIMESTAMP is when the statement began, and it may have waited for a lock since.
const mysqlStart = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3))";
const mysqlWait = 'TIMESTAMPDIFF(MICROSECOND, NOW(3), SYSDATE(3))';

/** The clocks of databases, in SQL: whole milliseconds since 1970, at the moment when a row is looked at. */
const clocks: Readonly<Record<string, string>> = {
  postgres: 'CAST(FLOOR(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000) AS BIGINT)',
  mysql: `((${mysqlStart} + ${mysqlWait}) DIV 1000)`,
};

function clockOf(options: Exclude<TypeOrmStoreOptions, { readonly file: string }>): string | undefined {
  const own =
    'dataSource' in options ? (options.dataSource.options as Partial<DataSourceOptions> | undefined) : undefined;
  const type = 'dataSource' in options ? own?.type : 'postgres';
  return type === undefined ? undefined : clocks[type === 'mariadb' ? 'mysql' : type];
}

// PostgreSQL compares a bigint with whole numbers only. What is stored is whole, so that the fraction changes nothing.
function pastBy(now: number): FindOperator<number> {
  return LessThanOrEqual(Math.floor(now));
}

// TypeORM has no portable "on conflict do nothing" that reports whether it inserted a row.
async function inserted(insertion: Promise<unknown>): Promise<boolean> {
  try {
    await insertion;
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

interface DriverError {
  /** PostgreSQL, MySQL and MariaDB. */
  readonly code?: string;
  /** SQL Server. */
  readonly number?: number;
  readonly message?: string;
}

const duplicates: readonly unknown[] = [
  // PostgreSQL, appendix A: unique_violation.
  '23505',
  'ER_DUP_ENTRY',
  // SQL Server, for an index and for a primary key.
  2601,
  2627,
];

// SQLite has only a message. Older drivers of Oracle have the code only in the message, too.
const duplicateMessage = /UNIQUE constraint failed|^ORA-00001:/;

function isDuplicate(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code, number, message = '' } = error.driverError as DriverError;
  return duplicates.includes(code) || duplicates.includes(number) || duplicateMessage.test(message);
}
