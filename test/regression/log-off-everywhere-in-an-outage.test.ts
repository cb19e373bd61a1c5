/** The app calls logOffEverywhere() after a changed password, and may not call it again if it fails. */
import { expect } from 'chai';
import { ServiceUnavailable } from 'axioms-routing-controllers';
import { memoryStore, type MicroserviceStore } from '../../src/microservice';
import { expectExactRefusal, invalidToken } from '../refusals';
import type { Browser } from '../microservice/browser';
import { expectRefused } from '../microservice/refused';
import { issuer, SignInApp } from '../microservice/sign-in-app';

describe('regression: logOffEverywhere() ended no session while the denylist was away', () => {
  let app: SignInApp;
  let store: MicroserviceStore;
  let browsers: readonly Browser[];
  let userId: string;

  beforeEach(async () => {
    store = memoryStore();
    app = await new SignInApp({ store, refusalTime: 0 }).withUsers();
    browsers = [app.browser(), app.browser(), app.browser()];
    for (const browser of browsers) expect((await browser.signIn()).status).to.equal(200);
    userId = await app.idOf('ged');
  });
  afterEach(() => app.close());

  const logOffEverywhere = (): Promise<void> => app.microservice.logOffEverywhere(userId);

  async function expectNoneRefreshed(): Promise<void> {
    for (const browser of browsers)
      expectRefused(await browser.refresh(), { status: 401, error: 'authentication_failed', isCleared: true });
    expect(await store.familiesOf(issuer, userId)).to.deep.equal([]);
  }

  it('removes every session, reports the failure, and revokes the access tokens with the next call', async () => {
    const { revoke } = app.denylist;
    app.denylist.revoke = () => {
      throw new Error('away');
    };
    expect(await logOffEverywhere().catch((error: unknown) => error)).to.be.instanceOf(ServiceUnavailable);
    await expectNoneRefreshed();
    app.denylist.revoke = revoke;
    await logOffEverywhere();
    for (const browser of browsers)
      expectExactRefusal(await browser.me(), invalidToken('The access token was revoked'));
  });

  it('removes the other sessions if one cannot be removed, and revokes their access tokens', async () => {
    const removeFamily = store.removeFamily.bind(store);
    let calls = 0;
    store.removeFamily = handle => (++calls === 1 ? Promise.reject(new Error('away')) : removeFamily(handle));
    expect(await logOffEverywhere().catch((error: unknown) => error)).to.be.instanceOf(ServiceUnavailable);
    expect(await store.familiesOf(issuer, userId)).to.have.length(1);
    expect((await Promise.all(browsers.map(browser => browser.me()))).map(({ status }) => status)).to.have.members([
      200, 401, 401,
    ]);
    await logOffEverywhere();
    await expectNoneRefreshed();
  });

  for (const wrong of [7, undefined, null, '', {}])
    it(`refuses ${JSON.stringify(wrong)} as the id of a user`, async () => {
      const failure = await app.microservice.logOffEverywhere(wrong as string).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(TypeError);
      expect(String(failure)).to.contain("logOffEverywhere() takes the user's id");
      expect(await store.familiesOf(issuer, userId)).to.have.length(3);
    });
});
