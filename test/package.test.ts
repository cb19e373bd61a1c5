import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
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

describe('the package, packed and unpacked', function () {
  this.timeout(120_000);

  let folder: string;
  let tarball: string;
  let unpacked: string;
  let manifest: { readonly exports: Exported; readonly peerDependencies: Record<string, string> };

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

  it('holds what it promises, a licence, and neither tests nor a demo', () => {
    for (const target of Object.values(manifest.exports))
      for (const file of typeof target === 'string' ? [target] : [target.types, target.default])
        expect(existsSync(join(unpacked, file)), file).to.equal(true);
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    expect(files).to.include.members(['LICENSE', 'package.json', 'README.md']);
    expect(
      files.filter(name => /^dist\/(?!src)|(?:^|\/)test(?:\/|$)|\.test\.|demo|bench|\.map$/.test(name)),
    ).to.deep.equal([]);
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
    const said = await run(process.execPath, [cli, tarball, '--profile', 'node16', '--format', 'json'], root);
    const { analysis } = JSON.parse(said) as { analysis: { types: unknown; problems: { resolutionKind?: string }[] } };
    expect(analysis.types).not.to.equal(false);
    // The resolution of Node 10 knows no subpaths; no supported Node has it.
    expect(analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node10')).to.deep.equal([]);
  });
});
