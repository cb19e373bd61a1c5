/** A real browser, for tests of pages. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const isRequired = (process.env.REQUIRED_SERVERS ?? '').split(',').includes('chromium');

// Nothing of its own over the network: where there is none, it would try and try.
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];

/** Called in a `before` hook; where there is no browser, its tests are pending, with the reason. */
export async function launchBrowser(hook: Mocha.Context): Promise<Browser> {
  if (!existsSync(executablePath) && !isRequired) {
    // The suite's own title is printed already.
    for (const test of hook.test!.parent!.tests) test.title += ` (there is no browser at ${executablePath})`;
    hook.skip();
  }
  return chromium.launch({ executablePath, args });
}

const screenshots = resolve(__dirname, '../../coverage/screenshots');

/** For people: nothing is compared. */
export async function screenshot(page: Page, name: string, fullPage = false): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage });
}
