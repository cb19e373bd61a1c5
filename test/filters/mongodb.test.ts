import { expect } from 'chai';
import fc from 'fast-check';
import { Query } from 'mingo';
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
import { toMongo, type MongoOptions, type MongoProperties } from '../../src/filters/mongodb';
import { filters, rows } from './rows';

type Document = Readonly<Record<string, unknown>>;

const properties: MongoProperties = {
  text: 'text',
  folded: 'text',
  whole: 'integer',
  big: 'integer',
  real: 'number',
  flag: 'boolean',
  at: 'date',
  team: { id: 'text', size: 'integer' },
};
const options: MongoOptions = { properties };
const numRuns = Number(process.env.FILTERS_RUNS ?? 1000);

/** What a collection may hold, though the app did not intend it. */
const oddities: readonly unknown[] = [
  ['a'],
  [5, 'A', null],
  [],
  [[5]],
  [null],
  [true],
  [new Date(0)],
  [{ id: 'blue' }],
  {},
  { id: 'a' },
  '5',
  5,
  '',
  'true',
  true,
  0,
  1.5,
  NaN,
  Infinity,
  -Infinity,
  -0,
  2 ** 53,
  /a/,
  new Date('2026-01-01T00:00:00.000Z'),
];
const names = ['text', 'folded', 'whole', 'big', 'real', 'flag', 'at'];

/** The rows as documents; null is left out of every second one, and large numbers are text. */
const documents: readonly Document[] = [
  ...rows.map((row, index) => {
    const entries = Object.entries({ ...row, big: row.big === null ? null : smallOrText(row.big) });
    return Object.fromEntries(entries.filter(([, value]) => value !== null || index % 2 === 0));
  }),
  ...oddities.flatMap((odd, index) => [
    { id: 1000 + index, ...Object.fromEntries(names.map(name => [name, odd])), team: { id: odd, size: odd } },
    { id: 2000 + index, [names[index % names.length] as string]: odd, team: index % 2 === 0 ? {} : null },
  ]),
];

function smallOrText(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/**
 * The filter for mingo, which knows no bigint, and takes every number for a `decimal`; in MongoDB only a Decimal128 is one.
 * None of the documents has either.
 */
function readable(value: unknown): unknown {
  if (typeof value === 'bigint') return { long: String(value) };
  if (Array.isArray(value)) return value.filter(one => one !== 'decimal').map(readable);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, readable(one)]));
}

function selected(filter: object, among = documents): readonly unknown[] {
  const query = new Query(readable(filter) as Record<string, unknown>);
  return among.filter(document => query.test(document)).map(({ id }) => id);
}

const expected = (filter: ObjectFilter, among = documents): readonly unknown[] =>
  among.filter(document => matches(filter, document, { missing: 'null' })).map(({ id }) => id);

/** What somebody would write first. */
function naive(filter: ObjectFilter): object {
  switch (filter.kind) {
    case 'all':
      return {};
    case 'none':
      return { $nor: [{}] };
    case 'not':
      return { $nor: [naive(filter.of)] };
    case 'and':
    case 'or':
      return { [`$${filter.kind}`]: filter.of.map(naive) };
    case 'equals':
      return { [filter.property]: filter.value };
    case 'in':
      return { [filter.property]: { $in: filter.values } };
    default: {
      const { operator, value } = filter;
      const name = `$${operator.startsWith('<') ? 'lt' : 'gt'}${operator.endsWith('=') ? 'e' : ''}`;
      return { [filter.property]: { [name]: typeof value === 'number' ? value : new Date(value.date) } };
    }
  }
}

describe('toMongo, with mingo in place of MongoDB', function () {
  this.timeout(60_000 + numRuns * 60);

  it('selects exactly what `matches` accepts', () => {
    fc.assert(
      fc.property(filters, filter => {
        expect(selected(toMongo(filter, options))).to.deep.equal(expected(filter));
      }),
      { numRuns },
    );
  });

  it('differs from what somebody would write first, which these tests would show', () => {
    const some = fc.sample(filters, { numRuns: 300, seed: 1 });
    const differing = some.filter(filter => selected(naive(filter)).join() !== expected(filter).join());
    expect(differing.length).to.be.greaterThan(100);
  });

  it('regression: a negated filter selects no more where Mongoose sanitizes it (sanitizeFilter)', () => {
    // As Mongoose 9.12 does with a property that its schema declares as Mixed.
    const sanitized = (condition: object): object =>
      Object.fromEntries(
        Object.entries(condition).map(([name, value]: [string, unknown]) => {
          if (['$and', '$or', '$nor'].includes(name)) return [name, (value as object[]).map(sanitized)];
          const hasOperators = Object.keys(Object(value) as object).some(key => key.startsWith('$'));
          return [name, hasOperators ? { $eq: value } : value];
        }),
      );
    fc.assert(
      fc.property(filters, filter => {
        const found = selected(sanitized(toMongo(filter, options)));
        expect(expected(filter)).to.include.members([...found]);
      }),
      { numRuns },
    );
    const open = filterNot(whereEquals('text', 'a'));
    expect(selected(sanitized(toMongo(open, options)))).to.deep.equal([]);
  });

  it('selects everything, and nothing', () => {
    expect(selected(toMongo(allObjects, options))).to.have.length(documents.length);
    for (const none of [toMongo(noObjects, options), toMongo(noObjects, { properties: {} })]) {
      expect(selected(none)).to.deep.equal([]);
      expect(selected({ $and: [none, {}] })).to.deep.equal([]);
      expect(selected({ $nor: [none] })).to.have.length(documents.length);
      expect(selected({ ...none, id: 1 })).to.deep.equal([]);
    }
  });

  it('joins the condition of the app by AND', () => {
    const filter = filterOr(whereEquals('text', 'a'), whereEquals('whole', 5));
    const where = { $or: [{ id: 1 }, { id: 2 }] };
    const both = toMongo(filter, { ...options, where });
    expect(selected(both)).to.deep.equal(expected(filter).filter(id => id === 1 || id === 2));
    expect(selected(toMongo(noObjects, { ...options, where }))).to.deep.equal([]);
    expect(both.$and[0]).to.equal(where);
  });

  it('finds no list, which MongoDB searches item by item', () => {
    const lists = [['a'], ['a', 'b'], [5], [null], [[5]], [new Date(0)]].map((text, id) => ({ id, text }));
    const found = [whereEquals('text', 'a'), whereIn('text', ['5', 'b']), whereEquals('text', null)];
    for (const filter of [...found, whereCompare('text', '<', 6), whereCompare('text', '<=', new Date())]) {
      expect(selected(naive(filter), lists), JSON.stringify(filter)).to.have.length.greaterThan(0);
      expect(selected(toMongo(filter, options), lists)).to.deep.equal([]);
      expect(selected(toMongo(filterNot(filter), options), lists)).to.have.length(lists.length);
    }
  });

  it('finds nothing by a property of what is no embedded document', () => {
    const wrong = [[], [{ id: 'a' }], [null], 'a', 5, true, new Date()].map((team, id) => ({ id, team }));
    for (const filter of [
      whereEquals('team.id', 'a'),
      whereEquals('team.id', null),
      whereCompare('team.size', '<', 5),
    ]) {
      expect(selected(toMongo(filter, options), wrong)).to.deep.equal([]);
      expect(selected(toMongo(filterNot(filter), options), wrong)).to.deep.equal([]);
    }
    const none = [{ id: 1 }, { id: 2, team: null }, { id: 3, team: {} }, { id: 4, team: { id: null } }];
    expect(selected(toMongo(whereEquals('team.id', null), options), none)).to.deep.equal([1, 2, 3, 4]);
    expect(selected(toMongo(filterNot(whereEquals('team.id', 'a')), options), none)).to.deep.equal([1, 2, 3, 4]);
  });

  it('compares text and whole numbers by their digits, whichever of the two is stored', () => {
    const stored = [5, '5', '05', '5.0', 5.5, '5.5', true, 'true', -0, '0', '-0'].map((text, id) => ({ id, text }));
    for (const value of [5, '5', '05', 5.5, '5.5', true, 'true', 0, -0, '-0'])
      for (const filter of [whereEquals('text', value), filterNot(whereEquals('text', value))])
        expect(selected(toMongo(filter, options), stored)).to.deep.equal(expected(filter, stored));
  });
});

describe('toMongo', () => {
  const plain = { $not: { $type: ['array', 'decimal'] } };

  it('writes values as literals of both types, and never as an expression', () => {
    expect(toMongo(whereEquals('text', '$where'), options)).to.deep.equal({
      $and: [{ text: { $in: ['$where'], ...plain } }],
    });
    expect(toMongo(filterNot(whereIn('whole', [5, 'a', 1.5])), options)).to.deep.equal({
      $and: [{ $or: [{ whole: { $not: { $in: ['5', 5, 'a', 1.5] } } }, { whole: plain.$not }] }],
    });
    fc.assert(
      fc.property(filters, filter => {
        const text = JSON.stringify(readable(toMongo(filter, options)));
        expect(text).not.to.match(/\$(?:where|expr|function|regex|elemMatch|jsonSchema)/);
      }),
      { numRuns: 300 },
    );
  });

  it('finds a Long that no number is equal to, and only a Long', () => {
    const text = String(2n ** 53n + 1n);
    expect(toMongo(whereEquals('big', text), options).$and).to.deep.equal([
      { $or: [{ big: { $in: [text], ...plain } }, { big: { $in: [2n ** 53n + 1n], $type: 'long', ...plain } }] },
    ]);
    const values = ['9223372036854775807', '9223372036854775808', '-9223372036854775808', '9007199254740991'];
    const [found] = toMongo(whereIn('big', values), options).$and as readonly { readonly $or: readonly Document[] }[];
    expect(found?.$or[1]?.big).to.deep.include({ $in: [2n ** 63n - 1n, -(2n ** 63n)] });
    expect(toMongo(whereEquals('text', text), options).$and).to.deep.equal([{ text: { $in: [text], ...plain } }]);
  });

  it('finds neither NaN nor a time that no Date can be', () => {
    expect(toMongo(whereCompare('real', '<', 5), options).$and).to.deep.equal([
      { real: { $lt: 5, $ne: NaN, ...plain } },
    ]);
    const [at, first, last] = [new Date(0), new Date(-8.64e15), new Date(8.64e15)];
    for (const [operator, compared] of [
      ['<', { $lt: at, $gte: first }],
      ['<=', { $lte: at, $gte: first }],
      ['>', { $gt: at, $lte: last }],
      ['>=', { $gte: at, $lte: last }],
    ] as const)
      expect(toMongo(whereCompare('at', operator, at), options).$and).to.deep.equal([
        { at: { ...compared, ...plain } },
      ]);
  });

  it('takes the path of an embedded property, too', () => {
    const filter = whereEquals('team.id', 'blue');
    expect(toMongo(filter, { properties: { 'team.id': 'text' } })).to.deep.equal(toMongo(filter, options));
  });

  it('takes 10,000 values', () => {
    const many = Array.from({ length: 9_999 }, (_, index) => `x${index}`);
    expect(selected(toMongo(whereIn('text', [...many, 'a']), options))).to.deep.equal(
      expected(whereEquals('text', 'a')),
    );
  });

  it('cannot be given an operator as a value', () => {
    const claim = { $ne: null } as never;
    expect(() => whereEquals('text', claim)).to.throw(ImproperlyConfigured);
    for (const filter of [
      { kind: 'equals', property: 'text', value: claim },
      { kind: 'in', property: 'text', values: [claim] },
      { kind: 'compare', property: 'whole', operator: '<', value: { $gt: '' } as never },
      { kind: '$where', property: 'text', value: 'true' } as never,
    ] satisfies ObjectFilter[])
      expect(() => toMongo(filter, options)).to.throw(ImproperlyConfigured, 'An object filter is wrong');
  });

  for (const [what, filter, others, message] of [
    ['a property that is not described', whereEquals('owner', 'a'), {}, "names 'owner'"],
    ['an inherited property', whereEquals('toString', 'a'), {}, "names 'toString'"],
    ['a property of a document that is not described', whereEquals('author.id', 'a'), {}, "names 'author.id'"],
    ['an inherited property of a document', whereEquals('team.valueOf', 'a'), {}, "names 'team.valueOf'"],
    ['a document as a property', whereEquals('team', null), {}, "names 'team'"],
    ['a property of text', whereEquals('text.length', 5), {}, "names 'text.length'"],
    ['an operator', whereEquals('$where', 'sleep(9)'), { properties: { $where: 'text' } }, 'begins with $'],
    [
      'an operator in a document',
      whereEquals('team.$gt', 'a'),
      { properties: { team: { $gt: 'text' } } },
      'begins with $',
    ],
    [
      'a type without an exact comparison',
      whereEquals('a', 5),
      { properties: { a: 'objectId' } },
      'has no type for it',
    ],
    ['more than 10,000 values', filterAnd(manyOf(9_999), whereIn('whole', [1, 2])), {}, 'more than 10000 values'],
    ['undefined in a condition', allObjects, { where: { $or: [{ a: undefined }] } }, "no value at 'where.$or[0].a'"],
    ['a condition that is no object', allObjects, { where: [] }, 'must be a plain object'],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => toMongo(filter, { ...options, ...(others as Partial<MongoOptions>) })).to.throw(
        ImproperlyConfigured,
        message,
      );
    });

  it('leaves objects of other classes in the condition of the app as they are', () => {
    class MaxKey {}
    const where = { a: new MaxKey(), b: /a/, c: new Date(0), d: new Map() };
    expect(toMongo(allObjects, { ...options, where }).$and[0]).to.equal(where);
  });
});

function manyOf(length: number): ObjectFilter {
  return whereIn('text', Array.from({ length }, String));
}
