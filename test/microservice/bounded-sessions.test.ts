/** How many sessions a user has: never more than the limit, one for each browser, and none after the one documented call. */
import { expect } from 'chai';
import { memoryStore } from '../../src/microservice';
import { cheapHasher, issuer, SignInApp } from './sign-in-app';

describe('the sessions of a user', () => {
  let app: SignInApp;
  let store: ReturnType<typeof memoryStore>;
  beforeEach(async () => {
    store = memoryStore();
    app = await new SignInApp({ store, maxSessionsPerUser: 3, refusalTime: 0 }).withUsers();
  });
  afterEach(() => app.close());

  const sessions = async () => store.familiesOf(issuer, await app.idOf('ged'));

  it('are not more than maxSessionsPerUser after many sign-ins at the same time', async () => {
    const browsers = Array.from({ length: 10 }, () => app.browser());
    const statuses = (await Promise.all(browsers.map(browser => browser.signIn()))).map(({ status }) => status);
    expect(statuses).to.include(200);
    expect(statuses.filter(status => status !== 200 && status !== 401)).to.deep.equal([]);
    expect(await sessions()).to.have.length(3);
    const refreshed = await Promise.all(browsers.map(browser => browser.refresh()));
    expect(refreshed.filter(({ status }) => status === 200)).to.have.length(3);
  });

  it('are one for each browser: a sign-in ends the session whose refresh cookie it carries', async () => {
    const browser = app.browser();
    await browser.signIn();
    const copy = browser.copy();
    await browser.signIn();
    expect(await sessions()).to.have.length(1);
    expect((await copy.refresh()).status).to.equal(401);
    expect((await browser.refresh()).status).to.equal(200);
  });

  it('are over after a changed password and logOffEverywhere(), and the old password starts none', async () => {
    const browsers = [app.browser(), app.browser()];
    for (const browser of browsers) await browser.signIn();
    const { user, passwordHash } = (await app.users.findByUsername('ged'))!;
    await app.users.replacePasswordHash(user.id, passwordHash, await cheapHasher.hash('new password'));
    await app.microservice.logOffEverywhere(user.id);
    expect(await sessions()).to.deep.equal([]);
    for (const browser of browsers) {
      expect((await browser.me()).status).to.equal(401);
      expect((await browser.refresh()).status).to.equal(401);
    }
    expect((await app.browser().signIn()).status).to.equal(401);
  });
});
