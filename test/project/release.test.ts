/** The files of the project that GitHub reads, and the release. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../docs/generate/source';

interface Changelog {
  sectionOf(version: string, date: string, subjects: readonly string[]): string;
  withSection(page: string, section: string): string;
}

const changelog = (): Promise<Changelog> => import(join(root, '.github/changelog.mjs')) as Promise<Changelog>;

describe('the changelog', () => {
  it('has what users notice of conventional commits, each once, and what breaks first', async () => {
    const { sectionOf } = await changelog();
    const section = sectionOf('0.2.0', '2026-12-01', [
      'fix(core): accept a 304 without a body',
      'feat(cli)!: refuse an unknown option',
      'docs: say more',
      'feat: add <T> and {{ x }}',
      'perf(views): ask once',
      'not conventional',
    ]);
    expect(section).to.equal(
      [
        '## 0.2.0 (2026-12-01)',
        '### What an app may notice\n\n- **cli**: refuse an unknown option',
        '### New\n\n- add &#60;T&#62; and &#123;&#123; x &#125;&#125;',
        '### Fixed\n\n- **core**: accept a 304 without a body',
        '### Faster\n\n- **views**: ask once',
      ].join('\n\n'),
    );
    expect(sectionOf('0.2.1', '2026-12-02', ['docs: more'])).to.include('Nothing that users notice.');
  });

  it('puts a new section first, and replaces that of the same version', async () => {
    const { withSection } = await changelog();
    const page = '# Changelog\n\nIntro.\n\n## 0.1.0 (2026-01-01)\n\n### New\n\n- a\n';
    const both = withSection(page, '## 0.2.0 (2026-12-01)\n\n- b');
    expect(both).to.equal(page.replace('## 0.1.0', '## 0.2.0 (2026-12-01)\n\n- b\n\n## 0.1.0'));
    expect(withSection(both, '## 0.2.0 (2026-12-02)\n\n- c').match(/## 0\.2\.0/g)).to.have.lengthOf(1);
  });
});

describe('npm run release', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'release-'));
    cpSync(join(root, '.github'), join(folder, '.github'), { recursive: true });
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'docs/changelog.md'), '# Changelog\n\nIntro.\n');
    writeFileSync(join(folder, 'package.json'), '{\n  "name": "released",\n  "version": "0.1.0"\n}\n');
    for (const args of [
      ['init', '-q'],
      ['add', '-A'],
    ])
      git(...args);
    git('commit', '-qm', 'feat: the first');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function git(...args: readonly string[]): void {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    execFileSync('git', [...who, ...args], { cwd: folder });
  }

  function release(...args: readonly string[]): string {
    const command = [join(folder, '.github/release.mjs'), ...args];
    try {
      return execFileSync(process.execPath, command, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  }

  it('writes the version and its section, and says how to go on', function () {
    this.timeout(60_000);
    expect(release('0.2.0')).to.include('git tag v0.2.0');
    expect(readFileSync(join(folder, 'package.json'), 'utf8')).to.include('"version": "0.2.0"');
    expect(readFileSync(join(folder, 'docs/changelog.md'), 'utf8')).to.match(
      /## 0\.2\.0 \(.*\)\n\n### New\n\n- the first/,
    );
    expect(release('0.3.0')).to.include('The work tree has changes');
    expect(release('--check', 'v0.2.0')).to.include('v0.2.0 is ready');
    expect(release('--check', 'v0.3.0')).to.include('The tag is v0.3.0, and package.json has the version 0.2.0');
  });

  it('refuses what is no version, one that is not above the last, and a tag without a section', () => {
    git('tag', 'v0.10.0');
    expect(release()).to.include('Name the version');
    expect(release('next')).to.include('Name the version');
    expect(release('0.9.0')).to.include('0.9.0 is not above v0.10.0');
    expect(release('--check', 'v0.1.0')).to.include('has no section 0.1.0');
  });
});

describe('the files that GitHub reads', () => {
  it('are where it looks for them', () => {
    const names = ['SECURITY.md', 'CODE_OF_CONDUCT.md', 'PULL_REQUEST_TEMPLATE.md', 'ISSUE_TEMPLATE/bug.yml'];
    for (const name of [...names, 'ISSUE_TEMPLATE/idea.yml', 'ISSUE_TEMPLATE/config.yml'])
      expect(existsSync(join(root, '.github', name)), name).to.equal(true);
  });

  it('publish with provenance, and only what the release has checked', () => {
    const workflow = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');
    expect(workflow).to.include('id-token: write').and.include('npm publish --provenance');
    expect(workflow.indexOf('release.mjs --check')).to.be.below(workflow.indexOf('npm publish'));
  });
});
