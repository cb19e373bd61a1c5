/**
 * Prepares a release, and checks one:
 *
 *     npm run release -- 0.2.0
 *     node .github/release.mjs --check v0.2.0
 *
 * The first writes the version into package.json and package-lock.json, and the section of docs/changelog.md, made of the
 * commits since the last tag. It changes nothing if the work tree is not clean or the version is not above the last one,
 * and prints what to do next. The tag starts the workflow that publishes with provenance; --check is its first step.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sectionOf, withSection } from './changelog.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const changelog = join(root, 'docs/changelog.md');
const run = (program, ...args) => execFileSync(program, args, { cwd: root, encoding: 'utf8' }).trim();
const current = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;

const { values, positionals } = parseArgs({ options: { check: { type: 'string' } }, allowPositionals: true });

try {
  if (values.check === undefined) prepare(positionals[0]);
  else check(values.check);
} catch (error) {
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}

function prepare(version) {
  if (!/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version ?? '')) throw new Error('Name the version, such as 0.2.0.');
  if (run('git', 'status', '--porcelain') !== '') throw new Error('The work tree has changes: commit them first.');
  const last = run('git', 'tag', '--list', 'v*', '--sort=-version:refname').split('\n')[0];
  if (last !== '' && !isAbove(version, last.slice(1))) throw new Error(`${version} is not above ${last}.`);
  const subjects = run('git', 'log', '--no-merges', '--format=%s', last === '' ? 'HEAD' : `${last}..HEAD`).split('\n');
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(changelog, withSection(readFileSync(changelog, 'utf8'), sectionOf(version, date, subjects)));
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version');
  console.log(`Read docs/changelog.md and docs/upgrading.md. Then:

  npm run ci:long
  git commit --all --message 'chore: release ${version}'
  git tag v${version}
  git push origin main v${version}`);
}

function check(tag) {
  if (tag !== `v${current()}`) throw new Error(`The tag is ${tag}, and package.json has the version ${current()}.`);
  const sections = readFileSync(changelog, 'utf8');
  if (!sections.includes(`\n## ${current()} (`)) throw new Error(`docs/changelog.md has no section ${current()}.`);
  console.log(`${tag} is ready to be published`);
}

function isAbove(version, other) {
  return version.localeCompare(other, 'en', { numeric: true }) > 0;
}
