/** A denylist in memory is bounded: no caller alone may take all of it, or nobody could log off. */
import { expect } from 'chai';
import { MemoryDenylist } from 'axioms-routing-controllers';
import { memoryStore } from '../../src/microservice';
import { expectExactRefusal, invalidToken } from '../refusals';
import type { Browser } from './browser';
import { SignInApp } from './sign-in-app';

describe('regression: a caller who signs in and logs off in a loop', () => {
  let app: SignInApp;

  beforeEach(async () => {
    const denylist = new MemoryDenylist({ maxEntries: 110 });
    app = await new SignInApp({ store: memoryStore(), denylist, refusalTime: 0 }, { denylist }).withUsers();
    denylist.clock = app.time.clock;
  });
  afterEach(() => app.close());

  async function signedIn(username: string, password: string): Promise<Browser> {
    const browser = app.browser();
    expect((await browser.signIn(username, password)).status).to.equal(200);
    return browser;
  }

  const ged = () => signedIn('ged', 'sparrowhawk');

  async function expectLoggedOff(browser: Browser): Promise<void> {
    const answer = await browser.logOff();
    expect([answer.status, answer.text]).to.deep.equal([204, '']);
    expectExactRefusal(await browser.me(), invalidToken('The access token was revoked'));
  }

  it('does not keep others from logging off, and every token of an ended session is refused', async () => {
    const tenar = await signedIn('tenar', 'arha');
    const open = await ged();
    for (let count = 0; count < 130; count++) await expectLoggedOff(await ged());
    expect((await tenar.me()).status).to.equal(200);
    await expectLoggedOff(tenar);

    // Tokens of the caller's other session are denied with the rest, and the session goes on with its next one.
    expectExactRefusal(await open.me(), invalidToken('The access token was revoked'));
    app.time.advance(10);
    expect((await open.refresh()).status).to.equal(200);
    expect((await open.me()).status).to.equal(200);
    // A new session works, and ends, as ever.
    const next = await ged();
    expect((await next.me()).status).to.equal(200);
    await expectLoggedOff(next);
  });

  it('is not what a user with many sessions is who logs off everywhere: a new sign-in is accepted at once', async () => {
    const denylist = new MemoryDenylist();
    const options = { store: memoryStore(), denylist, refusalTime: 0, maxSessionsPerUser: 120 };
    const own = await new SignInApp(options, { denylist }).withUsers();
    denylist.clock = own.time.clock;
    const browsers = Array.from({ length: 120 }, () => own.browser());
    for (const browser of browsers) expect((await browser.signIn()).status).to.equal(200);
    await own.microservice.logOffEverywhere(await own.idOf('ged'));
    const next = own.browser();
    expect((await next.signIn()).status).to.equal(200);
    expect((await next.me()).status).to.equal(200);
    for (const browser of [browsers[0]!, browsers[119]!])
      expectExactRefusal(await browser.me(), invalidToken('The access token was revoked'));
    await own.close();
  });

  it('costs others of their sessions nothing before that, and is counted anew once the first denial is not needed', async () => {
    const open = await ged();
    for (let count = 0; count < 100; count++) await expectLoggedOff(await ged());
    expect((await open.me()).status).to.equal(200);
    app.time.advance(661);
    await open.refresh();
    await expectLoggedOff(await ged());
    expect((await open.me()).status).to.equal(200);
  });
});
