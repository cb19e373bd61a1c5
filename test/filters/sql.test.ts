import { expect } from 'chai';
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
import { toSql, type SqlColumnType, type SqlDialect, type SqlOptions } from '../../src/filters/sql';
import { canaries, canarySql } from './canary';
import { optionsOf } from './databases';
import { describeOnEngines, expected, expectNoDifference, itFailsWith } from './differential';
import { rows } from './rows';

describeOnEngines('toSql', ({ dialect }, database) => {
  const options = optionsOf(dialect);

  const selected = (filter: ObjectFilter, others: Partial<SqlOptions> = {}): Promise<readonly number[]> => {
    const { text, values } = toSql(filter, { ...options, ...others });
    return database().select(text, values);
  };

  it('selects exactly what `matches` accepts', () => expectNoDifference(selected));

  for (const canary of canaries)
    itFailsWith(canary, { spaces: dialect === 'mysql' }, filter => {
      const { text, values } = toSql(filter, options);
      return database().select(canarySql(text, canary), values);
    });

  it('selects everything, and nothing', async () => {
    expect(await selected(allObjects)).to.have.length(rows.length);
    expect(await selected(noObjects)).to.deep.equal([]);
    expect(await selected(filterOr(whereEquals('flag', 'true'), whereIn('text', [])))).to.deep.equal([]);
  });

  it('stays what it is next to other conditions', async () => {
    const filter = filterOr(whereEquals('text', 'a'), whereEquals('whole', 5));
    const { text, values } = toSql(filter, options);
    expect(await database().select(`1 = 0 AND ${text}`, values)).to.deep.equal([]);
    const first = dialect === 'postgresql' ? '$1' : '?';
    for (const text of [`n.id = ${first} OR n.id = 5`, `n.id = ${first} OR n.id = 5 -- mine`]) {
      const found = await selected(filter, { where: { text, values: [1] } });
      expect(found).to.deep.equal(expected(filter).filter(id => id === 1 || id === 5));
    }
  });

  it('keeps the two tables apart if the name of the outer one is as long as a name can be', async () => {
    const filter = filterNot(whereEquals('team.id', 'blue'));
    for (const alias of ['n'.repeat(63), 'axioms_related']) {
      const { text, values } = toSql(filter, { ...options, alias });
      const found = await database().run(`SELECT id FROM note ${alias} WHERE ${text} ORDER BY id`, values);
      expect(found.map(({ id }) => id)).to.deep.equal(expected(filter));
    }
  });

  it('compares times that are kept as milliseconds', async () => {
    const columns = { whole: { column: 'whole', type: 'milliseconds' as const } };
    const times = rows.map(({ id, whole }) => ({ id, whole: whole === null ? null : new Date(whole) }));
    for (const operator of ['<', '<=', '>', '>='] as const)
      for (const time of [-5, 0, 5, 6, 8.64e15, -8.64e15])
        for (const filter of [whereCompare('whole', operator, new Date(time))].flatMap(one => [one, filterNot(one)])) {
          const right = times.filter(row => matches(filter, row)).map(({ id }) => id);
          expect(await selected(filter, { columns })).to.deep.equal(right);
        }
  });

  it('takes 10,000 values', async () => {
    const many = Array.from({ length: 9_990 }, (_, index) => `x${index}`);
    const filter = whereIn('text', [...many, 'a', 'A']);
    expect(await selected(filter)).to.deep.equal(expected(filter));
    expect(await selected(filterNot(filter))).to.deep.equal(expected(filterNot(filter)));
  });
});

/** Filters that every time of a `Date` meets, and that no column meets that holds another time. */
const anyTime = [
  whereCompare('at', '>=', new Date(-8.64e15)),
  whereCompare('at', '<=', new Date(8.64e15)),
  filterOr(whereCompare('at', '<', new Date(0)), whereCompare('at', '>=', new Date(0))),
];

describeOnEngines('toSql with values that JavaScript does not have', ({ dialect }, database) => {
  const count = async (source: string, filter: ObjectFilter, column: SqlColumnType): Promise<number> => {
    const columns = { at: { column: 'at', type: column } };
    const { text, values } = toSql(filter, { dialect, alias: 'n', columns });
    return (await database().run(`SELECT 1 AS id FROM ${source} n WHERE ${text}`, values)).length;
  };

  it('does not take a number for a time that is larger than that of every Date', async () => {
    for (const number of ['9000000000000000', '-9000000000000000'])
      for (const filter of anyTime) expect(await count(`(SELECT ${number} AS at)`, filter, 'milliseconds')).to.equal(0);
    for (const filter of anyTime)
      expect(await count('(SELECT 1767225600000 AS at)', filter, 'milliseconds')).to.equal(1);
  });

  if (dialect === 'postgresql') {
    for (const time of ['infinity', '-infinity', '290000-01-01Z'])
      it(`does not take ${time} for a time`, async () => {
        for (const filter of anyTime) {
          expect(await count(`(SELECT '${time}'::timestamptz AS at)`, filter, 'date')).to.equal(0);
          expect(await count(`(SELECT now() AS at)`, filter, 'date')).to.equal(1);
        }
      });

    it('compares a uuid with its own spelling only', async () => {
      const uuid = 'c0ffee00-0000-4000-8000-00000000000a';
      const source = `(SELECT '${uuid}'::uuid AS at)`;
      expect(await count(source, whereEquals('at', uuid), 'uuid')).to.equal(1);
      expect(await count(source, whereIn('at', [uuid, 'x']), 'uuid')).to.equal(1);
      for (const other of [uuid.toUpperCase(), `{${uuid}}`, uuid.replaceAll('-', ''), '', `${uuid} `])
        expect(await count(source, whereEquals('at', other), 'uuid')).to.equal(0);
      expect(await count(source, filterNot(whereEquals('at', 'x')), 'uuid')).to.equal(1);
      expect(await count(source, whereCompare('at', '<', 5), 'uuid')).to.equal(0);
    });
  }

  if (dialect === 'mysql')
    it('does not take a date without a month or a day for a time', async () => {
      await database().run('CREATE TABLE odd (at DATETIME(3))', []);
      for (const date of ['0000-00-00', '2026-00-00', '2026-01-00'])
        await database().run(`INSERT INTO odd VALUES ('${date}')`, []);
      for (const filter of anyTime) expect(await count('odd', filter, 'date')).to.equal(0);
      for (const filter of anyTime) expect(await count('(SELECT now() AS at)', filter, 'date')).to.equal(1);
    });

  if (dialect === 'sqlite')
    it('does not take a text or a number for a time if it is not one', async () => {
      for (const value of ["'soon'", "'now'", "'12:00'", "'2460000.5'", '2460000.5', '1767225600'])
        for (const filter of anyTime) expect(await count(`(SELECT ${value} AS at)`, filter, 'date')).to.equal(0);
      for (const value of ["'2026-01-01'", "'2026-01-01T00:00:00.000Z'", "'2026-01-01 00:00:00'"])
        for (const filter of anyTime) expect(await count(`(SELECT ${value} AS at)`, filter, 'date')).to.equal(1);
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
      text: `(("n"."at" < $1::timestamp AND "n"."at" > '-infinity' AND "n"."at" < '275760-09-13 00:00:00.001+00'))`,
      values: ['1970-01-01T00:00:00.005Z'],
    });
    expect(written(whereCompare('ms', '<=', new Date(5)))).to.deep.equal({
      text: '(("n"."ms" <= $1::bigint AND "n"."ms" BETWEEN -8640000000000000 AND 8640000000000000))',
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
