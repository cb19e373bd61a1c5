/** Nothing that a query builder is given after a filter may widen it, and what a library leaves out does not count as used. */
import { EntitySchema } from '@mikro-orm/core';
import { MikroORM } from '@mikro-orm/libsql';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  And,
  Brackets,
  DataSource,
  EntitySchema as TypeOrmSchema,
  Not,
  NotBrackets,
  Or,
  Raw,
  type Repository,
} from 'typeorm';
import { ApiController, IsAuthenticated, IsSubOwner } from 'axioms-routing-controllers';
import { whereCompare, whereEquals } from 'axioms-routing-controllers/filters';
import { toMikroOrm } from 'axioms-routing-controllers/filters/mikro-orm';
import { toSql } from 'axioms-routing-controllers/filters/sql';
import { applyFilter, toTypeOrm } from 'axioms-routing-controllers/filters/typeorm';
import { Api } from '../api';

interface Row {
  id: number;
  owner: string;
  state: string;
  isOpen: boolean;
}

const rows = new TypeOrmSchema<Row>({
  name: 'row',
  columns: {
    id: { type: Number, primary: true },
    owner: { type: String },
    state: { type: String },
    isOpen: { type: Boolean, default: true },
  },
});
const ofAlice = whereEquals('owner', 'alice');

describe('regression: a query builder of TypeORM that has a filter', () => {
  let database: DataSource;
  let repository: Repository<Row>;

  beforeEach(async () => {
    database = await new DataSource({ type: 'sqljs', entities: [rows], synchronize: true }).initialize();
    repository = database.getRepository(rows);
    await repository.insert([
      { id: 1, owner: 'alice', state: 'open' },
      { id: 2, owner: 'bob', state: 'pinned' },
      { id: 3, owner: 'bob', state: 'open' },
    ]);
  });
  afterEach(() => database.destroy());

  const owners = async (): Promise<string[]> => (await repository.find()).map(({ owner }) => owner);
  const either = "state = 'open' OR state = 'pinned'";
  const rawEither = Raw(alias => `${alias} = 'open' OR ${alias} = 'pinned'`);

  for (const [what, where] of [
    ['text', either],
    ['text that ends with a comment', `${either} -- all of them`],
    ['a function', () => either],
    ['a Raw() in an object', { state: rawEither }],
    ['a Raw() in a list of alternatives', [{ state: rawEither }, { id: 3 }]],
    ['a Raw() in Brackets', new Brackets(query => query.where({ state: rawEither }).orWhere({ id: 3 }))],
    ['text with brackets of the other kind in Brackets', new Brackets(query => query.where('1 = 1) OR (1 = 1'))],
    ['text with brackets of the other kind in NotBrackets', new NotBrackets(query => query.where('1 = 0) OR (1 = 1'))],
  ] as const)
    it(`is not widened by an OR in andWhere(), given as ${what}`, async () => {
      const query = applyFilter(repository.createQueryBuilder('row'), ofAlice);
      const found = await (query as unknown as { andWhere(where: unknown): typeof query }).andWhere(where).getMany();
      expect(found.map(({ id }) => id)).to.deep.equal([1]);
    });

  it('is not widened in a copy, and not where rows are counted', async () => {
    const query = applyFilter(repository.createQueryBuilder('row'), ofAlice).clone().andWhere(either);
    expect(await query.getCount()).to.equal(1);
    expect((await query.take(5).getManyAndCount())[1]).to.equal(1);
  });

  for (const [what, where] of [
    ['text', either],
    ['a Raw() in an object', { state: rawEither }],
  ] as const)
    it(`changes and deletes no row of others by an OR in andWhere(), given as ${what}`, async () => {
      const update = repository.createQueryBuilder().update().set({ state: 'open' });
      expect((await applyFilter(update, ofAlice).andWhere(where).execute()).affected).to.equal(1);
      await applyFilter(repository.createQueryBuilder().delete(), ofAlice).andWhere(where).execute();
      expect(await owners()).to.deep.equal(['bob', 'bob']);
    });

  it('refuses a condition whose brackets or quotation marks end those of the filter, and forgets it', async () => {
    const query = applyFilter(repository.createQueryBuilder('row'), ofAlice);
    for (const where of [
      `state = 'open') OR (1 = 1`,
      `(state = 'open'`,
      `state = '`,
      `1 = 1 /* ( */ ) OR (1 = 1`,
      '1 = 1 /*',
      '["]) OR (1 = 1 OR ["]',
      { state: Raw(() => '1 = 1) OR (1 = 1') },
      new Brackets(builder => builder.where('1 = 1)) OR ((1 = 1')),
    ])
      expect(() => query.andWhere(where), JSON.stringify(where)).to.throw('brackets that do not match');
    for (const where of [`state <> ':-)'`, `state <> 'it''s' /* :-) */`, `state <> ":-)" -- it's\n`])
      expect(() => query.andWhere(where), where).not.to.throw();
    expect((await query.getMany()).map(({ id }) => id)).to.deep.equal([1]);
  });

  it('refuses a condition in front of the filter whose brackets end those around it', () => {
    for (const where of ['1 = 1) OR (1 = 1', '1 = 1) -- ']) {
      const query = repository.createQueryBuilder('row').where(where);
      expect(() => applyFilter(query, ofAlice), where).to.throw(
        'A condition of where() has brackets that do not match',
      );
    }
  });

  it('is not part of a comment at the end of a condition of a join, or of a value', async () => {
    const joined = repository.createQueryBuilder('row').innerJoin('row', 'other', 'other.id = row.id -- itself');
    const update = repository
      .createQueryBuilder()
      .update()
      .set({ state: () => "'closed' -- for good" });
    for (const lost of [applyFilter(joined, ofAlice).getMany(), applyFilter(update, ofAlice).execute()])
      expect(await lost.catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await repository.countBy({ state: 'closed' })).to.equal(0);
  });

  it('makes no unguarded query about what it changes', () => {
    const update = applyFilter(repository.createQueryBuilder().update(), ofAlice);
    const query = applyFilter(repository.createQueryBuilder('row'), ofAlice);
    expect(() => update.select()).to.throw('select() would leave the filter behind');
    expect(() => query.relation('owner')).to.throw('relation() would leave the filter behind');
    expect(() => query.select('row.id')).not.to.throw();
  });

  it('is not widened by a Raw() that is given to toTypeOrm(), however deep it stands', async () => {
    const found = (state: unknown): Promise<Row[]> =>
      repository.find({ where: toTypeOrm(ofAlice, repository, { state } as never) });
    for (const state of [rawEither, And(rawEither, rawEither), Or(rawEither, rawEither), Not(Not(rawEither))])
      expect((await found(state)).map(({ id }) => id)).to.deep.equal([1]);
    const leaving = Raw(() => '1 = 0) OR (1 = 1');
    for (const state of [leaving, Not(leaving), And(leaving), Not(Or(leaving)), Raw("'open') OR (1 = 1")]) {
      const error = await found(state).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('message').that.includes("The Raw() at 'where[0].state' has brackets");
    }
  });

  it('loses no filter to whereEntity()', () => {
    const update = applyFilter(repository.createQueryBuilder().update().set({ state: 'closed' }), ofAlice);
    for (const entities of [[], [{ id: 2 }]])
      expect(() => update.whereEntity(entities as Row[])).to.throw('whereEntity() would widen the filter');
  });

  it('takes no parameter of the filter from an object that a client may have sent', async () => {
    const query = applyFilter(repository.createQueryBuilder('row'), ofAlice);
    const names = Object.keys(query.getParameters());
    const guesses = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`axioms_filter_${index}`, 'bob']));
    expect((await query.setParameters(guesses).getMany()).map(({ owner }) => owner)).to.deep.equal(['alice']);
    for (const name of names) expect(name).to.match(/^axioms_filter_[0-9a-f]{24}_\d+$/);
  });

  it('takes every number but 0 for true, as TypeORM does', async () => {
    await database.query('UPDATE "row" SET "isOpen" = "id" - 1');
    const found = await applyFilter(repository.createQueryBuilder('row'), whereEquals('isOpen', true)).getMany();
    expect(found.map(({ id, isOpen }) => [id, isOpen])).to.deep.equal([
      [2, true],
      [3, true],
    ]);
  });

  it('cuts off what is below a millisecond, as a Date does, on SQLite', async () => {
    const columns = { at: { column: 'at', type: 'date' } } as const;
    const filter = whereCompare('at', '>=', new Date('2025-01-01T00:00:00.001Z'));
    const { text, values } = toSql(filter, { dialect: 'sqlite', columns });
    for (const [at, isMet] of [
      ['2025-01-01 00:00:00.000600', 0],
      ['2025-01-01T00:00:00.000999Z', 0],
      ['2025-01-01T01:00:00.001600+01:00', 1],
      ['2025-01-01 00:00:00.001', 1],
      ['2025-01-01 00:00:00.5+00:00', 1],
    ] as const) {
      const [answer] = await database.query<{ met: number }[]>(
        `SELECT (${text}) AS met FROM (SELECT '${at}' AS at)`,
        values as unknown[],
      );
      expect(answer?.met, at).to.equal(isMet);
    }
  });
});

interface MikroNote {
  id: number;
  user: string;
  shelf?: object;
}
interface Shelf {
  id: number;
  notes: Iterable<MikroNote>;
}

const Shelf = new EntitySchema<Shelf>({
  name: 'Shelf',
  properties: {
    id: { type: 'integer', primary: true },
    notes: { kind: '1:m', entity: () => 'Note', mappedBy: 'shelf' } as never,
  },
});
const Note = new EntitySchema<MikroNote>({
  name: 'Note',
  properties: {
    id: { type: 'integer', primary: true },
    user: { type: 'string' },
    shelf: { kind: 'm:1', entity: () => 'Shelf', nullable: true } as never,
  },
});

let orm: MikroORM;

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/') async list() {
    const em = orm.em.fork();
    return (await em.find(Note, toMikroOrm(await this.authorizedFilter(), em, Note))).map(({ id }) => id);
  }
}

abstract class ShelvesController extends ApiController {
  override permissionClasses = [IsAuthenticated];
  protected async shelves(strategy: 'joined' | 'select-in'): Promise<object> {
    const em = orm.em.fork();
    const notes = toMikroOrm(await this.authorizedFilter(NoteController), em, Note);
    const found = await em.find(Shelf, {}, {
      populate: ['notes'],
      populateWhere: { notes },
      strategy,
    } as never);
    return found.map(shelf => [...shelf.notes].map(({ user }) => user));
  }
}

@JsonController('/shelves')
class ShelfController extends ShelvesController {
  @Get('/joined') joined() {
    return this.shelves('joined');
  }
  @Get('/selected') selected() {
    return this.shelves('select-in');
  }
}

describe('regression: a filter that MikroORM leaves out of a query', () => {
  let api: Api;

  before(async () => {
    orm = await MikroORM.init({ entities: [Note, Shelf], dbName: ':memory:' });
    await orm.schema.createSchema();
    const em = orm.em.fork();
    await em.insertMany(Shelf, [{ id: 1 }] as never);
    await em.insertMany(Note, [
      { id: 1, user: 'alice', shelf: 1 },
      { id: 2, user: 'bob', shelf: 1 },
    ] as never);
    api = await Api.start({ controllers: [NoteController, ShelfController] });
  });
  after(async () => {
    await api.close();
    await orm.close();
  });

  it('does not count as used, and the list is not sent', async () => {
    const answer = await api.as({ sub: 'alice' }, 'get', '/shelves/joined');
    expect([answer.status, answer.text.includes('bob')]).to.deep.equal([500, false]);
  });

  it('counts as used where MikroORM writes it, also twice', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/shelves/selected')).body).to.deep.equal([['alice']]);
    expect((await api.as({ sub: 'alice' }, 'get', '/notes')).body).to.deep.equal([1]);
  });
});
