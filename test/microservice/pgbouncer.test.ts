/** A store behind PgBouncer, which refuses unknown startup parameters and may give each transaction another connection. */
import { expect } from 'chai';
import { typeOrmStore } from '../../src/microservice/typeorm';
import { startPgBouncer, type PgBouncer } from './pgbouncer';
import { SignInApp } from './sign-in-app';
import { dropSchema, needsServer, places } from './stores/places';

for (const mode of ['session', 'transaction'] as const)
  describe(`regression: a store in PostgreSQL behind PgBouncer in ${mode} mode`, function () {
    this.timeout(60_000);
    needsServer(places.find(({ server }) => server === 'postgres')!);

    const schema = `axioms_bouncer_${mode}_${process.pid}`;
    let bouncer: PgBouncer | undefined;

    before(async function () {
      bouncer = await startPgBouncer(mode);
      if (bouncer !== undefined) return;
      if ((process.env.REQUIRED_SERVERS ?? '').split(',').includes('pgbouncer'))
        throw new Error('pgbouncer did not start');
      const runnable = this.currentTest ?? this.test;
      if (runnable !== undefined) runnable.title += ' (the program pgbouncer does not start here)';
      this.skip();
    });
    after(async () => {
      if (bouncer === undefined) return;
      await bouncer.end();
      await dropSchema(schema);
    });

    it('makes its tables from two processes at once, signs in, refreshes and logs off', async () => {
      const apps = [1, 2].map(() => new SignInApp({ store: typeOrmStore({ url: bouncer!.url, schema }) }));
      for (const app of apps) await app.withUsers();
      const answers = await Promise.all(
        apps.map(async app => {
          const browser = app.browser();
          const first = [await browser.signIn(), await browser.refresh(), await browser.me()];
          return [...first, await browser.logOff(), await browser.refresh()].map(({ status }) => status);
        }),
      );
      const logs = apps.map(({ logger }) => logger.text('error'));
      for (const app of apps) await app.close();
      expect(logs).to.deep.equal(['', '']);
      for (const statuses of answers) expect(statuses).to.deep.equal([200, 200, 200, 204, 401]);
    });
  });
