import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';
import * as library from 'axioms-routing-controllers';

const root = resolve(__dirname, '../..');
const modules = join(root, 'node_modules');

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd, maxBuffer: 1 << 26 });
  return stdout;
}

interface Exported {
  readonly [subpath: string]: string | { readonly types: string; readonly default: string };
}

interface Manifest {
  readonly exports: Exported;
  readonly type: string;
  readonly author: string;
  readonly homepage: string;
  readonly repository: { readonly url: string };
  readonly bugs: { readonly url: string };
  readonly typesVersions: unknown;
  readonly sideEffects: readonly string[];
}

/**
 * Has the module a statement that works on anything but what it defines itself? Imports of packages do not count: a
 * bundler asks the package.
 */
function doesMoreThanDefine(source: string): boolean {
  const { statements } = ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest);
  const own = new Set(statements.flatMap(one => (ts.isClassDeclaration(one) && one.name ? [one.name.text] : [])));
  const isOwn = (one: ts.Node): boolean =>
    (ts.isIdentifier(one) && own.has(one.text)) ||
    (ts.isAsExpression(one) && isOwn(one.expression)) ||
    (ts.isArrayLiteralExpression(one) && one.elements.every(isOwn));
  return statements.some(statement => {
    if (ts.isForOfStatement(statement)) return !isOwn(statement.expression);
    if (!ts.isExpressionStatement(statement)) return false;
    const { expression } = statement;
    if (!ts.isCallExpression(expression)) return true;
    const { expression: called, arguments: given } = expression;
    return ![...(ts.isPropertyAccessExpression(called) ? [called.expression] : []), ...given.slice(0, 1)].some(isOwn);
  });
}

describe('the package, packed and unpacked', function () {
  this.timeout(120_000);

  let folder: string;
  let tarball: string;
  let unpacked: string;
  let manifest: Manifest;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(await run('npm', packing, root)) as [{ filename: string }];
    tarball = join(folder, filename);
    unpacked = join(folder, 'node_modules/axioms-routing-controllers');
    mkdirSync(unpacked, { recursive: true });
    await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', unpacked], folder);
    manifest = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as typeof manifest;
    for (const name of readdirSync(modules).filter(name => !name.startsWith('.')))
      symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const names = Object.keys(library).sort();

  /** What a script of a user prints. */
  async function printed(kind: 'commonjs' | 'module', script: string): Promise<unknown> {
    return JSON.parse(await run(process.execPath, [`--input-type=${kind}`, '-e', script], folder));
  }

  const say =
    'console.log(JSON.stringify(Object.keys(library).filter(name => !/^(default|module.exports|__esModule)$/.test(name)).sort()))';

  it('is required from CommonJS', async () => {
    expect(await printed('commonjs', `const library = require('axioms-routing-controllers'); ${say}`)).to.deep.equal(
      names,
    );
  });

  it('is imported from ESM, by its names', async () => {
    expect(await printed('module', `import * as library from 'axioms-routing-controllers'; ${say}`)).to.deep.equal(
      names,
    );
    const script = `import { createRequire } from 'node:module';
      import { InvalidToken } from 'axioms-routing-controllers';
      const required = createRequire(import.meta.url)('axioms-routing-controllers');
      console.log(JSON.stringify(required.InvalidToken === InvalidToken));`;
    expect(await printed('module', script)).to.equal(true);
  });

  it('opens its subpaths and nothing else', async () => {
    for (const subpath of Object.keys(manifest.exports)) {
      const name = subpath.replace('.', 'axioms-routing-controllers');
      expect(await printed('commonjs', `console.log(typeof require('${name}') === 'object')`), name).to.equal(true);
    }
    const closed = `try { require('axioms-routing-controllers/dist/src/core/settings'); } catch ({ code }) { console.log(JSON.stringify(code)); }`;
    expect(await printed('commonjs', closed)).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('holds what it promises, a license, and neither tests nor a demo', () => {
    for (const target of Object.values(manifest.exports))
      for (const file of typeof target === 'string' ? [target] : [target.types, target.default])
        expect(existsSync(join(unpacked, file)), file).to.equal(true);
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    expect(files).to.include.members(['LICENSE', 'package.json', 'README.md']);
    expect(files.filter(name => /^dist\/(?!src)|(?:^|\/)test(?:\/|$)|\.test\.|demo|bench/.test(name))).to.deep.equal(
      [],
    );
  });

  it('ships every source map that a file names, with the source in it', () => {
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    const scripts = files.filter(name => name.endsWith('.js') || name.endsWith('.d.ts'));
    const read = (name: string): string => readFileSync(join(unpacked, name), 'utf8');
    const named = scripts.flatMap(name => {
      const [, map] = /^\/\/# sourceMappingURL=(.*)$/m.exec(read(name)) ?? [];
      return map === undefined ? [] : [join(dirname(name), map)];
    });
    expect(named.length).to.be.greaterThan(100);
    expect(files.filter(name => name.endsWith('.map')).sort()).to.deep.equal(named.sort());
    for (const name of named) {
      const { sourcesContent = [] } = JSON.parse(read(name)) as { sourcesContent?: (string | null)[] };
      expect(sourcesContent, name).to.have.lengthOf(1);
      expect(sourcesContent[0], name).to.be.a('string');
    }
  });

  it('tells npm where it comes from, and whose it is', () => {
    expect(manifest.type).to.equal('commonjs');
    expect(manifest.author).to.be.a('string').and.not.equal('');
    const { repository, homepage, bugs } = manifest;
    expect(repository.url).to.match(/^git\+https:\/\/.*\.git$/);
    const project = repository.url.replace(/^git\+|\.git$/g, '');
    expect([homepage, bugs.url]).to.deep.equal([`${project}#readme`, `${project}/issues`]);
  });

  it('has types for the resolution of Node 10, one entry for each subpath', () => {
    const expected = Object.entries(manifest.exports)
      .filter(([subpath, target]) => subpath !== '.' && typeof target !== 'string')
      .map(([subpath, target]) => [subpath.slice(2), [(target as { types: string }).types]] as const);
    expect(manifest.typesVersions).to.deep.equal({ '*': Object.fromEntries(expected) });
  });

  it('names the files that do more than define, and no others, so that bundlers may leave out what is not used', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.ts'),
    );
    const doing = sources.filter(name => doesMoreThanDefine(readFileSync(join(root, 'src', name), 'utf8')));
    const files = doing.map(name => `./dist/src/${name.replace(/\.ts$/, '.js')}`);
    // An entry point that imports one of these has to be kept, else the import goes with it.
    expect([...files, './dist/src/index.js'].sort()).to.deep.equal([...manifest.sideEffects].sort());
  });

  it('knows what does more than define', () => {
    expect(doesMoreThanDefine("import { setTripwire } from './tripwire'; setTripwire();")).to.equal(true);
    expect(doesMoreThanDefine('process.exitCode = 2;')).to.equal(true);
    expect(doesMoreThanDefine("import { other } from './other'; mark(other);")).to.equal(true);
    expect(
      doesMoreThanDefine("import 'reflect-metadata'; class Own {} mark(Own); for (const one of [Own]) mark(one);"),
    ).to.equal(false);
  });

  it('loads nothing optional from its root', async () => {
    const script = `require('axioms-routing-controllers');
      console.log(JSON.stringify(Object.keys(require.cache).filter(path => /\\/src\\/testing|opentelemetry|prom-client|ioredis|multer|openapi|swagger|jsonschema/.test(path))));`;
    expect(await printed('commonjs', script)).to.deep.equal([]);
  });

  it('is right in the eyes of publint', async () => {
    await run(
      process.execPath,
      [join(modules, 'publint/src/cli.js'), 'run', unpacked, '--pack', 'false', '--strict'],
      root,
    );
  });

  it('has types that every kind of consumer finds', async () => {
    const cli = join(modules, '@arethetypeswrong/cli/dist/index.js');
    const said = await run(process.execPath, [cli, tarball, '--profile', 'strict', '--format', 'json'], root);
    const { analysis } = JSON.parse(said) as { analysis: { types: unknown; problems: unknown[] } };
    expect(analysis.types).not.to.equal(false);
    expect(analysis.problems).to.deep.equal([]);
  });
});
