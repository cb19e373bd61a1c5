import { expect } from 'chai';
import {
  CamelCasePlugin,
  DummyDriver,
  expressionBuilder,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type Expression,
  type KyselyPlugin,
  type SqlBool,
} from 'kysely';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';
import {
  allObjects,
  filterAnd,
  filterNot,
  filterOr,
  noObjects,
  whereEquals,
  whereIn,
  type ObjectFilter,
} from '../../src/core/requirements/object-filter';
import { toKysely, type KyselyFilterOptions, type SqlDialect } from '../../src/filters/kysely';
import { canaries, canarySql } from './canary';
import { optionsOf } from './databases';
import { describeOnEngines, expected, expectNoDifference, itFailsWith } from './differential';
import { rows } from './rows';

interface Tables {
  readonly note: { readonly id: number; readonly body: string | null; readonly whole: number | null };
}

const compilers = {
  postgresql: [PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler],
  mysql: [MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler],
  sqlite: [SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler],
} as const;

function kyselyOf(dialect: SqlDialect, plugins: KyselyPlugin[] = []): Kysely<Tables> {
  const [Adapter, Introspector, Compiler] = compilers[dialect];
  return new Kysely<Tables>({
    plugins,
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: db => new Introspector(db as Kysely<unknown>),
      createQueryCompiler: () => new Compiler(),
    },
  });
}

describeOnEngines('toKysely', ({ dialect }, database) => {
  const db = kyselyOf(dialect);
  const options = optionsOf(dialect);
  const notes = db.selectFrom('note as n').select('n.id').orderBy('n.id');
  const run = async ({ sql: text, parameters }: CompiledQuery): Promise<readonly number[]> =>
    (await database().run(text, parameters)).map(({ id }) => id);
  const selected = (filter: ObjectFilter, where?: Expression<SqlBool>): Promise<readonly number[]> =>
    run(notes.where(toKysely(filter, { ...options, where })).compile());

  it('selects exactly what `matches` accepts', () => expectNoDifference(selected));

  for (const canary of canaries)
    itFailsWith(canary, { spaces: dialect === 'mysql' }, filter => {
      const query = notes.where(toKysely(filter, options)).compile();
      return run({ ...query, sql: canarySql(query.sql, canary) });
    });

  it('selects everything, and nothing', async () => {
    expect(await selected(allObjects)).to.have.length(rows.length);
    expect(await selected(noObjects)).to.deep.equal([]);
    expect(await selected(noObjects, sql<boolean>`1 = 1`)).to.deep.equal([]);
  });

  it('cannot be widened by a condition with OR before it, behind it or in it', async () => {
    const filter = filterOr(whereEquals('text', 'a'), whereEquals('whole', 5));
    const own = expressionBuilder<{ n: Tables['note'] }, 'n'>();
    const either = own.or([own('n.id', '=', 1), own('n.id', '=', 5)]);
    const both = expected(filter).filter(id => id === 1 || id === 5);
    expect(both).to.deep.equal([1]);
    expect(await selected(filter, either)).to.deep.equal(both);
    expect(await selected(filter, sql<boolean>`n.id = 1 or n.id = ${5} -- mine`)).to.deep.equal(both);
    const condition = toKysely(filter, options);
    expect(await run(notes.where(either).where(condition).compile())).to.deep.equal(both);
    expect(await run(notes.where(condition).where(either).compile())).to.deep.equal(both);
    expect(await run(notes.where(sql<boolean>`1 = 0 and ${condition}`).compile())).to.deep.equal([]);
    expect(await run(notes.where(own.or([])).where(condition).compile())).to.deep.equal([]);
    expect(await selected(filter, own.or([]))).to.deep.equal([]);
  });

  it('keeps the parameters of two filters in one query apart', async () => {
    const [one, other] = [whereIn('text', ['a', 'A', '5']), filterNot(whereEquals('team.id', 'blue'))];
    const query = notes.where(toKysely(one, options)).where('n.id', '<', 50).where(toKysely(other, options));
    const both = expected(filterAnd(one, other)).filter(id => id < 50);
    expect(await run(query.compile())).to.deep.equal(both);
    expect(await selected(other, toKysely(one, options))).to.deep.equal(expected(filterAnd(one, other)));
  });

  it('changes and deletes only what the filter allows', async () => {
    const filter = filterOr(whereEquals('team.size', 5), whereEquals('text', 'a'));
    const condition = toKysely(filter, { ...options, alias: 'note' });
    const { sql: text, parameters } = db.updateTable('note').set({ whole: 5 }).where(condition).compile();
    // The statement counts what it would change.
    const counted = text.replace(/update .note. set .whole. = (\S+) where/, 'select id from note where $1 = 5 and');
    const found = await database().run(`${counted} order by id`, parameters);
    expect(found.map(({ id }) => id)).to.deep.equal(expected(filter));
  });

  it('takes 10,000 values', async () => {
    const filter = whereIn('text', [...Array.from({ length: 9_990 }, (_, index) => `x${index}`), 'a', 'A']);
    expect(await selected(filter)).to.deep.equal(expected(filter));
    expect(await selected(filterNot(filter))).to.deep.equal(expected(filterNot(filter)));
  });
});

describe('toKysely', () => {
  const options = optionsOf('postgresql');
  const compiled = (
    filter: ObjectFilter,
    others: Partial<KyselyFilterOptions> = {},
    db = kyselyOf('postgresql'),
  ): CompiledQuery =>
    db
      .selectFrom('note as n')
      .select('id')
      .where(toKysely(filter, { ...options, ...others }))
      .compile();

  it('writes every value as a parameter', () => {
    const claim = `'; DROP TABLE note; --`;
    const { sql: text, parameters } = compiled(filterAnd(whereIn('text', [claim, '$1', 'a\\']), whereIn('big', [7])));
    expect(text).to.not.match(/DROP|[^$]7/);
    expect(parameters).to.deep.equal([claim, '$1', 'a\\', claim, '$1', 'a\\', '7']);
  });

  it('leaves names to Kysely and its plugins', () => {
    const db = kyselyOf('postgresql', [new CamelCasePlugin()]).withSchema('tenant');
    const columns = { text: { column: 'bodyText', type: 'text' as const } };
    const filter = filterAnd(whereEquals('text', null), whereEquals('team.id', null));
    expect(compiled(filter, { columns }, db).sql).to.equal(
      'select "id" from "tenant"."note" as "n" where (("n"."body_text" IS NULL AND NOT EXISTS (SELECT 1 FROM (select * from "tenant"."team") as "axioms_related" WHERE "axioms_related"."id" = "n"."team_id" AND "axioms_related"."deleted_at" IS NULL AND "axioms_related"."id" IS NOT NULL)))',
    );
  });

  it('quotes names as the database of the query does, even if the option names another', () => {
    // In MySQL, "flag" is a text, and equals 0 in every row.
    const { flag } = options.columns as { readonly flag: KyselyFilterOptions['columns'][string] };
    const wrong = { dialect: 'sqlite', alias: undefined, columns: { flag } } as const;
    expect(compiled(whereEquals('flag', false), wrong, kyselyOf('mysql')).sql).to.contain('`flag` IN (0)');
  });

  it('works with the Kysely of an ES module', async () => {
    const other = await import('kysely');
    const condition = toKysely(whereEquals('text', 'a'), { ...options, where: other.sql<boolean>`true` });
    const text = other.sql`select ${condition}`.compile(kyselyOf('postgresql') as never).sql;
    expect(text).to.contain('((true\n) and (("n"."body" = CAST($1 AS text)');
  });

  it('tells two tables of the same alias apart', () => {
    const { sql: text } = compiled(whereEquals('team.id', 'a'), { alias: 'axioms_related' });
    expect(text).to.contain('"axioms_related_other"."id" = "axioms_related"."team_id"');
  });

  for (const [what, filter, others, message] of [
    ['a property that is not described', whereEquals('owner', 'a'), {}, "names 'owner'"],
    ['an inherited property', whereEquals('toString', 'a'), {}, "names 'toString'"],
    ['a relation that is not described', whereEquals('author.id', 'a'), {}, "names 'author.id'"],
    ['a relation without an alias', whereEquals('team.id', 'a'), { alias: undefined }, "the option 'alias'"],
    ['another dialect', whereEquals('text', 'a'), { dialect: 'mssql' }, 'must be one of: postgresql, mysql, sqlite'],
    ['an unknown type', whereEquals('text', 'a'), { columns: { text: { column: 'a', type: 'json' } } }, 'unknown type'],
    ['a column without a name', whereEquals('text', 'a'), { columns: { text: { type: 'text' } } }, 'name of a table'],
    ['a condition that is text', whereEquals('text', 'a'), { where: 'id = 5' }, "option 'where' must be an expression"],
    [
      'a condition that is data',
      whereEquals('text', 'a'),
      { where: { id: 5 } },
      "option 'where' must be an expression",
    ],
    ['a condition that is null', whereEquals('text', 'a'), { where: null }, "option 'where' must be an expression"],
    [
      'a table with an alias of the app',
      whereEquals('team.id', 'a'),
      { relations: { team: { ...options.relations?.team, table: 'team as t' } } },
      'name of a table',
    ],
    [
      'more than 10,000 values',
      filterOr(whereIn('text', Array.from({ length: 9_999 }, String)), whereIn('whole', [1, 2])),
      {},
      'more than 10000 values',
    ],
    [
      'a claim that is an object',
      { kind: 'equals', property: 'text', value: { toOperationNode: () => ({}) } } as never,
      {},
      'An object filter is wrong',
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => toKysely(filter, { ...options, ...(others as Partial<KyselyFilterOptions>) })).to.throw(
        ImproperlyConfigured,
        message,
      );
    });
});
