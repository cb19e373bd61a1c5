/** Caches of TypeORM and Drizzle find rows by the SQL and its parameters, so that no caller gets the rows of another. */
import { expect } from 'chai';
import { Cache } from 'drizzle-orm/cache/core';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { drizzle } from 'drizzle-orm/sqlite-proxy';
import { DataSource, EntitySchema } from 'typeorm';
import { noObjects, whereEquals, whereIn, type ObjectFilter } from 'axioms-routing-controllers/filters';
import { toDrizzle } from 'axioms-routing-controllers/filters/drizzle';
import { applyFilter, toTypeOrm } from 'axioms-routing-controllers/filters/typeorm';

interface Note {
  id: number;
  owner: string;
}

const notes = new EntitySchema<Note>({
  name: 'note',
  columns: { id: { type: Number, primary: true }, owner: { type: String } },
});
const rows = [
  { id: 1, owner: 'alice' },
  { id: 2, owner: 'bob' },
];
const expectations: readonly (readonly [ObjectFilter, readonly number[]])[] = [
  [whereEquals('owner', 'alice'), [1]],
  [whereEquals('owner', 'bob'), [2]],
  [whereEquals('owner', 'nobody'), []],
  [whereEquals('id', 1), [1]],
  [whereEquals('id', 2), [2]],
  [whereIn('owner', ['alice', 'nobody']), [1]],
  [whereIn('owner', ['bob', 'nobody']), [2]],
  [noObjects, []],
];
const idsOf = (found: readonly { readonly id: number }[]): readonly number[] => found.map(({ id }) => id);

describe('regression: a cache of rows', () => {
  it("of TypeORM keeps each caller's rows apart", async () => {
    const database = await new DataSource({
      type: 'sqljs',
      entities: [notes],
      synchronize: true,
      cache: true,
    }).initialize();
    try {
      const repository = database.getRepository(notes);
      await repository.insert(rows);
      // Twice: the second time from the cache.
      for (const [filter, ids] of [...expectations, ...expectations]) {
        expect(idsOf(await repository.find({ where: toTypeOrm(filter, repository), cache: true }))).to.deep.equal(ids);
        const query = applyFilter(repository.createQueryBuilder('note'), filter).cache(true);
        expect(idsOf(await query.getMany())).to.deep.equal(ids);
        expect(await repository.count({ where: toTypeOrm(filter, repository), cache: true })).to.equal(ids.length);
      }
    } finally {
      await database.destroy();
    }
  });

  it("of Drizzle keeps each caller's rows apart", async () => {
    const entries = new Map<string, unknown[]>();
    class MapCache extends Cache {
      override strategy(): 'all' {
        return 'all';
      }

      override get(key: string): Promise<unknown[] | undefined> {
        return Promise.resolve(entries.get(key));
      }

      override put(key: string, response: unknown[]): Promise<void> {
        entries.set(key, response);
        return Promise.resolve();
      }

      override onMutate(): Promise<void> {
        return Promise.resolve();
      }
    }
    const table = sqliteTable('note', { id: integer().primaryKey(), owner: text() });
    const sent: string[] = [];
    const db = drizzle(
      (sql, parameters) => {
        sent.push(JSON.stringify([sql, parameters]));
        return Promise.resolve({ rows: [[sent.length, sent.at(-1)]] });
      },
      { cache: new MapCache() },
    );
    const read = (filter: ObjectFilter) => db.select().from(table).where(toDrizzle(filter, table));
    const first: unknown[] = [];
    for (const [filter] of expectations) first.push(await read(filter));
    expect(sent).to.have.length(expectations.length);
    for (const [index, [filter]] of expectations.entries()) expect(await read(filter)).to.deep.equal(first[index]);
    expect(sent, 'the second time from the cache').to.have.length(expectations.length);
  });
});
