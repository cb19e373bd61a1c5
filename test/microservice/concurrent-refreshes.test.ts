/** One token, refreshed at once by many, in four processes. */
import { expect } from 'chai';
import type { Response } from 'supertest';
import { Browser, claimsOf } from './browser';
import { startSessionProcess, type SessionProcess } from './several-processes';
import { issuer, SignInApp } from './sign-in-app';
import { needsServer, places, type OpenStore } from './stores/places';

const shared = places.filter(({ server }) => server !== undefined);

for (const place of shared)
  describe(`200 refreshes of one token at once, from four processes, on ${place.name}`, function () {
    this.timeout(120_000);
    let open: OpenStore | undefined;
    let app: SignInApp;
    let processes: SessionProcess[];

    needsServer(place);
    before(async () => {
      open = await place.open();
      app = await new SignInApp({ store: open.store, clock: () => Date.now() }).withUsers();
      // On a busy machine 200 requests take longer than the second that a process waits for Redis by default.
      const address = 'prefix' in open.address! ? { ...open.address, timeout: 30 } : open.address!;
      processes = await Promise.all(Array.from({ length: 4 }, () => startSessionProcess({ address })));
    });
    after(async () => {
      if (open === undefined) return;
      for (const one of processes) await one.stop();
      await app.close();
      await open.remove();
    });

    async function signedIn(): Promise<Browser[]> {
      const browser = app.browser();
      expect((await browser.signIn()).status).to.equal(200);
      return Array.from({ length: 200 }, (_, index) => at(processes[index % 4]!.url, browser));
    }

    function at(url: string, browser: Browser): Browser {
      return Object.assign(new Browser(url), { cookies: new Map(browser.cookies), csrfToken: browser.csrfToken });
    }

    function familiesOf(browser: Browser) {
      return open!.store.familiesOf(issuer, String(claimsOf(browser.accessToken).sub));
    }

    const statuses = (answers: readonly Response[]): number[] => [...new Set(answers.map(({ status }) => status))];
    const tokens = (browsers: readonly Browser[]): Set<string | undefined> =>
      new Set(browsers.map(({ cookies }) => cookies.get('refresh_cookie')?.split(':')[0]));

    it('gives all of them the same successor, and leaves one family with one branch', async () => {
      const browsers = await signedIn();
      const loser = at(processes[0]!.url, browsers[0]!);
      const answers = await Promise.all(browsers.map(browser => browser.refresh()));
      expect(statuses(answers)).to.deep.equal([200]);
      expect(tokens(browsers).size).to.equal(1);
      const [family, ...others] = await familiesOf(browsers[0]!);
      expect([family?.generation, others]).to.deep.equal([1, []]);
      expect((await browsers[0]!.refresh()).status).to.equal(200);
      expect((await loser.refresh()).status).to.equal(401);
      expect(await familiesOf(browsers[0]!)).to.deep.equal([]);
    });

    it('never leaves two branches when each goes on at once with what it got', async () => {
      const browsers = await signedIn();
      const twice = async (browser: Browser): Promise<Response[]> => [await browser.refresh(), await browser.refresh()];
      const answers = (await Promise.all(browsers.map(twice))).flat();
      for (const status of statuses(answers)) expect([200, 401]).to.include(status);
      const left = await familiesOf(browsers.find(({ accessToken }) => accessToken !== '')!);
      expect(left.length).to.be.lessThan(2);
      for (const one of processes) expect(JSON.stringify(one.notes())).not.to.include('failed');
    });
  });
