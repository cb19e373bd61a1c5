/** The check of prose that `npm run lint` runs, on small folders. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { sampled } from './sampled';

const script = resolve(__dirname, '../../test/prose.mjs');

describe('the check of prose', () => {
  let root = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'prose-'));
    for (const folder of ['src/core', 'test/upstream', 'demo', 'bench/node_modules', 'examples'])
      mkdirSync(join(root, folder), { recursive: true });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function check(source: string, listed: readonly string[] = [], ...options: string[]) {
    writeFileSync(join(root, 'src/core/claims.ts'), source);
    writeFileSync(join(root, 'test/prose-exceptions.json'), JSON.stringify(listed));
    const { status, stderr } = spawnSync(process.execPath, [script, '--root', root, ...options], { encoding: 'utf8' });
    return { status, stderr };
  }

  for (const [place, source] of sampled([
    ['a comment', '// Refuses whoever has no token.\nconst a = 1;'],
    ['TSDoc, across two lines', '/**\n * Answers for\n * want of a key.\n */\nexport const a = 1;'],
    ['two line comments', 'const a = 1;\n// Kept for want\n// of a better place.\nconst b = 2;'],
    ['a comment after code', 'const a = 1; // The caller is told.'],
    ['a message', "throw new Error('Nobody is told why');"],
    ['a message with a value', 'throw new Error(`${a} is refused, and whoever asks`);'],
  ] as const))
    it(`finds a forbidden phrase in ${place}`, () => {
      const { status, stderr } = check(source);
      expect(stderr).to.match(/^src\/core\/claims\.ts:\d: "/);
      expect(status).to.equal(1);
    });

  for (const [what, source] of sampled([
    ['plain sentences', "// The guard refuses the request.\nthrow new Error('The token has expired');"],
    ['names in code', "const whoever = 'whoever';\nconst inWords = whoever;"],
    ['a phrase that is wrong only without its beginning', '// Creates a key if there is none.'],
    ['the name of a file', '// Run node bench/start-up.mjs.'],
    ['a value that begins like one', "const a = 'A No';"],
    ['a word that only contains one', "// A whoeverish no-op in wordsmithing.\nconst a = 'a no-op';"],
  ] as const))
    it(`finds nothing in ${what}`, () => {
      expect(check(source)).to.deep.equal({ status: 0, stderr: '' });
    });

  for (const file of sampled(['test/claims.test.ts', 'test/upstream/main.mjs', 'demo/start.cjs', 'bench/load.mjs']))
    it(`looks at ${file}`, () => {
      writeFileSync(join(root, file), "it('refuses whoever has no token', () => {});");
      const { status, stderr } = check('');
      expect(stderr).to.equal(`${file}:1: "whoever": name the person or thing\n`);
      expect(status).to.equal(1);
    });

  for (const file of sampled([
    'test/prose.mjs',
    'test/prose.test.ts',
    'test/notes.txt',
    'bench/node_modules/index.mjs',
  ]))
    it(`leaves out ${file}`, () => {
      writeFileSync(join(root, file), '// whoever');
      expect(check('')).to.deep.equal({ status: 0, stderr: '' });
    });

  it('names the line and the phrase, and says what to write instead', () => {
    const { stderr } = check('const a = 1;\n/**\n * Refused for\n * want of a key.\n */\nconst b = 2;');
    expect(stderr).to.equal('src/core/claims.ts:3: "for want of": say "because there is no …"\n');
  });

  it('accepts a phrase in a file on the list', () => {
    expect(check('// whoever', ['src/core/claims.ts'])).to.deep.equal({ status: 0, stderr: '' });
  });

  it('fails for a file on the list that has become clean or does not exist', () => {
    const { status, stderr } = check('// The caller.', ['src/core/claims.ts', 'demo/gone.ts']);
    expect(status).to.equal(1);
    expect(stderr).to.match(/^src\/core\/claims\.ts: .*\ndemo\/gone\.ts: /);
  });

  it('takes such files off the list when it is asked to, and adds none', () => {
    writeFileSync(join(root, 'src/core/audit.ts'), '// whoever');
    writeFileSync(join(root, 'src/core/urls.ts'), '// whoever');
    const { status } = check(
      '// The caller.',
      ['src/core/audit.ts', 'src/core/claims.ts', 'src/core/gone.ts'],
      '--shorten',
    );
    expect(status).to.equal(1);
    expect(JSON.parse(readFileSync(join(root, 'test/prose-exceptions.json'), 'utf8'))).to.deep.equal([
      'src/core/audit.ts',
    ]);
  });
});
