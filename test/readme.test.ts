import { expect } from 'chai';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import * as library from 'axioms-routing-controllers';
import { settingsTable, type SettingName } from '../src/core/settings/settings';

const root = resolve(__dirname, '../..');
const readme = textOf('README.md');
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.md') && !/node_modules|\.vitepress|decisions/.test(name))
  .map(name => `docs/${name}`);

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

function codeBlocks(language: string, text: string): { readonly line: number; readonly code: string }[] {
  const fences = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  return fences.map(fence => ({ line: text.slice(0, fence.index).split('\n').length, code: fence[1] ?? '' }));
}

function compile(files: readonly string[]): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, 'tsconfig.json'), name => ts.sys.readFile(name)).config,
    ts.sys,
    root,
  );
  const program = ts.createProgram(files, {
    ...options,
    noEmit: true,
    incremental: false,
    tsBuildInfoFile: undefined,
    noUnusedLocals: false,
    noUnusedParameters: false,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

/** The cells of the first row of a table that begins with this name. */
function cellsOf(text: string, name: string): readonly string[] {
  const row = text.split('\n').find(line => line.startsWith(`| ${name} `)) ?? '';
  return row
    .split('|')
    .slice(1)
    .map(cell => cell.trim());
}

describe('the README and the pages of the documentation', () => {
  const folder = join(root, 'test', '.readme');

  before(() => {
    mkdirSync(folder, { recursive: true });
    // Snippets that import the one before them.
    write('app.ts', '');
    write(
      'api.ts',
      "import type { SettingsInput } from 'axioms-routing-controllers';\nexport declare function createApp(axioms?: SettingsInput): import('express').Express;",
    );
    write('book-controller.ts', 'export declare class BookController {}');
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, code: string): string {
    const file = join(folder, name);
    writeFileSync(file, `${code}\nexport {};`);
    return file;
  }

  it('have code blocks that compile as they are, which one that does not would fail', function () {
    this.timeout(240_000);
    // The settings of the pages about providers have a test of their own.
    const compiled = [...pages, 'README.md'].filter(page => !page.startsWith('docs/providers'));
    const files = compiled.flatMap(page =>
      codeBlocks('ts', textOf(page)).map(({ line, code }) =>
        write(`${page.replace(/\W/g, '-')}-line-${line}.ts`, code),
      ),
    );
    const wrong = write(
      'wrong.ts',
      "import { defineSettings } from 'axioms-routing-controllers';\nconst text: string = defineSettings({ nonsense: 1 });",
    );
    const errors = compile([...files, wrong]);
    expect(files.length).to.be.greaterThan(50);
    expect(errors.filter(error => !error.startsWith(wrong))).to.deep.equal([]);
    expect(errors.filter(error => error.startsWith(wrong))).to.have.lengthOf(2);
  });

  it('take the server from this library, never from routing-controllers', () => {
    const blocks = [...pages, 'README.md'].flatMap(page => codeBlocks('ts', textOf(page)));
    const servers = blocks.filter(({ code }) => /\b(?:create|use)ExpressServer\(/.test(code));
    expect(servers.length).to.be.greaterThan(15);
    const imported = /^import \{[^}]*\b(?:create|use)ExpressServer\b[^}]*\} from 'axioms-routing-controllers';$/m;
    for (const { code } of servers) expect(code).to.match(imported);
    expect(codeBlocks('ts', readme).filter(({ code }) => imported.test(code))).to.have.lengthOf(2);
  });

  it('have the figures of the README from what the bench has written', () => {
    const peers = [
      'this library',
      'aws-jwt-verify',
      'jose (WebCrypto)',
      'express-oauth2-jwt-bearer',
      'express-jwt + jwks-rsa',
      'passport-jwt + jwks-rsa',
    ];
    const [known = '', others = ''] = textOf('bench/RESULTS.md').split('### RS256, all tokens distinct');
    for (const peer of peers) {
      const name = peer === 'this library' ? 'ours' : peer;
      const [, forged, outage, repeated, distinct] = cellsOf(readme, peer);
      const [, accepted = '', status] = cellsOf(textOf('bench/REFUSALS.md'), name);
      expect([forged, outage?.slice(0, 3)], peer).to.deep.equal([
        accepted.replace(' of 43', ''),
        status?.padEnd(3, ' ('),
      ]);
      expect([repeated, distinct], peer).to.deep.equal(
        [known, others].map(text => cellsOf(text, name)[3]?.split(' ')[0]),
      );
    }
  });

  it('fit: npm cuts a README at 64 kB, and this one is for reading', () => {
    expect(Buffer.byteLength(readme)).to.be.at.most(20_000);
  });

  it('have every setting of the table, as the code has it', () => {
    const unpadded = textOf('docs/settings.md').replace(/ {2,}/g, ' ');
    for (const name of Object.keys(settingsTable) as SettingName[]) {
      const { variable, defaultText, meaning } = { variable: undefined, ...settingsTable[name] } as {
        variable?: string;
        defaultText: string;
        meaning: string;
      };
      expect(unpadded).to.include(
        `| \`${name}\` | ${variable === undefined ? '–' : `\`${variable}\``} | ${defaultText} | ${meaning} |`,
      );
    }
  });

  it('name every class and function that the root exports', () => {
    // What is only in the notes on upgrading or in a guide for operators is not documented.
    const documented = pages.filter(page => !/upgrading|many-processes|compatibility/.test(page)).map(textOf);
    const text = [readme, ...documented].join('\n');
    expect(Object.keys(library).filter(name => !text.includes(name))).to.deep.equal([]);
  });
});
