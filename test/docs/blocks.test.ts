/** The blocks of code in the pages: of a known language, and checked. `test/readme.test.ts` compiles those in TypeScript. */
import { expect } from 'chai';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../../src/cli/command-line';
import { pages } from '../../docs/generate/page';
import { root } from '../../docs/generate/source';

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
  /** Whether it is a region of a file, by `<!-- code FILE -->`. */
  readonly isRegion: boolean;
}

const all: readonly Block[] = [...pages(), 'README.md'].flatMap(page =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/(<!-- code \S+ -->\n\n?)?^ *```(\w*)\n([^]*?)^ *```$/gm)].map(
    ([, region, language = '', text = '']) => ({ page, language, text, isRegion: region !== undefined }),
  ),
);

const blocksIn = (...languages: readonly string[]): readonly Block[] =>
  all.filter(({ language }) => languages.includes(language));

/** The examples in the source. */
function examples(): readonly Pick<Block, 'page' | 'text'>[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(one =>
    one.endsWith('.ts'),
  );
  return files.flatMap(page => {
    const comments = readFileSync(join(root, 'src', page), 'utf8').match(/^ *\* @example\n[^]*?\*\//gm) ?? [];
    return comments.map(text => ({ page, text }));
  });
}

/** Code that cannot run here: cors and passport-jwt are not installed, and a configuration of jest is for jest. */
const notRun = ['docs/cors.md', 'docs/dpop.md', 'docs/migrating/passport-jwt.md', 'docs/testing.md'];

describe('the blocks of code in the documentation', () => {
  it('have a language', () => {
    const known = ['ts', 'typescript', 'js', 'json', 'sh', 'py', 'yaml', 'html', 'mermaid', 'text', 'nginx', 'http'];
    expect(all.length).to.be.greaterThan(150);
    expect(all.filter(({ language }) => !known.includes(language))).to.deep.equal([]);
  });

  it('are regions of files that tests run, if they are JavaScript, or what an app had before', () => {
    const others = blocksIn('js', 'typescript').filter(({ isRegion }) => !isRegion);
    expect(others.map(({ page }) => page)).to.deep.equal(notRun);
  });

  it('compare no values that may both be undefined, which would let a request through that lacks them', () => {
    const maybe = /(?:\?\.\w+|\['\w+'\]) === (?!['"`\d]|true|false|null|undefined)/;
    const code = [...all.filter(({ language }) => language === 'ts'), ...examples()];
    expect(code.length).to.be.greaterThan(200);
    expect(code.filter(({ text }) => maybe.test(text)).map(({ page }) => page)).to.deep.equal([]);
  });

  it('are JSON, if they say so', () => {
    for (const { page, text } of blocksIn('json')) expect(() => JSON.parse(text) as unknown, page).not.to.throw();
  });

  it('call scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const called = blocksIn('sh').flatMap(({ page, text }) =>
      [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => [page, name] as const),
    );
    expect(called.length).to.be.greaterThan(0);
    expect(called.filter(([, name]) => !Object.hasOwn(scripts, name))).to.deep.equal([]);
  });

  it('call commands and options that the command line has', () => {
    const calls = blocksIn('sh').flatMap(({ page, text }) =>
      [...text.matchAll(/\baxioms ((?!-routing|\.)[^#|\n)]+)/g)].map(([, call = '']) => ({ page, call: call.trim() })),
    );
    expect(calls.length).to.be.greaterThan(10);
    expect(calls.filter(({ call }) => !isUnderstood(call))).to.deep.equal([]);
  });
});

function isUnderstood(call: string): boolean {
  const command = commands.find(({ name }) => call === name || call.startsWith(`${name} `));
  const flags = [...call.matchAll(/ --([\w-]+)/g)].map(([, flag = '']) => flag);
  return command !== undefined && flags.every(flag => flag === 'help' || Object.hasOwn(command.options, flag));
}
