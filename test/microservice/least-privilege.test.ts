/** A service whose database role may only read and write rows: a job with more rights has made the tables. */
import { expect } from 'chai';
import { DataSource } from 'typeorm';
import { typeOrmStore } from '../../src/microservice/typeorm';
import { SignInApp } from './sign-in-app';
import { dropSchema, needsServer, places, postgresUrl } from './stores/places';

describe('a store in PostgreSQL, with a role that may read and write rows alone', function () {
  this.timeout(60_000);
  needsServer(places.find(({ server }) => server === 'postgres')!);

  const role = `axioms_rows_${process.pid}`;
  const schema = `axioms_rows_${process.pid}`;
  const own = new URL(postgresUrl);
  own.username = role;

  async function asOwner(...statements: readonly string[]): Promise<void> {
    const database = await new DataSource({ type: 'postgres', url: postgresUrl }).initialize();
    for (const statement of statements) await database.query(statement);
    await database.destroy();
  }

  after(async () => {
    await dropSchema(schema);
    await asOwner(`DROP ROLE IF EXISTS "${role}"`);
  });

  it('signs in, refreshes and logs off, and makes nothing', async () => {
    const job = typeOrmStore({ url: postgresUrl, schema });
    await job.signingKeys('nobody');
    await job.close();
    await asOwner(
      `CREATE ROLE "${role}" LOGIN`,
      `GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`,
    );
    const app = await new SignInApp({ store: typeOrmStore({ url: own.href, schema }) }).withUsers();
    const browser = app.browser();
    const answers = [await browser.signIn(), await browser.refresh(), await browser.logOff()];
    await app.close();
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 204]);
    expect(app.logger.text('error')).to.equal('');
  });
});
