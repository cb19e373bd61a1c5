import { expect } from 'chai';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import * as library from 'axioms-routing-controllers';
import * as testing from 'axioms-routing-controllers/testing';
import { settingsTable, type SettingName } from '../src/core/settings/settings';

const root = resolve(__dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** The formatter pads the columns of tables. */
const unpadded = readme.replace(/ {2,}/g, ' ');

/** Snippets leave out the imports that the README names once. */
const imports: Readonly<Record<string, readonly string[]>> = {
  'axioms-routing-controllers': [
    ...Object.keys(library),
    'AxiomsRequest',
    'ApiView',
    'AuthenticationResult',
    'SettingsInput',
    'AxiomsServer',
  ],
  'axioms-routing-controllers/testing': [...Object.keys(testing), 'ForgedTokenName'],
  'routing-controllers': [
    'JsonController',
    'Controller',
    'Get',
    'Post',
    'Put',
    'Patch',
    'Delete',
    'All',
    'Body',
    'Param',
    'CurrentUser',
    'Authorized',
    'HttpCode',
    'UseBefore',
  ],
  typedi: ['Service', 'Container'],
  'class-validator': ['IsString', 'MinLength'],
  express: ['Request', 'Response'],
};

function codeBlocks(language: string, text = readme): { readonly line: number; readonly code: string }[] {
  const fences = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  return fences.map(fence => ({ line: text.slice(0, fence.index).split('\n').length, code: fence[1] ?? '' }));
}

function withImports(code: string): string {
  const isUsed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);
  const isDeclared = (name: string): boolean =>
    new RegExp(`(?:class|interface|const|function) ${name}\\b|^import .*\\b${name}\\b`, 'm').test(code);
  const missing = (name: string): boolean => isUsed(name) && !isDeclared(name);
  const lines = Object.entries(imports).map(([from, names]) => ({ from, used: names.filter(missing) }));
  const written = lines
    .filter(({ used }) => used.length > 0)
    .map(({ from, used }) => `import { ${used.join(', ')} } from '${from}';`);
  return [...written, code, 'export {};'].join('\n');
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

describe('the README', () => {
  const folder = join(root, 'test', '.readme');

  before(() => {
    mkdirSync(folder, { recursive: true });
    // One snippet imports the one before it.
    writeAsItIs('app.ts', 'export {};');
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, code: string): string {
    return writeAsItIs(name, withImports(code));
  }

  function writeAsItIs(name: string, code: string): string {
    const file = join(folder, name);
    writeFileSync(file, code);
    return file;
  }

  it('has code blocks that compile, which one that does not would fail', function () {
    this.timeout(120_000);
    const files = codeBlocks('ts').map(({ line, code }) => write(`line-${line}.ts`, code));
    const wrong = write('wrong.ts', 'const text: string = defineSettings({ nonsense: 1 });');
    const errors = compile([...files, wrong]);
    expect(files.length).to.be.greaterThan(10);
    expect(errors.filter(error => !error.startsWith(wrong))).to.deep.equal([]);
    expect(errors.filter(error => error.startsWith(wrong))).to.have.lengthOf(2);
  });

  it('has first snippets that compile with the imports that they show, and take the server from this library', function () {
    this.timeout(120_000);
    const untilImportsAreLeftOut = readme
      .slice(0, readme.indexOf('The snippets below leave out their imports'))
      .split('\n');
    const first = codeBlocks('ts').filter(({ line }) => line < untilImportsAreLeftOut.length);
    const files = first.map(({ line, code }) => writeAsItIs(`first-${line}.ts`, code));
    expect(compile(files)).to.deep.equal([]);
    const servers = first.filter(({ code }) => code.includes('createExpressServer('));
    expect(servers).to.have.lengthOf(2);
    const imported = /^import \{[^}]*\bcreateExpressServer\b[^}]*\} from 'axioms-routing-controllers';$/m;
    for (const { code } of servers) expect(code).to.match(imported);
  });

  it('has guides whose code blocks compile as they are', function () {
    this.timeout(120_000);
    for (const guide of ['lists', 'object-filters', 'dpop', 'step-up']) {
      const text = readFileSync(join(root, `docs/${guide}.md`), 'utf8');
      const files = codeBlocks('ts', text).map(({ line, code }) =>
        writeAsItIs(`${guide}-${line}.ts`, `${code}\nexport {};`),
      );
      expect(files.length, guide).to.be.at.least(guide === 'step-up' ? 2 : 4);
      expect(compile(files), guide).to.deep.equal([]);
    }
  });

  it('has every setting of the table, as the code has it', () => {
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

  it('names every class and function that the root exports', () => {
    const missing = Object.keys(library).filter(name => !readme.includes(`\`${name}`) && !readme.includes(name));
    expect(missing).to.deep.equal([]);
  });
});
