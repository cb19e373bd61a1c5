/** Every state of the demo's page, in both themes, wide and narrow: accessible, legible, and without a bar to scroll sideways. */
import { expect } from 'chai';
import { source as axe } from 'axe-core';
import type { Page, Route } from 'playwright-core';
import { ged } from '../../demo/users';
import { screenshot } from '../browser';
import { demoInBrowser } from '../demo-in-browser';
import { sampled } from '../sampled';
import { DemoPage } from './demo-page';
import { leastContrast, smallestTarget } from './legibility';

interface State {
  /** Before the page is opened. */
  readonly prepare?: (demo: DemoPage) => Promise<unknown>;
  readonly reach: (demo: DemoPage) => Promise<unknown>;
  /** What the browser complains about on purpose. */
  readonly complaint?: RegExp;
}

/** A phone. 320 pixels are what WCAG 2.2 asks for, 1.4.10. */
const narrow = 390;

const never = (): Promise<void> => new Promise(() => undefined);
const unanswered = /net::ERR_FAILED/;

/** Signs ged in with a form that the page shows. */
async function signInAtApi({ page }: DemoPage, password: string): Promise<void> {
  await page.getByLabel('Name').fill(ged.name);
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Password').press('Enter');
}

const states: Readonly<Record<string, State>> = {
  loading: {
    prepare: ({ context }) => context.route('**/page/demo.json', never),
    reach: ({ page }) => page.getByText('Loading…').waitFor(),
  },
  'not-started': {
    prepare: ({ context }) => context.route('**/page/demo.json', (route: Route) => route.abort()),
    reach: ({ page }) => page.getByRole('alert').filter({ hasText: 'The API does not answer.' }).waitFor(),
    complaint: unanswered,
  },
  empty: { reach: demo => demo.said('Requests carry no token.') },
  'signing-in': {
    prepare: ({ context }) => context.route('**/auth?*', never),
    reach: async demo => {
      await demo.pick('alice');
      await demo.caller('alice').filter({ hasText: 'signing in…' }).waitFor();
    },
  },
  'not-signed-in': {
    prepare: ({ context }) => context.route('**/auth?*', never),
    reach: async demo => {
      const [popup] = await Promise.all([demo.page.waitForEvent('popup'), demo.pick('alice')]);
      await popup.close();
      await demo.problemIn('callers-problem').waitFor();
    },
  },
  calling: {
    prepare: ({ context }) => context.route('**/public', never),
    reach: async demo => {
      const detail = await demo.select('GET /public');
      await demo.page.locator('#call').click();
      await detail.getByText('Calling as anonymous…').waitFor();
    },
  },
  granted: {
    reach: async demo => {
      await demo.signedIn('alice');
      await demo.call('POST /articles');
    },
  },
  refused: {
    reach: async demo => {
      await demo.signedIn('bob');
      await demo.call('GET /reports/finances');
    },
  },
  'refused-without-a-token': { reach: demo => demo.call('GET /protected') },
  throttled: {
    reach: async demo => {
      await demo.pick('machine');
      for (let time = 0; time < 4; time++) await demo.call('GET /exports');
      await demo.page.locator('#detail [data-outcome="throttled"]').waitFor();
    },
  },
  unanswered: {
    prepare: ({ context }) => context.route('**/public', (route: Route) => route.abort()),
    reach: async demo => {
      const detail = await demo.select('GET /public');
      await demo.page.locator('#call').click();
      await detail.getByRole('alert').waitFor();
    },
    complaint: unanswered,
  },
  filtered: { reach: ({ page }) => page.getByRole('searchbox').fill('owner') },
  'no-routes': { reach: ({ page }) => page.getByRole('searchbox').fill('nothing like this') },
  'every-caller': {
    reach: async demo => {
      await demo.press('As every caller');
      await demo.said('routes called as anonymous, bob, alice, machine, ged.');
    },
  },
  lists: {
    reach: async ({ page }) => {
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.locator('#right-notes .notes').waitFor();
    },
  },
  'list-without-notes': {
    prepare: ({ context }) => context.route('**/notes', (route: Route) => route.fulfill({ json: [] })),
    reach: async ({ page }) => {
      await page.getByLabel('Second caller').selectOption('machine');
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.getByText('machine has no notes.').waitFor();
    },
  },
  'lists-asked-for': {
    prepare: ({ context }) => context.route('**/notes', never),
    reach: async ({ page }) => {
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.getByText('Asking for the list…').first().waitFor();
    },
  },
  'lists-unanswered': {
    prepare: ({ context }) => context.route('**/notes', (route: Route) => route.abort()),
    reach: async demo => {
      await demo.press('Compare');
      await demo.problemIn('notes-problem').waitFor();
    },
    complaint: unanswered,
  },
  'bound-to-a-key': {
    reach: async demo => {
      await demo.page.getByRole('switch').check();
      await demo.signedIn('alice');
      await demo.call('GET /vault');
      await demo.press('Try as alice');
      await demo.page.getByRole('table', { name: 'Requests with the same token' }).waitFor();
    },
  },
  session: {
    reach: async demo => {
      await signInAtApi(demo, ged.password);
      await demo.said('You call as ged.');
    },
  },
  'wrong-password': {
    reach: async demo => {
      await signInAtApi(demo, 'goat');
      await demo.problemIn('session-problem').waitFor();
    },
  },
};

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

describe('the states of the page of the demo', function () {
  this.timeout(240_000);

  const started = demoInBrowser();

  for (const [name, { prepare, reach, complaint = /^$/ }] of sampled(Object.entries(states), ([name]) => name))
    it(`is accessible, legible and as wide as the screen in the state “${name.replaceAll('-', ' ')}”`, async () => {
      const demo = await DemoPage.create(started);
      try {
        await prepare?.(demo);
        await demo.page.goto(started.demo.api.url);
        await reach(demo);
        await demo.page.evaluate(axe);
        for (const colorScheme of ['light', 'dark'] as const)
          for (const width of [1280, narrow]) await expectGood(demo, { name, colorScheme, width });
        expect(demo.complaints.filter(one => !complaint.test(one))).to.deep.equal([]);
      } finally {
        await demo.context.unrouteAll({ behavior: 'ignoreErrors' });
        await demo.context.close();
      }
    });

  interface Look {
    readonly name: string;
    readonly colorScheme: 'light' | 'dark';
    readonly width: number;
  }

  async function expectGood({ page }: DemoPage, { name, colorScheme, width }: Look): Promise<void> {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 900 });
    await screenshot(page, `demo-${name}-${colorScheme}-${width}`, true);
    const { violations } = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
    expect(violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map(({ html }) => html)])).to.deep.equal([]);
    await expectNoOverflow(page, width);
    if (width === narrow) await expectNoOverflow(page, 320);
    expect(await page.evaluate(leastContrast), 'contrast').to.be.at.least(4.5);
    expect(await page.evaluate(smallestTarget), 'height of what can be pressed').to.be.at.least(24);
  }

  async function expectNoOverflow(page: Page, width: number): Promise<void> {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth'), `width at ${width}`).to.be.at.most(width);
  }
});
