import { expect } from 'chai';
import fc from 'fast-check';
import {
  And,
  ChildEntity,
  DataSource,
  Entity,
  EntitySchema,
  Equal,
  In,
  ManyToOne,
  Not,
  PrimaryColumn,
  Raw,
  TableInheritance,
  type DataSourceOptions,
  type FindOptionsWhere,
  type Repository,
} from 'typeorm';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';
import { isPlain } from '../../src/core/process/plain';
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
import { applyFilter, toTypeOrm } from '../../src/filters/typeorm';
import { engines, type Database } from './databases';
import { filters, rows } from './rows';
import { entitiesOf, type NoteEntity, type TeamEntity } from './typeorm-entities';

type Where = FindOptionsWhere<NoteEntity>;

const numRuns = Number(process.env.FILTERS_RUNS ?? 1000);
const timeout = Math.max(20_000, numRuns * 20);
const idsOf = (found: readonly { readonly id: number }[]): readonly number[] =>
  found.map(({ id }) => id).sort((one, other) => one - other);
const expected = (filter: ObjectFilter): readonly number[] => idsOf(rows.filter(row => matches(filter, row)));

for (const { name, dialect, server, open } of engines)
  describe(`filters for TypeORM on ${name}`, () => {
    const { entities, Note } = entitiesOf(dialect);
    let database: Database;
    let notes: Repository<NoteEntity>;
    before(async function () {
      try {
        database = await open(entities);
      } catch (error) {
        const isRequired = server === undefined || (process.env.REQUIRED_SERVERS ?? '').split(',').includes(server);
        if (isRequired) throw error;
        return this.skip();
      }
      notes = database.source.getRepository(Note);
    });
    after(() => (database as Database | undefined)?.close());

    const found = async (filter: ObjectFilter, where?: Where | Where[]): Promise<readonly number[]> =>
      idsOf(await notes.find({ select: { id: true }, where: toTypeOrm(filter, notes, where) }));

    it('selects exactly what `matches` accepts', async () => {
      await fc.assert(
        fc.asyncProperty(filters, async filter => {
          expect(await found(filter)).to.deep.equal(expected(filter));
        }),
        { numRuns },
      );
    }).timeout(timeout);

    it('selects exactly what `matches` accepts in a query builder', async () => {
      await fc.assert(
        fc.asyncProperty(filters, filters, async (one, other) => {
          const query = notes.createQueryBuilder('n').select('n.id', 'id');
          applyFilter(applyFilter(query, one), other);
          expect(idsOf(await query.getRawMany())).to.deep.equal(expected(filterAnd(one, other)));
        }),
        { numRuns: numRuns / 5 },
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
      const where = toTypeOrm(filter, notes);
      const count = expected(filter).length;
      expect(await notes.count({ where })).to.equal(count);
      expect(await notes.countBy(where)).to.equal(count);
      expect(await notes.exists({ where })).to.equal(true);
      expect(await notes.exists({ where: toTypeOrm(noObjects, notes) })).to.equal(false);
      expect((await notes.findOneOrFail({ where, order: { id: 'ASC' } })).id).to.equal(expected(filter)[0]);
      expect(idsOf(await notes.findBy(where))).to.deep.equal(expected(filter));
      const [page, all] = await notes.findAndCount({ where, take: 2, relations: { team: true }, order: { id: 'ASC' } });
      expect([idsOf(page), all]).to.deep.equal([expected(filter).slice(0, 2), count]);
    });

    it('works next to relations, and next to conditions on them', async () => {
      for (const relationLoadStrategy of ['join', 'query'] as const) {
        const where = toTypeOrm(filter, notes, { team: { size: 5 } });
        const loaded = await notes.find({ where, relations: { team: true }, relationLoadStrategy });
        expect(idsOf(loaded)).to.deep.equal(expected(filterAnd(filter, whereEquals('team.size', 5))));
      }
      expect(await found(filter, { team: { id: In(['blue', 'Blue']) } })).to.deep.equal(
        expected(filterAnd(filter, whereIn('team.id', ['blue', 'Blue']))),
      );
    });

    it('selects by a related entity, and not where there is none', async () => {
      const teams = database.source.getRepository<TeamEntity>('Team');
      for (const [filter, same] of [
        [allObjects, filterNot(whereEquals('team.id', null))],
        [filterNot(whereEquals('id', 'blue')), whereIn('team.id', ['Blue', ''])],
      ] as const)
        for (const relations of [{ team: true }, {}]) {
          const found = await notes.find({ where: { team: toTypeOrm(filter, teams) }, relations });
          expect(idsOf(found)).to.deep.equal(expected(same));
        }
    });

    it('adds the filter to each alternative', async () => {
      const ids = expected(filter);
      const [first = 0] = ids;
      const [hidden = 0] = expected(filterNot(filter));
      expect(await found(filter, { id: first })).to.deep.equal([first]);
      expect(await found(filter, { id: hidden })).to.deep.equal([]);
      expect(await found(filter, [{ id: hidden }, { id: first }])).to.deep.equal([first]);
      expect(await found(filter, { id: Not(In([first])) })).to.deep.equal(ids.slice(1));
      expect(await found(filter, { id: And(Equal(first), Not(Equal(hidden))) })).to.deep.equal([first]);
      expect(await found(filter, {})).to.deep.equal(ids);
    });

    it("is not widened by an OR in the app's own SQL", async () => {
      const wide = Raw(alias => `${alias} IS NULL OR 1 = 1`);
      for (const where of [{ id: wide }, { whole: wide }, { team: wide }, { team: { size: wide } }] as Where[])
        expect(expected(filter)).to.include.members([...(await found(filter, where))]);
    });

    it('stays itself twice in one query, under other aliases, and under Not', async () => {
      const where = toTypeOrm(filter, notes);
      const both = [...where, ...toTypeOrm(whereEquals('whole', 5), notes)];
      expect(idsOf(await notes.findBy(both))).to.deep.equal(expected(filterOr(filter, whereEquals('whole', 5))));
      const query = notes.createQueryBuilder('axioms').where(where).andWhere(where);
      expect(idsOf(await query.getMany())).to.deep.equal(expected(filter));
    });

    it('does not lose the filter to a spread', async () => {
      for (const where of [
        { ...(toTypeOrm(noObjects, notes) as object), id: 5 },
        Object.assign({}, toTypeOrm(noObjects, notes)),
      ]) {
        const error: unknown = await notes
          .find({ where: where as unknown as Where })
          .catch((thrown: unknown) => thrown);
        expect(error).to.be.instanceOf(Error).and.have.property('message').that.includes('"0"');
      }
      const where = toTypeOrm(noObjects, notes);
      expect(() => where.push({ id: 5 })).to.throw(TypeError);
      expect(() => Object.assign(where[0]!, { id: 5 })).to.throw(TypeError);
    });

    it('counts a related row that was deleted softly as null', async () => {
      const ids = await found(whereEquals('team.id', 'gone'));
      expect(ids).to.deep.equal([]);
      expect(await found(whereEquals('team.id', null))).to.deep.equal(expected(whereEquals('team.id', null)));
      const query = notes.createQueryBuilder('n').innerJoin('n.team', 't');
      expect(idsOf(await query.getMany())).not.to.include.members([...expected(whereEquals('team.id', null))]);
    });

    it('puts the conditions before it in brackets, and lets nothing after it widen it', async () => {
      const ids = expected(filter);
      const either = () => notes.createQueryBuilder('n').where('n.id = 1').orWhere('n.id >= 0');
      const careless = either().andWhere(toTypeOrm(filter, notes));
      expect(idsOf(await careless.getMany())).to.deep.equal(idsOf([...ids, 1].map(id => ({ id }))).filter(unique));
      const query = applyFilter(either(), filter);
      expect(idsOf(await query.getMany())).to.deep.equal(ids);
      for (const widen of [
        () => query.where('1 = 1'),
        () => query.orWhere('1 = 1'),
        () => query.whereInIds([1]),
        () => query.orWhereInIds([1]),
        () => query.orWhereExists(notes.createQueryBuilder('m')),
        () => query.whereExists(notes.createQueryBuilder('m')),
        () => query.clone().orWhere('1 = 1'),
        () => query.clone().clone().where('1 = 1'),
        () => query.delete(),
        () => query.update(),
        () => query.softDelete(),
      ])
        expect(widen).to.throw(ImproperlyConfigured, 'call it before applyFilter()');
      expect(idsOf(await query.clone().getMany())).to.deep.equal(ids);
      expect(await query.getCount()).to.equal(ids.length);
      const page = query
        .andWhere('n.id > :id', { id: ids[0] })
        .leftJoinAndSelect('n.team', 't')
        .orderBy('n.id')
        .take(2);
      expect(idsOf((await page.getManyAndCount())[0])).to.deep.equal(ids.slice(1, 3));
      expect((await page.getManyAndCount())[1]).to.equal(ids.length - 1);
    });

    it('filters by another alias of a select', async () => {
      const query = notes.createQueryBuilder('n').leftJoin('n.team', 't');
      applyFilter(query, whereEquals('size', 5), 't');
      expect(idsOf(await query.getMany())).to.deep.equal(expected(whereEquals('team.size', 5)));
    });

    it('filters an update and a delete', async () => {
      await database.source
        .transaction(async manager => {
          const inside = manager.getRepository(Note);
          await applyFilter(inside.createQueryBuilder().update().set({ whole: 77 }), filter).execute();
          expect(idsOf(await inside.findBy({ whole: 77 }))).to.deep.equal(expected(filter));
          const rest = filterNot(filterOr(whereEquals('text', 'A'), whereEquals('team.size', null)));
          await applyFilter(inside.createQueryBuilder().delete().where('id = 1').orWhere('id >= 0'), rest).execute();
          expect(idsOf(await inside.find())).to.deep.equal(expected(filterNot(rest)));
          const one = applyFilter(inside.createQueryBuilder().softDelete(), filter);
          expect(() => one.orWhere('1 = 1')).to.throw(ImproperlyConfigured);
          throw new Error('undo');
        })
        .catch((error: unknown) => {
          expect(error).to.have.property('message', 'undo');
        });
    });

    // TypeORM before 0.3.21 takes the list for ids, and has no row with such an id.
    it('never changes other rows by the methods of a repository', async () => {
      await database.source
        .transaction(async manager => {
          const inside = manager.getRepository(Note);
          const isDone = await inside.update(toTypeOrm(filter, inside, { id: Not(-1) }) as never, { whole: 77 }).then(
            () => true,
            () => false,
          );
          if (isDone) expect(idsOf(await inside.findBy({ whole: 77 }))).to.deep.equal(expected(filter));
          throw new Error(isDone ? 'undo' : 'refused');
        })
        .catch((error: unknown) => {
          expect(error).to.have.property('message').that.is.oneOf(['undo', 'refused']);
        });
      expect(idsOf(await notes.find())).to.have.length(rows.length);
    });

    const team = `EXISTS (SELECT 1 FROM team t WHERE t.id = n.team_id AND t.id = :b)`;
    for (const [what, condition] of [
      ['a naive compiler', (column: string) => `(NOT (n.${column} = :a) OR ${team})`],
      [
        'one that is safe with null and compares no bytes',
        (column: string) => `(n.${column} = :a) IS NOT TRUE OR ${team}`,
      ],
    ] as const)
      it(`would notice ${what}`, async () => {
        const wrong = async (column: 'body' | 'folded', property: string) => {
          const query = notes.createQueryBuilder('n').where(condition(column), { a: 'a', b: 'blue' });
          const right = expected(filterOr(filterNot(whereEquals(property, 'a')), whereEquals('team.id', 'blue')));
          return expect(idsOf(await query.getMany())).not.to.deep.equal(right);
        };
        await wrong('folded', 'folded');
        if (what === 'a naive compiler') await wrong('body', 'text');
      });
  });

describe('text on PostgreSQL, compiled for TypeORM', () => {
  const { entities, Note } = entitiesOf('postgresql');
  let database: Database;
  let notes: Repository<NoteEntity>;
  before(async function () {
    try {
      database = await (engines[0] as (typeof engines)[number]).open(entities);
    } catch (error) {
      if ((process.env.REQUIRED_SERVERS ?? '').split(',').includes('postgres')) throw error;
      return this.skip();
    }
    notes = database.source.getRepository(Note);
    await learned();
  });
  after(() => (database as Database | undefined)?.close());

  // The first filter on a table asks for its collations.
  const learned = async (): Promise<void> => {
    toTypeOrm(filterOr(whereEquals('text', 'a'), whereEquals('team.id', 'blue')), notes);
    await database.source.query('SELECT 1');
    await database.source.query('SELECT 1');
  };
  const found = async (filter: ObjectFilter): Promise<readonly number[]> =>
    idsOf(await notes.find({ select: { id: true }, where: toTypeOrm(filter, notes) }));
  const written = (filter: ObjectFilter): string =>
    applyFilter(notes.createQueryBuilder('n'), filter)
      .getQuery()
      .replace(/.*WHERE/s, '');
  const each = [whereEquals('text', 'a'), whereIn('text', ['a', 'Blue', ' x']), whereEquals('folded', 'a')];

  it('is compared once where its collation is deterministic, and twice where it is not', function () {
    if (isPlain) return this.skip();
    expect(written(whereEquals('text', 'a')))
      .to.include('COLLATE pg_catalog."default"')
      .and.not.include('"C"');
    expect(written(whereEquals('team.id', 'blue')))
      .to.include('COLLATE pg_catalog."default"')
      .and.not.include('"C"');
    expect(written(whereEquals('folded', 'a')))
      .to.include('"C"')
      .and.not.include('"default"');
  });

  it('is compared exactly after the column was changed', async () => {
    const extensions = await database.source.query<unknown[]>(
      `SELECT FROM pg_available_extensions WHERE name = 'citext'`,
    );
    const hasCitext = extensions.length > 0;
    if (hasCitext) await database.source.query('CREATE EXTENSION citext');
    for (const type of ['text COLLATE folding', ...(hasCitext ? ['citext'] : [])]) {
      await database.source.query(`ALTER TABLE note ALTER COLUMN body TYPE ${type}`);
      for (const filter of each.flatMap(one => [one, filterNot(one)]))
        expect(await found(filter), type).to.deep.equal(expected(filter));
    }
    await database.source.query('ALTER TABLE note ALTER COLUMN body TYPE varchar(100) COLLATE pg_catalog."default"');
  });

  it('is found by the index of its column', async () => {
    await database.source.query('CREATE INDEX ON note (body)');
    await database.source.query('SET enable_seqscan = off');
    for (const filter of each.slice(0, 2)) {
      const query = applyFilter(notes.createQueryBuilder('n'), filter);
      const [text, values] = query.getQueryAndParameters() as [string, unknown[]];
      const plan: unknown = await database.source.query(`EXPLAIN ${text}`, values);
      expect(JSON.stringify(plan)).to.include('Index Cond');
    }
    await database.source.query('SET enable_seqscan = on');
  });
});

const unique = (id: number, index: number, ids: readonly number[]): boolean => ids.indexOf(id) === index;

describe('filters for TypeORM', () => {
  const kinds = new EntitySchema<Record<string, unknown>>({
    name: 'Kinds',
    columns: {
      id: { type: 'int', primary: true },
      plain: { type: 'varchar' },
      upper: {
        type: 'varchar',
        transformer: { to: (value: string) => value.toUpperCase(), from: (value: string) => value },
      },
      listed: { type: 'simple-array' },
      json: { type: 'simple-json' },
      list: { type: 'varchar', array: true },
      state: { type: 'simple-enum', enum: ['a', 'b'] },
      amount: { type: 'decimal' },
      single: { type: 'float4' },
      fixed: { type: 'char', length: 5 },
      day: { type: 'date' },
      clock: { type: 'time' },
      bytes: { type: 'bytea' },
      computed: { type: 'varchar', virtualProperty: true, query: () => 'SELECT 1' },
    },
    embeddeds: { counters: { schema: new EntitySchema({ name: 'Counters', columns: { likes: { type: 'int' } } }) } },
    relations: {
      parent: { type: 'many-to-one', target: 'Kinds', inverseSide: 'children', joinColumn: true },
      children: { type: 'one-to-many', target: 'Kinds', inverseSide: 'parent' },
      owner: { type: 'many-to-one', target: 'Kinds', joinColumn: { name: 'owner', referencedColumnName: 'plain' } },
    },
  });
  // Knows its entities without a connection.
  const sourceOf = async (options: DataSourceOptions): Promise<DataSource> => {
    const source = new DataSource(options);
    await (source as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    return source;
  };
  let things: Repository<Record<string, unknown>>;
  before(async () => {
    things = (await sourceOf({ type: 'postgres', entities: [kinds] })).getRepository(kinds);
  });

  for (const [what, property, message] of [
    ['a property that the entity does not have', 'other', "'other' is no column"],
    ['an inherited property', 'toString', "'toString' is no column"],
    ['a relation as a property', 'parent', "'parent' is no column"],
    ['a transformer', 'upper', 'it has a transformer'],
    ['a list in a text', 'listed', 'cannot be compared exactly'],
    ['JSON in a text', 'json', 'cannot be compared exactly'],
    ['an array', 'list', 'cannot be compared exactly'],
    ['an enum', 'state', 'cannot be compared exactly'],
    ['a decimal', 'amount', 'cannot be compared exactly'],
    ['a number of single precision', 'single', 'cannot be compared exactly'],
    ['a text that is padded', 'fixed', 'cannot be compared exactly'],
    ['a day', 'day', 'cannot be compared exactly'],
    ['a time of day', 'clock', 'cannot be compared exactly'],
    ['bytes', 'bytes', 'cannot be compared exactly'],
    ['a virtual column', 'computed', 'virtual column'],
    ['an embedded property', 'counters.likes', "'counters' is no relation to one entity"],
    ['a relation to many', 'children.plain', "'children' is no relation to one entity"],
    ['a relation by a column that is not unique', 'owner.plain', 'is not unique'],
    ['a property that the related entity does not have', 'parent.other', "'other' is no column"],
    ['a transformer of a related entity', 'parent.upper', 'it has a transformer'],
  ] as const)
    it(`refuses ${what}`, () => {
      for (const value of ['secret', null])
        expect(() => toTypeOrm(whereEquals(property, value), things))
          .to.throw(ImproperlyConfigured, message)
          .with.property('message')
          .that.does.not.include('secret');
    });

  for (const [what, where, message] of [
    ['an empty list', [], 'is an empty list'],
    ['undefined', { plain: undefined }, "'where[0].plain' of your own condition is undefined"],
    ['null', { plain: null }, "'where[0].plain' of your own condition is null, which TypeORM may take"],
    ['undefined of a relation', { parent: { plain: undefined } }, "'where[0].parent.plain'"],
    ['an empty list of a relation', [{ id: 1 }, { parent: [] }], "'where[1].parent' of your own condition is an empty"],
    ['an empty object of a relation', { parent: {} }, 'is an empty object'],
    ['an operator with undefined', { plain: Not(undefined) }, 'an operator with undefined'],
    ['undefined for the primary key', { id: undefined }, "'where[0].id' of your own condition is undefined"],
    ['undefined in a list', [undefined], 'must be an object of conditions'],
    ['null as a whole', null, 'must be an object of conditions'],
    ['a list in a list', [[{ id: 1 }]], 'must be an object of conditions'],
  ] as const)
    it(`refuses ${what} in the app's own condition`, () => {
      expect(() => toTypeOrm(allObjects, things, where as never)).to.throw(ImproperlyConfigured, message);
    });

  it('refuses more than 10,000 values, and what is no filter', () => {
    const many = filterOr(whereIn('plain', Array.from({ length: 9_999 }, String)), whereIn('id', [1, 2]));
    expect(() => toTypeOrm(many, things)).to.throw(ImproperlyConfigured, 'more than 10000 values');
    const wrong = { kind: 'equals', property: 'plain', value: { $ne: '' } } as never;
    expect(() => toTypeOrm(wrong, things)).to.throw(ImproperlyConfigured, 'An object filter is wrong');
  });

  it('refuses other databases', async () => {
    const options = { type: 'cockroachdb' as const, entities: [kinds], timeTravelQueries: false };
    const others = await sourceOf(options).then(source => source.getRepository(kinds));
    expect(() => toTypeOrm(allObjects, others)).to.throw(ImproperlyConfigured, "the type 'cockroachdb'");
  });

  it('refuses queries that it cannot filter', () => {
    expect(() => applyFilter(things.createQueryBuilder().insert() as never, allObjects)).to.throw(
      ImproperlyConfigured,
      "a query of the type 'insert'",
    );
    const query = things.createQueryBuilder('thing');
    expect(() => applyFilter(query, allObjects, 'other')).to.throw(ImproperlyConfigured, "with the alias 'other'");
    const table = things.manager.createQueryBuilder().select().from('some_table', 't');
    expect(() => applyFilter(table, allObjects)).to.throw(ImproperlyConfigured, 'about no entity');
    const reserved = things.createQueryBuilder('axioms_related');
    expect(() => applyFilter(reserved, allObjects)).to.throw(ImproperlyConfigured, 'choose another one');
  });

  it('refuses an entity all of whose columns have a transformer', async () => {
    const transformer = { to: (value: unknown) => value, from: (value: unknown) => value };
    const changed = new EntitySchema<{ id: number }>({
      name: 'Changed',
      columns: { id: { type: 'int', primary: true, transformer } },
    });
    const repository = (await sourceOf({ type: 'postgres', entities: [changed] })).getRepository(changed);
    expect(() => toTypeOrm(allObjects, repository)).to.throw(ImproperlyConfigured, 'no column without a transformer');
  });

  it('compares a UUID of MySQL, which has no such type, as text', async () => {
    const named = new EntitySchema<{ id: number; uuid: string; text: string }>({
      name: 'Named',
      columns: { id: { type: 'int', primary: true }, uuid: { type: 'uuid' }, text: { type: 'varchar' } },
    });
    const repository = (await sourceOf({ type: 'mysql', database: 'test', entities: [named] })).getRepository(named);
    const written = (property: 'uuid' | 'text'): string =>
      applyFilter(repository.createQueryBuilder('n'), whereEquals(property, 'a'))
        .getQuery()
        .replaceAll(`\`${property}\``, 'column')
        .replace(/.*WHERE/s, '')
        .replace(/_\d+\b/g, '');
    expect(written('uuid')).to.equal(written('text'));
  });

  it('refuses a relation to an entity that shares its table', async () => {
    class Animal {
      id!: number;
    }
    class Cat extends Animal {}
    Entity()(Animal);
    TableInheritance({ column: { type: 'varchar', name: 'type' } })(Animal);
    PrimaryColumn({ type: 'int' })(Animal.prototype, 'id');
    ChildEntity()(Cat);
    class Owner {
      id!: number;
      cat!: Cat;
    }
    Entity()(Owner);
    PrimaryColumn({ type: 'int' })(Owner.prototype, 'id');
    ManyToOne(() => Cat)(Owner.prototype, 'cat');
    const source = await sourceOf({ type: 'postgres', entities: [Animal, Cat, Owner] });
    expect(() => toTypeOrm(whereEquals('cat.id', 1), source.getRepository(Owner))).to.throw(
      ImproperlyConfigured,
      "'cat' refers to an entity that shares its table",
    );
  });

  it('refuses to be put on another column', () => {
    const [where] = toTypeOrm(allObjects, things) as [{ id: never }];
    expect(() => things.createQueryBuilder('thing').where({ plain: where.id })).to.throw(
      ImproperlyConfigured,
      'put on another column',
    );
  });

  it('refuses times without a zone that the driver reads in a zone of its own', async () => {
    const timed = (type: 'timestamp' | 'datetime') =>
      new EntitySchema<{ id: number; at: Date }>({
        name: 'Timed',
        columns: { id: { type: 'int', primary: true }, at: { type } },
      });
    const compiled = async (options: DataSourceOptions, entity: EntitySchema<{ id: number; at: Date }>) => {
      const repository = (await sourceOf({ ...options, entities: [entity] })).getRepository(entity);
      return () => toTypeOrm(whereCompare('at', '<', new Date()), repository);
    };
    expect(await compiled({ type: 'mysql', database: 'test', timezone: '+02:00' }, timed('datetime'))).to.throw(
      ImproperlyConfigured,
      "set timezone: 'Z'",
    );
    expect(await compiled({ type: 'mariadb', database: 'test', timezone: 'Z' }, timed('timestamp'))).not.to.throw();
    expect(await compiled({ type: 'sqljs' }, timed('datetime'))).not.to.throw();
  });
});
