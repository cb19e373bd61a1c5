/** The app's own DataSource: with replicas that lag behind, and without our entities. */
import { expect } from 'chai';
import { DataSource } from 'typeorm';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import {
  microserviceEntities,
  microserviceMigrations,
  typeOrmStore,
  TypeOrmUserStore,
  userEntities,
  userMigrations,
} from '../../src/microservice/typeorm';
import { claimsOf } from './browser';
import { cheapHasher, issuer, SignInApp } from './sign-in-app';
import { dropSchema, needsServer, places, postgresUrl } from './stores/places';

describe('a replicated database', function () {
  this.timeout(60_000);
  needsServer(places.find(({ server }) => server === 'postgres')!);

  const schema = `axioms_replicated_${process.pid}`;
  // A replica that has none of the tables yet: what reads from it fails.
  const empty = new URL(postgresUrl);
  empty.pathname = '/postgres';

  it('is asked at its primary for what decides: sessions, users and signing keys', async () => {
    const entities = [...microserviceEntities, ...userEntities];
    const migrations = [...microserviceMigrations, ...userMigrations];
    const making = await new DataSource({
      type: 'postgres',
      url: postgresUrl,
      schema,
      entities,
      migrations,
    }).initialize();
    await making.query(`CREATE SCHEMA "${schema}"`);
    await making.runMigrations();
    await making.destroy();
    const replication = { master: { url: postgresUrl }, slaves: [{ url: empty.href }] };
    const dataSource = await new DataSource({ type: 'postgres', schema, entities, replication }).initialize();

    const users = new TypeOrmUserStore(dataSource);
    await users.create({ username: 'ged', passwordHash: await cheapHasher.hash('sparrowhawk'), email: 'ged@x.org' });
    const app = new SignInApp({ store: typeOrmStore({ dataSource }), users });
    const browser = app.browser();
    const answers = [await browser.signIn(), await browser.refresh(), await browser.me()];
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
    const id = String(claimsOf(browser.accessToken).sub);
    expect(await users.findById(id)).to.include({ username: 'ged' });
    expect(await users.findByEmail('ged@x.org')).to.have.length(1);
    await users.link(id, { issuer, subject: 'ged' });
    expect((await users.findByIdentity({ issuer, subject: 'ged' }))?.id).to.equal(id);
    await app.microservice.logOffEverywhere(id);
    expect((await browser.refresh()).status).to.equal(401);
    expect(app.logger.text('error')).to.equal('');
    await app.close();
    await dataSource.destroy();
    await dropSchema(schema);
  });
});

describe("an app's own DataSource without our entities", () => {
  it('is refused, with what to add', async () => {
    const dataSource = await new DataSource({ type: 'sqljs', entities: [microserviceEntities[0]] }).initialize();
    expect(() => typeOrmStore({ dataSource })).to.throw(ImproperlyConfigured, 'add ...microserviceEntities');
    await dataSource.destroy();
  });

  it('is taken where it is initialized later', () => {
    const dataSource = new DataSource({ type: 'sqljs', entities: [] });
    expect(() => typeOrmStore({ dataSource })).not.to.throw();
  });
});
