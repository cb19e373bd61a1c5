import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

const root = resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

type Versions = Readonly<Record<string, string>>;

const manifest = JSON.parse(read('package.json')) as {
  readonly peerDependencies: Versions;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
};
const installed = JSON.parse(read('test/installed/apps.json')) as {
  readonly required: Versions;
  readonly apps: Readonly<Record<string, { readonly peers: Versions }>>;
};

/** The versions of a package that `npm run installs` installs, oldest first. */
function testedVersions(name: string): string[] {
  const versions = Object.values(installed.apps).map(({ peers }) => peers[name] ?? installed.required[name]);
  const given = new Set(versions.filter(version => version !== undefined));
  return [...given].sort(byVersion);
}

/** `5` is the newest 5.x, and so comes after 5.4.0. */
function byVersion(left: string, right: string): number {
  const [a, b] = [left, right].map(version => version.split('.').map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (a?.[index] ?? Infinity) - (b?.[index] ?? Infinity);
    if (difference < 0 || difference > 0) return difference;
  }
  return 0;
}

describe('the page on compatibility', () => {
  const rows = [...read('docs/compatibility.md').matchAll(/^\| `(.+?)` +\| (.+?) +\| `(.+?)` +\| (.+?) +\|$/gm)];
  const documented = new Map(
    rows.map(([, name, , accepted, tested]) => [name, [accepted?.replaceAll('\\|', '|'), tested]]),
  );

  it('names every peer, the range that package.json accepts, and the versions that are tested', () => {
    const expected = Object.entries(manifest.peerDependencies).map(
      ([name, range]) => [name, [range, testedVersions(name).join(', ')]] as const,
    );
    expect(Object.fromEntries(documented)).to.deep.equal(Object.fromEntries(expected));
  });

  it('is about ranges that break no install: those of optional peers have no upper end', () => {
    const optional = Object.keys(manifest.peerDependenciesMeta);
    expect(optional).to.have.lengthOf(13);
    for (const name of optional) expect(manifest.peerDependencies[name], name).to.match(/^>=\d+\.\d+\.\d+$/);
  });
});
