/** The demo's page as a person uses it. */
import type { BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { DemoInBrowser } from '../demo-in-browser';

export class DemoPage {
  /** The requests of the browser. */
  readonly asked: URL[] = [];
  /** What the browser complained about, other than the refusals that the page is for. */
  readonly complaints: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    context.setDefaultTimeout(20_000);
    context.on('request', request => this.asked.push(new URL(request.url())));
    context.on('console', message => {
      const isRefusal = /^Failed to load resource: the server responded with a status of 4(?:0[134]|29) /.test(
        message.text(),
      );
      if (message.type() === 'error' && !isRefusal) this.complaints.push(message.text());
    });
    context.on('weberror', error => this.complaints.push(error.error().message));
  }

  static async create({ browser }: DemoInBrowser, options: BrowserContextOptions = {}): Promise<DemoPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    return new DemoPage(context, await context.newPage());
  }

  static async open(started: DemoInBrowser, options?: BrowserContextOptions): Promise<DemoPage> {
    const page = await DemoPage.create(started, options);
    await page.page.goto(started.demo.api.url);
    await page.said('Requests carry no token.');
    return page;
  }

  async said(text: string): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: text }).waitFor();
  }

  /** An error, where it happened. */
  problemIn(place: string): Locator {
    return this.page.locator(`#${place}`).getByRole('alert');
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  caller(id: string): Locator {
    return this.page.locator(`#callers [data-caller="${id}"]`);
  }

  async pick(id: string): Promise<void> {
    await this.caller(id).click();
  }

  /** The person picks themselves, and has signed in. */
  async signedIn(person: string): Promise<void> {
    await this.pick(person);
    await this.said(`You call as ${person}.`);
  }

  cell(route: string, caller: string): Locator {
    return this.page.locator(`[data-route="${route}"] [data-column="${caller}"] button`);
  }

  /** The status that a cell shows; empty before a call. */
  async shownIn(route: string, caller: string): Promise<string> {
    const text = (await this.cell(route, caller).textContent()) ?? '';
    return /: (\d{3}) /.exec(text)?.[1] ?? '';
  }

  async select(route: string): Promise<Locator> {
    await this.page.locator(`[data-route="${route}"]`).getByRole('button', { name: route, exact: true }).click();
    return this.page.locator('#detail');
  }

  /** Calls the route as the caller who is picked, and waits for the answer. */
  async call(route: string): Promise<Locator> {
    const detail = await this.select(route);
    await this.page.locator('#call').click();
    await this.said(`${route} as `);
    await detail.locator('.banner').waitFor();
    return detail;
  }

  async statusOf(route: string): Promise<string> {
    return (await this.call(route)).locator('.status').innerText();
  }

  /** The statuses of every route that a column shows. */
  async statusesOf(caller: string): Promise<Map<string, string>> {
    const rows = await this.page.locator('#matrix [data-route]').all();
    const statuses = rows.map(async (row): Promise<[string, string]> => {
      const route = (await row.getAttribute('data-route')) ?? '';
      return [route, await this.shownIn(route, caller)];
    });
    return new Map(await Promise.all(statuses));
  }
}

/** The text of a part of the page, with single spaces. */
export async function textOf(part: Locator): Promise<string> {
  return (await part.innerText()).trim().replace(/\s+/g, ' ');
}

/** A part of the answer by its title. */
export function partOf(detail: Locator, title: string): Locator {
  return detail.locator('.part', { has: detail.page().locator(`h4:text-is("${title}")`) });
}
