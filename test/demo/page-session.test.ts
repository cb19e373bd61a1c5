/** The demo's page signs in at the API's own microservice, in a real browser. */
import { expect } from 'chai';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { ged } from '../../demo/users';
import { screenshot } from '../browser';
import { demoInBrowser } from '../demo-in-browser';
import { leastContrast, smallestTarget } from './legibility';

describe('the page of the demo, signing in at the API', function () {
  this.timeout(180_000);

  const started = demoInBrowser();
  let context: BrowserContext;
  let page: Page;
  let asked: Request[];
  let complaints: string[];

  beforeEach(async () => {
    [asked, complaints] = [[], []];
    context = await started.browser.newContext({ viewport: { width: 1100, height: 900 } });
    context.setDefaultTimeout(20_000);
    context.on('request', request => asked.push(request));
    context.on('console', message => message.type() === 'error' && complaints.push(message.text()));
    context.on('weberror', error => complaints.push(error.error().message));
    page = await context.newPage();
    await page.goto(started.demo.api.url);
    await said('You are nobody');
  });
  afterEach(() => context.close());

  async function said(text: string): Promise<void> {
    await page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  async function press(name: string): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click();
  }

  async function signIn(password: string = ged.password): Promise<void> {
    await page.getByLabel('Name').fill(ged.name);
    await page.getByLabel('Password').fill(password);
    await page.getByLabel('Password').press('Enter');
  }

  async function signedIn(): Promise<void> {
    await signIn();
    await said('You are ged of the API.');
  }

  async function statusOf(route: string): Promise<string> {
    await press(`Call ${route}`);
    await said(`${route} as `);
    return page.locator(`[data-route="${route}"] .latest`).innerText();
  }

  const paths = () => asked.map(request => new URL(request.url()).pathname);
  const asks = (endpoint: string) =>
    asked.filter(request => new URL(request.url()).pathname === `/auth/${endpoint}/`).length;
  const claims = () => page.locator('#token').innerText();
  const isVisible = (id: string) => page.locator(`#${id}`).isVisible();

  it('sends no request to the microservice without a session', () => {
    expect(paths().filter(path => path.startsWith('/auth'))).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
  });

  it('signs ged in by his password, and his token opens what he may', async () => {
    await signedIn();
    expect(await claims())
      .to.include(started.demo.api.url)
      .and.match(/username\s+ged/);
    expect(await isVisible('sign-in')).to.equal(false);
    expect(await statusOf('GET /books')).to.equal('200');
    expect(await statusOf('GET /reports/finances')).to.equal('403');
    await page.evaluate('scrollTo(0, 0)');
    await screenshot(page, 'page-session');
    expect(complaints.filter(complaint => !/status of 403/.test(complaint))).to.deep.equal([]);
  });

  it('says why a wrong password does not sign in, and stays who one is', async () => {
    await signIn('goat');
    await said('No active account found with the given credentials.');
    expect(await isVisible('session')).to.equal(false);
    expect(await statusOf('GET /protected')).to.equal('401');
    expect((await context.cookies()).filter(({ path }) => path === '/auth')).to.deep.equal([]);
  });

  it('keeps tokens from every script: only the CSRF token is where one can read it', async () => {
    await signedIn();
    const kept = await page.evaluate('JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])');
    expect(kept).to.equal('[[],["CSRF_token"]]');
    expect(await page.evaluate('document.cookie')).to.equal('');
    const cookies = (await context.cookies(`${started.demo.api.url}/auth/`)).filter(({ path }) => path === '/auth');
    expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).to.have.deep.members([
      { name: 'refresh_cookie', httpOnly: true, sameSite: 'Strict' },
      { name: 'CSRF_token', httpOnly: true, sameSite: 'Strict' },
    ]);
    expect(asked.filter(request => /eyJ/.test(request.url()))).to.deep.equal([]);
  });

  it('is still signed in after a reload', async () => {
    await signedIn();
    await page.reload();
    await said('You are ged of the API.');
    expect([asks('sign-in'), asks('refresh')]).to.deep.equal([1, 1]);
    expect(await statusOf('GET /protected')).to.equal('200');
  });

  it('replaces an access token that is about to expire, silently and once', async () => {
    await page.clock.install();
    await signedIn();
    const before = await claims();
    await page.clock.fastForward('04:45');
    expect(asks('refresh')).to.equal(0);
    await press('Call every route');
    await said('routes called as ged of the API.');
    expect(asks('refresh')).to.equal(1);
    expect(await claims()).not.to.equal(before);
    expect(await page.locator('[data-route="GET /protected"] .latest').innerText()).to.equal('200');
  });

  it('refreshes on demand, again and again', async () => {
    await signedIn();
    for (const times of [1, 2]) {
      const before = await claims();
      await press('Refresh');
      await said('The access token is a new one.');
      await page.waitForFunction('text => document.getElementById("token").innerText !== text', before);
      expect(asks('refresh')).to.equal(times);
    }
  });

  it('logs off: the access token is worth nothing any more, and a reload finds nobody', async () => {
    await signedIn();
    const [, token = ''] = /^Bearer (.+)$/.exec(await authorizationOf('GET /protected')) ?? [];
    const asGed = () => fetch(`${started.demo.api.url}/protected`, { headers: { authorization: `Bearer ${token}` } });
    expect((await asGed()).status).to.equal(200);
    await press('Log off');
    await said('You are logged off.');
    const response = await asGed();
    expect(response.status).to.equal(401);
    expect(response.headers.get('www-authenticate')).to.match(/^Bearer realm="api", error="invalid_token", /);
    expect((await context.cookies()).filter(({ path }) => path === '/auth')).to.deep.equal([]);
    expect([await isVisible('sign-in'), await isVisible('token')]).to.deep.equal([true, false]);
    await page.reload();
    await said('You are nobody');
    expect(asks('refresh')).to.equal(0);
  });

  async function authorizationOf(route: string): Promise<string> {
    const [request] = await Promise.all([page.waitForRequest('**/protected'), statusOf(route)]);
    return (await request.allHeaders())['authorization'] ?? '';
  }

  it('logs off everywhere: the next refresh in the other tab shows that the session is over', async () => {
    await signedIn();
    const other = await context.newPage();
    await other.goto(started.demo.api.url);
    await other.getByLabel('Name').fill(ged.name);
    await other.getByLabel('Password').fill(ged.password);
    await other.getByLabel('Password').press('Enter');
    await other.getByRole('status').filter({ hasText: 'You are ged of the API.' }).waitFor();
    await other.getByRole('button', { name: 'Log off everywhere' }).click();
    await other.getByRole('status').filter({ hasText: 'You are logged off everywhere.' }).waitFor();
    await press('Refresh');
    await said('The session is over: There is no session: sign in.');
    expect(await isVisible('sign-in')).to.equal(true);
    expect(await statusOf('GET /protected')).to.equal('401');
  });

  it('signs alice in by the authorization server, with the API as the client', async () => {
    await press('By the authorization server');
    await page.getByRole('button', { name: 'alice' }).click();
    await said('You are alice of the API.');
    const authorization = asked
      .map(request => new URL(request.url()))
      .find(({ origin }) => origin === started.demo.issuer.url)!;
    expect(authorization.searchParams.get('client_id')).to.equal('microservice');
    expect(authorization.searchParams.get('code_challenge_method')).to.equal('S256');
    expect(page.url()).to.equal(`${started.demo.api.url}/`);
    expect(await statusOf('GET /books')).to.equal('200');
    // What the authorization server lets her do is not what this API's tokens do.
    expect(await statusOf('GET /role')).to.equal('403');
    await page.reload();
    await said('You are alice of the API.');
  });

  it('lets one be somebody else meanwhile, and come back', async () => {
    await signedIn();
    await press('nobody');
    expect(await statusOf('GET /protected')).to.equal('401');
    await press('ged of the API');
    expect(await statusOf('GET /protected')).to.equal('200');
    expect(asks('sign-in')).to.equal(1);
  });

  for (const colorScheme of ['light', 'dark'] as const)
    it(`is legible in ${colorScheme} mode, on a phone too`, async () => {
      await page.emulateMedia({ colorScheme });
      for (const step of ['before', 'after']) {
        expect(await page.evaluate(leastContrast)).to.be.at.least(4.5);
        await page.setViewportSize({ width: 340, height: 700 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(340);
        expect(await page.evaluate(smallestTarget)).to.be.at.least(24);
        await page.locator('#own').scrollIntoViewIfNeeded();
        await screenshot(page, `page-session-phone-${colorScheme}-${step}`);
        if (step === 'before') await signedIn();
      }
    });

  it('asked nobody but the API and its authorization server', () => {
    const origins = new Set(asked.map(request => new URL(request.url()).origin));
    expect([...origins].every(origin => [started.demo.api.url, started.demo.issuer.url].includes(origin))).to.equal(
      true,
    );
  });
});
