/** What callers see where MariaDB ends connections: a row of the table in docs/many-processes.md. */
import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { microserviceEntities, microserviceMigrations, typeOrmStore } from '../../src/microservice/typeorm';
import { createDatabase, dropDatabase, openDatabase } from '../microservice/mariadb';
import { needsServer, places } from '../microservice/stores/places';
import { afterOutage, expectSessionsUnavailable, loggedOff, serviceOn, signedIn } from './service';

describe('a MariaDB that fails', function () {
  this.timeout(60_000);
  needsServer(places.find(({ server }) => server === 'mariadb')!);

  it('loses no session where its connections are killed', async () => {
    const database = await createDatabase();
    const tables = { entities: [...microserviceEntities], migrations: [...microserviceMigrations] };
    const [own, other] = [await openDatabase(database, tables), await openDatabase(database, {})];
    await own.runMigrations();
    const app = await serviceOn(typeOrmStore({ dataSource: own }));
    const [browser, gone] = [await signedIn(app), await loggedOff(app)];
    for (let times = 0; times < 3; times++) {
      await killConnections(other, database);
      const answer = await browser.refresh();
      if (answer.status !== 200) expectSessionsUnavailable(answer);
      expect((await browser.me()).status).to.equal(200);
    }
    expect((await afterOutage(() => browser.refresh())).status).to.equal(200);
    expect((await gone.refresh()).status).to.equal(401);
    await app.close();
    await Promise.all([own.destroy(), other.destroy()]);
    await dropDatabase(database);
  });

  async function killConnections(from: DataSource, database: string): Promise<void> {
    const list = 'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()';
    for (const { id } of await from.query<{ id: number }[]>(list, [database]))
      await from.query(`KILL CONNECTION ${id}`);
  }
});
