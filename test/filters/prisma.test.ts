import { expect } from 'chai';
import fc from 'fast-check';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';
import { matches } from '../../src/core/requirements/matches';
import {
  allObjects,
  filterNot,
  filterOr,
  noObjects,
  whereCompare,
  whereEquals,
  whereIn,
  type ObjectFilter,
} from '../../src/core/requirements/object-filter';
import { toPrisma, type PrismaOptions, type PrismaProperties } from '../../src/filters/prisma';
import { homeOf, prismaEngines, properties, type Client, type Opened } from './prisma-clients';
import { filters, rows } from './rows';

const numRuns = Number(process.env.FILTERS_RUNS ?? 1000);
const objects = rows.map(row => ({ ...row, home: homeOf(row) }));
const expected = (filter: ObjectFilter): readonly number[] =>
  objects.filter(object => matches(filter, object)).map(({ id }) => id);

async function selected(client: Client, where: object): Promise<readonly number[]> {
  const found = await client.note.findMany({ where, select: { id: true }, orderBy: { id: 'asc' } });
  return found.map(({ id }) => id);
}

/** What somebody would write first. */
function naive(filter: ObjectFilter): object {
  switch (filter.kind) {
    case 'all':
      return {};
    case 'none':
      return { OR: [] };
    case 'not':
      return { NOT: naive(filter.of) };
    case 'and':
    case 'or':
      return { [filter.kind.toUpperCase()]: filter.of.map(naive) };
    case 'equals':
      return of(filter.property, filter.value);
    case 'in':
      return of(filter.property, { in: filter.values });
    default: {
      const { operator, value } = filter;
      const name = `${operator.startsWith('<') ? 'lt' : 'gt'}${operator.endsWith('=') ? 'e' : ''}`;
      return of(filter.property, { [name]: typeof value === 'number' ? value : new Date(value.date) });
    }
  }
}

function of(property: string, condition: unknown): object {
  const [first = '', second] = property.split('.');
  return { [first]: second === undefined ? condition : { [second]: condition } };
}

for (const { name, provider, server, open } of prismaEngines)
  describe(`toPrisma on ${name}`, function () {
    this.timeout(60_000 + numRuns * 60);
    const options: PrismaOptions = { provider, properties, binaryText: true };
    let opened: Opened;
    before(async function () {
      try {
        opened = await open();
      } catch (error) {
        const isRequired = server === undefined || (process.env.REQUIRED_SERVERS ?? '').split(',').includes(server);
        if (isRequired) throw error;
        return this.skip();
      }
    });
    after(() => (opened as Opened | undefined)?.close());

    const select = (filter: ObjectFilter, others: Partial<PrismaOptions> = {}): Promise<readonly number[]> =>
      selected(opened.client, toPrisma(filter, { ...options, ...others }));

    async function expectExact(...filters: readonly ObjectFilter[]): Promise<void> {
      for (const filter of filters.flatMap(one => [one, filterNot(one)]))
        expect(await select(filter), JSON.stringify(filter)).to.deep.equal(expected(filter));
    }

    it('selects exactly what `matches` accepts, and refuses nothing but fractions', async () => {
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(filters, async filter => {
          let where: object;
          try {
            where = toPrisma(filter, options);
          } catch (error) {
            expect((error as Error).message).to.include('with a fraction');
            refused++;
            return;
          }
          expect(await selected(opened.client, where)).to.deep.equal(expected(filter));
        }),
        { numRuns },
      );
      expect(refused).to.be.lessThan(numRuns / 2);
    });

    it('selects exactly what `matches` accepts without `properties`, or Prisma refuses the query', async () => {
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(filters, async filter => {
          let found: readonly number[];
          try {
            found = await select(filter, { properties: undefined });
          } catch (error) {
            expect((error as Error).name).to.match(/^(?:ImproperlyConfigured|PrismaClient\w+Error)$/);
            return;
          }
          answered++;
          expect(found).to.deep.equal(expected(filter));
        }),
        { numRuns },
      );
      expect(answered).to.be.greaterThan(numRuns / 20);
    });

    it('differs from what somebody would write first, which these tests would show', async () => {
      let [differences, answers] = [0, 0];
      for (const filter of fc.sample(filters, { numRuns: 300, seed: 1 }))
        try {
          const found = await selected(opened.client, naive(filter));
          answers++;
          if (found.join() !== expected(filter).join()) differences++;
        } catch {
          // Prisma refuses text for a number, and so on.
        }
      expect(answers).to.be.greaterThan(30);
      expect(differences).to.be.greaterThan(answers / 10);
      const filter = filterNot(whereEquals('text', 'a'));
      expect(await selected(opened.client, naive(filter))).to.have.length.lessThan(expected(filter).length);
    });

    it('has constants that hold in every position, which `{ OR: [] }` and `{ NOT: {} }` do not', async () => {
      const [mine, all, none] = [{ id: 3 }, toPrisma(allObjects, options), toPrisma(noObjects, options)];
      const every = expected(allObjects);
      for (const [where, ids] of [
        [none, []],
        [{ AND: [none] }, []],
        [{ AND: [none, all] }, []],
        [{ AND: [{ OR: [none, none] }] }, []],
        [{ OR: [none, mine] }, [3]],
        [{ ...mine, ...none }, []],
        [{ NOT: all }, []],
        [all, every],
        [{ NOT: none }, every],
        [{ OR: [all, mine] }, every],
        [{ AND: [all, mine] }, [3]],
        // What Prisma does with the forms that this package must not write.
        [{ AND: [{ OR: [] }] }, every],
        [{ NOT: {} }, every],
      ] as const)
        expect(await selected(opened.client, where), JSON.stringify(where)).to.deep.equal(ids);
    });

    it('has constants without `properties`, too', async () => {
      const none = toPrisma(noObjects, { provider });
      expect(await selected(opened.client, { AND: [none] })).to.deep.equal([]);
      expect(await selected(opened.client, toPrisma(allObjects, { provider }))).to.have.length(rows.length);
    });

    it('compares required fields and required relations without null', async () => {
      for (const value of [3, '3', 'x', null]) await expectExact(whereEquals('id', value));
      for (const value of ['blue', 'BLUE', 'blue ', null]) await expectExact(whereEquals('home.id', value));
      for (const value of [5, null])
        await expectExact(whereEquals('home.size', value), whereEquals('team.size', value));
      await expectExact(
        whereIn('home.size', [0, 7]),
        whereCompare('home.size', '<', 5),
        whereCompare('id', '>=', 1e15),
      );
    });

    it('counts trailing spaces, whether the collation pads or not', async () => {
      for (const property of ['text', 'folded']) {
        for (const value of ['a', 'a ', 'a  ', '', ' ', ' a', '%', '% ', '_ ', 'a\\', 'a\\ '])
          await expectExact(whereEquals(property, value));
        await expectExact(
          whereIn(property, ['a', 'a ', '% ']),
          whereIn(property, ['a ', 'A']),
          whereIn(property, ['a  ', '5']),
        );
      }
    });

    it('takes a related row that does not exist for none, also where the key is not null', async () => {
      const { client } = opened;
      await client.note.createMany({ data: [{ id: 500, teamId: 'gone', homeId: 'gone' }] });
      const object = { ...properties, id: 500, team: null, home: null };
      for (const property of ['team.id', 'team.size', 'home.id', 'home.size'])
        for (const value of [null, 'blue', 'gone', 5])
          for (const filter of [whereEquals(property, value), filterNot(whereEquals(property, value))]) {
            const found = await selected(client, toPrisma(filter, { ...options, where: { id: 500 } }));
            expect(found, JSON.stringify(filter)).to.deep.equal(matches(filter, object) ? [500] : []);
          }
      await client.$executeRawUnsafe(`DELETE FROM ${opened.prefix}note WHERE id = 500`);
    });

    it('takes a number in a column of booleans for what Prisma reads', async function () {
      if (provider === 'postgresql') return this.skip();
      const { client } = opened;
      await client.note.createMany({ data: [{ id: 500, homeId: 'blue' }] });
      await client.$executeRawUnsafe('UPDATE note SET flag = 2 WHERE id = 500');
      const [row = {}] = await client.note.findMany({ where: { id: 500 }, select: { flag: true } });
      for (const filter of [whereEquals('flag', true), whereEquals('flag', false), whereIn('flag', [true, false])])
        for (const one of [filter, filterNot(filter)])
          expect(await select(one, { where: { id: 500 } })).to.have.length(matches(one, row) ? 1 : 0);
      await client.$executeRawUnsafe('DELETE FROM note WHERE id = 500');
    });

    it('joins the condition of the app by AND', async () => {
      const filter = filterOr(whereEquals('text', 'a'), whereEquals('whole', 5));
      for (const [where, ids] of [
        [{ OR: [{ id: 1 }, { id: 2 }] }, [1, 2]],
        [{ AND: { id: { lte: 2 } } }, [0, 1, 2]],
        [{ AND: [{ id: { lte: 2 } }, { id: { gte: 1 } }] }, [1, 2]],
        [{ NOT: { id: 0 }, id: { lt: 9 } }, [1, 2, 3, 4, 5, 6, 7, 8]],
        [{ OR: [] }, []],
        [{}, expected(allObjects)],
      ] as const) {
        expect(await select(filter, { where })).to.deep.equal(
          expected(filter).filter(id => (ids as number[]).includes(id)),
        );
        expect(await select(noObjects, { where })).to.deep.equal([]);
        expect(await select(allObjects, { where })).to.deep.equal(ids);
      }
    });

    it('takes as many values as the database does', async () => {
      const most = provider === 'sqlite' ? 890 : 9_990;
      const many = Array.from({ length: most }, (_, index) => `x${index}`);
      await expectExact(whereIn('text', [...many, 'a', 'A']));
    });

    it('refuses `undefined` in the condition of the app, for which Prisma returns every row', async () => {
      for (const where of [{ text: { in: undefined } }, { text: undefined }, { AND: [{ text: { not: undefined } }] }]) {
        expect(await selected(opened.client, where)).to.have.length(rows.length);
        expect(() => toPrisma(allObjects, { ...options, where })).to.throw(ImproperlyConfigured, "no value at 'where");
      }
    });

    it('cannot be given an operator as a value', async () => {
      const claim = { not: '' } as never;
      expect(await selected(opened.client, { text: claim })).to.have.length.greaterThan(rows.length / 2);
      expect(() => whereEquals('text', claim)).to.throw(ImproperlyConfigured);
      expect(() => whereIn('text', [claim])).to.throw(ImproperlyConfigured);
      for (const filter of [
        { kind: 'equals', property: 'text', value: claim },
        { kind: 'in', property: 'text', values: { length: 1, 0: 'a' } as never },
        { kind: 'compare', property: 'whole', operator: '<', value: { $type: 'Raw', date: claim } },
      ] as const)
        expect(() => toPrisma(filter, options)).to.throw(ImproperlyConfigured, 'An object filter is wrong');
    });
  });

describe('toPrisma on PostgreSQL, with rows of its own', () => {
  let opened: Opened;
  before(async function () {
    try {
      opened = await (prismaEngines[0] as (typeof prismaEngines)[number]).open();
    } catch (error) {
      if ((process.env.REQUIRED_SERVERS ?? '').split(',').includes('postgres')) throw error;
      return this.skip();
    }
  });
  after(() => (opened as Opened | undefined)?.close());

  const all: PrismaProperties = { ...properties, key: 'Uuid?' };

  async function expectAsRead(...filters: readonly ObjectFilter[]): Promise<void> {
    const read = await opened.client.note.findMany({ include: { team: true }, orderBy: { id: 'asc' } });
    for (const filter of filters.flatMap(one => [one, filterNot(one)])) {
      const found = await selected(opened.client, toPrisma(filter, { provider: 'postgresql', properties: all }));
      expect(found, JSON.stringify(filter)).to.deep.equal(read.filter(row => matches(filter, row)).map(({ id }) => id));
    }
  }

  before(async () => {
    const at = ['infinity', '-infinity', '0044-03-15 BC', '12000-01-01', '0001-01-01', '9999-12-31 23:59:59.9995'];
    const real = ['NaN', 'Infinity', '-Infinity', '-0', '1e300', '5'];
    const key = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    await opened.client.note.createMany({ data: at.map((_, index) => ({ id: 1000 + index, homeId: 'blue', key })) });
    const { client, prefix } = opened;
    for (const [index, time] of at.entries())
      await client.$executeRawUnsafe(
        `UPDATE ${prefix}note SET at = '${time}', amount = '${real[index] ?? ''}' WHERE id = ${1000 + index}`,
      );
  });

  it('compares NaN and infinity as a program does', async () => {
    for (const operator of ['<', '<=', '>', '>='] as const)
      for (const value of [0, 5, -5, 2 ** 53 - 1]) await expectAsRead(whereCompare('real', operator, value));
    await expectAsRead(whereEquals('real', 5), whereEquals('real', 0), whereEquals('real', '-0'));
  });

  it('finds no time that Prisma cannot read', async () => {
    const times = [-8.64e15, -62135596800001, -62135596800000, 0, 253402300799999, 253402300800000, 8.64e15];
    for (const operator of ['<', '<=', '>', '>='] as const)
      for (const time of times) await expectAsRead(whereCompare('at', operator, new Date(time)));
  });

  it('compares a UUID as it is written, which PostgreSQL does not', async () => {
    const key = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    for (const value of [key, key.toUpperCase(), `{${key}}`, key.replaceAll('-', ''), 'a', 5, null])
      await expectAsRead(whereEquals('key', value));
  });
});
