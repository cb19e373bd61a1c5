import { expect } from 'chai';
import fc from 'fast-check';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { matches, matching } from '../../../src/core/requirements/matches';
import { normalForm, type NormalFilter } from '../../../src/core/requirements/normal-form';
import {
  allObjects,
  checkedFilter,
  watchedCopyOf,
  filterAnd,
  filterNot,
  filterOr,
  noObjects,
  whereCompare,
  whereEquals,
  whereIn,
  type CompareOperator,
  type FilterValue,
  type ObjectFilter,
} from '../../../src/core/requirements/object-filter';

const date = (text: string): Date => new Date(text);
const operators = ['<', '<=', '>', '>='] as const;
const values: readonly FilterValue[] = [null, '', 'a', 'A', 'á', 'a ', '5', '05', 5, -5, 0, 1.5, true, false];
const times = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z'].map(date);

const atom: fc.Arbitrary<ObjectFilter> = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'b', 'team.id'), fc.constantFrom(...values)).map(given => whereEquals(...given)),
  fc
    .tuple(fc.constantFrom('a', 'team.id'), fc.subarray(values.filter(value => value !== null)))
    .map(given => whereIn(...given)),
  fc
    .tuple(fc.constantFrom('a', 'b'), fc.constantFrom(...operators), fc.constantFrom(0, 1.5, 5, ...times))
    .map(given => whereCompare(...given)),
);

const { filter } = fc.letrec<{ filter: ObjectFilter }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.constantFrom(allObjects, noObjects),
    fc.array(tie('filter'), { maxLength: 3 }).map(of => filterAnd(...of)),
    fc.array(tie('filter'), { maxLength: 3 }).map(of => filterOr(...of)),
    tie('filter').map(filterNot),
  ),
}));

const found = fc.constantFrom<unknown>(...values, ...times, 5n, 7, [5], ['a'], { a: 1 }, NaN, date('x'));
const objects = fc.record({
  a: found,
  b: found,
  team: fc.oneof(fc.constant(null), fc.record({ id: found })),
});

/** What the parts of a normal form mean. */
function isNormalMet(normal: NormalFilter, object: object): boolean {
  switch (normal.kind) {
    case 'all':
    case 'none':
      return normal.kind === 'all';
    case 'and':
      return normal.of.every(one => isNormalMet(one, object));
    case 'or':
      return normal.of.some(one => isNormalMet(one, object));
    default: {
      const { isNegated, ...atom } = normal;
      return matches(atom, object) !== isNegated;
    }
  }
}

function kindsBelow(given: ObjectFilter): readonly string[] {
  if (given.kind === 'not') return [given.of.kind, ...kindsBelow(given.of)];
  return given.kind === 'and' || given.kind === 'or' ? given.of.flatMap(one => [one.kind, ...kindsBelow(one)]) : [];
}

describe('an object filter', () => {
  it('selects from a list what it matches, in the order of the list', () => {
    fc.assert(
      fc.property(filter, fc.array(objects), (given, list) => {
        expect(matching(given, list)).to.deep.equal(list.filter(object => matches(given, object)));
      }),
    );
  });

  it('has a normal form that selects the same objects, with negations at properties only', () => {
    fc.assert(
      fc.property(filter, objects, (given, object) => {
        expect(isNormalMet(normalForm(given), object)).to.equal(matches(given, object));
      }),
      { numRuns: 2000 },
    );
  });

  it('is complemented exactly', () => {
    fc.assert(
      fc.property(filter, objects, (given, object) => {
        expect(matches(filterNot(given), object)).to.equal(!matches(given, object));
      }),
      { numRuns: 1000 },
    );
  });

  it('is combined as its objects are', () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 3 }), objects, (of, object) => {
        const truths = of.map(one => matches(one, object));
        expect(matches(filterAnd(...of), object)).to.equal(truths.every(Boolean));
        expect(matches(filterOr(...of), object)).to.equal(truths.some(Boolean));
      }),
      { numRuns: 1000 },
    );
  });

  it('has `all` and `none` at the top only, and is frozen', () => {
    fc.assert(
      fc.property(filter, given => {
        expect(kindsBelow(given)).to.not.include.members(['all']);
        expect(kindsBelow(given)).to.not.include.members(['none']);
        expect(Object.isFrozen(given)).to.equal(true);
      }),
    );
  });

  it('means the same after it was JSON', () => {
    fc.assert(
      fc.property(filter, objects, (given, object) => {
        const again = JSON.parse(JSON.stringify(given)) as ObjectFilter;
        expect(matches(again, object)).to.equal(matches(given, object));
        expect(checkedFilter(again)).to.deep.equal(given);
      }),
      { numRuns: 1000 },
    );
  });

  it('has one zero, because a negative one has the same decimal text and JSON', () => {
    for (const made of [whereEquals('a', -0), whereIn('a', [-0]), whereCompare('a', '<', -0)])
      expect(checkedFilter(JSON.parse(JSON.stringify(made)) as ObjectFilter)).to.deep.equal(made);
    expect(matches(whereEquals('a', -0), { a: 0 })).to.equal(true);
    expect(matches(whereEquals('a', 0), { a: -0 })).to.equal(true);
  });

  it('is plain JSON', () => {
    const given = filterAnd(
      whereEquals('authorSub', 'alice'),
      whereIn('team.id', [1, 'b']),
      filterNot(whereCompare('createdAt', '<', date('2026-01-01T00:00:00Z'))),
    );
    expect(JSON.parse(JSON.stringify(given))).to.deep.equal({
      kind: 'and',
      of: [
        { kind: 'equals', property: 'authorSub', value: 'alice' },
        { kind: 'in', property: 'team.id', values: [1, 'b'] },
        {
          kind: 'not',
          of: { kind: 'compare', property: 'createdAt', operator: '<', value: { date: '2026-01-01T00:00:00.000Z' } },
        },
      ],
    });
  });

  it('of nothing is all for `and` and none for `or`, and an empty list of values selects nothing', () => {
    expect(filterAnd()).to.equal(allObjects);
    expect(filterOr()).to.equal(noObjects);
    expect(whereIn('a', [])).to.deep.equal(noObjects);
    expect(filterNot(allObjects)).to.equal(noObjects);
    expect(filterNot(noObjects)).to.equal(allObjects);
  });
});

describe('a value of an object filter equals', () => {
  const rows: readonly (readonly [value: FilterValue, equal: readonly unknown[], other: readonly unknown[]])[] = [
    ['alice', ['alice'], ['Alice', 'alice ', 'ålice', null, ['alice'], { sub: 'alice' }, true]],
    ['5', ['5', 5, 5n], ['05', 5.5, '5.0', null, true, [5]]],
    [5, ['5', 5, 5n], ['05', '5.0', 5.5, '', null, true]],
    [0, [0, -0, '0', 0n], ['', false, null, '-0']],
    [1.5, [1.5], ['1.5', 1, null]],
    ['1.5', ['1.5'], [1.5]],
    ['', [''], [null, 0, false, [], ' ']],
    [true, [true], [1, 'true', '1', null]],
    [false, [false], [0, '', null]],
    [null, [null], [0, '', false, 'null']],
    ['9007199254740993', ['9007199254740993', 9007199254740993n], [2 ** 53, 9007199254740992n]],
  ];
  for (const [value, equal, other] of rows)
    it(`${JSON.stringify(value)}: what has the same type and text, and nothing else`, () => {
      for (const one of equal) expect(matches(whereEquals('a', value), { a: one }), String(one)).to.equal(true);
      for (const one of other) expect(matches(whereEquals('a', value), { a: one }), String(one)).to.equal(false);
      if (value === null) return;
      for (const one of equal) expect(matches(whereIn('a', ['x', value]), { a: one }), String(one)).to.equal(true);
      for (const one of other) expect(matches(whereIn('a', ['x', value]), { a: one }), String(one)).to.equal(false);
    });

  it('no time', () => {
    const [time = new Date()] = times;
    expect(matches(whereEquals('a', time.toISOString()), { a: time })).to.equal(false);
    expect(matches(whereEquals('a', time.getTime()), { a: time })).to.equal(false);
  });
});

describe('a property is compared by size', () => {
  const meets = (operator: CompareOperator, value: number | Date, a: unknown): boolean =>
    matches(whereCompare('a', operator, value), { a });

  it('with numbers', () => {
    expect(operators.map(one => meets(one, 5, 4))).to.deep.equal([true, true, false, false]);
    expect(operators.map(one => meets(one, 5, 5))).to.deep.equal([false, true, false, true]);
    expect(operators.map(one => meets(one, 5, 6n))).to.deep.equal([false, false, true, true]);
    expect(operators.map(one => meets(one, 5.5, 5))).to.deep.equal([true, true, false, false]);
  });

  it('with times, to the millisecond', () => {
    const [first = new Date(), second = new Date()] = times;
    expect(operators.map(one => meets(one, second, first))).to.deep.equal([true, true, false, false]);
    expect(operators.map(one => meets(one, second, second))).to.deep.equal([false, true, false, true]);
    expect(operators.map(one => meets(one, first, second))).to.deep.equal([false, false, true, true]);
  });

  it('never where it is null, text, or of the other kind', () => {
    for (const a of [null, '4', '6', true, [4], date('x'), NaN, ...times])
      for (const one of operators) expect(meets(one, 5, a), String(a)).to.equal(false);
    for (const a of [null, 5, '2026-01-01T00:00:00.000Z', date('x')])
      for (const one of operators) expect(meets(one, new Date(), a), String(a)).to.equal(false);
  });
});

describe('an object filter refuses', () => {
  const loose = { equals: whereEquals, isIn: whereIn, compare: whereCompare } as unknown as Record<
    'equals' | 'isIn' | 'compare',
    (...given: readonly unknown[]) => ObjectFilter
  >;

  const lone = '\uD800';
  const wrongValues: readonly unknown[] = [
    undefined,
    {},
    { not: '' },
    { $ne: '' },
    [],
    ['alice'],
    () => 'alice',
    Symbol('a'),
    NaN,
    Infinity,
    2 ** 53,
    -(2 ** 53),
    1e21,
    5n,
    new Date(),
    new String('alice'),
    'a\0b',
    lone,
    `a${lone}b`,
  ];

  for (const [index, value] of wrongValues.entries())
    it(`value ${index} of ${wrongValues.length}, which no database compares alike (${typeof value})`, () => {
      expect(() => loose.equals('a', value)).to.throw(ImproperlyConfigured, "'a' is compared with a value");
      expect(() => loose.isIn('a', ['x', value])).to.throw(ImproperlyConfigured, "'a' is compared with a value");
      expect(() => matches({ kind: 'equals', property: 'a', value } as ObjectFilter, { a: 1 })).to.throw(
        ImproperlyConfigured,
      );
      expect(() => matches({ kind: 'in', property: 'a', values: [value] } as ObjectFilter, { a: 1 })).to.throw(
        ImproperlyConfigured,
      );
    });

  it('null and holes in a list, something else than a list, and more than 10,000 values', () => {
    expect(() => loose.isIn('a', [null])).to.throw(ImproperlyConfigured);
    expect(() => loose.isIn('a', new Array(1))).to.throw(ImproperlyConfigured);
    expect(() => loose.isIn('a', 'alice')).to.throw(ImproperlyConfigured);
    expect(() => loose.isIn('a', undefined)).to.throw(ImproperlyConfigured);
    const many = Array.from({ length: 10_000 }, (_, index) => index);
    expect(matches(whereIn('a', many), { a: 9999 })).to.equal(true);
    expect(() => whereIn('a', [...many, 10_000])).to.throw(ImproperlyConfigured, 'more than 10000');
  });

  for (const property of [
    '',
    '.',
    'a.',
    '.a',
    'a.b.c',
    'a b',
    "a'",
    'a-b',
    '1a',
    '__proto__',
    'constructor',
    'a.prototype',
    '__proto__.a',
    undefined,
    5,
    ['a'],
  ])
    it(`${JSON.stringify(property)} as a property`, () => {
      expect(() => loose.equals(property, 1)).to.throw(ImproperlyConfigured, 'a property is an identifier');
      expect(() => loose.isIn(property, [])).to.throw(ImproperlyConfigured, 'a property is an identifier');
      expect(() => loose.compare(property, '<', 1)).to.throw(ImproperlyConfigured, 'a property is an identifier');
    });

  it('text, an invalid time and an unknown operator in a comparison by size', () => {
    for (const value of ['5', '2026-01-01', true, null, undefined, NaN, Infinity, 2 ** 53, date('x')])
      expect(() => loose.compare('a', '<', value), String(value)).to.throw(ImproperlyConfigured);
    for (const operator of ['=', '!=', '< ', 'or', undefined])
      expect(() => loose.compare('a', operator, 1), operator).to.throw(ImproperlyConfigured, 'unknown operator');
    const time = { kind: 'compare', property: 'a', operator: '<', value: { date: 'tomorrow' } } as const;
    expect(() => matches(time, { a: new Date() })).to.throw(ImproperlyConfigured);
  });

  it('what is no filter', () => {
    const cyclic: { kind: 'not'; of: unknown } = { kind: 'not', of: undefined };
    cyclic.of = cyclic;
    for (const given of [
      undefined,
      null,
      'all',
      {},
      { kind: 'every' },
      { kind: 'and' },
      { kind: 'and', of: 'all' },
      { kind: 'not' },
      [],
      cyclic,
    ]) {
      expect(() => matches(given as ObjectFilter, {})).to.throw(ImproperlyConfigured);
      expect(() => filterAnd(given as ObjectFilter)).to.throw(ImproperlyConfigured);
      expect(() => normalForm(given as ObjectFilter)).to.throw(ImproperlyConfigured);
    }
  });

  it('to name a value in its message: it may be a claim', () => {
    expect(() => loose.equals('a', { secret: 'claim-value' })).to.throw(ImproperlyConfigured, /^(?!.*claim-value)/s);
  });

  it('to follow a list that the caller changes afterwards', () => {
    const list = ['alice'];
    const given = whereIn('a', list);
    list.push('bob');
    expect(matches(given, { a: 'bob' })).to.equal(false);
  });
});

describe('an object that a filter is about', () => {
  const ofTeam = whereEquals('team.id', 'blue');

  it('may be related to none', () => {
    expect(matches(ofTeam, { team: null })).to.equal(false);
    expect(matches(whereEquals('team.id', null), { team: null })).to.equal(true);
    expect(matches(ofTeam, { team: { id: 'blue' } })).to.equal(true);
  });

  it('must have been loaded with what the filter needs', () => {
    for (const object of [{}, { team: undefined }, { team: {} }, { team: { id: undefined } }])
      expect(() => matches(ofTeam, object)).to.throw(ImproperlyConfigured, 'load it');
    for (const team of ['blue', [{ id: 'blue' }], new Date(), 5])
      expect(() => matches(ofTeam, { team })).to.throw(ImproperlyConfigured, 'not one related object');
  });

  it('may be a document, whose missing properties are null', () => {
    const missing = { missing: 'null' } as const;
    for (const object of [{}, { team: {} }, { team: { id: undefined } }]) {
      expect(matches(ofTeam, object, missing)).to.equal(false);
      expect(matches(whereEquals('team.id', null), object, missing)).to.equal(true);
    }
  });

  it('may have an accessor of its class, as an entity of an ORM has', () => {
    class Note {
      get authorSub(): string {
        return 'alice';
      }
    }
    expect(matches(whereEquals('authorSub', 'alice'), new Note())).to.equal(true);
  });
});

describe('a filter that was handed out', () => {
  it('is taken by `matches`, `normalForm` and the builders that combine filters, and by nothing else', () => {
    const uses: readonly (readonly [name: string, use: (filter: ObjectFilter) => unknown, isTaken: boolean])[] = [
      ['matches', one => matches(one, { a: 1 }), true],
      ['normalForm', normalForm, true],
      ['filterAnd', one => filterAnd(whereEquals('a', 1), one), true],
      ['filterOr', one => filterOr(one, allObjects), true],
      ['filterNot', filterNot, true],
      ['JSON', one => JSON.stringify(one), false],
      ['reading it', one => one.kind, false],
    ];
    for (const [name, use, isTaken] of uses) {
      let count = 0;
      const handedOut = watchedCopyOf(whereEquals('a', 1), () => (count += 1));
      use(handedOut);
      expect(count > 0, name).to.equal(isTaken);
    }
  });

  it('is another object than the filter that it copies', () => {
    let count = 0;
    watchedCopyOf(allObjects, () => (count += 1));
    matches(allObjects, {});
    expect(count).to.equal(0);
  });
});
