/**
 * The built site: `npm run docs:check` builds and checks it, after the links, the generated parts and the blocks of code. Its
 * search finds the page that answers a question, and each page opens in a browser, wide and narrow, without an error and
 * without anything beside the screen.
 */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import type { Browser } from 'playwright-core';
import { pages } from '../../docs/generate/page';
import { root } from '../../docs/generate/source';
import { launchBrowser, screenshot } from '../browser';
import { freePort } from '../free-port';

const site = join(root, 'docs/.vitepress/dist');

interface Search {
  search(query: string): readonly { readonly id: string }[];
}

/** The search of the site, with the options of its search box. */
function siteSearch(): Search {
  const chunks = join(site, 'assets/chunks');
  const [name = ''] = readdirSync(chunks).filter(file => file.startsWith('@localSearchIndexroot'));
  const [, literal = "''"] =
    /^const \w+=('[^]*'|`[^]*`|"[^]*");export/.exec(readFileSync(join(chunks, name), 'utf8').trim()) ?? [];
  const index = runInNewContext(literal) as string;
  const MiniSearch = createRequire(join(root, 'node_modules/vitepress/package.json'))('minisearch') as {
    loadJSON(json: string, options: object): Search;
  };
  return MiniSearch.loadJSON(index, {
    fields: ['title', 'titles', 'text'],
    storeFields: ['title', 'titles'],
    searchOptions: {
      fuzzy: 0.2,
      prefix: true,
      boost: { title: 4, text: 2, titles: 1 },
      boostDocument: (id: string) => (/^\/(?:upgrading|changelog|decisions|rfcs)/.test(id) ? 0.2 : 1),
    },
  });
}

/** The pages of which people get a picture. */
const photographed = [
  '',
  'tutorial',
  'troubleshooting',
  'providers',
  'settings',
  'migrating/drf',
  'providers/keycloak',
  'threat-model',
];

/** What users ask most, and the page that answers it. */
const questions: Readonly<Record<string, string>> = {
  '401 with a good token': '/questions/401-with-a-good-token',
  'why 401': '/questions/401-with-a-good-token',
  'optional authentication': '/questions/optional-authentication',
  'claims on the request': '/questions/claims-on-the-request',
  'custom errors': '/questions/custom-errors',
  'several issuers': '/several-issuers',
  'tokens in cookies': '/questions/tokens-in-cookies',
  'typedi useContainer': '/questions/typedi-use-container',
  'testing without an issuer': '/questions/testing-without-an-issuer',
  CORS: '/cors',
  'build tools': '/questions/build-tools',
  esbuild: '/questions/build-tools',
  'passport-jwt': '/migrating/passport-jwt',
  'express-oauth2-jwt-bearer': '/migrating/express-oauth2-jwt-bearer',
  Keycloak: '/providers/keycloak',
  'threat model': '/threat-model',
  'protect a route': '/protect',
  'client credentials': '/questions/only-machines',
  'machine to machine': '/questions/only-machines',
  M2M: '/questions/only-machines',
  'service account': '/questions/only-machines',
  'fresh sign-in': '/step-up',
  'issuer is down': '/questions/issuer-down',
  GraphQL: '/questions/other-protocols',
  websocket: '/questions/other-protocols',
};

function withoutLinks(text: string): string {
  return text.replace(/\]\([^)\s]+\)/g, ']');
}

describe('the search of the site', () => {
  it('ranks as this test does', () => {
    const ranking = 'boostDocument: (id: string) => (/^\\/(?:upgrading|changelog|decisions|rfcs)/.test(id) ? 0.2 : 1)';
    expect(readFileSync(join(root, 'docs/.vitepress/config.mts'), 'utf8')).to.include(ranking);
  });

  for (const [question, page] of Object.entries(questions))
    it(`lists the page first that answers: ${question}`, () => {
      const [first] = siteSearch().search(question);
      expect(first?.id.split('#')[0]).to.equal(page);
    });
});

describe('the site', function () {
  this.timeout(300_000);

  let browser: Browser;
  let server: ChildProcess | undefined;
  let url: string;

  before(async function () {
    browser = await launchBrowser(this);
    const port = await freePort();
    url = `http://localhost:${port}`;
    const vitepress = join(root, 'node_modules/vitepress/bin/vitepress.js');
    server = spawn(process.execPath, [vitepress, 'preview', 'docs', '--port', String(port)], {
      cwd: root,
      stdio: 'ignore',
    });
    while ((await fetch(url).catch(() => undefined)) === undefined) await pause(100);
  });
  after(async () => {
    server?.kill();
    await (browser as Browser | undefined)?.close();
  });

  it('has a twin of each page in Markdown, and lists them in llms.txt', () => {
    const list = readFileSync(join(site, 'llms.txt'), 'utf8');
    for (const page of pages()) {
      const name = page.slice('docs/'.length);
      const twin = readFileSync(join(site, name), 'utf8');
      expect(withoutLinks(twin)).to.equal(withoutLinks(readFileSync(join(root, page), 'utf8')));
      expect(list.includes(`](/${name})`), name).to.equal(name !== 'index.md');
    }
    expect(readFileSync(join(site, 'providers/keycloak.md'), 'utf8')).to.match(
      /\]\(https:\/\/github\.com\/.*\/blob\/main\/examples\/keycloak\/README\.md\)/,
    );
    expect(existsSync(join(site, 'api/index.html'))).to.equal(true);
  });

  for (const width of [1280, 390])
    it(`opens every page at ${width} pixels without an error and without overflow`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 900 } });
      const tab = await context.newPage();
      const problems: string[] = [];
      tab.on('console', message => {
        if (message.type() === 'error') problems.push(`${tab.url()}: ${message.text()}`);
      });
      tab.on('pageerror', error => problems.push(`${tab.url()}: ${error.message}`));
      tab.on('request', request => {
        if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
          problems.push(`asks for ${request.url()}`);
      });
      for (const page of pages()) {
        const path = page.slice('docs/'.length, -'.md'.length).replace(/^index$/, '');
        await tab.goto(`${url}/${path}`, { waitUntil: 'load' });
        const wide = await tab.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
        if (wide !== 0) problems.push(`${path} is ${String(wide)} pixels too wide`);
        if (photographed.includes(path))
          await screenshot(tab, `site-${path === '' ? 'home' : path.replace('/', '-')}-${width}`);
      }
      await context.close();
      expect(problems).to.deep.equal([]);
    });
});
