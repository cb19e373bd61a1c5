/** The demo's page in a real browser. */
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { accounts } from '../../demo/accounts';
import { screenshot } from '../browser';
import { demoInBrowser } from '../demo-in-browser';
import { DemoPage, partOf, textOf } from './demo-page';
import { answerToCurl } from './shell-line';

describe('the page of the demo', function () {
  this.timeout(180_000);

  const started = demoInBrowser();
  let demo: DemoPage;
  let page: Page;
  const asked: URL[] = [];
  const complaints: string[] = [];

  beforeEach(async () => {
    demo = await DemoPage.open(started);
    ({ page } = demo);
  });
  afterEach(async () => {
    asked.push(...demo.asked);
    complaints.push(...demo.complaints);
    await demo.context.close();
  });

  const metadata = () => `resource_metadata="${started.demo.api.url}/.well-known/oauth-protected-resource"`;

  async function challengesIn(route: string): Promise<string[]> {
    const answer = partOf(await demo.call(route), 'Answer');
    return answer.locator('dt:text-is("WWW-Authenticate") + dd').allInnerTexts();
  }

  describe('signing in', () => {
    it('takes one click, uses code and PKCE, and shows the raw token beside its claims', async () => {
      await demo.signedIn('alice');
      const authorization = demo.asked.findLast(({ pathname }) => pathname === '/auth')!.searchParams;
      expect(authorization.get('response_type')).to.equal('code');
      expect(authorization.get('code_challenge_method')).to.equal('S256');
      expect(authorization.get('login_hint')).to.equal('alice');
      for (const name of ['code_challenge', 'state', 'nonce']) expect(authorization.get(name)).to.match(/^[\w-]{43}$/);
      const token = page.locator('#token');
      expect(await token.locator('pre').innerText()).to.match(/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/);
      const claims = await token.innerText();
      for (const claim of ['alice', started.demo.issuer.url, ...accounts.alice.scopes, ...accounts.alice.roles])
        expect(claims).to.include(claim);
    });

    it('keeps every caller signed in: another one does not end the session of the first', async () => {
      for (const person of ['alice', 'bob', 'alice', 'bob']) {
        await demo.signedIn(person);
        expect(await demo.statusOf('GET /protected')).to.equal('200 OK');
      }
      expect(demo.asked.filter(({ pathname }) => pathname === '/auth')).to.have.lengthOf(2);
    });

    it('keeps tokens in memory alone', async () => {
      await demo.signedIn('alice');
      const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
      expect(kept).to.equal('[{},{},""]');
      expect(demo.asked.filter(({ href }) => /eyJ/.test(href))).to.deep.equal([]);
      await page.reload();
      await demo.said('Requests carry no token.');
      expect(await demo.statusOf('GET /protected')).to.equal('401 Unauthorized');
    });

    for (const secret of ['state', 'nonce'])
      it(`refuses the answer to another request, by its ${secret}, and says so at the callers`, async () => {
        await demo.context.route(`${started.demo.issuer.url}/auth?*`, route => {
          const url = new URL(route.request().url());
          url.searchParams.set(secret, 'another');
          return route.continue({ url: url.href });
        });
        await demo.pick('alice');
        await demo
          .problemIn('callers-problem')
          .filter({ hasText: `its ${secret} is wrong` })
          .waitFor();
        expect(await page.locator('#token').isVisible()).to.equal(false);
        expect(await demo.statusOf('GET /protected')).to.equal('401 Unauthorized');
      });

    /** The window, waiting for the authorization server until `go` is called. */
    async function halted(person: string): Promise<{ popup: Page; go: () => void }> {
      let go = (): void => undefined;
      const gate = new Promise<void>(resolve => (go = resolve));
      await demo.context.route(`${started.demo.issuer.url}/auth?*`, async route => {
        await gate;
        await route.continue().catch(() => undefined);
      });
      const [popup] = await Promise.all([page.waitForEvent('popup'), demo.pick(person)]);
      return { popup, go };
    }

    it('believes no other window', async () => {
      const { go } = await halted('alice');
      await page.evaluate("postMessage('?error=access_denied', location.origin)");
      go();
      await demo.said('You call as alice.');
    });

    it('says that nobody signed in, if the window is closed', async () => {
      const { popup, go } = await halted('alice');
      expect(await demo.caller('alice').innerText()).to.include('signing in…');
      await popup.close();
      await demo.problemIn('callers-problem').filter({ hasText: 'closed before anyone signed in' }).waitFor();
      go();
      expect(await demo.caller('alice').innerText()).to.include('not signed in');
    });

    for (const [id, said] of Object.entries({ machine: 'You call as machine.', anonymous: 'Requests carry no token.' }))
      it(`forgets a sign-in if ${id} is picked meanwhile`, async () => {
        const { popup, go } = await halted('alice');
        await Promise.all([popup.waitForEvent('close'), demo.pick(id)]);
        await demo.said(said);
        go();
        expect(await demo.caller(id).getAttribute('aria-pressed')).to.equal('true');
      });

    it('forgets a sign-in that has not left the page yet', async () => {
      let go = (): void => undefined;
      const gate = new Promise<void>(resolve => (go = resolve));
      await demo.context.route(`${started.demo.issuer.url}/.well-known/openid-configuration`, async route => {
        await gate;
        await route.continue();
      });
      const [popup] = await Promise.all([page.waitForEvent('popup'), demo.pick('alice')]);
      await demo.pick('machine');
      await demo.said('You call as machine.');
      const closed = popup.waitForEvent('close');
      go();
      await closed;
    });
  });

  describe('one route', () => {
    it('shows the answer and the rule that allows it', async () => {
      await demo.signedIn('alice');
      const detail = await demo.call('GET /reports/finances');
      expect(await detail.locator('.banner').innerText()).to.include('200 OK');
      expect(await textOf(partOf(detail, 'Decision'))).to.equal(
        'Decision ✓ HasAccessTokenScopes allows The rule: all of the scopes report:read, report:finance.',
      );
      expect(await textOf(partOf(detail, 'Answer'))).to.include('Finances read.');
    });

    it('tells bob why he is refused', async () => {
      await demo.signedIn('bob');
      const detail = await demo.call('GET /reports/finances');
      expect(await textOf(detail.locator('.banner'))).to.equal('403 Forbidden as bob: insufficient_scope');
      expect(await textOf(partOf(detail, 'Decision')))
        .to.match(/✕ HasAccessTokenScopes refuses needs all of the scopes report:read, report:finance/)
        .and.match(/of these granted: report:read not met: all of the scopes report:read, report:finance/);
      const answer = await textOf(partOf(detail, 'Answer'));
      expect(answer).to.match(
        /Bearer realm="api", error="insufficient_scope", .*, scope="report:read report:finance", resource_metadata="[^"]+"/,
      );
      expect(answer).to.include('"error": "insufficient_scope"').and.not.to.include('explanation');
    });

    it('shows an anonymous caller both challenges, each by itself', async () => {
      expect(await challengesIn('GET /protected')).to.deep.equal([
        `DPoP ${metadata()}, algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"`,
        `Bearer realm="api", ${metadata()}`,
      ]);
    });

    it('separates challenges with commas and quotes in them', async () => {
      const challenges = ['Bearer realm="a, b", error="x"', 'Negotiate', 'DPoP realm="c \\" d", algs="ES256 PS256"'];
      await demo.context.route('**/protected', route =>
        route.fulfill({ status: 401, headers: { 'www-authenticate': challenges.join(', ') }, body: '' }),
      );
      expect(await challengesIn('GET /protected')).to.deep.equal(challenges);
    });

    it('shows markup in an answer as text', async () => {
      const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
      const json = {
        error: markup,
        error_description: markup,
        explanation: { rules: [], granted: { [markup]: [markup] } },
      };
      const headers = { 'www-authenticate': `Bearer realm="${markup.replaceAll('"', "'")}"` };
      await demo.context.route('**/protected', route => route.fulfill({ status: 403, headers, json }));
      const detail = await demo.call('GET /protected');
      expect(await detail.innerText())
        .to.include(`Granted ${markup}`)
        .and.to.include(`as anonymous: ${markup}`);
      expect(await detail.locator('img, b').count()).to.equal(0);
      expect(await page.title()).to.equal('axioms-routing-controllers: the demo');
    });

    it('tells of an owner’s rule, for the object that was chosen', async () => {
      await demo.signedIn('alice');
      const detail = await demo.select('PATCH /articles/:id');
      const options = await detail.getByRole('combobox').locator('option').allInnerTexts();
      await detail.getByRole('combobox').selectOption({ label: options.find(option => option.startsWith('bob'))! });
      const refused = partOf(await demo.call('PATCH /articles/:id'), 'Decision');
      expect(await textOf(refused)).to.match(/✕ IsSubOwnerOrSafeOnly refuses needs the owner \(authorSub, authorIss\)/);
      await detail.getByRole('combobox').selectOption({ label: options.find(option => option.startsWith('alice'))! });
      expect(await demo.statusOf('PATCH /articles/:id')).to.equal('200 OK');
    });

    for (const isBound of [false, true])
      it(`copies a line of curl that gets the same answer, ${isBound ? 'with a fresh proof' : 'with the token'}`, async () => {
        await demo.context.grantPermissions(['clipboard-read', 'clipboard-write']);
        if (isBound) await page.getByRole('switch').check();
        await demo.signedIn('alice');
        const detail = await demo.call('POST /notes');
        expect(await partOf(detail, 'Request').locator('pre').innerText()).to.match(/-H 'Authorization: \w+ eyJ[^']*…/);
        for (let time = 0; time < 2; time++) {
          await demo.press('Copy curl');
          await page.getByRole('button', { name: 'Copied curl' }).waitFor();
          const line = await page.evaluate<string>('navigator.clipboard.readText()');
          expect(line.includes('DPoP: '), line).to.equal(isBound);
          expect((await answerToCurl(line)).status).to.equal(201);
          await page.getByRole('button', { name: 'Copy curl' }).waitFor();
        }
      });

    it('says when a throttled call may come again', async () => {
      await demo.pick('machine');
      await demo.said('You call as machine.');
      for (let time = 0; time < 3; time++) expect(await demo.statusOf('GET /exports')).to.equal('200 OK');
      const detail = await demo.call('GET /exports');
      await detail.locator('[data-outcome="throttled"]').waitFor();
      expect(await textOf(detail.locator('.banner'))).to.match(
        /^429 Too Many Requests as machine: throttled Again in \d+ s$/,
      );
      expect(await textOf(partOf(detail, 'Decision'))).to.include('The limit of this route is used up for now.');
      expect(await demo.shownIn('GET /exports', 'machine')).to.equal('429');
    });

    it('says in its place that the API does not answer, and tries again', async () => {
      await demo.context.route('**/public', route => route.abort());
      const detail = await demo.select('GET /public');
      await page.locator('#call').click();
      await detail.getByRole('alert').filter({ hasText: 'The API does not answer' }).waitFor();
      await demo.context.unroute('**/public');
      await demo.press('Try again');
      expect(await detail.locator('.status').innerText()).to.equal('200 OK');
      demo.complaints.length = 0;
    });
  });

  describe('the access matrix', () => {
    it('has every route of the server, in the words of the audit', async () => {
      const rows = await page.locator('#matrix [data-route]').all();
      const shown = rows.map(async row => [
        await row.getAttribute('data-route'),
        await row.locator('.rule').innerText(),
      ]);
      const audits = started.demo.api.server
        .audit()
        .map(({ method, path, rule }) => [`${method} ${path.replace(/\/$/, '')}`, rule]);
      // For those of the microservice there is a form.
      const expected = audits.filter(([route]) => !/ \/(?:auth|\.well-known)\//.test(route!));
      expect(await Promise.all(shown)).to.have.deep.members(expected);
      expect(expected).to.deep.include(['POST /articles', 'authenticated']);
    });

    it('foresees the answers, and shows them after one click for every caller', async () => {
      expect(await demo.cell('PATCH /articles/:id', 'bob').getAttribute('data-verdict')).to.equal('depends');
      await demo.press('As every caller');
      await demo.said('routes called as anonymous, bob, alice, machine, ged.');
      await screenshot(page, 'demo-all-callers');
      const open = [...(await demo.statusesOf('anonymous'))].filter(([, status]) => status !== '401');
      expect(open).to.have.deep.members([
        ['GET /public', '200'],
        ['GET /news', '200'],
        ['GET /session', '200'],
        // Signing in with a cookie needs its CSRF token. The page sends neither.
        ['POST /session', '403'],
      ]);
      const refused = [...(await demo.statusesOf('alice'))].filter(([, status]) => !status.startsWith('2'));
      expect(refused).to.deep.equal([
        ['GET /vault', '401'],
        ['POST /session', '403'],
      ]);
      for (const caller of ['anonymous', 'bob', 'alice', 'machine', 'user'])
        for (const [route, status] of await demo.statusesOf(caller)) {
          const verdict = await demo.cell(route, caller).getAttribute('data-verdict');
          // Throttles and CSRF are no permissions.
          if (verdict === 'depends' || status === '429' || route === 'POST /session') continue;
          expect(verdict === 'allows', `${route} as ${caller}: ${status}`).to.equal(!['401', '403'].includes(status));
        }
    });

    it('calls as a caller with one click on a cell, and lets the machine be itself', async () => {
      await demo.cell('POST /books', 'machine').click();
      await demo.said('POST /books as machine: 201 Created');
      expect(await demo.caller('machine').getAttribute('aria-pressed')).to.equal('true');
      expect(await demo.statusOf('GET /role')).to.equal('403 Forbidden');
    });

    it('filters by any word of a route, and says when none is left', async () => {
      const filter = page.getByRole('searchbox', { name: 'Filter the routes' });
      await filter.fill('delete owner');
      expect(await page.locator('#matrix [data-route]:visible').count()).to.equal(2);
      expect(await page.locator('#count').innerText()).to.equal('2 of 43 routes');
      await filter.fill('nothing like this');
      await page.getByText('No route has these words.').waitFor();
      await demo.press('Clear the filter');
      expect(await page.locator('#count').innerText()).to.equal('43 routes');
    });

    it('is one stop for Tab, and moves with the arrow keys', async () => {
      await page.getByRole('searchbox').focus();
      await page.keyboard.press('Tab');
      const focused = () => page.evaluate('document.activeElement.textContent');
      expect(await focused()).to.equal('GET/public');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      expect(await focused()).to.match(/^GET \/protected as anonymous: /);
      await page.keyboard.press('End');
      expect(await focused()).to.match(/^GET \/protected as ged: /);
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await demo.said('GET /public as anonymous: 200 OK');
      expect(await focused()).to.equal('GET /public as anonymous: 200 OK');
      await page.keyboard.press('Tab');
      expect(await focused()).to.equal('Call as anonymous');
    });
  });

  it('shows that a list has only what belongs to its caller', async () => {
    await demo.press('Compare');
    await page.locator('#right-notes .notes').waitFor();
    for (const [side, name, other] of [
      ['left', 'alice', 'bob'],
      ['right', 'bob', 'alice'],
    ]) {
      const notes = await page.locator(`#${side!}-notes`).innerText();
      expect(notes).to.include(`A private note of ${name!}.`).and.not.to.include(`of ${other!}`);
    }
    await page.getByLabel('Second caller').selectOption('anonymous');
    await demo.press('Compare');
    await page.locator('#right-notes [data-outcome="refused"]').waitFor();
  });

  describe('a token that is bound to a key', () => {
    it('opens with a proof, and as Bearer, with a used proof and with another proof it does not', async () => {
      await demo.press('Try as alice');
      const table = page.getByRole('table', { name: 'Requests with the same token' });
      await table.waitFor();
      const rows = await table.locator('tbody tr').all();
      expect(await Promise.all(rows.map(textOf))).to.deep.equal([
        'With a proof of the key GET /protected 200 OK',
        'The same token as Bearer GET /protected 401 Unauthorized The access token is bound to a key that was not shown',
        'The same proof once more GET /protected 401 Unauthorized The DPoP proof was used before',
        'A proof for another URL GET /protected 401 Unauthorized The DPoP proof is for another URL',
        'A route that requires a key GET /vault 200 OK',
      ]);
      expect(await textOf(page.locator('#binding .facts'))).to.match(
        /^The key P-256, made by WebCrypto, not extractable Its thumbprint ([\w-]{43}) cnf\.jkt of the token \1 the same$/,
      );
    });

    it('is what people get while the switch is on, and changes what the matrix foresees', async () => {
      await demo.signedIn('bob');
      expect(await demo.statusOf('GET /vault')).to.equal('401 Unauthorized');
      await page.getByRole('switch').check();
      await demo.caller('bob').filter({ hasText: 'bound to a key' }).waitFor();
      expect(await demo.cell('GET /vault', 'bob').getAttribute('data-verdict')).to.equal('allows');
      expect(await demo.cell('GET /vault', 'machine').getAttribute('data-verdict')).to.equal('refuses');
      for (let time = 0; time < 2; time++) expect(await demo.statusOf('GET /vault')).to.equal('200 OK');
      expect(await page.locator('#token').innerText()).to.match(/cnf\s+\{"jkt":"[\w-]{43}"\}/);
      await page.getByRole('switch').uncheck();
      expect(await demo.statusOf('GET /vault')).to.equal('401 Unauthorized');
    });
  });

  it('has landmarks and names for its controls', async () => {
    for (const landmark of ['banner', 'navigation', 'main', 'contentinfo'] as const)
      expect(await page.getByRole(landmark).count(), landmark).to.equal(1);
    const tree = await page.locator('body').ariaSnapshot();
    expect(tree).to.match(/- '?button "GET \/public as bob: allowed"/);
    expect(tree.match(/- '?(button|link|combobox|textbox|searchbox|switch)(?! ")/g)).to.equal(null);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus-visible').innerText()).to.equal('Call every route');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).to.equal('solid');
  });

  it('follows the system’s theme until the switch is used, and then keeps that', async () => {
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    expect(dark).not.to.equal(light);
    await page.reload();
    const control = page.getByRole('button', { name: 'Dark theme', pressed: true });
    await control.click();
    expect(await background()).to.equal(light);
    await page.reload();
    expect(await background()).to.equal(light);
    await page.getByRole('button', { name: 'Dark theme', pressed: false }).waitFor();
  });

  it('is served with a strict policy', async () => {
    const { headers } = await fetch(started.demo.api.url);
    expect(headers.get('content-security-policy')).to.equal(
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${started.demo.issuer.url}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
    );
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    for (const path of ['../page.ts', 'page.ts', 'static/index.html', '.tsbuildinfo-page'])
      expect((await fetch(`${started.demo.api.url}/${path}`)).status, path).to.equal(404);
  });

  it('asked nobody but the API and its authorization server, and complained of nothing but refusals', () => {
    const origins = new Set(asked.filter(({ protocol }) => protocol !== 'about:').map(({ origin }) => origin));
    expect([...origins].sort()).to.deep.equal([started.demo.api.url, started.demo.issuer.url].sort());
    expect(complaints).to.deep.equal([]);
  });
});
