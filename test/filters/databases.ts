/** The rows of the differential tests, in a real database. */
import { randomUUID } from 'node:crypto';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { SqlDialect, SqlOptions } from '../../src/filters/sql';
import { postgresUrl } from '../microservice/users/user-databases';
import { rows, teams } from './rows';

export interface Database {
  /** Returns the ids of the notes that meet the condition. */
  select(text: string, values: readonly unknown[]): Promise<readonly number[]>;
  /** Runs a whole statement. */
  run(text: string, values: readonly unknown[]): Promise<readonly { readonly id: number }[]>;
  close(): Promise<void>;
  readonly source: DataSource;
}

export interface Engine {
  readonly name: string;
  readonly dialect: SqlDialect;
  /** As `REQUIRED_SERVERS` names it; `undefined` for one that is always there. */
  readonly server?: string;
  /** @param entities of TypeORM, over the same tables */
  open(entities?: DataSourceOptions['entities']): Promise<Database>;
}

interface Types {
  readonly text: string;
  readonly folded: string;
  readonly real: string;
  readonly at: string;
  ofTime(time: Date): unknown;
  placeholder(position: number): string;
}

export const mariadbUrl = process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/test';
const plainTime = (at: Date): string => at.toISOString().slice(0, 23).replace('T', ' ');

export const engines: readonly Engine[] = [
  {
    name: 'PostgreSQL',
    dialect: 'postgresql',
    server: 'postgres',
    open: async (entities = []) => {
      const schema = `axioms_filters_${randomUUID()}`;
      const db = await new DataSource({
        type: 'postgres',
        url: postgresUrl,
        schema,
        entities,
        extra: { max: 1 },
      }).initialize();
      await db.query(`CREATE SCHEMA "${schema}"`);
      await db.query(`SET search_path TO "${schema}"`);
      await db.query(`CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`);
      return filled(db, `DROP SCHEMA "${schema}" CASCADE`, {
        text: 'varchar(100)',
        folded: 'text COLLATE folding',
        real: 'double precision',
        at: 'timestamptz',
        ofTime: time => time,
        placeholder: position => `$${position}`,
      });
    },
  },
  {
    name: 'MariaDB',
    dialect: 'mysql',
    server: 'mariadb',
    open: async (entities = []) => {
      const database = `axioms_filters_${randomUUID().replaceAll('-', '')}`;
      const options = { type: 'mysql', url: mariadbUrl, timezone: 'Z' } satisfies DataSourceOptions;
      const first = await new DataSource(options).initialize();
      await first.query(`CREATE DATABASE ${database}`);
      await first.destroy();
      const db = await new DataSource({
        ...options,
        database,
        entities,
        url: mariadbUrl.replace(/\/\w*$/, `/${database}`),
      }).initialize();
      return filled(db, `DROP DATABASE ${database}`, {
        text: 'varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
        folded: 'varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci',
        real: 'double',
        at: 'datetime(3)',
        ofTime: plainTime,
        placeholder: () => '?',
      });
    },
  },
  {
    name: 'SQLite',
    dialect: 'sqlite',
    open: async (entities = []) =>
      filled(await new DataSource({ type: 'sqljs', entities }).initialize(), undefined, {
        text: 'text',
        folded: 'text COLLATE NOCASE',
        real: 'double',
        at: 'datetime',
        ofTime: plainTime,
        placeholder: () => '?',
      }),
  },
];

async function filled(db: DataSource, dropping: string | undefined, types: Types): Promise<Database> {
  const { text, folded, real, at, ofTime, placeholder } = types;
  await db.query(`CREATE TABLE team (id ${text} PRIMARY KEY, size INTEGER, deleted_at ${at})`);
  await db.query(
    `CREATE TABLE note (id INTEGER PRIMARY KEY, body ${text}, folded ${folded}, whole INTEGER, big BIGINT, amount ${real}, flag boolean, at ${at}, team_id ${text})`,
  );
  const insert = async (table: string, values: readonly unknown[]): Promise<void> => {
    const marks = values.map((_, index) => placeholder(index + 1)).join(', ');
    await db.query(`INSERT INTO ${table} VALUES (${marks})`, [...values]);
  };
  for (const { id, size } of teams) await insert('team', [id, size, null]);
  await insert('team', ['gone', 5, ofTime(new Date())]);
  for (const row of rows) {
    const { id, text: body, whole, big, real: amount, flag, team } = row;
    // A row that was deleted softly counts as none.
    const teamId = team === null && id % 2 === 0 ? 'gone' : (team?.id ?? null);
    const written = [row.folded, whole, big === null ? null : String(big), amount, flag, row.at && ofTime(row.at)];
    await insert('note', [id, body, ...written, teamId]);
  }
  const run: Database['run'] = async (text, values) => db.query(text, [...values]);
  return {
    source: db,
    select: async (condition, values) =>
      (await run(`SELECT id FROM note n WHERE ${condition} ORDER BY id`, values)).map(({ id }) => id),
    run,
    close: async () => {
      if (dropping !== undefined) await db.query(dropping);
      await db.destroy();
    },
  };
}

/** The tables, as the app describes them to `toSql`. */
export function optionsOf(dialect: SqlDialect): Omit<SqlOptions, 'where'> {
  return {
    dialect,
    alias: 'n',
    columns: {
      text: { column: 'body', type: 'text' },
      folded: { column: 'folded', type: 'text' },
      whole: { column: 'whole', type: 'integer' },
      big: { column: 'big', type: 'integer' },
      real: { column: 'amount', type: 'number' },
      flag: { column: 'flag', type: 'boolean' },
      at: { column: 'at', type: 'date' },
    },
    relations: {
      team: {
        table: 'team',
        from: 'team_id',
        to: 'id',
        deleted: 'deleted_at',
        columns: { id: { column: 'id', type: 'text' }, size: { column: 'size', type: 'integer' } },
      },
    },
  };
}
