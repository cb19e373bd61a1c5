/** The tables of the differential tests as Drizzle describes them, and how to query them. */
import { relations, type SQL } from 'drizzle-orm';
import * as mysql from 'drizzle-orm/mysql-core';
import { drizzle as mysqlProxy } from 'drizzle-orm/mysql-proxy';
import * as pg from 'drizzle-orm/pg-core';
import { drizzle as pgProxy } from 'drizzle-orm/pg-proxy';
import * as sqlite from 'drizzle-orm/sqlite-core';
import { drizzle as sqliteProxy } from 'drizzle-orm/sqlite-proxy';
import type { DrizzleRelation, DrizzleTable } from '../../src/filters/drizzle';
import type { SqlDialect } from '../../src/filters/sql';

export const pgTeams = pg.pgTable('team', {
  id: pg.varchar({ length: 100 }).primaryKey(),
  size: pg.integer(),
  deletedAt: pg.timestamp('deleted_at', { withTimezone: true }),
});

export const pgNotes = pg.pgTable('note', {
  id: pg.integer().primaryKey(),
  text: pg.varchar('body', { length: 100 }),
  folded: pg.text(),
  whole: pg.integer(),
  big: pg.bigint({ mode: 'bigint' }),
  real: pg.doublePrecision('amount'),
  flag: pg.boolean(),
  at: pg.timestamp({ withTimezone: true }),
  teamId: pg.varchar(),
});

export const mysqlTeams = mysql.mysqlTable('team', {
  id: mysql.varchar({ length: 100 }).primaryKey(),
  size: mysql.int(),
  deletedAt: mysql.datetime('deleted_at', { fsp: 3 }),
});

export const mysqlNotes = mysql.mysqlTable('note', {
  id: mysql.int().primaryKey(),
  text: mysql.varchar('body', { length: 100 }),
  folded: mysql.varchar({ length: 100 }),
  whole: mysql.int(),
  big: mysql.bigint({ mode: 'bigint' }),
  real: mysql.double('amount'),
  flag: mysql.boolean(),
  at: mysql.datetime({ fsp: 3 }),
  teamId: mysql.varchar({ length: 100 }),
});

export const sqliteTeams = sqlite.sqliteTable('team', {
  id: sqlite.text().primaryKey(),
  size: sqlite.integer(),
  deletedAt: sqlite.text('deleted_at'),
});

export const sqliteNotes = sqlite.sqliteTable('note', {
  id: sqlite.integer().primaryKey(),
  text: sqlite.text('body'),
  folded: sqlite.text(),
  whole: sqlite.integer(),
  big: sqlite.integer(),
  real: sqlite.real('amount'),
  flag: sqlite.integer({ mode: 'boolean' }),
  at: sqlite.integer('at_ms', { mode: 'timestamp_ms' }),
  seconds: sqlite.integer('at_seconds', { mode: 'timestamp' }),
  teamId: sqlite.text('team_id'),
});

export type Run = (text: string, parameters: unknown[]) => Promise<{ rows: unknown[][] }>;

interface Query extends PromiseLike<readonly { readonly id: number }[]> {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] };
}

export interface Setup {
  readonly notes: DrizzleTable & { getSQL(): SQL };
  readonly id: SQL;
  readonly relations: Readonly<Record<string, DrizzleRelation>>;
  select(where: SQL): Query;
  /** A relational query. */
  find(where: SQL): Query;
}

/** In PostgreSQL and MySQL, a column without a name is named by `casing`, as in `team_id`. */
export const setups: Readonly<Record<SqlDialect, (run: Run) => Setup>> = {
  postgresql(run) {
    const schema = {
      pgNotes,
      pgTeams,
      pgRelations: relations(pgNotes, ({ one }) => ({
        team: one(pgTeams, { fields: [pgNotes.teamId], references: [pgTeams.id] }),
      })),
    };
    const db = pgProxy(run, { schema, casing: 'snake_case' });
    return {
      notes: pgNotes,
      id: pgNotes.id.getSQL(),
      relations: { team: { table: pgTeams, from: pgNotes.teamId, to: pgTeams.id, deleted: pgTeams.deletedAt } },
      select: where => db.select({ id: pgNotes.id }).from(pgNotes).where(where).orderBy(pgNotes.id),
      find: where => db.query.pgNotes.findMany({ where, with: { team: true }, orderBy: pgNotes.id }),
    };
  },
  mysql(run) {
    const db = mysqlProxy(run, { schema: { mysqlNotes }, casing: 'snake_case' });
    return {
      notes: mysqlNotes,
      id: mysqlNotes.id.getSQL(),
      relations: {
        team: { table: mysqlTeams, from: mysqlNotes.teamId, to: mysqlTeams.id, deleted: mysqlTeams.deletedAt },
      },
      select: where => db.select({ id: mysqlNotes.id }).from(mysqlNotes).where(where).orderBy(mysqlNotes.id),
      find: where => db.query.mysqlNotes.findMany({ where, columns: { id: true }, orderBy: mysqlNotes.id }),
    };
  },
  sqlite(run) {
    const db = sqliteProxy(run, { schema: { sqliteNotes } });
    return {
      notes: sqliteNotes,
      id: sqliteNotes.id.getSQL(),
      relations: {
        team: { table: sqliteTeams, from: sqliteNotes.teamId, to: sqliteTeams.id, deleted: sqliteTeams.deletedAt },
      },
      select: where => db.select({ id: sqliteNotes.id }).from(sqliteNotes).where(where).orderBy(sqliteNotes.id),
      find: where => db.query.sqliteNotes.findMany({ where, columns: { id: true }, orderBy: sqliteNotes.id }),
    };
  },
};
