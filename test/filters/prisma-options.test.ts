import { expect } from 'chai';
import fc from 'fast-check';
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
import { toPrisma, type PrismaOptions, type PrismaProperties } from '../../src/filters/prisma';
import { properties } from './prisma-clients';
import { filters } from './rows';

describe('toPrisma', () => {
  const options: PrismaOptions = { provider: 'postgresql', properties };
  const nested = (where: unknown): string => JSON.stringify(where);

  it('never writes NOT or an empty object', () => {
    fc.assert(
      fc.property(filters, filter => {
        let text = '';
        try {
          text = nested(toPrisma(filter, options));
        } catch {
          return;
        }
        expect(text).not.to.match(/"NOT"|\{\}|"OR":\[\]|"AND":\[\]/);
      }),
      { numRuns: 300 },
    );
  });

  it('compares a flag with both values, and text in one list where no text is padded', () => {
    const both = whereIn('flag', [true, false]);
    const either = '{"OR":[{"flag":{"equals":true}},{"flag":{"not":true}}]}';
    expect(nested(toPrisma(both, options))).to.include(either);
    expect(nested(toPrisma(filterNot(both), options))).to.include(
      '"AND":[{"flag":{"equals":true}},{"flag":{"not":true}}]',
    );
    const texts = nested(toPrisma(whereIn('text', ['a', 'b ']), options));
    expect(texts).to.include('"in":["a","b "]').and.not.to.include('With');
  });

  it('refuses text on MySQL until the columns are said to be binary', () => {
    const filter = whereEquals('text', 'a');
    for (const given of [{}, { properties }, { binaryText: 'true' as never }])
      expect(() => toPrisma(filter, { provider: 'mysql', ...given })).to.throw(
        ImproperlyConfigured,
        'binaryText: true',
      );
    expect(() => toPrisma(whereIn('team.id', ['a']), { provider: 'mysql', properties })).to.throw('binaryText: true');
    toPrisma(whereEquals('whole', 5), { provider: 'mysql', properties });
    toPrisma(whereEquals('text', null), { provider: 'mysql', properties });
  });

  for (const [what, filter, others, message] of [
    ['a fraction', whereEquals('real', 1.5), {}, "'real' with a fraction"],
    ['a fraction in a list', whereIn('real', [1, 1.5]), {}, "'real' with a fraction"],
    [
      'a fraction without properties',
      whereCompare('real', '<', 1.5),
      { properties: undefined },
      "'real' with a fraction",
    ],
    ['a property that is not described', whereEquals('owner', 'a'), {}, "names 'owner'"],
    ['an inherited property', whereEquals('toString', 'a'), {}, "names 'toString'"],
    ['a relation that is not described', whereEquals('author.id', 'a'), {}, "names 'author.id'"],
    ['a property of a relation that is not described', whereEquals('team.name', 'a'), {}, "names 'team.name'"],
    ['an inherited property of a relation', whereEquals('team.toString', 'a'), {}, "names 'team.toString'"],
    ['a property of a field', whereEquals('text.id', 'a'), {}, "names 'text.id'"],
    ['a relation as a field', whereEquals('team', null), {}, "names 'team'"],
    ['an operator as a property', whereEquals('OR', null), { properties: undefined }, "names 'OR'"],
    ['an operator in a relation', whereEquals('team.NOT', null), { properties: undefined }, "names 'NOT'"],
    [
      'another provider',
      whereEquals('text', 'a'),
      { provider: 'sqlserver' },
      'must be one of: postgresql, mysql, sqlite',
    ],
    [
      'a type that has no exact comparison',
      whereEquals('a', 5),
      { properties: { a: 'Decimal' } },
      'no filter can compare',
    ],
    ['a list as a type', whereEquals('a', 5), { properties: { a: 'String[]' } }, 'no filter can compare'],
    [
      'a UUID elsewhere',
      whereEquals('a', 'a'),
      { provider: 'sqlite', properties: { a: 'Uuid' } },
      'only PostgreSQL has',
    ],
    ['several types without properties', whereIn('a', ['a', 5]), { properties: undefined }, 'values of several types'],
    ['more than 10,000 values', filterOr(manyOf(9_999), whereIn('whole', [1, 2])), {}, 'more than 10000 values'],
    ['more than 900 values on SQLite', manyOf(901), { provider: 'sqlite' }, 'more than 900 values'],
    ['undefined in a condition', allObjects, { where: { AND: { text: undefined } } }, "no value at 'where.AND.text'"],
    ['undefined in one of several', allObjects, { where: { OR: [{ id: undefined }] } }, "no value at 'where.OR[0].id'"],
    ['undefined in a list', allObjects, { where: { id: { in: [1, undefined] } } }, "no value at 'where.id.in[1]'"],
    [
      'a mark of Prisma for undefined',
      allObjects,
      { where: { text: new (class Skip {})() } },
      "no value at 'where.text'",
    ],
    ['null for a condition', allObjects, { where: null }, 'must be a plain object'],
    ['a condition that is a list', allObjects, { where: [] }, 'must be a plain object'],
    ['a condition that is a class', allObjects, { where: new Date() }, 'must be a plain object'],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => toPrisma(filter, { ...options, ...(others as Partial<PrismaOptions>) })).to.throw(
        ImproperlyConfigured,
        message,
      );
    });

  it('leaves the condition of the app as it is', () => {
    const id = { in: [1, 2] };
    const where = Object.freeze({ id, AND: Object.freeze([{ text: null }]), at: { lt: new Date(0) } });
    const { AND, ...rest } = toPrisma(noObjects, { ...options, where });
    expect(rest).to.deep.equal({ id, at: { lt: new Date(0) } });
    expect(AND).to.deep.equal([{ text: null }, { id: { in: [] } }]);
  });

  it('compares nothing with a value that the field cannot hold', () => {
    const none = toPrisma(noObjects, options);
    for (const [property, value] of [
      ['whole', 'a'],
      ['whole', '05'],
      ['whole', 2 ** 31],
      ['whole', true],
      ['big', String(2n ** 63n)],
      ['text', true],
      ['flag', 1],
      ['flag', 'true'],
      ['at', '2026-01-01T00:00:00.000Z'],
      ['real', '9007199254740993'],
    ] as const)
      expect(toPrisma(whereEquals(property, value), options)).to.deep.equal(none);
    expect(toPrisma(whereCompare('text', '<', 5), options)).to.deep.equal(none);
    expect(toPrisma(filterAnd(whereCompare('flag', '<', new Date())), options)).to.deep.equal(none);
  });

  it('takes the path of a field of a related model, too', () => {
    const filter = filterNot(whereEquals('team.size', 5));
    const paths: PrismaProperties = { 'team.id': 'String', 'team.size': 'Int?', 'home.key': 'Uuid', text: 'String' };
    expect(toPrisma(filter, { ...options, properties: paths })).to.deep.equal(toPrisma(filter, options));
    expect(toPrisma(noObjects, { ...options, properties: paths }).AND).to.deep.equal([{ text: { in: [] } }]);
    expect(() => toPrisma(whereEquals('team.key', 'a'), { ...options, properties: paths })).to.throw(
      "names 'team.key'",
    );
  });

  it('has a constant for a model of booleans', () => {
    const where = toPrisma(noObjects, { ...options, properties: { flag: 'Boolean' } });
    expect(where.AND).to.deep.equal([{ id: { in: [] } }]);
  });
});

function manyOf(length: number): ObjectFilter {
  return whereIn('text', Array.from({ length }, String));
}
