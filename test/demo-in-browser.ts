/** The demo and a real browser, for tests of its pages. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { removeDatabase, temporaryPlace, type DatabasePlace } from '../demo/database';
import { startDemo, type Demo } from '../demo/demo';
import { launchBrowser } from './browser';

const scripts = resolve(__dirname, '../demo/page/page.js');

export interface DemoInBrowser {
  readonly demo: Demo;
  readonly browser: Browser;
}

/** Starts both before the tests of a suite, and ends them after; where there is no browser the tests are pending. */
export function demoInBrowser(): DemoInBrowser {
  const started: { -readonly [Name in keyof DemoInBrowser]?: DemoInBrowser[Name] } = {};
  let place: DatabasePlace | undefined;
  before(async function () {
    started.browser = await launchBrowser(this);
    if (!existsSync(scripts)) throw new Error('The scripts of the page are not compiled: run `npm run build`.');
    place = await temporaryPlace();
    started.demo = await startDemo({ place });
  });
  after(async () => {
    await started.browser?.close();
    await started.demo?.close();
    if (place !== undefined) await removeDatabase(place);
  });
  return started as DemoInBrowser;
}
