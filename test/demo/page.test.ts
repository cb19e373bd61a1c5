/** The demo's page in a real browser. */
import { expect } from 'chai';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { accounts } from '../../demo/accounts';
import { screenshot } from '../browser';
import { demoInBrowser } from '../demo-in-browser';
import { leastContrast, smallestTarget } from './legibility';

describe('the page of the demo', function () {
  this.timeout(180_000);

  const started = demoInBrowser();
  let context: BrowserContext;
  let page: Page;
  /** Where the browser wanted to go, and what it complained about. */
  const asked: URL[] = [];
  const complaints: string[] = [];

  beforeEach(async () => {
    context = await started.browser.newContext({ viewport: { width: 1100, height: 900 } });
    context.setDefaultTimeout(20_000);
    context.on('request', request => asked.push(new URL(request.url())));
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

  async function choose(name: string): Promise<void> {
    await page.getByRole('group', { name: 'Who are you?' }).getByRole('button', { name, exact: true }).click();
  }

  async function signIn(person: string): Promise<void> {
    const [popup] = await Promise.all([page.waitForEvent('popup'), choose(person)]);
    await popup.getByRole('button', { name: person }).click();
  }

  async function signedIn(person: string): Promise<void> {
    await signIn(person);
    await said(`You are ${person}`);
  }

  /** What the page shows of the answer to one click. */
  async function call(route: string): Promise<Locator> {
    await page.getByRole('button', { name: `Call ${route}`, exact: true }).click();
    await said(`${route} as `);
    return page.locator(`[data-route="${route}"] .answer`);
  }

  async function valueOf(answer: Locator, name: string): Promise<string> {
    return (await answer.locator(`dt:text-is("${name}") + dd`).innerText()).trim().replace(/\s+/g, ' ');
  }

  /** The latest status of each route, by its name. */
  async function callEvery(caller: string): Promise<Map<string, number>> {
    await page.getByRole('button', { name: 'Call every route' }).click();
    await said(`routes called as ${caller}.`);
    const rows = await page.locator('[data-route]').all();
    const statuses = rows.map(async (row): Promise<[string, number]> => [
      (await row.getAttribute('data-route')) ?? '',
      Number(await row.locator('.latest').innerText()),
    ]);
    return new Map(await Promise.all(statuses));
  }

  const challenge = () =>
    `Bearer realm="api", resource_metadata="${started.demo.api.url}/.well-known/oauth-protected-resource"`;

  it('signs alice in with code and PKCE, shows her claims, and she may', async () => {
    await signedIn('alice');
    const authorization = asked.findLast(({ pathname }) => pathname === '/auth')!.searchParams;
    expect(authorization.get('response_type')).to.equal('code');
    expect(authorization.get('code_challenge_method')).to.equal('S256');
    for (const name of ['code_challenge', 'state', 'nonce']) expect(authorization.get(name)).to.match(/^[\w-]{43}$/);
    const claims = await page.locator('#token').innerText();
    for (const claim of ['alice', started.demo.issuer.url, ...accounts.alice.scopes, ...accounts.alice.roles])
      expect(claims).to.include(claim);
    await screenshot(page, 'page-alice-claims');
    const answer = await call('GET /reports/finances');
    expect(await valueOf(answer, 'Status')).to.equal('200 OK');
    expect(await valueOf(answer, 'Decision')).to.match(/Allowed by all of the scopes report:read, report:finance/);
    expect(await valueOf(answer, 'Body')).to.include('Finances read.');
    await screenshot(page, 'page-alice');
  });

  it('signs alice out and bob in, and tells why he may not', async () => {
    await signedIn('alice');
    await choose('nobody');
    await said('You are nobody');
    expect(await page.locator('#token').isVisible()).to.equal(false);
    await signedIn('bob');
    const answer = await call('GET /reports/finances');
    expect(await valueOf(answer, 'Status')).to.equal('403 Forbidden');
    expect(await valueOf(answer, 'WWW-Authenticate')).to.match(
      /^Bearer realm="api", error="insufficient_scope", .*, scope="report:read report:finance", resource_metadata="[^"]+"$/,
    );
    expect(await valueOf(answer, 'Decision'))
      .to.match(/✗ HasAccessTokenScopes refuses needs all of the scopes report:read, report:finance/)
      .and.match(/there: report:read not met: all of the scopes report:read, report:finance/);
    expect(await valueOf(answer, 'Body')).to.include('insufficient_scope');
    await answer.scrollIntoViewIfNeeded();
    await screenshot(page, 'page-bob-403');
  });

  it('shows nobody the challenge', async () => {
    const answer = await call('GET /protected');
    expect(await valueOf(answer, 'Status')).to.equal('401 Unauthorized');
    expect(await valueOf(answer, 'WWW-Authenticate')).to.equal(challenge());
    expect(await valueOf(answer, 'Decision')).to.match(/✗ IsAuthenticatedOrPublicMethod refuses/);
  });

  it('shows every challenge by itself', async () => {
    const challenges = ['Bearer realm="a, b", error="x"', 'Negotiate', 'DPoP realm="c \\" d", algs="ES256 PS256"'];
    await context.route('**/protected', route =>
      route.fulfill({ status: 401, headers: { 'www-authenticate': challenges.join(', ') }, body: '' }),
    );
    const answer = await call('GET /protected');
    expect(await answer.locator('dt:text-is("WWW-Authenticate") + dd').allInnerTexts()).to.deep.equal(challenges);
  });

  it("tells of an owner's rule", async () => {
    await signedIn('alice');
    const route = 'PATCH /articles/:id';
    await page.getByRole('combobox', { name: route }).selectOption({ label: await optionOf(route, 'bob') });
    const decision = await valueOf(await call(route), 'Decision');
    expect(decision).to.match(
      /✗ IsSubOwnerOrSafeOnly refuses .*the owner \(authorSub is the token’s sub, authorIss its iss\)/,
    );
  });

  async function optionOf(route: string, owner: string): Promise<string> {
    const options = await page.getByRole('combobox', { name: route }).locator('option').allInnerTexts();
    return options.find(option => option.startsWith(owner))!;
  }

  it('lets the machine be itself', async () => {
    await choose('machine');
    await said('You are machine');
    expect(await valueOf(await call('POST /books'), 'Status')).to.equal('201 Created');
    expect(await valueOf(await call('GET /role'), 'Status')).to.equal('403 Forbidden');
  });

  it('calls every route of the server, for alice and for nobody', async () => {
    const { routes } = started.demo.api.server;
    const names = routes
      .map(({ method = '', path }) => `${method} ${path.replace(/\/$/, '')}`)
      // Of the microservice there is the form.
      .filter(name => !/ \/(?:auth|\.well-known)\//.test(name));
    const asNobody = await callEvery('nobody');
    expect([...asNobody.keys()]).to.have.members(names);
    const open = [...asNobody].filter(([, status]) => status !== 401);
    expect(open).to.have.deep.members([
      ['GET /public', 200],
      ['GET /news', 200],
      ['GET /session', 200],
      // Signing in with a cookie needs its CSRF token, which the page does not send, and nor does it send cookies.
      ['POST /session', 403],
    ]);
    await signedIn('alice');
    const refused = [...(await callEvery('alice'))].filter(([, status]) => status < 200 || status >= 300);
    expect(refused).to.deep.equal([['POST /session', 403]]);
  });

  it('keeps tokens in memory alone', async () => {
    await signedIn('alice');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    expect(kept).to.equal('[{},{},""]');
    expect(asked.filter(({ href }) => /eyJ/.test(href))).to.deep.equal([]);
    await page.reload();
    await said('You are nobody');
    expect(await valueOf(await call('GET /protected'), 'Status')).to.equal('401 Unauthorized');
  });

  for (const secret of ['state', 'nonce'])
    it(`refuses the answer to another request, by its ${secret}`, async () => {
      await context.route(`${started.demo.issuer.url}/auth?*`, route => {
        const url = new URL(route.request().url());
        url.searchParams.set(secret, 'another');
        return route.continue({ url: url.href });
      });
      await signIn('alice');
      await said(`its ${secret} is wrong`);
      expect(await page.locator('#token').isVisible()).to.equal(false);
      expect(await valueOf(await call('GET /protected'), 'Status')).to.equal('401 Unauthorized');
    });

  it('believes no other window', async () => {
    const [popup] = await Promise.all([page.waitForEvent('popup'), choose('alice')]);
    await popup.getByRole('button', { name: 'alice' }).waitFor();
    await page.evaluate("postMessage('?error=access_denied', location.origin)");
    await popup.getByRole('button', { name: 'alice' }).click();
    await said('You are alice');
  });

  it('says that nobody signed in, where the window was closed', async () => {
    const [popup] = await Promise.all([page.waitForEvent('popup'), choose('alice')]);
    await popup.close();
    await said('nobody signed in');
  });

  it('forgets a sign-in, where somebody else is chosen meanwhile', async () => {
    const [popup] = await Promise.all([page.waitForEvent('popup'), choose('alice')]);
    await popup.getByRole('button', { name: 'alice' }).waitFor();
    await Promise.all([popup.waitForEvent('close'), choose('machine')]);
    await said('You are machine');
  });

  it('has landmarks, names for its controls, and can be used with keys alone', async () => {
    for (const landmark of ['banner', 'navigation', 'main', 'contentinfo'] as const)
      expect(await page.getByRole(landmark).count(), landmark).to.equal(1);
    const tree = await page.locator('body').ariaSnapshot();
    expect(tree).to.match(/- button "Call GET \/public"/);
    expect(tree.match(/- (button|link|combobox|textbox|checkbox)(?! ")/g)).to.equal(null);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus-visible');
    expect(await focused.innerText()).to.equal('Call every route');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).to.equal('solid');
    await page.getByRole('button', { name: 'Call GET /public' }).focus();
    await page.keyboard.press('Enter');
    await said('GET /public as nobody: 200 OK');
  });

  for (const colorScheme of ['light', 'dark'] as const)
    it(`is legible in ${colorScheme} mode, on a phone too`, async () => {
      await page.emulateMedia({ colorScheme });
      await signedIn('bob');
      await call('GET /public');
      await call('GET /role');
      expect(await page.evaluate(leastContrast)).to.be.at.least(4.5);
      await page.setViewportSize({ width: 340, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(340);
      expect(await page.evaluate(smallestTarget)).to.be.at.least(24);
      await page.locator('[data-route="GET /role"]').scrollIntoViewIfNeeded();
      await screenshot(page, `page-phone-${colorScheme}`);
    });

  it('is served with a strict policy', async () => {
    const { headers } = await fetch(started.demo.api.url);
    expect(headers.get('content-security-policy')).to.equal(
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${started.demo.issuer.url}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
    );
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect((await fetch(`${started.demo.api.url}/../page.ts`)).status).to.equal(404);
  });

  it('asked nobody but the API and its authorization server, and complained of nothing but refusals', () => {
    const origins = new Set(asked.filter(({ protocol }) => protocol !== 'about:').map(({ origin }) => origin));
    expect([...origins].sort()).to.deep.equal([started.demo.api.url, started.demo.issuer.url].sort());
    const refusal = /^Failed to load resource: the server responded with a status of 40[13] /;
    expect(complaints.filter(complaint => !refusal.test(complaint))).to.deep.equal([]);
  });
});
