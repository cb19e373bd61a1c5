/** What callers see while PostgreSQL fails, and what is lost: rows of the table in docs/many-processes.md. */
import { expect } from 'chai';
import { DataSource } from 'typeorm';
import { typeOrmStore } from '../../src/microservice/typeorm';
import { OwnDatabase } from '../chaos/own-database';
import type { Browser } from '../microservice/browser';
import { claimsOf } from '../microservice/browser';
import { issuer, type SignInApp } from '../microservice/sign-in-app';
import { needsServer, places } from '../microservice/stores/places';
import { afterOutage, expectSessionsUnavailable, loggedOff, serviceOn, signedIn } from './service';
import { sampled } from '../sampled';

describe('a PostgreSQL that fails', function () {
  this.timeout(90_000);

  let database: OwnDatabase | undefined;
  let app: SignInApp;
  let browser: Browser;
  let gone: Browser;

  needsServer(places.find(({ server }) => server === 'postgres')!);
  beforeEach(async () => {
    database = await OwnDatabase.create();
    app = await serviceOn(typeOrmStore({ url: database.url }));
    [browser, gone] = [await signedIn(app), await loggedOff(app)];
  });
  afterEach(async () => {
    if (database === undefined) return;
    database.proxy.open();
    await app.close();
    await database.drop();
    database = undefined;
  });

  /** Access tokens need no database: only sessions are away. */
  async function expectSessionsAway(): Promise<void> {
    expect((await browser.me()).status).to.equal(200);
    expectSessionsUnavailable(await browser.refresh());
    expectSessionsUnavailable(await app.browser().signIn());
    expectSessionsUnavailable(await browser.logOff());
  }

  async function expectNothingLost(): Promise<void> {
    expect((await afterOutage(() => browser.refresh())).status).to.equal(200);
    expect((await gone.refresh()).status).to.equal(401);
    expect((await app.browser().signIn()).status).to.equal(200);
  }

  it('loses no session where its backends are terminated', async () => {
    await database!.endConnections();
    const answer = await browser.refresh();
    if (answer.status !== 200) expectSessionsUnavailable(answer);
    await expectNothingLost();
  });

  it('answers 503 to sessions while it refuses connections, and good access tokens are accepted', async () => {
    database!.proxy.refuse();
    await expectSessionsAway();
    database!.proxy.open();
    await expectNothingLost();
  });

  it('answers 503 to a refresh while it stalls, and does not carry it out later', async () => {
    database!.proxy.stall();
    const began = performance.now();
    expectSessionsUnavailable(await browser.refresh());
    expect(performance.now() - began).to.be.lessThan(13_000);
    database!.proxy.open();
    const refreshed = await afterOutage(() => browser.refresh());
    expect(refreshed.status).to.equal(200);
    const direct = typeOrmStore({ url: database!.directUrl });
    const families = await direct.familiesOf(issuer, String(claimsOf(browser.accessToken).sub));
    await direct.close();
    expect(families.map(({ generation }) => generation)).to.deep.equal([1]);
    await expectNothingLost();
  });

  it('answers 503 to what must write while it is read-only, and says 25006 in the log', async () => {
    await database!.setReadOnly(true);
    await afterOutage(() => gone.refresh());
    await expectSessionsAway();
    expect(app.logger.text('error', 'debug')).to.include('"code":"25006"');
    await database!.setReadOnly(false);
    await expectNothingLost();
  });

  for (const [code, what] of sampled([
    ['53100', 'its disk is full'],
    ['53200', 'it is out of memory'],
    ['40001', 'it cannot serialize a transaction'],
    ['40P01', 'it finds a deadlock'],
    ['42501', 'the role may not write'],
    ['57P01', 'it is being shut down'],
  ] as const))
    it(`answers 503 to what must write while ${what} (${code}), and says the code in the log`, async () => {
      const direct = await new DataSource({ type: 'postgres', url: database!.directUrl }).initialize();
      await direct.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'fault' USING ERRCODE = '${code}'; END $$`);
      await direct.query(`CREATE TRIGGER fault BEFORE INSERT OR UPDATE OR DELETE ON axioms_refresh_family
        FOR EACH STATEMENT EXECUTE FUNCTION fail()`);
      await expectSessionsAway();
      expect(app.logger.text('error', 'debug')).to.include(`"code":"${code}"`);
      await direct.query('DROP TRIGGER fault ON axioms_refresh_family');
      await direct.destroy();
      await expectNothingLost();
    });
});
