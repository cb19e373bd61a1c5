/** Compares what a compiler selects in real databases with what `matches` accepts. */
import { expect } from 'chai';
import fc from 'fast-check';
import { matches } from '../../src/core/requirements/matches';
import { filterNot, whereEquals, type ObjectFilter } from '../../src/core/requirements/object-filter';
import type { Canary } from './canary';
import { engines, type Database, type Engine } from './databases';
import { filters, rows, type Row } from './rows';

/** Returns the ids of the rows that the filter selects. */
export type Select = (filter: ObjectFilter) => Promise<readonly number[]>;

/** How many random filters are compared; CI may set more. */
const numRuns = Number(process.env.FILTERS_RUNS ?? 1000);

/**
 * Returns the ids of the rows that `matches` accepts.
 *
 * @param read how a library reads a row, if not as it is
 */
export const expected = (filter: ObjectFilter, read: (row: Row) => object = row => row): readonly number[] =>
  rows.filter(row => matches(filter, read(row))).map(({ id }) => id);

export async function expectNoDifference(select: Select, read?: (row: Row) => object): Promise<void> {
  const isSame = async (filter: ObjectFilter): Promise<void> => {
    expect(await select(filter)).to.deep.equal(expected(filter, read));
  };
  await fc.assert(fc.asyncProperty(filters, isSame), { numRuns });
}

/**
 * The differential test must fail with a compiler that is wrong on purpose. The column that ignores case differs on every
 * database, and the other text only where the database ignores spaces at the end.
 */
export function itFailsWith(canary: Canary, { spaces }: { readonly spaces: boolean }, select: Select): void {
  it(`would fail with a ${canary} compiler that compares no bytes`, async () => {
    expect(await differs(select)).to.equal(true);
    expect(await isExact(select, whereEquals('folded', 'A'))).to.equal(false);
    expect(await isExact(select, whereEquals('text', 'a'))).to.equal(!spaces);
    expect(await isExact(select, filterNot(whereEquals('whole', 5)))).to.equal(canary === 'null-safe');
  });
}

// SQLite ignores the case of ASCII only, so few of the texts are equal there.
async function differs(select: Select): Promise<boolean> {
  for (const filter of fc.sample(filters, 5000)) if (!(await isExact(select, filter))) return true;
  return false;
}

async function isExact(select: Select, filter: ObjectFilter): Promise<boolean> {
  return String(await select(filter)) === String(expected(filter));
}

/** Describes the same for every database. Without its server, it is skipped, unless `REQUIRED_SERVERS` names it. */
export function describeOnEngines(title: string, body: (engine: Engine, database: () => Database) => void): void {
  for (const engine of engines)
    describe(`${title} on ${engine.name}`, () => {
      let database: Database | undefined;
      before(async function () {
        this.timeout(60_000);
        database = await engine.open().catch((error: unknown) => {
          if (isRequired(engine)) throw error;
          return undefined;
        });
        if (database === undefined) this.skip();
      });
      after(() => database?.close());
      body(engine, () => database as Database);
    });
}

function isRequired({ server }: Engine): boolean {
  return server === undefined || (process.env.REQUIRED_SERVERS ?? '').split(',').includes(server);
}
