/** Swagger UI of the demo in a real browser: sign in with PKCE, try a request out. */
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ged } from '../../demo/users';
import { screenshot } from '../browser';
import { demoInBrowser } from '../demo-in-browser';

describe('Swagger UI of the demo', function () {
  this.timeout(180_000);

  const started = demoInBrowser();
  let page: Page;
  /** Where the browser wanted to go. */
  const asked: URL[] = [];

  beforeEach(async () => {
    const context = await started.browser.newContext();
    context.on('request', request => asked.push(new URL(request.url())));
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${started.demo.api.url}/docs`);
    await page.locator('.authorize').first().waitFor();
  });
  afterEach(() => page.context().close());

  async function signIn(person: string): Promise<void> {
    await page.locator('.auth-wrapper .authorize').first().click();
    const flow = page.locator('.auth-container', { hasText: 'authorizationCode' });
    const [popup] = await Promise.all([page.waitForEvent('popup'), flow.locator('button.authorize').click()]);
    await popup.locator(`button[value="${person}"]`).click();
    await flow.locator('button', { hasText: 'Logout' }).waitFor();
    await page.locator('.modal-ux .btn-done').first().click();
  }

  /** The status and the challenge of the answer, as Swagger UI shows them. */
  async function tryOut(path: string): Promise<{ status: string; text: string }> {
    const block = page.locator('.opblock', { hasText: path });
    await block.locator('.opblock-summary-control').click();
    await block.locator('.try-out__btn').click();
    await block.locator('.execute').click();
    const answer = block.locator('.live-responses-table .response').first();
    await answer.waitFor();
    return {
      status: (await answer.locator('.response-col_status').innerText()).trim(),
      text: await answer.innerText(),
    };
  }

  it('signs alice in with PKCE, and she may', async () => {
    await signIn('alice');
    const authorization = asked.find(({ pathname }) => pathname === '/auth')!.searchParams;
    expect(authorization.get('response_type')).to.equal('code');
    expect(authorization.get('code_challenge_method')).to.equal('S256');
    expect(authorization.get('code_challenge')).to.match(/^[\w-]{43}$/);
    expect(authorization.get('redirect_uri')).to.equal(`${started.demo.api.url}/docs/oauth2-redirect.html`);
    expect((await tryOut('/reports/finances')).status).to.match(/^200/);
  });

  it('signs bob in, and tells why he may not', async () => {
    await signIn('bob');
    const { status, text } = await tryOut('/reports/finances');
    expect(status).to.match(/^403/);
    expect(text).to.contain('insufficient_scope').and.contain('report:finance');
    await screenshot(page, 'swagger-ui-bob-403');
  });

  it('shows an anonymous caller the reason for the 401', async () => {
    const { status, text } = await tryOut('/reports/finances');
    expect(status).to.match(/^401/);
    expect(text).to.contain('not_authenticated');
  });

  it('finds both issuers, and the API as an issuer with a token of its own', async () => {
    const { api, issuer } = started.demo;
    await page.locator('.auth-wrapper .authorize').first().click();
    const dialog = page.locator('.modal-ux');
    await dialog.getByText(`Sign in at ${issuer.url}: authorization code with PKCE (S256).`).waitFor();
    const bearer = dialog.locator('.auth-container', { hasText: '(http, Bearer)' });
    expect(await bearer.innerText()).to.include(
      `Tokens of ${api.url}: POST a username and a password to ${api.url}/auth/sign-in/.`,
    );
    await bearer.locator('input').fill(await tokenOfGed());
    await bearer.locator('button', { hasText: 'Authorize' }).click();
    await page.locator('.modal-ux .btn-done').first().click();
    expect((await tryOut('/profile')).status).to.match(/^200/);
  });

  async function tokenOfGed(): Promise<string> {
    const response = await fetch(`${started.demo.api.url}/auth/sign-in/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: ged.name, password: ged.password }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  it('asked nobody but the API and its authorization server', () => {
    const hosts = new Set(asked.filter(({ protocol }) => protocol !== 'data:').map(({ origin }) => origin));
    expect([...hosts].sort()).to.deep.equal([started.demo.api.url, started.demo.issuer.url].sort());
  });
});
