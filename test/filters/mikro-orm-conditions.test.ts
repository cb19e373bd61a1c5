/** Filters where MikroORM looks at a condition instead of running it. Runs with MikroORM 6 and 7. */
import { EntitySchema, raw, sql, type EntityManager, type FilterQuery } from '@mikro-orm/core';
import { MikroORM } from '@mikro-orm/libsql';
import { expect } from 'chai';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import { filterOr, noObjects, whereEquals, whereIn, type ObjectFilter } from 'axioms-routing-controllers/filters';
import { toMikroOrm } from 'axioms-routing-controllers/filters/mikro-orm';

interface Shelf {
  id: number;
  notes: object;
}

interface Note {
  id: number;
  owner: string;
  size: number;
  shelf: Shelf;
}

const shelves = new EntitySchema<Shelf>({
  name: 'Shelf',
  properties: {
    id: { type: 'integer', primary: true },
    notes: { kind: '1:m', entity: () => 'Note', mappedBy: 'shelf' as never },
  },
});
const notes = new EntitySchema<Note>({
  name: 'Note',
  properties: {
    id: { type: 'integer', primary: true },
    owner: { type: 'string' },
    size: { type: 'integer' },
    shelf: { kind: 'm:1', entity: () => 'Shelf' },
  },
});
const parts = new EntitySchema<{ a: number; b: number; owner: string }>({
  name: 'Part',
  properties: {
    a: { type: 'integer', primary: true },
    b: { type: 'integer', primary: true },
    owner: { type: 'string' },
  },
});

const messageOf = (error: unknown): string => (error as Error).message;

/** A cache that several processes share. MikroORM 6 writes a count of the process into a key, which may be the same in all. */
class SharedCache {
  static readonly entries = new Map<string, unknown>();

  get(name: string): unknown {
    return SharedCache.entries.get(keyOf(name));
  }

  set(name: string, data: unknown): void {
    SharedCache.entries.set(keyOf(name), JSON.parse(JSON.stringify(data)));
  }

  remove(): void {
    throw new Error('Nothing is removed here.');
  }

  clear(): void {
    SharedCache.entries.clear();
  }
}

function keyOf(name: string): string {
  return name.replace(/\(#\d+\)/g, '(#0)');
}

describe('toMikroOrm, where MikroORM looks at a condition', () => {
  let orm: MikroORM;
  let em: EntityManager;
  before(async () => {
    const resultCache = { adapter: SharedCache as never };
    orm = await MikroORM.init({ dbName: ':memory:', entities: [notes, shelves, parts], resultCache });
    for (const statement of [
      'create table shelf (id integer primary key)',
      'create table note (id integer primary key, owner text, size integer, shelf_id integer)',
      'create table part (a integer, b integer, owner text, primary key (a, b))',
      'insert into shelf values (1), (2)',
      "insert into note values (1, 'alice', 1, 1), (2, 'bob', 1, 1), (3, 'alice', 2, 2), (4, 'bob', 2, 2)",
      "insert into part values (1, 1, 'alice')",
    ])
      await orm.em.getConnection().execute(statement);
  });
  beforeEach(() => {
    SharedCache.entries.clear();
    em = orm.em.fork();
  });
  after(() => orm.close());

  const of = (owner: string): ObjectFilter => whereEquals('owner', owner);
  const where = (filter: ObjectFilter, own?: FilterQuery<Note>): FilterQuery<Note> =>
    toMikroOrm(filter, em, notes, own);
  const idsOf = (found: readonly { readonly id: number }[]): readonly number[] => found.map(({ id }) => id);
  const cache = 60_000;

  describe("regression: the cache of results gave a caller another caller's rows", () => {
    const methods: readonly (readonly [string, (condition: FilterQuery<Note>) => Promise<unknown>])[] = [
      ['find', async condition => idsOf(await em.fork().find(notes, condition, { cache, orderBy: { id: 'asc' } }))],
      [
        'findOne',
        async condition => (await em.fork().findOne(notes, condition, { cache, orderBy: { id: 'asc' } }))?.id,
      ],
      ['findAndCount', async condition => (await em.fork().findAndCount(notes, condition, { cache, limit: 5 }))[1]],
      ['count', condition => em.fork().count(notes, condition, { cache })],
    ];
    const filters = [
      of('alice'),
      of('bob'),
      of('nobody'),
      filterOr(of('alice'), whereEquals('size', 2)),
      whereIn('owner', ['alice', 'bob']),
      whereEquals('shelf.id', 1),
      whereEquals('shelf.id', 2),
      noObjects,
    ];

    for (const [name, find] of methods)
      it(`in ${name}()`, async () => {
        for (const filter of filters) {
          SharedCache.entries.clear();
          const expected = await find(where(filter));
          SharedCache.entries.clear();
          for (const other of filters) await find(where(other));
          expect(await find(where(filter)), JSON.stringify(filter)).to.deep.equal(expected);
        }
        expect(SharedCache.entries).to.have.length.of.at.least(filters.length);
      });

    it('where the filter is spread, joined to another, nested, or given as own condition', async () => {
      const [find] = methods.map(([, method]) => method);
      const big = whereEquals('size', 2);
      for (const conditionOf of [
        (owner: string) => ({ ...(where(of(owner)) as object), size: 2 }),
        (owner: string) => ({ ...(where(of(owner)) as object), $and: [{ size: 2 }], $or: [{ size: 2 }] }),
        (owner: string) => ({ ...(where(of(owner)) as object), ...(where(big) as object) }),
        (owner: string) => ({ ...(where(big) as object), ...(where(of(owner)) as object) }),
        (owner: string) => ({ $and: [where(of(owner)), { size: 2 }] }),
        (owner: string) => ({ $not: where(filterOr(of(owner), whereEquals('size', 1))) }),
        (owner: string) => where(big, where(of(owner))),
      ] as readonly ((owner: string) => FilterQuery<Note>)[]) {
        SharedCache.entries.clear();
        const isNegated = JSON.stringify(Object.keys(conditionOf('alice'))) === '["$not"]';
        expect(await find?.(conditionOf('alice'))).to.deep.equal(isNegated ? [4] : [3]);
        expect(await find?.(conditionOf('bob'))).to.deep.equal(isNegated ? [3] : [4]);
        expect(await find?.(conditionOf('nobody'))).to.deep.equal(isNegated ? [3, 4] : []);
      }
    });

    it('where the filter is below a relation', async () => {
      const first = (id: number): Promise<number> =>
        em.fork().count(notes, { shelf: toMikroOrm(whereEquals('id', id), em, shelves) }, { cache });
      expect([await first(1), await first(3), await first(2)]).to.deep.equal([2, 0, 2]);
    });
  });

  it('regression: a filter that is spread before a primary key was not asked about a loaded entity', async () => {
    expect(await em.find(notes, {})).to.have.length(4);
    for (const condition of [
      { ...(where(of('bob')) as object), id: 1 },
      where(of('bob'), { id: 1 }),
      where(of('bob'), 1),
    ])
      expect(await em.findOne(notes, condition)).to.equal(null);
    expect(await em.findOne(notes, { ...(where(of('alice')) as object), id: 1 })).to.have.property('id', 1);
    expect(await em.find(parts, {})).to.have.length(1);
    for (const key of [{ a: 1 }, { a: 1, b: 1 }]) {
      const foreign = toMikroOrm(of('bob'), em, parts) as object;
      expect(await em.findOne(parts, { ...foreign, ...key })).to.equal(null);
    }
  });

  describe('regression: SQL of the app as a value widened a filter', () => {
    const value = (text: string): unknown => raw(text);
    const nested = (text: string): unknown => sql`${raw(text)}`;
    const key = (text: string): FilterQuery<Note> => ({ [raw<never>(text)]: [] });
    const either = "'x' or 1 = 1";
    const owns: Readonly<Record<string, () => object>> = {
      'of a property': () => ({ owner: value(either) }),
      'of a property, written with sql``': () => ({ owner: sql`'x' or 1 = 1` as unknown }),
      'of an operator': () => ({ owner: { $eq: value(either) } }),
      'in a list': () => ({ owner: { $in: [value("'x') or (1 = 1"), 'y'] } }),
      'of a relation': () => ({ shelf: value('1 or 1 = 1') }),
      "of a relation's property": () => ({ shelf: { id: value('1 or 1 = 1') } }),
      'in a group': () => ({ $and: [{ owner: value(either) }] }),
      'in a list of alternatives': () => [{ owner: 'x' }, { owner: value(either) }],
    };

    for (const [place, own] of Object.entries(owns))
      it(place, async () => {
        const find = async (): Promise<readonly number[]> =>
          idsOf(await em.find(notes, where(of('alice'), own() as FilterQuery<Note>), { orderBy: { id: 'asc' } }));
        if (place === 'in a list') expect(await find().catch(messageOf)).to.include('brackets that do not match');
        else expect(await find()).to.deep.equal([1, 3]);
      });

    it('refuses brackets, quotation marks and comments that end those around them', () => {
      for (const text of ["'x') or (1 = 1", "('x'", "'x", "'x' /*"])
        for (const own of [{ owner: value(text) }, key(`owner = ${text}`), { owner: nested(text) }])
          expect(() => where(of('alice'), own as object), text).to.throw(
            ImproperlyConfigured,
            'SQL of your own condition has brackets that do not match',
          );
      expect(() => where(of('alice'), key("owner <> ':-)'"))).not.to.throw();
    });
  });

  it('regression: the dataloader lost a filter', async () => {
    const load = async (owners: readonly string[]): Promise<unknown> => {
      const found = (await em.fork().find(shelves, {}, { orderBy: { id: 'asc' } })) as {
        notes: { loadItems(options: object): Promise<Note[]> };
      }[];
      const loads = found.map(({ notes: some }, index) =>
        some.loadItems({ where: where(of(owners[index] ?? '')), dataloader: true }).then(idsOf),
      );
      return Promise.all(loads).catch((error: unknown) => error);
    };
    for (const [owners, ids] of [
      [
        ['bob', 'bob'],
        [[2], [4]],
      ],
      [
        ['alice', 'bob'],
        [[1], [4]],
      ],
    ] as const) {
      const loaded = await load(owners);
      if (!Array.isArray(loaded))
        expect(loaded)
          .to.be.instanceOf(ImproperlyConfigured)
          .with.property('message')
          .that.includes('Load without the dataloader');
      else expect(loaded).to.deep.equal(ids);
    }
  });
});
