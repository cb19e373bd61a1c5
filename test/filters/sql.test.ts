import { expect } from 'chai';
import fc from 'fast-check';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';
import { matches } from '../../src/core/requirements/matches';
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
import { toSql, type SqlDialect, type SqlOptions } from '../../src/filters/sql';
import { engines, type Database } from './databases';
import { filters, rows } from './rows';

function optionsOf(dialect: SqlDialect): SqlOptions {
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

const expected = (filter: ObjectFilter): readonly number[] =>
  rows.filter(row => matches(filter, row)).map(({ id }) => id);

for (const { name, dialect, server, open } of engines)
  describe(`toSql on ${name}`, () => {
    const options = optionsOf(dialect);
    let database: Database;
    before(async function () {
      try {
        database = await open();
      } catch (error) {
        const isRequired = server === undefined || (process.env.REQUIRED_SERVERS ?? '').split(',').includes(server);
        if (isRequired) throw error;
        return this.skip();
      }
    });
    after(() => (database as Database | undefined)?.close());

    const selected = (filter: ObjectFilter, others: Partial<SqlOptions> = {}): Promise<readonly number[]> => {
      const { text, values } = toSql(filter, { ...options, ...others });
      return database.select(text, values);
    };

    it('selects exactly what `matches` accepts', async () => {
      await fc.assert(
        fc.asyncProperty(filters, async filter => {
          expect(await selected(filter)).to.deep.equal(expected(filter));
        }),
        { numRuns: 1000 },
      );
    });

    it('selects everything, and nothing', async () => {
      expect(await selected(allObjects)).to.have.length(rows.length);
      expect(await selected(noObjects)).to.deep.equal([]);
      expect(await selected(filterOr(whereEquals('flag', 'true'), whereIn('text', [])))).to.deep.equal([]);
    });

    it('stays what it is next to other conditions', async () => {
      const filter = filterOr(whereEquals('text', 'a'), whereEquals('whole', 5));
      const { text, values } = toSql(filter, options);
      expect(await database.select(`1 = 0 AND ${text}`, values)).to.deep.equal([]);
      const first = dialect === 'postgresql' ? '$1' : '?';
      for (const text of [`n.id = ${first} OR n.id = 5`, `n.id = ${first} OR n.id = 5 -- mine`]) {
        const found = await selected(filter, { where: { text, values: [3] } });
        expect(found).to.deep.equal(expected(filter).filter(id => id === 3 || id === 5));
      }
    });

    it('takes 10,000 values', async () => {
      const many = Array.from({ length: 9_990 }, (_, index) => `x${index}`);
      const filter = whereIn('text', [...many, 'a', 'A']);
      expect(await selected(filter)).to.deep.equal(expected(filter));
      expect(await selected(filterNot(filter))).to.deep.equal(expected(filterNot(filter)));
    });
  });

describe('toSql', () => {
  const options = optionsOf('postgresql');

  it('writes values as parameters, in one place each', () => {
    expect(toSql(filterAnd(whereEquals('text', "o'a"), whereEquals('whole', 5)), options)).to.deep.equal({
      text: `(("n"."body" = $1::text AND "n"."body"::text COLLATE "C" = $1::text) AND "n"."whole" = $2::bigint))`.replace(
        '((',
        '(((',
      ),
      values: ["o'a", '5'],
    });
  });

  it('counts on behind the parameters of the app', () => {
    const where = { text: 'state = $1', values: ['open'] };
    const { text, values } = toSql(whereEquals('whole', 5), { ...options, where });
    expect(text).to.equal('((state = $1\n) AND "n"."whole" = $2::bigint)');
    expect(values).to.deep.equal(['open', '5']);
  });

  it('quotes names', () => {
    const columns = { text: { column: 'bo"dy', type: 'text' as const } };
    const { text } = toSql(whereEquals('text', null), { ...options, columns });
    expect(text).to.equal('("n"."bo""dy" IS NULL)');
    for (const column of ['', 'a\0', 5, undefined])
      expect(() =>
        toSql(whereEquals('text', null), { ...options, columns: { text: { column: column as string, type: 'text' } } }),
      ).to.throw(ImproperlyConfigured, 'name of a table or a column');
  });

  for (const [what, filter, others, message] of [
    ['a property that is not described', whereEquals('owner', 'a'), {}, "names 'owner'"],
    ['an inherited property', whereEquals('toString', 'a'), {}, "names 'toString'"],
    ['a relation that is not described', whereEquals('author.id', 'a'), {}, "names 'author.id'"],
    ['a property of a relation that is not described', whereEquals('team.name', 'a'), {}, "names 'team.name'"],
    ['a relation without an alias', whereEquals('team.id', 'a'), { alias: undefined }, "the option 'alias'"],
    ['another dialect', whereEquals('text', 'a'), { dialect: 'oracle' }, 'must be one of: postgresql, mysql, sqlite'],
    ['an unknown type', whereEquals('text', 'a'), { columns: { text: { column: 'a', type: 'json' } } }, 'unknown type'],
    [
      'more than 10,000 values',
      filterOr(whereIn('text', Array.from({ length: 9_999 }, String)), whereIn('whole', [1, 2])),
      {},
      'more than 10000 values',
    ],
    [
      'what is no filter',
      { kind: 'equals', property: 'text', value: { $ne: '' } } as never,
      {},
      'An object filter is wrong',
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => toSql(filter, { ...options, ...(others as Partial<SqlOptions>) })).to.throw(
        ImproperlyConfigured,
        message,
      );
    });

  it('compares a UUID by its own type, and lets it equal no other text', () => {
    const columns = { id: { column: 'id', type: 'uuid' as const } };
    const uuid = '11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
    const written = (value: string, dialect: SqlDialect) =>
      toSql(whereEquals('id', value), { ...options, dialect, columns }).text;
    expect(written(uuid, 'postgresql')).to.equal('("n"."id" = $1::uuid)');
    expect(written(uuid, 'mysql')).to.equal('(`n`.`id` = ?)');
    expect(written(uuid, 'sqlite')).to.include('CAST("n"."id" AS BLOB)');
    for (const value of [uuid.toUpperCase(), `{${uuid}}`, uuid.replaceAll('-', ''), ''])
      expect(written(value, 'postgresql')).to.equal('(1 = 0)');
  });

  it('compares times without a zone, and times as milliseconds', () => {
    const columns = { at: { column: 'at', type: 'utc' as const }, ms: { column: 'ms', type: 'milliseconds' as const } };
    const written = (filter: ObjectFilter) => toSql(filter, { ...options, columns });
    // By a timestamptz, PostgreSQL would convert the column by the zone of the session.
    expect(written(whereCompare('at', '<', new Date(5)))).to.deep.equal({
      text: '("n"."at" < $1::timestamp)',
      values: ['1970-01-01T00:00:00.005Z'],
    });
    expect(written(whereCompare('ms', '<=', new Date(5)))).to.deep.equal({
      text: '("n"."ms" <= $1::bigint)',
      values: ['5'],
    });
    for (const property of ['at', 'ms'])
      for (const filter of [whereEquals(property, 5), whereCompare(property, '<', 5), whereEquals(property, 'a')])
        expect(written(filter).text).to.equal('(1 = 0)');
  });

  it('compares no text by size', () => {
    for (const property of ['text', 'flag', 'at', 'folded'])
      expect(toSql(whereCompare(property, '<', 5), options).text).to.equal('(1 = 0)');
    for (const property of ['text', 'flag', 'real', 'whole'])
      expect(toSql(filterNot(whereCompare(property, '<', new Date())), options).text).to.equal('(1 = 1)');
  });
});
