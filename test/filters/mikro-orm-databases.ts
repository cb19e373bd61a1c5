/** The rows of the differential tests as entities of MikroORM, in a real database. */
import { randomUUID } from 'node:crypto';
import { EntitySchema, type EntityManager, type MikroORM, type Options } from '@mikro-orm/core';
import { MikroORM as LibSql } from '@mikro-orm/libsql';
import { MikroORM as MariaDb } from '@mikro-orm/mariadb';
import { MikroORM as PostgreSql } from '@mikro-orm/postgresql';
import { postgresUrl } from '../microservice/users/user-databases';
import { mariadbUrl } from './databases';
import { rows, teams } from './rows';

export interface TeamEntity {
  id: string;
  size: number | null;
}

export interface NoteEntity {
  id: number;
  text: string | null;
  folded: string | null;
  whole: number | null;
  big: bigint | null;
  real: number | null;
  flag: boolean | null;
  at: Date | null;
  team: TeamEntity | null;
}

export interface Engine {
  readonly name: string;
  readonly server?: string;
  open(): Promise<{ readonly orm: MikroORM; close(): Promise<void> }>;
}

interface Types {
  readonly text: string;
  readonly folded: string;
}

export const Team = new EntitySchema<TeamEntity>({
  name: 'Team',
  tableName: 'team',
  properties: { id: { type: 'string', primary: true }, size: { type: 'integer', nullable: true } },
});

export const Note = new EntitySchema<NoteEntity>({
  name: 'Note',
  tableName: 'note',
  properties: {
    id: { type: 'integer', primary: true, autoincrement: false },
    text: { type: 'string', fieldName: 'body', nullable: true },
    folded: { type: 'text', nullable: true },
    whole: { type: 'integer', nullable: true },
    big: { type: 'bigint', nullable: true },
    real: { type: 'double', fieldName: 'amount', nullable: true },
    flag: { type: 'boolean', nullable: true },
    at: { type: 'datetime', length: 3, nullable: true },
    team: { kind: 'm:1', entity: 'Team', fieldName: 'team_id', nullable: true },
  },
});

const options = { entities: [Note, Team], allowGlobalContext: true } satisfies Options;

export const engines: readonly Engine[] = [
  {
    name: 'PostgreSQL',
    server: 'postgres',
    open: async () => {
      const schema = `axioms_filters_${randomUUID()}`;
      const orm = await PostgreSql.init({ ...options, clientUrl: postgresUrl, schema });
      await orm.em.execute(`CREATE SCHEMA "${schema}"`);
      await orm.em.execute(
        `CREATE COLLATION "${schema}".folding (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`,
      );
      const folded = `text COLLATE "${schema}".folding`;
      return filled(orm, (sql: string) => orm.em.execute(sql), `DROP SCHEMA "${schema}" CASCADE`, {
        text: 'varchar(255)',
        folded,
      });
    },
  },
  {
    name: 'MariaDB',
    server: 'mariadb',
    open: async () => {
      const database = `axioms_filters_${randomUUID().replaceAll('-', '')}`;
      const first = await MariaDb.init({ ...options, clientUrl: mariadbUrl });
      await first.em.execute(`CREATE DATABASE ${database}`);
      await first.close();
      const clientUrl = mariadbUrl.replace(/\/\w*$/, `/${database}`);
      const orm = await MariaDb.init({ ...options, clientUrl, dbName: database, forceUtcTimezone: true });
      return filled(orm, (sql: string) => orm.em.execute(sql), `DROP DATABASE ${database}`, {
        text: 'varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
        folded: 'varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci',
      });
    },
  },
  {
    name: 'SQLite',
    open: async () => {
      const orm = await LibSql.init({ ...options, dbName: ':memory:' });
      return filled(orm, (sql: string) => orm.em.execute(sql), undefined, {
        text: 'text',
        folded: 'text COLLATE NOCASE',
      });
    },
  },
];

async function filled(
  orm: MikroORM,
  execute: (sql: string) => Promise<unknown>,
  dropping: string | undefined,
  { text, folded }: Types,
): ReturnType<Engine['open']> {
  const create = await orm.schema.getCreateSchemaSQL({ wrap: false });
  // The columns that MikroORM would make, in two collations.
  const statements = create
    .replace(/(["`]folded["`]) (?:varchar\(\d+\)|text)/, `$1 ${folded}`)
    .replace(/(["`](?:id|body|team_id)["`]) (?:varchar\(\d+\)|text)/g, `$1 ${text}`);
  for (const statement of statements.split(';').filter(one => one.trim() !== '')) await execute(statement);
  await insert(orm.em.fork());
  return {
    orm,
    close: async () => {
      if (dropping !== undefined) await execute(dropping);
      await orm.close();
    },
  };
}

async function insert(em: EntityManager): Promise<void> {
  await em.insertMany(Team, [...teams]);
  await em.insertMany(
    Note,
    rows.map(({ team, ...row }) => ({ ...row, team: team?.id ?? null })),
  );
}
