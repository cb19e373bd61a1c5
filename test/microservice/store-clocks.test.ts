/** Sessions on real stores, in processes whose clocks differ, and while the store fails. */
import { expect } from 'chai';
import { MemoryUserStore } from '../../src/microservice/users/memory-user-store';
import {
  createMicroservice,
  type Microservice,
  type MicroserviceOptions,
  type MicroserviceStore,
  type Rotation,
} from '../../src/microservice';
import { createExpressServer, MemoryDenylist, type AxiomsServer } from 'axioms-routing-controllers';
import type { Express } from 'express';
import request from 'supertest';
import { RecordingLogger } from '../issuer/recording-logger';
import { Browser, claimsOf } from './browser';
import { expectExactRefusal, invalidToken } from '../refusals';
import { cheapHasher, issuer, MeController, secret } from './sign-in-app';
import { needsServer, places, type OpenStore } from './stores/places';

const revoked = invalidToken('The access token was revoked');
const shared = places.filter(({ server }) => server !== undefined);

/** A process of a service: its clock is off by so many seconds. */
class Process {
  readonly logger = new RecordingLogger();
  readonly microservice: Microservice;
  readonly app: Express;

  constructor(
    store: MicroserviceStore,
    users: MemoryUserStore,
    offset: number,
    options: Partial<MicroserviceOptions> = {},
  ) {
    const clock = (): number => Date.now() + offset * 1000;
    const { logger } = this;
    const common = { issuer, audience: issuer, secret, users, store, logger, clock, passwordHasher: cheapHasher };
    this.microservice = createMicroservice({ ...common, ...options });
    this.app = createExpressServer({
      controllers: [...this.microservice.controllers, MeController],
      axioms: { issuerUrl: issuer, audience: issuer, logger, denylist: options.denylist, clockTolerance: 65 },
    });
    // The clock of the API may be off by as much as its clockTolerance.
    if (Math.abs(offset) <= 60) (this.app.locals.axioms as AxiomsServer).verifier.clock = clock;
  }

  browser(of?: Browser): Browser {
    const browser = new Browser(this.app);
    return of === undefined
      ? browser
      : Object.assign(browser, { cookies: new Map(of.cookies), csrfToken: of.csrfToken });
  }

  async close(): Promise<void> {
    (this.app.locals.axioms as AxiomsServer).close();
    await this.microservice.close();
  }
}

for (const place of shared)
  describe(`processes whose clocks differ, on ${place.name}`, function () {
    this.timeout(60_000);
    let open: OpenStore;
    let users: MemoryUserStore;
    const processes: Process[] = [];

    needsServer(place);
    beforeEach(async () => {
      open = await place.open();
      users = new MemoryUserStore();
      await users.create({ username: 'ged', passwordHash: await cheapHasher.hash('sparrowhawk') });
    });
    afterEach(async () => {
      for (const one of processes.splice(0)) await one.close();
      await open.remove();
    });

    function start(offset: number, options: Partial<MicroserviceOptions> = {}, store = open.store): Process {
      const made = new Process(store, users, offset, options);
      processes.push(made);
      return made;
    }

    for (const offset of [-172_800, -60, 60, 172_800])
      it(`signs in, refreshes and keeps the signing key with a clock that is off by ${offset} s`, async () => {
        const [right, wrong] = [start(0), start(offset)];
        let browser = right.browser();
        expect((await browser.signIn()).status).to.equal(200);
        for (const one of [wrong, right, wrong]) {
          browser = one.browser(browser);
          const answer = await browser.refresh();
          expect(answer.status, answer.text).to.equal(200);
          expect(claimsOf(browser.accessToken).iat).to.be.closeTo(Date.now() / 1000, 5);
          const [cookie = ''] = answer.headers['set-cookie'] as unknown as string[];
          expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).to.be.closeTo(86_400, 5);
        }
        expect((await wrong.browser().signIn()).status).to.equal(200);
        expect(await open.store.signingKeys(issuer)).to.have.length(1);
      });

    for (const offset of [-60, 0, 60])
      it(`logs out everywhere with a clock that is off by ${offset} s: every session ends, and a new one is accepted at once`, async () => {
        const denylist = new MemoryDenylist();
        const [right, wrong] = [start(0, { denylist }), start(offset, { denylist })];
        const old = [right.browser(), wrong.browser(), right.browser()];
        for (const browser of old) expect((await browser.signIn()).status).to.equal(200);
        await wrong.microservice.logOffEverywhere(String(claimsOf(old[0]!.accessToken).sub));
        const next = [right.browser(), wrong.browser()];
        for (const browser of next) expect((await browser.signIn()).status).to.equal(200);
        // Both are of the same second, or nearly so: only the `sid` tells them apart.
        expect(Number(claimsOf(next[0]!.accessToken).iat)).to.be.closeTo(Number(claimsOf(old[2]!.accessToken).iat), 5);
        for (const place of [right, wrong]) {
          for (const browser of old) expectExactRefusal(await me(browser, place), revoked);
          for (const browser of next) expect((await me(browser, place)).status).to.equal(200);
        }
        for (const browser of next) expect((await browser.refresh()).status).to.equal(200);
      });

    it('denies the last token of a session until it expires, with a clock that is two days behind', async () => {
      const denylist = new MemoryDenylist();
      const options = { denylist, rotateRefreshTokens: false };
      const [right, behind] = [start(0, options), start(-172_800, options)];
      const browser = right.browser();
      expect((await browser.signIn()).status).to.equal(200);
      const userId = String(claimsOf(browser.accessToken).sub);
      // As an hour after the sign-in: without rotation, nothing in the family says when the last token was issued.
      const [family] = await open.store.familiesOf(issuer, userId);
      await open.store.removeFamily(family!.handle);
      const hourAgo = family!.rotatedAt - 3_600_000;
      await open.store.addFamily({ ...family!, signedInAt: hourAgo, rotatedAt: hourAgo });
      expect((await browser.refresh()).status).to.equal(200);
      expect((await me(browser, right)).status).to.equal(200);
      await behind.microservice.logOffEverywhere(userId);
      expectExactRefusal(await me(browser, right), revoked);
    });

    it('removes no session of others with a clock that is two days ahead', async () => {
      const [right, ahead] = [start(0), start(172_800)];
      const browser = right.browser();
      expect((await browser.signIn()).status).to.equal(200);
      // A sign-in starts the removal of what has expired.
      expect((await ahead.browser().signIn()).status).to.equal(200);
      await ahead.microservice.rotateKeys();
      await new Promise(done => setTimeout(done, 100));
      expect((await browser.refresh()).status).to.equal(200);
    });

    it('carries out no rotation after its deadline', async () => {
      const family = await added();
      const now = await open.store.now!();
      const rotation: Rotation = {
        handle: family.handle,
        from: 'a',
        generation: 0,
        to: 'b',
        at: now,
        idleUntil: now + 60_000,
      };
      expect(await open.store.rotateFamily({ ...rotation, deadline: now - 5 })).to.equal(false);
      expect(await open.store.rotateFamily({ ...rotation, deadline: now + 60_000 })).to.equal(true);
    });

    it('tells the time of the store, in whole milliseconds', async () => {
      const now = await open.store.now!('a family');
      expect(Number.isInteger(now)).to.equal(true);
      expect(now).to.be.closeTo(Date.now(), 2000);
    });

    it('takes a successor that the store has forgotten, and goes on from there', async () => {
      const { app } = start(0);
      const browser = new Browser(app);
      expect((await browser.signIn()).status).to.equal(200);
      const userId = String(claimsOf(browser.accessToken).sub);
      const [before] = await open.store.familiesOf(issuer, userId);
      expect((await browser.refresh()).status).to.equal(200);
      // As after a fail-over that has lost the last write.
      await open.store.removeFamily(before!.handle);
      await open.store.addFamily(before!);
      expect((await browser.refresh()).status).to.equal(200);
      expect((await browser.refresh()).status).to.equal(200);
      expect((await open.store.familiesOf(issuer, userId)).map(({ id }) => id)).to.deep.equal([before!.id]);
    });

    it('keeps as many sessions as allowed, however many sign-ins come at once', async () => {
      const two = [start(0, { maxSessionsPerUser: 3 }), start(0, { maxSessionsPerUser: 3 })];
      const browsers = Array.from({ length: 12 }, (_, index) => two[index % 2]!.browser());
      const answers = await Promise.all(browsers.map(browser => browser.signIn()));
      for (const { status } of answers) expect([200, 401]).to.include(status);
      const { user } = (await users.findByUsername('ged'))!;
      const left = await open.store.familiesOf(issuer, user.id);
      expect(left.length).to.be.within(1, 3);
    });

    it('ends the session of a browser that signs in again', async () => {
      const process = start(0);
      const browser = process.browser();
      expect((await browser.signIn()).status).to.equal(200);
      const old = process.browser(browser);
      expect((await browser.signIn()).status).to.equal(200);
      expectExactRefusal(await old.refresh(), {
        status: 401,
        challenges: ['Bearer realm="api"'],
        error: 'authentication_failed',
        description: 'The refresh token is not valid: sign in again',
      });
      expect((await browser.refresh()).status).to.equal(200);
      expect(process.logger.text('info')).to.include('its browser has signed in again');
    });

    const me = (of: Browser, { app }: Process) =>
      request(app).get('/me').set('Authorization', `Bearer ${of.accessToken}`);

    async function added() {
      const now = await open.store.now!();
      const family = {
        ...{ id: 'id', handle: 'handle', issuer, clientId: 'web', userId: 'ged', jkt: null },
        ...{ current: 'a', previous: null, generation: 0, signedInAt: now, rotatedAt: now },
        ...{ idleUntil: now + 60_000, expiresAt: now + 60_000 },
      };
      await open.store.addFamily(family);
      return family;
    }
  });
