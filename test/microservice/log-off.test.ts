import { expect } from 'chai';
import { memoryStore } from '../../src/microservice/stores/memory-store';
import { SignInApp } from './sign-in-app';

// Regression: the session was gone, and its access token was never denied.
describe('a log-off that the denylist fails', () => {
  let app: SignInApp;
  let isOut = false;

  beforeEach(async () => {
    app = await new SignInApp({ store: memoryStore() }).withUsers();
    const revoke = app.denylist.revoke.bind(app.denylist);
    app.denylist.revoke = which => {
      if (isOut) throw new Error('The denylist is out');
      revoke(which);
    };
  });
  afterEach(() => app.close());

  for (const more of [{}, { everywhere: true }])
    it(`can be repeated, and then ends the session and its access token: ${JSON.stringify(more)}`, async () => {
      const [browser, other] = [app.browser(), app.browser()];
      await browser.signIn();
      await other.signIn();
      isOut = true;
      expect((await browser.logOff(more)).status).to.be.at.least(500);
      isOut = false;
      expect((await browser.copy().logOff(more)).status).to.equal(204);
      expect((await browser.me()).status).to.equal(401);
      expect((await other.me()).status).to.equal('everywhere' in more ? 401 : 200);
      expect((await other.refresh()).status).to.equal('everywhere' in more ? 401 : 200);
    });
});
