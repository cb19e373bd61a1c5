/** `axioms init`: what it writes compiles, and it overwrites nothing. `npm run init-app` runs what it writes. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { root } from '../../docs/generate/source';
import { initFiles, packageMembers } from '../../src/cli/init-files';
import { ran } from './terminal';

interface Manifest {
  readonly version: string;
  readonly type?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

describe('axioms init', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'init-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('writes an app, its test and what runs it, and prints the two commands', async () => {
    const { exitCode, out, err } = await ran(['init', join(folder, 'new')]);
    expect([exitCode, err]).to.deep.equal([0, '']);
    expect(out.trim().split('\n')).to.have.lengthOf(2);
    expect(out).to.include('npm install && npm start').and.include('npm test');
    const written = readdirSync(join(folder, 'new'), { recursive: true, encoding: 'utf8' });
    expect(written).to.include.members([...Object.keys(initFiles), 'package.json']);
    expect(manifestOf(join(folder, 'new'))).to.deep.include({ type: 'module', ...packageMembers });
  });

  it('compiles, with the versions that this library is tested with', function () {
    this.timeout(120_000);
    const inside = join(root, 'test/.init');
    mkdirSync(join(inside, 'src'), { recursive: true });
    const files = Object.entries(initFiles).filter(([name]) => name.endsWith('.ts'));
    for (const [name, text] of files) writeFileSync(join(inside, name), text);
    const { config } = ts.parseConfigFileTextToJson('tsconfig.json', initFiles['tsconfig.json'] ?? '') as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, inside);
    const names = files.map(([name]) => join(inside, name));
    const problems = ts.getPreEmitDiagnostics(ts.createProgram(names, { ...options, noEmit: true }));
    rmSync(inside, { recursive: true });
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).to.deep.equal([]);
    const { version, devDependencies } = manifestOf(root);
    const own = { ...devDependencies, 'axioms-routing-controllers': `^${version}` } as Readonly<Record<string, string>>;
    for (const members of [packageMembers.dependencies, packageMembers.devDependencies])
      for (const [name, range] of Object.entries(members ?? {})) expect(own[name], name).to.equal(range);
  });

  it('keeps what package.json has, but not the script that only fails', async () => {
    const given = {
      name: 'mine',
      scripts: { start: 'mine', test: 'echo "Error: no test specified" && exit 1' },
      dependencies: { express: '^4.22.0' },
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(given));
    expect((await ran(['init', folder])).exitCode).to.equal(0);
    const { scripts, dependencies } = manifestOf(folder);
    expect(scripts).to.deep.equal({ start: 'mine', test: packageMembers.scripts?.test });
    expect(dependencies).to.deep.equal({ ...packageMembers.dependencies, express: '^4.22.0' });
  });

  it('overwrites nothing, and then writes nothing', async () => {
    writeFileSync(join(folder, '.env'), 'SECRET=1');
    const { exitCode, out, err } = await ran(['init', folder]);
    expect([exitCode, out]).to.deep.equal([2, '']);
    expect(err).to.include('already has .env: name an empty folder');
    expect(readdirSync(folder)).to.deep.equal(['.env']);
  });

  it('refuses a package.json that it cannot read, and two folders', async () => {
    writeFileSync(join(folder, 'package.json'), '{');
    expect((await ran(['init', folder])).err).to.include('package.json is not JSON');
    expect(readdirSync(folder)).to.deep.equal(['package.json']);
    expect((await ran(['init', 'a', 'b'])).err).to.include('Name one folder');
  });
});
