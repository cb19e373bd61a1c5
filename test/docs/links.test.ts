/** Every link of the documentation leads to a file that exists, and to a heading that it has. */
import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pages } from '../../docs/generate/page';
import { root } from '../../docs/generate/source';

const all = [
  ...pages(),
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'examples/keycloak/README.md',
  '.github/SECURITY.md',
  '.github/CODE_OF_CONDUCT.md',
];

function withoutCode(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, code => code.replace(/[[\]()]/g, ' '));
}

/** The anchors that GitHub and the site give to headings. */
function anchorsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenIn(page: string): readonly string[] {
  const links = [...withoutCode(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)];
  return links.flatMap(([, link = '']) => (isBroken(page, link) ? [`${page}: ${link}`] : []));
}

function isBroken(page: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return !URL.canParse(link);
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, file))) return true;
  return anchor !== undefined && !anchorsOf(file).includes(anchor);
}

describe('the links of the documentation', () => {
  for (const page of all) it(`lead somewhere: ${page}`, () => expect(brokenIn(page)).to.deep.equal([]));

  it('are checked: a missing file and a missing heading are found', () => {
    expect(isBroken('docs/lists.md', 'nowhere.md')).to.equal(true);
    expect(isBroken('docs/lists.md', '#nothing')).to.equal(true);
    expect(isBroken('docs/lists.md', '#prove-it')).to.equal(false);
  });

  it('reach every page from the README or the side of the site', () => {
    const sidebar = readFileSync(join(root, 'docs/.vitepress/config.mts'), 'utf8');
    const linked = all.flatMap(page =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)\s#]+\.md)/g)].map(([, link = '']) =>
        relative(root, join(root, dirname(page), link)),
      ),
    );
    const unreached = pages().filter(
      page => !linked.includes(page) && !sidebar.includes(`'${page.slice('docs/'.length, -'.md'.length)}'`),
    );
    expect(unreached).to.deep.equal(['docs/index.md']);
  });
});
