/** A process is killed between any two steps of a refresh: what is left is one valid token or a logged end. */
import { expect } from 'chai';
import { sampled } from '../sampled';
import { Browser, claimsOf } from './browser';
import { startSessionProcess, type SessionProcess } from './several-processes';
import type { ProcessNote } from './session-process';
import { issuer, SignInApp } from './sign-in-app';
import { needsServer, places, type OpenStore } from './stores/places';

const shared = places.filter(({ server, name }) => server !== undefined && name !== 'Redis (redis)');

const refresh = [
  ...['before findFamily', 'after findFamily', 'before findById', 'after findById'],
  ...['before rotateFamily', 'after rotateFamily', 'before the answer'],
];
const reuse = [
  ...['before findFamily', 'after findFamily', 'before removeFamily', 'after removeFamily'],
  ...['before revoke', 'after revoke', 'before the answer'],
];

const stepsOf = (notes: readonly ProcessNote[]): string[] => notes.flatMap(note => ('step' in note ? [note.step] : []));
const logOf = (notes: readonly ProcessNote[]): string => JSON.stringify(notes.filter(note => 'log' in note));

for (const place of shared)
  describe(`a process that is killed during a refresh, on ${place.name}`, function () {
    this.timeout(180_000);
    let open: OpenStore | undefined;
    let app: SignInApp;
    let browser: Browser;

    needsServer(place);
    before(async () => {
      open = await place.open();
      app = await new SignInApp({ store: open.store }).withUsers();
    });
    beforeEach(async () => {
      browser = app.browser();
      expect((await browser.signIn()).status).to.equal(200);
    });
    after(async () => {
      if (open === undefined) return;
      await app.close();
      await open.remove();
    });

    function start(dieAt?: string): Promise<SessionProcess> {
      const orders = { address: open!.address!, time: app.time.now };
      return startSessionProcess(dieAt === undefined ? orders : { ...orders, dieAt });
    }

    function at(url: string, one: Browser): Browser {
      return Object.assign(new Browser(url), { cookies: new Map(one.cookies), csrfToken: one.csrfToken });
    }

    async function refreshIn(process: SessionProcess): Promise<void> {
      await at(process.url, browser)
        .refresh()
        .catch(() => undefined);
    }

    /** @returns what it noted. */
    async function killAt(step: string): Promise<ProcessNote[]> {
      const process = await start(step);
      await refreshIn(process);
      expect(await process.ended).to.equal('SIGKILL');
      const notes = process.notes();
      expect(stepsOf(notes).at(-1)).to.equal(step);
      return notes;
    }

    async function family() {
      const { sub, sid } = claimsOf(browser.accessToken);
      return (await open!.store.familiesOf(issuer, String(sub))).find(({ id }) => id === sid);
    }

    /** The old token and its successor lead to one branch: a client that continues with one of them ends the other. */
    async function expectOneBranch(): Promise<void> {
      const old = browser.copy();
      expect((await browser.refresh()).status).to.equal(200);
      expect((await browser.refresh()).status).to.equal(200);
      expect((await old.refresh()).status).to.equal(401);
      expect(await family()).to.equal(undefined);
      expect(app.logger.text('warn')).to.include('reuse_detected');
    }

    it('has these steps, and no others', async () => {
      for (const [steps, refreshes] of [
        [refresh, 0],
        [reuse, 2],
      ] as const) {
        const owner = browser.copy();
        for (let count = 0; count < refreshes; count++) expect((await owner.refresh()).status).to.equal(200);
        const process = await start();
        await refreshIn(process);
        await process.stop();
        expect(stepsOf(process.notes())).to.deep.equal(steps);
      }
    });

    for (const step of sampled(refresh)) {
      const isRotated = refresh.indexOf(step) >= refresh.indexOf('after rotateFamily');
      it(`leaves one branch: killed ${step}, asked again at once`, async () => {
        await killAt(step);
        expect((await family())?.generation).to.equal(isRotated ? 1 : 0);
        await expectOneBranch();
      });
    }

    it('leaves one branch: killed before the rotation, asked again later', async () => {
      await killAt('before rotateFamily');
      app.time.advance(60);
      await expectOneBranch();
    });

    it('leaves one branch: killed after the rotation, asked again after the grace period', async () => {
      await killAt('after rotateFamily');
      app.time.advance(11);
      await expectOneBranch();
    });

    for (const step of sampled(reuse))
      it(`says that a session ends before it does: killed ${step}`, async () => {
        const owner = browser.copy();
        const answers = [await owner.refresh(), await owner.refresh()];
        expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
        const notes = await killAt(step);
        const isGone = (await family()) === undefined;
        if (isGone) expect(logOf(notes)).to.include('reuse_detected');
        expect(isGone).to.equal(reuse.indexOf(step) >= reuse.indexOf('after removeFamily'));
        // The stolen token brings nothing, and ends what is left.
        expect((await browser.refresh()).status).to.equal(401);
        expect(await family()).to.equal(undefined);
        expect((await owner.refresh()).status).to.equal(401);
      });
  });
