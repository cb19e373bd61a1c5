import { expect } from 'chai';
import { and, asc, eq, or, sql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import * as mysql from 'drizzle-orm/mysql-core';
import * as pg from 'drizzle-orm/pg-core';
import * as sqlite from 'drizzle-orm/sqlite-core';
import { Client } from 'pg';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';
import {
  allObjects,
  filterAnd,
  filterNot,
  filterOr,
  noObjects,
  whereCompare,
  whereEquals,
  whereIn,
  type ObjectFilter,
} from '../../src/core/requirements/object-filter';
import { matches } from '../../src/core/requirements/matches';
import { toDrizzle, type DrizzleRelation, type DrizzleTable } from '../../src/filters/drizzle';
import { postgresUrl } from '../microservice/users/user-databases';
import { canaries, canarySql } from './canary';
import { describeOnEngines, expected, expectNoDifference, itFailsWith } from './differential';
import { pgNotes, pgTeams, setups, sqliteNotes, type Setup } from './drizzle-tables';
import { rows, type Row } from './rows';

const ids = (found: readonly { readonly id: number }[]): readonly number[] => found.map(({ id }) => id);

describeOnEngines('toDrizzle', ({ dialect }, database) => {
  const setup: Setup = setups[dialect](async (text, parameters) => ({
    rows: (await database().run(text, parameters)).map(row => Object.values(row)),
  }));
  const condition = (filter: ObjectFilter, ...where: [] | [SQL]): SQL =>
    toDrizzle(filter, setup.notes, setup.relations, ...where);
  const selected = async (filter: ObjectFilter, ...where: [] | [SQL]): Promise<readonly number[]> =>
    ids(await setup.select(condition(filter, ...where)));
  // Drizzle has no bigint in a column of integers of SQLite.
  const read = (row: Row): object =>
    dialect === 'sqlite' ? { ...row, big: row.big === null ? null : Number(row.big) } : row;

  before(async () => {
    if (dialect !== 'sqlite') return;
    for (const column of ['at_ms', 'at_seconds'])
      await database().run(`ALTER TABLE note ADD COLUMN ${column} INTEGER`, []);
    for (const { id, at } of rows)
      if (at !== null)
        await database().run('UPDATE note SET at_ms = ?, at_seconds = ? WHERE id = ?', [
          at.getTime(),
          Math.floor(at.getTime() / 1000),
          id,
        ]);
  });

  it('selects exactly what `matches` accepts', () => expectNoDifference(selected, read));

  it('selects the same in a relational query', () =>
    expectNoDifference(async filter => ids(await setup.find(condition(filter))), read));

  for (const canary of canaries)
    itFailsWith(canary, { spaces: dialect === 'mysql' }, async filter => {
      const { sql: text, params } = setup.select(condition(filter)).toSQL();
      return ids(await database().run(canarySql(text, canary), params));
    });

  it('selects everything, and nothing', async () => {
    expect(await selected(allObjects)).to.have.length(rows.length);
    expect(await selected(noObjects)).to.deep.equal([]);
    expect(await selected(noObjects, sql`1 = 1`)).to.deep.equal([]);
    expect(ids(await setup.find(condition(noObjects)))).to.deep.equal([]);
  });

  it('cannot be widened by a condition with OR before it, behind it or in it', async () => {
    const filter = filterOr(whereEquals('text', 'a'), whereEquals('whole', 5));
    const both = expected(filter).filter(id => id === 1 || id === 5);
    const either = sql`${setup.id} = 1 or ${setup.id} = ${5}`;
    expect(both).to.deep.equal([1]);
    expect(await selected(filter, either)).to.deep.equal(both);
    expect(ids(await setup.find(condition(filter, either)))).to.deep.equal(both);
    expect(await selected(filter, sql`${either} -- mine`)).to.deep.equal(both);
    expect(ids(await setup.select(and(or(eq(setup.id, 1), eq(setup.id, 5)), condition(filter)) as SQL))).to.deep.equal(
      both,
    );
    expect(ids(await setup.select(sql`1 = 0 and ${condition(filter)}`))).to.deep.equal([]);
    expect(() => condition(filter).append(sql` or 1 = 1`)).to.throw(TypeError);
  });

  it('keeps the parameters of two filters in one query apart', async () => {
    const [one, other] = [whereIn('text', ['a', 'A', '5']), filterNot(whereEquals('team.id', 'blue'))];
    expect(await selected(other, condition(one))).to.deep.equal(expected(filterAnd(one, other)));
    const joined = and(condition(one), eq(setup.id, 2), condition(other)) as SQL;
    const both = expected(filterAnd(one, other)).filter(id => id === 2);
    expect(ids(await setup.select(joined))).to.deep.equal(both);
  });

  it('takes 10,000 values', async () => {
    const filter = whereIn('text', [...Array.from({ length: 9_990 }, (_, index) => `x${index}`), 'a', 'A']);
    expect(await selected(filter)).to.deep.equal(expected(filter));
    expect(await selected(filterNot(filter))).to.deep.equal(expected(filterNot(filter)));
  });

  if (dialect === 'postgresql')
    it('selects the same over a connection of Drizzle', async () => {
      const [{ id: schema } = { id: 0 }] = await database().run('SELECT current_schema() AS id', []);
      const client = new Client({ connectionString: postgresUrl, options: `-c search_path=${schema}` });
      await client.connect();
      try {
        const db = drizzle(client, { casing: 'snake_case' });
        const n = pg.alias(pgNotes, 'n');
        const { relations } = setup;
        for (const filter of [whereEquals('team.size', 5), filterNot(whereIn('big', ['5', String(2n ** 63n - 1n)]))]) {
          const where = toDrizzle(filter, n, relations);
          const found = await db
            .select({ id: n.id })
            .from(n)
            .leftJoin(pgTeams, eq(n.teamId, pgTeams.id))
            .where(where)
            .orderBy(asc(n.id));
          expect(ids(found)).to.deep.equal(expected(filter));
        }
      } finally {
        await client.end();
      }
    });

  if (dialect === 'postgresql')
    it('compares a timestamp without a zone in UTC, whatever the zone of the session', async () => {
      const table = pg.pgTable('note', { at: pg.timestamp() });
      await database().run("SET TIME ZONE 'Asia/Tokyo'", []);
      for (const filter of [
        whereCompare('at', '<', new Date('2026-01-01T00:00:00.001Z')),
        whereCompare('at', '>=', new Date(0)),
      ]) {
        const { sql: text, params } = new pg.PgDialect().sqlToQuery(toDrizzle(filter, table));
        const source = `(SELECT id, at AT TIME ZONE 'UTC' AS at FROM note) note`;
        const found = await database().run(`SELECT id FROM ${source} WHERE ${text} ORDER BY id`, params);
        expect(ids(found)).to.deep.equal(expected(filter));
      }
      await database().run('RESET TIME ZONE', []);
    });

  if (dialect === 'sqlite') {
    it('compares a time that is kept in seconds', async () => {
      const seconds = (time: Date | null): Date | null => time && new Date(Math.floor(time.getTime() / 1000) * 1000);
      for (const operator of ['<', '<=', '>', '>='] as const)
        for (const time of ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z', '2025-12-31T23:59:59.999Z']) {
          const filter = whereCompare('seconds', operator, new Date(time));
          const right = rows.filter(({ at }) => matches(filter, { seconds: seconds(at) })).map(({ id }) => id);
          expect(await selected(filter)).to.deep.equal(right);
          expect(await selected(filterNot(filter))).to.have.length(rows.length - right.length);
        }
    });

    it('takes each number but 1 for false, as Drizzle does', async () => {
      const { id, ...whole } = { id: sqliteNotes.id, flag: sqlite.integer('whole', { mode: 'boolean' }) };
      const table = sqlite.sqliteTable('note', whole);
      const { sql: text, params } = new sqlite.SQLiteSyncDialect().sqlToQuery(
        toDrizzle(whereEquals('flag', false), table),
      );
      const found = await database().run(`SELECT id FROM note WHERE ${text} ORDER BY id`, params);
      expect(ids(found)).to.deep.equal(rows.filter(row => row.whole !== null && row.whole !== 1).map(row => row.id));
      expect(id.name).to.equal('id');
    });
  }
});

describe('toDrizzle', () => {
  const query = (condition: SQL): { readonly sql: string; readonly params: readonly unknown[] } =>
    new pg.PgDialect().sqlToQuery(condition);

  it('refuses a condition that is undefined: or() of nothing means every row', () => {
    const none: SQL[] = [];
    // @ts-expect-error: and the types refuse it, too.
    expect(() => toDrizzle(allObjects, pgNotes, {}, or(...none))).to.throw(ImproperlyConfigured, 'nothing to join');
    for (const where of [undefined, null, true, 'id = 5', { id: 5 }, pgNotes.id, pgNotes])
      expect(() => toDrizzle(allObjects, pgNotes, {}, where as never)).to.throw(
        ImproperlyConfigured,
        'must be a condition',
      );
  });

  it('writes every value as a parameter', () => {
    const claim = `'; DROP TABLE note; --`;
    const { sql: text, params } = query(toDrizzle(whereIn('text', [claim, '$1', 'a\\']), pgNotes));
    expect(text).not.to.contain('DROP');
    expect(params).to.deep.equal([claim, '$1', 'a\\', claim, '$1', 'a\\']);
  });

  it('compares a uuid in its own spelling only', () => {
    const table = pg.pgTable('note', { id: pg.uuid() });
    const uuid = 'c0ffee00-0000-4000-8000-00000000000a';
    expect(query(toDrizzle(whereIn('id', [uuid, 'x']), table)).sql).to.equal('("note"."id" = CAST($1 AS uuid))');
    expect(query(toDrizzle(whereEquals('id', uuid.toUpperCase()), table)).sql).to.equal('(1 = 0)');
  });

  it('compares no whole number that Drizzle would have read with other digits', () => {
    const table = pg.pgTable('note', { big: pg.bigint({ mode: 'number' }), exact: pg.bigint({ mode: 'bigint' }) });
    const large = String(2n ** 53n + 1n);
    expect(query(toDrizzle(whereEquals('big', large), table)).sql).to.equal('(1 = 0)');
    expect(query(toDrizzle(whereEquals('exact', large), table)).params).to.deep.equal([large]);
  });

  it('goes over a relation to the same table, and to a table of another schema', () => {
    const table = pg.pgSchema('hr').table('note', { id: pg.integer().primaryKey(), parentId: pg.integer('parent_id') });
    const parent = { table, from: table.parentId, to: table.id };
    expect(query(toDrizzle(whereEquals('parent.parentId', 5), table, { parent })).sql).to.match(
      // Older versions of Drizzle leave the schema out behind the name of a table.
      /^\(EXISTS \(SELECT 1 FROM "hr"\."note" "axioms_related" WHERE "axioms_related"\."id" = ("hr"\.)?"note"\."parent_id" AND "axioms_related"\."parent_id" = CAST\(\$1 AS bigint\)\)\)$/,
    );
  });

  it('refuses a column of a table of the same name in another schema', () => {
    const other = pg.pgSchema('hr').table('team', { id: pg.text().primaryKey() });
    const team = { table: pgTeams, from: pgNotes.teamId, to: other.id };
    expect(() => toDrizzle(allObjects, pgNotes, { team })).to.throw(
      ImproperlyConfigured,
      "'to' of the relation 'team'",
    );
  });

  it('takes the columns of the table for those of its alias', () => {
    const team = { table: pgTeams, from: pgNotes.teamId, to: pgTeams.id };
    for (const alias of ['n', 'axioms_related'])
      expect(query(toDrizzle(whereEquals('team.size', null), pg.alias(pgNotes, alias), { team })).sql).to.contain(
        ` = "${alias}"."teamId" `,
      );
  });

  it('works with the Drizzle of an ES module', async () => {
    const core = await import('drizzle-orm/pg-core');
    const { eq: equals } = await import('drizzle-orm');
    const table = core.pgTable('note', { id: core.integer().primaryKey(), text: core.text() });
    const self = { table, from: table.id, to: table.id };
    const filter = filterAnd(whereEquals('text', 'a'), whereEquals('self.text', null));
    const condition = toDrizzle(filter, table, { self }, equals(table.id, 5));
    const { sql: text, params } = new core.PgDialect().sqlToQuery(condition);
    expect(text).to.match(/^\(\("note"."id" = \$1\n\) and \(\(\("note"."text" = CAST/);
    expect(params).to.deep.equal([5, 'a', 'a']);
  });

  it('knows every way to say that a column is unique', () => {
    const of = (
      extra: (column: { code: pg.PgColumn }) => unknown,
      unique = false,
    ): DrizzleTable & { code: pg.PgColumn } => {
      const columns = { code: unique ? pg.text().unique() : pg.text() };
      return pg.pgTable('team', columns, ((table: { code: pg.PgColumn }) => [extra(table)]) as never);
    };
    const compiled = (table: DrizzleTable & { code: pg.PgColumn }): SQL =>
      toDrizzle(whereEquals('team.code', 'a'), pgNotes, { team: { table, from: pgNotes.teamId, to: table.code } });
    const right = [
      of(({ code }) => pg.unique().on(code)),
      of(({ code }) => pg.uniqueIndex().on(code)),
      of(({ code }) => pg.primaryKey({ columns: [code] as never })),
      of(() => undefined, true),
    ];
    for (const table of right) expect(query(compiled(table)).sql).to.contain('EXISTS');
    const wrong = [
      of(({ code }) => pg.index().on(code)),
      of(({ code }) =>
        pg
          .uniqueIndex()
          .on(code)
          .where(sql`true`),
      ),
      of(({ code }) => pg.uniqueIndex().on(code, code)),
      of(() => pg.uniqueIndex().on(sql`lower(code)`)),
    ];
    for (const table of wrong)
      expect(() => compiled(table)).to.throw(ImproperlyConfigured, "'code', which is not unique");
  });

  it('knows that a unique index makes a column unique, in MySQL and SQLite, too', () => {
    const ofMysql = mysql.mysqlTable('team', { code: mysql.varchar({ length: 9 }) }, table => [
      mysql.uniqueIndex('code').on(table.code),
    ]);
    const notesOfMysql = mysql.mysqlTable('note', { teamCode: mysql.varchar({ length: 9 }) });
    const ofSqlite = sqlite.sqliteTable('team', { code: sqlite.text() }, table => [
      sqlite.uniqueIndex('code').on(table.code),
    ]);
    const notesOfSqlite = sqlite.sqliteTable('note', { teamCode: sqlite.text() });
    const filter = whereEquals('team.code', 'a');
    for (const [notes, from, table, to] of [
      [notesOfMysql, notesOfMysql.teamCode, ofMysql, ofMysql.code],
      [notesOfSqlite, notesOfSqlite.teamCode, ofSqlite, ofSqlite.code],
    ] as const)
      expect(() => toDrizzle(filter, notes, { team: { table, from, to } })).not.to.throw();
  });

  const custom = pg.customType<{ data: string }>({ dataType: () => 'text' });
  const columns = {
    enumeration: pg.pgEnum('state', ['open'])(),
    json: pg.json(),
    jsonb: pg.jsonb(),
    numeric: pg.numeric(),
    list: pg.text().array(),
    custom: custom(),
    char: pg.char({ length: 5 }),
    real: pg.real(),
    day: pg.date({ mode: 'date' }),
    time: pg.time(),
    textual: pg.timestamp({ mode: 'string' }),
    address: pg.inet(),
  };
  const mysqlColumns = {
    enumeration: mysql.mysqlEnum(['open']),
    json: mysql.json(),
    decimal: mysql.decimal(),
    char: mysql.char({ length: 5 }),
    float: mysql.float(),
    real: mysql.real(),
    day: mysql.date(),
    year: mysql.year(),
    textual: mysql.datetime({ mode: 'string' }),
    stamp: mysql.timestamp({ mode: 'string' }),
    bytes: mysql.varbinary({ length: 5 }),
  };
  const sqliteColumns = {
    json: sqlite.text({ mode: 'json' }),
    blob: sqlite.blob(),
    big: sqlite.blob({ mode: 'bigint' }),
    numeric: sqlite.numeric(),
  };
  const tables = [
    pg.pgTable('note', columns),
    mysql.mysqlTable('note', mysqlColumns),
    sqlite.sqliteTable('note', sqliteColumns),
  ] as const;
  for (const [index, names] of [columns, mysqlColumns, sqliteColumns].map(Object.keys).entries())
    for (const property of names)
      it(`refuses the column '${property}' of ${['PostgreSQL', 'MySQL', 'SQLite'][index]}`, () => {
        const table = tables[index] as DrizzleTable;
        for (const filter of [whereEquals(property, 'a'), whereEquals(property, null), whereCompare(property, '<', 5)])
          expect(() => toDrizzle(filter, table)).to.throw(ImproperlyConfigured, `'${property}', a column of the type`);
      });

  const team: DrizzleRelation = { table: pgTeams, from: pgNotes.teamId, to: pgTeams.id };
  const relation = whereEquals('team.id', 'a');
  for (const [what, filter, table, relations, message] of [
    ['a property that the table does not have', whereEquals('owner', 'a'), pgNotes, {}, "names 'owner'"],
    ["a column by the database's name", whereEquals('body', 'a'), pgNotes, {}, "names 'body'"],
    ['an inherited property', whereEquals('toString', 'a'), pgNotes, {}, "names 'toString'"],
    ['a relation that is not described', relation, pgNotes, {}, "names 'team.id'"],
    ['a related property that is not there', whereEquals('team.name', 'a'), pgNotes, { team }, "names 'team.name'"],
    [
      'a relation to a column that is not unique',
      relation,
      pgNotes,
      { team: { ...team, to: pgTeams.size } },
      'not unique',
    ],
    [
      'a relation from another table',
      relation,
      pgNotes,
      { team: { ...team, from: pgTeams.id } },
      "'from' of the relation",
    ],
    ['a relation to another table', relation, pgNotes, { team: { ...team, to: pgNotes.id } }, "'to' of the relation"],
    ['a relation deleted elsewhere', relation, pgNotes, { team: { ...team, deleted: pgNotes.at } }, "'deleted' of the"],
    [
      'a relation to an alias',
      relation,
      pgNotes,
      { team: { ...team, table: pg.alias(pgTeams, 't') } },
      "the alias 't'",
    ],
    ['a view', whereEquals('id', 5), pg.pgView('v', { id: pg.integer() }).as(sql`select 1`), {}, 'not a view'],
    ['what is no table', whereEquals('id', 5), { id: 5 } as never, {}, 'a table of Drizzle'],
    ['a table without columns', whereEquals('id', 5), pg.pgTable('note', {}), {}, 'must be of PostgreSQL'],
    [
      'more than 10,000 values',
      filterOr(whereIn('text', Array.from({ length: 9_999 }, String)), whereIn('whole', [1, 2])),
      pgNotes,
      {},
      'more than 10000 values',
    ],
    [
      'a claim that is a condition of Drizzle',
      { kind: 'equals', property: 'text', value: sql`true` } as never,
      pgNotes,
      {},
      'An object filter is wrong',
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => toDrizzle(filter, table as DrizzleTable, relations)).to.throw(ImproperlyConfigured, message);
    });
});
