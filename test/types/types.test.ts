import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

const root = resolve(__dirname, '../../..');
const folder = join(root, 'test/types/consumers');

interface Found {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), path => readFileSync(path, 'utf8')) as {
  config: object;
};
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
const host = hostThatRemembers(ts.createCompilerHost(options));

// Most of the files are Node's and Express's, the same each time.
function hostThatRemembers(made: ts.CompilerHost): ts.CompilerHost {
  const read = made.getSourceFile.bind(made);
  const known = new Map<string, ts.SourceFile | undefined>();
  const getSourceFile: typeof read = (name, ...rest) => {
    if (!known.has(name)) known.set(name, read(name, ...rest));
    return known.get(name);
  };
  return { ...made, getSourceFile };
}

/** Compiles these files as a project of somebody who uses the package; what is wrong in packages of others is not ours. */
function errorsIn(...names: string[]): Found[] {
  const program = ts.createProgram(
    names.map(name => join(folder, name)),
    options,
    host,
  );
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || !file.fileName.includes(`${sep}node_modules${sep}`))
    .map(({ file, start = 0, messageText }) => ({
      file: file === undefined ? '' : relative(folder, file.fileName),
      line: file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1,
      text: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
}

describe('the types', () => {
  it('suit a strict project that has Passport and express-oauth2-jwt-bearer, too, and checks our declarations', () => {
    expect(errorsIn('app.ts', 'passport.ts', 'bearer.ts', 'testing.ts')).to.deep.equal([]);
  }).timeout(120_000);

  it('suit a project that has neither, and refuse what is wrong, line by line', () => {
    const lines = readFileSync(join(folder, 'wrong.ts'), 'utf8').split('\n');
    const marked = lines.flatMap((line, index) => (line.endsWith('// error:') ? [`wrong.ts:${index + 2}`] : []));
    const found = errorsIn('app.ts', 'wrong.ts').map(({ file, line }) => `${file}:${line}`);
    expect(new Set(found)).to.deep.equal(new Set(marked));
  }).timeout(120_000);

  for (const name of ['request-with-user.ts', 'own-request.ts', 'own-user.ts'])
    it(`suit a project that has users of its own types: ${name}`, () => {
      expect(errorsIn(name)).to.deep.equal([]);
    }).timeout(120_000);

  it('are never any, name no type of jose, and can be read by TypeScript 5.4', () => {
    const built = join(root, 'dist/src');
    const declarations = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.d.ts'),
    );
    expect(declarations).to.include('index.d.ts');
    for (const name of declarations) {
      const source = ts.createSourceFile(name, readFileSync(join(built, name), 'utf8'), ts.ScriptTarget.Latest);
      expect(anysOf(source), name).to.equal(0);
      expect(source.text, name).not.to.match(/from 'jose'|import\("jose"/);
      // TypeScript before 5.7 knows no arguments of these.
      expect(source.text.replace(/\/\*\*[^]*?\*\//g, ''), name).not.to.match(/\b(?:Buffer|Uint8Array)</);
    }
    expect(anysOf(ts.createSourceFile('x.d.ts', 'export const x: any;', ts.ScriptTarget.Latest))).to.equal(1);
  });
});

function anysOf(node: ts.Node): number {
  let found = node.kind === ts.SyntaxKind.AnyKeyword ? 1 : 0;
  node.forEachChild(child => {
    found += anysOf(child);
  });
  return found;
}
