/** The demo's page signs in at the API's own microservice, in a real browser. */
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ged } from '../../demo/users';
import { demoInBrowser } from '../demo-in-browser';
import { DemoPage } from './demo-page';

describe('the page of the demo, signing in at the API', function () {
  this.timeout(180_000);

  const started = demoInBrowser();
  let demo: DemoPage;
  let page: Page;

  beforeEach(async () => {
    demo = await DemoPage.open(started);
    ({ page } = demo);
  });
  afterEach(() => demo.context.close());

  async function signIn(password: string = ged.password): Promise<void> {
    await page.getByLabel('Name').fill(ged.name);
    await page.getByLabel('Password').fill(password);
    await page.getByLabel('Password').press('Enter');
  }

  async function signedIn(): Promise<void> {
    await signIn();
    await demo.said('You call as ged.');
  }

  const paths = () => demo.asked.map(({ pathname }) => pathname);
  const asks = (endpoint: string) => paths().filter(path => path === `/auth/${endpoint}/`).length;
  const claims = () => page.locator('#token').innerText();
  const isVisible = (id: string) => page.locator(`#${id}`).isVisible();

  it('sends no request to the microservice without a session', () => {
    expect(paths().filter(path => path.startsWith('/auth'))).to.deep.equal([]);
    expect(demo.complaints).to.deep.equal([]);
  });

  it('signs ged in by his password, and his token opens what he may', async () => {
    await signedIn();
    expect(await claims())
      .to.include(started.demo.api.url)
      .and.match(/username\s+ged/);
    expect(await isVisible('sign-in')).to.equal(false);
    expect(await demo.statusOf('GET /books')).to.equal('200 OK');
    expect(await demo.statusOf('GET /reports/finances')).to.equal('403 Forbidden');
    expect(demo.complaints).to.deep.equal([]);
  });

  it('says why a wrong password does not sign in, and stays who one is', async () => {
    await signIn('goat');
    await demo
      .problemIn('session-problem')
      .filter({ hasText: 'No active account found with the given credentials.' })
      .waitFor();
    expect(await isVisible('session')).to.equal(false);
    expect(await demo.statusOf('GET /protected')).to.equal('401 Unauthorized');
    expect((await demo.context.cookies()).filter(({ path }) => path === '/auth')).to.deep.equal([]);
  });

  it('keeps tokens from every script: only the CSRF token is where one can read it', async () => {
    await signedIn();
    const kept = await page.evaluate('JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])');
    expect(kept).to.equal('[[],["CSRF_token"]]');
    expect(await page.evaluate('document.cookie')).to.equal('');
    const cookies = (await demo.context.cookies(`${started.demo.api.url}/auth/`)).filter(
      ({ path }) => path === '/auth',
    );
    expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).to.have.deep.members([
      { name: 'refresh_cookie', httpOnly: true, sameSite: 'Strict' },
      { name: 'CSRF_token', httpOnly: true, sameSite: 'Strict' },
    ]);
    expect(demo.asked.filter(({ href }) => /eyJ/.test(href))).to.deep.equal([]);
  });

  it('is still signed in after a reload', async () => {
    await signedIn();
    await page.reload();
    await demo.said('You call as ged.');
    expect([asks('sign-in'), asks('refresh')]).to.deep.equal([1, 1]);
    expect(await demo.statusOf('GET /protected')).to.equal('200 OK');
  });

  it('replaces an access token that is about to expire, silently and once', async () => {
    await page.clock.install();
    await signedIn();
    const before = await claims();
    await page.clock.fastForward('04:45');
    expect(asks('refresh')).to.equal(0);
    await demo.press('Call every route');
    await demo.said('routes called as ged.');
    expect(asks('refresh')).to.equal(1);
    expect(await claims()).not.to.equal(before);
    expect(await demo.shownIn('GET /protected', 'user')).to.equal('200');
  });

  it('refreshes on demand, again and again', async () => {
    await signedIn();
    for (const times of [1, 2]) {
      const before = await claims();
      await demo.press('Refresh');
      await demo.said('The access token is a new one.');
      await page.waitForFunction('text => document.getElementById("token").innerText !== text', before);
      expect(asks('refresh')).to.equal(times);
    }
  });

  it('logs off: the access token is worth nothing any more, and a reload finds nobody', async () => {
    await signedIn();
    const [, token = ''] = /^Bearer (.+)$/.exec(await authorizationOf('GET /protected')) ?? [];
    const asGed = () => fetch(`${started.demo.api.url}/protected`, { headers: { authorization: `Bearer ${token}` } });
    expect((await asGed()).status).to.equal(200);
    await demo.press('Log off');
    await demo.said('You are logged off.');
    const response = await asGed();
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.match(/, Bearer realm="api", error="invalid_token", /);
    expect((await demo.context.cookies()).filter(({ path }) => path === '/auth')).to.deep.equal([]);
    expect([await isVisible('sign-in'), await isVisible('token')]).to.deep.equal([true, false]);
    await page.reload();
    await demo.said('Requests carry no token.');
    expect(asks('refresh')).to.equal(0);
  });

  async function authorizationOf(route: string): Promise<string> {
    const [request] = await Promise.all([page.waitForRequest('**/protected'), demo.statusOf(route)]);
    return (await request.allHeaders())['authorization'] ?? '';
  }

  it('logs off everywhere: the next refresh in the other tab shows that the session is over', async () => {
    await signedIn();
    const other = await demo.context.newPage();
    await other.goto(started.demo.api.url);
    await other.getByLabel('Name').fill(ged.name);
    await other.getByLabel('Password').fill(ged.password);
    await other.getByLabel('Password').press('Enter');
    await other.getByRole('status').filter({ hasText: 'You call as ged.' }).waitFor();
    await other.getByRole('button', { name: 'Log off everywhere' }).click();
    await other.getByRole('status').filter({ hasText: 'You are logged off everywhere.' }).waitFor();
    await demo.press('Refresh');
    await demo
      .problemIn('session-problem')
      .filter({ hasText: 'The session is over: There is no session: sign in.' })
      .waitFor();
    expect(await isVisible('sign-in')).to.equal(true);
    expect(await demo.statusOf('GET /protected')).to.equal('401 Unauthorized');
  });

  it('signs alice in by the authorization server, with the API as the client', async () => {
    await demo.press('With the authorization server');
    await page.getByRole('button', { name: 'alice' }).click();
    await demo.said('You call as alice (API).');
    const authorization = demo.asked.find(({ origin }) => origin === started.demo.issuer.url)!;
    expect(authorization.searchParams.get('client_id')).to.equal('microservice');
    expect(authorization.searchParams.get('code_challenge_method')).to.equal('S256');
    expect(page.url()).to.equal(`${started.demo.api.url}/`);
    expect(await demo.statusOf('GET /books')).to.equal('200 OK');
    // What the authorization server lets her do is not what this API's tokens do.
    expect(await demo.statusOf('GET /role')).to.equal('403 Forbidden');
    await page.reload();
    await demo.said('You call as alice (API).');
  });

  it('lets one be somebody else meanwhile, and come back', async () => {
    await signedIn();
    await demo.pick('anonymous');
    expect(await demo.statusOf('GET /protected')).to.equal('401 Unauthorized');
    await demo.pick('user');
    expect(await demo.statusOf('GET /protected')).to.equal('200 OK');
    expect(asks('sign-in')).to.equal(1);
  });

  it('signs ged in with one click on him, and for a cell of his', async () => {
    await demo.cell('GET /role', 'user').click();
    await demo.said('GET /role as ged: 200 OK');
    expect([asks('sign-in'), await isVisible('session')]).to.deep.equal([1, true]);
    await demo.press('Log off');
    await demo.said('You are logged off.');
    await demo.pick('user');
    await demo.said('You call as ged.');
  });

  it('foresees what the API lets somebody do who came by the authorization server', async () => {
    await signedIn();
    expect(await demo.cell('GET /role', 'user').getAttribute('data-verdict')).to.equal('allows');
    await demo.press('Log off');
    await demo.press('With the authorization server');
    await page.getByRole('button', { name: 'bob' }).click();
    await demo.said('You call as bob (API).');
    expect(await demo.cell('GET /role', 'user').getAttribute('data-verdict')).to.equal('refuses');
    expect(await page.locator('#matrix thead').innerText()).to.include('bob (API)');
  });

  it('asked nobody but the API and its authorization server', () => {
    const origins = new Set(demo.asked.map(({ origin }) => origin));
    expect([...origins]).to.deep.equal([started.demo.api.url]);
  });
});
