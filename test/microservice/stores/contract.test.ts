/** Every store of the microservice; a new one is added to `places.ts`. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DataSource } from 'typeorm';
import { microserviceEntities, microserviceMigrations, typeOrmStore } from '../../../src/microservice/typeorm';
import { places } from './places';
import { family, storeContract } from './store-contract';

for (const place of places) storeContract(place);

describe('a file of sql.js', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'microservice-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('has everything after a restart, and leaves no half of a file behind', async () => {
    const file = join(folder, 'new', 'sessions.sqlite');
    const one = family();
    const first = typeOrmStore({ file });
    await first.addFamily(one);
    // Not closed: as after a kill.
    const second = typeOrmStore({ file });
    expect(await second.findFamily(one.handle)).to.deep.equal(one);
    expect(await readdir(join(folder, 'new'))).to.deep.equal(['sessions.sqlite', 'sessions.sqlite.lock']);
    await first.close();
    await second.close();
    expect(await readdir(join(folder, 'new'))).to.deep.equal(['sessions.sqlite']);
  });

  it('is for nobody else to read', async () => {
    const file = join(folder, 'sessions.sqlite');
    const store = typeOrmStore({ file });
    await store.addFamily(family());
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await store.close();
  });
});

describe("an application's own DataSource", () => {
  it('holds the tables beside its own, and stays open', async () => {
    const dataSource = new DataSource({
      type: 'sqljs',
      entities: [...microserviceEntities],
      migrations: [...microserviceMigrations],
    });
    await dataSource.initialize();
    await dataSource.runMigrations();
    const store = typeOrmStore({ dataSource });
    const one = family();
    await store.addFamily(one);
    await store.close();
    expect(dataSource.isInitialized).to.equal(true);
    expect(await store.findFamily(one.handle)).to.deep.equal(one);
    // What the entities say is what the migrations made.
    expect((await dataSource.driver.createSchemaBuilder().log()).upQueries).to.deep.equal([]);
    await dataSource.undoLastMigration();
    await dataSource.destroy();
  });
});
