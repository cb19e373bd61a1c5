/** A token is accepted for `clockTolerance` longer than it lives, so its revocation lasts longer than that. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { createExpressServer, defineSettings, MemoryDenylist, type AxiomsServer } from 'axioms-routing-controllers';
import { TestClock, TestIssuer } from 'axioms-routing-controllers/testing';
import { memoryStore } from '../../src/microservice';
import { SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal, invalidToken } from '../refusals';

/** The longest tolerance that the setting accepts. */
const clockTolerance = 300;
const [revoked, expired] = [invalidToken('The access token was revoked'), invalidToken('The access token expired')];

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return [];
  }
}

describe('regression: a revoked token between its end and the end of clockTolerance', () => {
  it('is not accepted again after a log-off', async () => {
    const app = await new SignInApp({ store: memoryStore() }, { clockTolerance }).withUsers();
    const browser = app.browser();
    await browser.signIn();
    expect((await browser.logOff()).status).to.equal(204);
    const start = app.time.now;
    for (const seconds of [0, 299, 301, 359, 361, 599]) {
      app.time.advance(seconds - (app.time.now - start) / 1000);
      expectExactRefusal(await browser.me(), revoked);
    }
    app.time.advance(1);
    expectExactRefusal(await browser.me(), expired);
    await app.close();
  });

  for (const [what, options, entry] of [
    ['revoked until its exp', {}, (exp: number) => ({ expiresAt: exp })],
    ["revoked for the denylist's ttl, which is its lifetime", { ttl: 60 }, () => ({})],
  ] as const)
    it(`is not accepted again if it was ${what}`, async () => {
      const clock = new TestClock();
      const issuer = new TestIssuer({ clock });
      const denylist = new MemoryDenylist(options);
      const axioms = { ...issuer.settings(), denylist, clockTolerance };
      const app = clock.attachTo(issuer.attachTo(createExpressServer({ controllers: [ThingController], axioms })));
      const exp = issuer.seconds() + 60;
      const token = issuer.token({ sub: 'alice', jti: 'j', exp });
      const get = async (): Promise<Response> => request(app).get('/things').set('Authorization', `Bearer ${token}`);
      expect((await get()).status).to.equal(200);
      denylist.revoke({ iss: issuer.url, jti: 'j', ...entry(exp) });
      for (const seconds of [0, 59, 1, 4, 1, 294]) {
        clock.advance(seconds);
        expectExactRefusal(await get(), revoked);
      }
      clock.advance(1);
      expectExactRefusal(await get(), expired);
      (app.locals.axioms as AxiomsServer).close();
    });

  it('cannot be accepted longer: clockTolerance has an upper bound, for each issuer, too', () => {
    const own = { issuerUrl: 'https://auth.example.com', audience: 'https://api.example.com' };
    const message =
      "Setting 'clockTolerance' (AXIOMS_CLOCK_TOLERANCE) is 300.5; expected a number of seconds from 0 to 300.";
    expect(() => defineSettings({ ...own, clockTolerance: 300.5 })).to.throw(message);
    expect(() => defineSettings({ issuers: [{ ...own, clockTolerance: 300.5 }] })).to.throw(message);
    expect(defineSettings({ ...own, clockTolerance }).clockTolerance).to.equal(300);
  });
});
