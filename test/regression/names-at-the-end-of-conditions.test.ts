/**
 * TypeORM writes the column for the name of a property only in front of a space, a comma, a bracket or the end. Brackets that
 * begin a new line behind it made the name of a property at the end of a condition a column that does not exist.
 */
import { expect } from 'chai';
import { DataSource, EntitySchema, Raw } from 'typeorm';
import { whereEquals } from 'axioms-routing-controllers/filters';
import { applyFilter, toTypeOrm } from 'axioms-routing-controllers/filters/typeorm';

interface Note {
  id: number;
  authorSub: string;
  otherSub: string;
  isPublic: boolean;
}

const Note = new EntitySchema<Note>({
  name: 'Note',
  columns: {
    id: { type: Number, primary: true },
    authorSub: { type: String, name: 'author_sub' },
    otherSub: { type: String, name: 'other_sub' },
    isPublic: { type: Boolean, name: 'is_public' },
  },
});

const own = whereEquals('authorSub', 'alice');

describe("regression: a condition of the app's that ends with the name of a property", () => {
  let database: DataSource;
  before(async () => {
    database = await new DataSource({ type: 'sqljs', entities: [Note], synchronize: true }).initialize();
    await database.getRepository(Note).insert([
      { id: 1, authorSub: 'alice', otherSub: 'alice', isPublic: true },
      { id: 2, authorSub: 'bob', otherSub: 'bob', isPublic: true },
      { id: 3, authorSub: 'alice', otherSub: 'bob', isPublic: false },
    ]);
  });
  after(() => database.destroy());

  const notes = () => database.getRepository(Note);
  const query = () => notes().createQueryBuilder('note');

  const asked: Readonly<Record<string, () => Promise<Note[]>>> = {
    'a property, in front of the filter': () => applyFilter(query().where('note.isPublic'), own).getMany(),
    'a property, behind the filter': () => applyFilter(query(), own).andWhere('note.isPublic').getMany(),
    'two properties, in front of the filter': () =>
      applyFilter(query().where('note.authorSub = note.otherSub'), own).getMany(),
    'two properties, behind the filter': () =>
      applyFilter(query(), own).andWhere('note.authorSub = note.otherSub').getMany(),
    'Raw() of the column': () => notes().find({ where: toTypeOrm(own, notes(), { isPublic: Raw(column => column) }) }),
    'Raw() with a property': () =>
      notes().find({ where: toTypeOrm(own, notes(), { otherSub: Raw(column => `${column} = Note.authorSub`) }) }),
  };

  for (const [what, ask] of Object.entries(asked))
    it(`is read as its column: ${what}`, async () => {
      expect((await ask()).map(({ id }) => id)).to.deep.equal([1]);
    });

  it('is read as its column in an update', async () => {
    const update = () => notes().createQueryBuilder().update();
    const changes = { otherSub: 'carol' };
    const before = await applyFilter(update().set(changes).where('isPublic'), own).execute();
    const behind = await applyFilter(update().set(changes), own).andWhere('isPublic').execute();
    expect([before.affected, behind.affected]).to.deep.equal([1, 1]);
    expect(await notes().findOneByOrFail({ id: 2 })).to.include({ otherSub: 'bob' });
  });
});
