import { expect } from 'chai';
import fc from 'fast-check';
import { EntitySchema, raw, StringType, type EntityManager, type FilterQuery } from '@mikro-orm/core';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
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
import { toMikroOrm } from '../../src/filters/mikro-orm';
import { engines, Note, Team, type Engine, type NoteEntity } from './mikro-orm-databases';
import { filters, rows } from './rows';

type Where = FilterQuery<NoteEntity>;

const numRuns = Number(process.env.FILTERS_RUNS ?? 1000);
const timeout = Math.max(20_000, numRuns * 20);
const idsOf = (found: readonly { readonly id: number }[]): readonly number[] =>
  found.map(({ id }) => id).sort((one, other) => one - other);
const expected = (filter: ObjectFilter): readonly number[] => idsOf(rows.filter(row => matches(filter, row)));

for (const { name, server, open } of engines)
  describe(`toMikroOrm on ${name}`, () => {
    let database: Awaited<ReturnType<Engine['open']>>;
    let em: EntityManager;
    before(async function () {
      try {
        database = await open();
      } catch (error) {
        const isRequired = server === undefined || (process.env.REQUIRED_SERVERS ?? '').split(',').includes(server);
        if (isRequired) throw error;
        return this.skip();
      }
    });
    beforeEach(() => {
      em = database.orm.em.fork();
    });
    after(() => (database as typeof database | undefined)?.close());

    const found = async (filter: ObjectFilter, where?: Where): Promise<readonly number[]> =>
      idsOf(await em.find(Note, toMikroOrm(filter, em, Note, where), { fields: ['id'] }));

    it('selects exactly what `matches` accepts', async () => {
      await fc.assert(
        fc.asyncProperty(filters, async filter => {
          expect(await found(filter)).to.deep.equal(expected(filter));
        }),
        { numRuns },
      );
    }).timeout(timeout);

    it('selects everything, and nothing', async () => {
      expect(await found(allObjects)).to.have.length(rows.length);
      expect(await found(noObjects)).to.deep.equal([]);
      expect(await found(filterOr(whereEquals('flag', 'true'), whereIn('text', [])))).to.deep.equal([]);
    });

    it('takes 10,000 values', async () => {
      const many = Array.from({ length: 9_990 }, (_, index) => `x${index}`);
      const filter = whereIn('text', [...many, 'a', 'A']);
      expect(await found(filter)).to.deep.equal(expected(filter));
      expect(await found(filterNot(filter))).to.deep.equal(expected(filterNot(filter)));
    });

    const filter = filterOr(whereEquals('text', 'a'), whereEquals('team.id', 'blue'));

    it('works in every method that finds', async () => {
      const ids = expected(filter);
      const where = (): FilterQuery<NoteEntity> => toMikroOrm(filter, em, Note);
      expect(await em.count(Note, where())).to.equal(ids.length);
      expect((await em.findOneOrFail(Note, where(), { orderBy: { id: 'asc' } })).id).to.equal(ids[0]);
      expect(await em.findOne(Note, toMikroOrm(noObjects, em, Note))).to.equal(null);
      for (const strategy of ['joined', 'select-in'] as const) {
        const given = { limit: 2, offset: 1, populate: ['team'], orderBy: { id: 'asc' }, strategy } as const;
        const [page, all] = await em.fork().findAndCount(Note, where(), given);
        expect([idsOf(page), all]).to.deep.equal([ids.slice(1, 3), ids.length]);
      }
    });

    it('is refused when it is used twice, or is right', async () => {
      const where = toMikroOrm(filter, em, Note);
      expect(idsOf(await em.find(Note, where))).to.deep.equal(expected(filter));
      const again = await em.find(Note, where).catch((error: unknown) => error);
      if (Array.isArray(again)) expect(idsOf(again as NoteEntity[])).to.deep.equal(expected(filter));
      else expect(again).to.be.instanceOf(Error);
    });

    it("joins the app's own condition", async () => {
      const ids = expected(filter);
      const [first = 0] = ids;
      const [hidden = 0] = expected(filterNot(filter));
      expect(await found(filter, { id: first })).to.deep.equal([first]);
      expect(await found(filter, { id: hidden })).to.deep.equal([]);
      expect(await found(filter, { $or: [{ id: hidden }, { id: first }] })).to.deep.equal([first]);
      expect(await found(filter, [hidden, first] as never)).to.deep.equal([first]);
      expect(await found(filter, first)).to.deep.equal([first]);
      expect(await found(filter, { id: { $ne: first } })).to.deep.equal(ids.slice(1));
      expect(await found(filter, {})).to.deep.equal(ids);
      expect(await found(filter, { team: { size: 5 } })).to.deep.equal(
        expected(filterAnd(filter, whereEquals('team.size', 5))),
      );
      expect(await found(filter, { $not: { team: { size: 5 } } })).not.to.include.members([
        ...expected(filterNot(filter)),
      ]);
    });

    it("is not widened by an OR in the app's own SQL", async () => {
      for (const sql of ['id = -1 or 1 = 1', '1 = 1 or id = -1'])
        for (const where of [
          { [raw(sql)]: [] },
          { id: 5, [raw(sql)]: [] },
          { $and: [{ [raw(sql)]: [] }] },
          { $not: { $and: [{ [raw(sql)]: [] }] } },
        ] as Where[])
          expect(expected(filter)).to.include.members([...(await found(filter, where))]);
    });

    it('keeps the filter in a spread', async () => {
      const [hidden = 0] = expected(filterNot(filter));
      const where = { ...(toMikroOrm(filter, em, Note, { id: hidden }) as object), id: hidden } as Where;
      expect(await em.find(Note, where)).to.deep.equal([]);
      const other = {
        ...(toMikroOrm(filter, em, Note) as object),
        $and: [{ id: hidden }],
        $or: [{ id: hidden }],
      } as Where;
      expect(await em.find(Note, other)).to.deep.equal([]);
      const [one, five] = [filter, whereEquals('whole', 5)].map(given => toMikroOrm(given, em, Note) as object);
      const both = { ...one, ...five } as Where;
      expect(idsOf(await em.find(Note, both))).to.deep.equal(expected(filterAnd(filter, whereEquals('whole', 5))));
    });

    it('stays itself next to other conditions, and below a relation', async () => {
      const five = whereEquals('whole', 5);
      const either = { $or: [toMikroOrm(filter, em, Note), toMikroOrm(five, em, Note)] } as Where;
      expect(idsOf(await em.find(Note, either))).to.deep.equal(expected(filterOr(filter, five)));
      const not = { $not: toMikroOrm(filter, em, Note) } as Where;
      // Where a column is null, NOT of a condition in SQL is unknown. filterNot() is exact.
      expect(expected(filterNot(filter))).to.include.members([...idsOf(await em.find(Note, not))]);
      const team = { team: toMikroOrm(filterNot(whereEquals('id', 'blue')), em, Team) } as Where;
      expect(idsOf(await em.find(Note, team))).to.deep.equal(expected(whereIn('team.id', ['Blue', ''])));
    });

    // MikroORM has no alias there.
    it('is refused by the database in an update and a delete', async () => {
      for (const change of [
        () => em.nativeUpdate(Note, toMikroOrm(filter, em, Note), { whole: 77 }),
        () => em.nativeDelete(Note, toMikroOrm(filter, em, Note)),
      ])
        expect(await change().catch((error: unknown) => error)).to.be.instanceOf(Error);
      expect(await em.count(Note, { whole: { $ne: 77 } })).to.equal(rows.filter(({ whole }) => whole !== null).length);
    });

    it('would notice a naive condition', async () => {
      const naive = { $or: [{ $not: { folded: 'a' } }, { team: { id: 'blue' } }] } as Where;
      const right = expected(filterOr(filterNot(whereEquals('folded', 'a')), whereEquals('team.id', 'blue')));
      expect(idsOf(await em.find(Note, naive))).not.to.deep.equal(right);
      const withoutBytes = { [raw(alias => `(${alias}.folded = 'a') is not true`)]: [] } as Where;
      const rest = expected(filterNot(whereEquals('folded', 'a')));
      expect(idsOf(await em.find(Note, withoutBytes))).not.to.deep.equal(rest);
    });

    it('does not lose its rows to an empty list, as MikroORM does', async () => {
      expect(await em.count(Note, { $or: [] })).to.equal(rows.length);
      expect(() => toMikroOrm(filter, em, Note, { $or: [] })).to.throw(ImproperlyConfigured, "'where.$or' of your own");
    });
  });

describe('toMikroOrm', () => {
  class Upper extends StringType {
    override convertToDatabaseValue(value: string): string {
      return value.toUpperCase();
    }
  }

  const Kinds = new EntitySchema<Record<string, unknown>>({
    name: 'Kinds',
    properties: {
      id: { type: 'integer', primary: true },
      plain: { type: 'string' },
      upper: { type: Upper },
      listed: { type: 'array' },
      json: { type: 'json' },
      amount: { type: 'decimal' },
      single: { type: 'float' },
      fixed: { type: 'character' },
      day: { type: 'date' },
      clock: { type: 'time' },
      bytes: { type: 'blob' },
      computed: { type: 'string', formula: '1' },
      volatile: { type: 'string', persist: false },
      parent: { kind: 'm:1', entity: 'Kinds', nullable: true },
      children: { kind: '1:m', entity: 'Kinds', mappedBy: 'parent' as never },
      pair: { kind: 'm:1', entity: 'Pair', nullable: true },
      transient: { kind: 'm:1', entity: 'Kinds', persist: false, nullable: true },
      animal: { kind: 'm:1', entity: 'Animal', nullable: true },
      cat: { kind: 'm:1', entity: 'Cat', nullable: true },
      counters: { kind: 'embedded', entity: 'Counters' },
      odd: { type: 'string', fieldName: 'odd?' },
    },
  });
  const Pair = new EntitySchema<Record<string, unknown>>({
    name: 'Pair',
    properties: { a: { type: 'integer', primary: true }, b: { type: 'integer', primary: true } },
  });
  const Counters = new EntitySchema<Record<string, unknown>>({
    name: 'Counters',
    embeddable: true,
    properties: { likes: { type: 'integer' } },
  });
  const Animal = new EntitySchema<Record<string, unknown>>({
    name: 'Animal',
    discriminatorColumn: 'type' as never,
    discriminatorMap: { animal: 'Animal', cat: 'Cat' },
    properties: { id: { type: 'integer', primary: true }, type: { type: 'string' } },
  });
  const Cat = new EntitySchema<Record<string, unknown>>({ name: 'Cat', extends: 'Animal', properties: {} });
  const open = (options: Options = {}): Promise<MikroORM> =>
    MikroORM.init({ dbName: 'test', entities: [Kinds, Pair, Counters, Animal, Cat], connect: false, ...options });
  let em: EntityManager;
  before(async () => {
    em = (await open()).em.fork();
  });

  for (const [what, property, message] of [
    ['a property that the entity does not have', 'other', "'other' is no column"],
    ['an inherited property', 'toString', "'toString' is no column"],
    ['a relation as a property', 'parent', "'parent' is no column"],
    ['a type of the app', 'upper', 'cannot be compared exactly'],
    ['an array', 'listed', 'cannot be compared exactly'],
    ['JSON', 'json', 'cannot be compared exactly'],
    ['a decimal', 'amount', 'cannot be compared exactly'],
    ['a number of single precision', 'single', 'cannot be compared exactly'],
    ['a text that is padded', 'fixed', 'cannot be compared exactly'],
    ['a day', 'day', 'cannot be compared exactly'],
    ['a time of day', 'clock', 'cannot be compared exactly'],
    ['bytes', 'bytes', 'cannot be compared exactly'],
    ['a formula', 'computed', 'not stored in a column'],
    ['a property that is not stored', 'volatile', 'not stored in a column'],
    ['an embedded object', 'counters', "'counters' is no column"],
    ['an embedded property', 'counters.likes', "'counters' is no relation to one entity"],
    ['the column of an embedded property', 'counters_likes', "'counters_likes' is"],
    ['a relation to many', 'children.plain', "'children' is no relation to one entity"],
    ['a relation by two columns', 'pair.a', "'pair' is no relation to one entity by one column"],
    ['a property that the related entity does not have', 'parent.other', "'other' is no column"],
    ['a formula of a related entity', 'parent.computed', 'not stored in a column'],
    ['a relation that is not stored', 'transient.plain', "'transient' is not stored in a column"],
    [
      'a relation to an entity that shares its table',
      'animal.id',
      "'animal' refers to an entity that shares its table",
    ],
    ['a relation to a part of a shared table', 'cat.id', "'cat' refers to an entity that shares its table"],
    ['a column with a question mark', 'odd', 'question mark'],
    ['a column with a question mark of a related entity', 'parent.odd', 'question mark'],
  ] as const)
    it(`refuses ${what}`, () => {
      for (const value of ['secret', null])
        expect(() => toMikroOrm(whereEquals(property, value), em, Kinds))
          .to.throw(ImproperlyConfigured, message)
          .with.property('message')
          .that.does.not.include('secret');
    });

  for (const [what, where, message] of [
    ['an empty list', [], 'an empty list'],
    ['null', null, 'is null or an empty list'],
    ['undefined', { plain: undefined }, "'where.plain' of your own condition is undefined"],
    ['undefined of a relation', { parent: { plain: undefined } }, "'where.parent.plain'"],
    ['undefined of an operator', { plain: { $ne: undefined } }, "'where.plain.$ne'"],
    ['no alternatives', { $or: [] }, "'where.$or' of your own condition is an empty list"],
    ['no conditions', { $and: [] }, "'where.$and' of your own condition is an empty list"],
    ['no alternatives of a relation', { parent: { $or: [] } }, "'where.parent.$or'"],
    ['an empty alternative', { $or: [{ id: 1 }, {}] }, "'where.$or[1]' of your own condition is an empty object"],
    ['an empty object of a relation', { parent: {} }, "'where.parent' of your own condition is an empty object"],
    ['the negation of nothing', { $not: {} }, "'where.$not'"],
  ] as const)
    it(`refuses ${what} in the app's own condition`, () => {
      expect(() => toMikroOrm(allObjects, em, Kinds, where as never)).to.throw(ImproperlyConfigured, message);
    });

  it("takes null and a time in the app's own condition", () => {
    for (const where of [{ plain: null }, { plain: new Date(0) }])
      expect(() => toMikroOrm(allObjects, em, Kinds, where as never)).not.to.throw();
  });

  it('refuses more than 10,000 values, and what is no filter', () => {
    const many = filterOr(whereIn('plain', Array.from({ length: 9_999 }, String)), whereIn('id', [1, 2]));
    expect(() => toMikroOrm(many, em, Kinds)).to.throw(ImproperlyConfigured, 'more than 10000 values');
    const wrong = { kind: 'equals', property: 'plain', value: { $ne: '' } } as never;
    expect(() => toMikroOrm(wrong, em, Kinds)).to.throw(ImproperlyConfigured, 'An object filter is wrong');
  });

  it('refuses other databases', () => {
    class MongoPlatform {}
    const other = Object.assign(Object.create(em) as EntityManager, { getPlatform: () => new MongoPlatform() });
    expect(() => toMikroOrm(allObjects, other, Kinds)).to.throw(ImproperlyConfigured, "MikroORM's 'MongoPlatform'");
  });

  it('refuses times without a zone that MikroORM does not read in UTC', async () => {
    const Timed = new EntitySchema<{ id: number; at: Date }>({
      name: 'Timed',
      properties: { id: { type: 'integer', primary: true }, at: { type: 'Date', columnType: 'timestamp' } },
    });
    const compiled = async (options: Options) => {
      const { em: manager } = await open({ entities: [Timed], ...options });
      return () => toMikroOrm(whereCompare('at', '<', new Date()), manager.fork(), Timed);
    };
    expect(await compiled({ forceUtcTimezone: false, timezone: '+02:00' })).to.throw(
      ImproperlyConfigured,
      'set forceUtcTimezone',
    );
    expect(await compiled({ forceUtcTimezone: true })).not.to.throw();
  });

  it('takes the entity by its schema or its name', () => {
    for (const entity of [Kinds, 'Kinds'])
      expect(() => toMikroOrm(whereEquals('plain', 'a'), em, entity as never)).not.to.throw();
  });
});
