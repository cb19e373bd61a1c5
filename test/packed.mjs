/** The package as npm would publish it, and folders of people who have nothing but Node. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** An empty folder, to be removed by the caller. Its path has no links, which compilers would resolve. */
export function emptyFolder(name) {
  return mkdtempSync(join(tmpdir(), `${name}-`));
}

/** Packs what is built into this folder, and returns the tarball's path. */
export async function packInto(folder) {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: root, maxBuffer: 1 << 26 });
  return join(folder, JSON.parse(stdout)[0].filename);
}

/**
 * The variables of a newcomer: an empty home and an empty npm cache below `folder`, and nothing of an `npm run` around
 * this process but its registry. `cache`: another npm cache, for scripts that install many times. `only`: a PATH that has
 * Node, npm, curl and a shell, and nothing else.
 */
export async function newcomersEnvironment(folder, { cache = join(folder, 'cache'), only = false } = {}) {
  const home = join(folder, 'home');
  for (const path of [home, cache]) mkdirSync(path, { recursive: true });
  const { stdout } = await run('npm', ['config', 'get', 'registry']);
  const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_|INIT_CWD$|AXIOMS_)/i.test(name));
  return {
    ...Object.fromEntries(own),
    PATH: only ? onlyPrograms(folder) : pathWithoutPackages().join(delimiter),
    HOME: home,
    npm_config_cache: cache,
    npm_config_registry: stdout.trim(),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
}

function pathWithoutPackages() {
  return (process.env.PATH ?? '').split(delimiter).filter(path => path !== '' && !path.includes('node_modules'));
}

// npm runs its scripts with `sh`.
const programs = ['node', 'npm', 'npx', 'curl', 'sh', 'bash'];

function onlyPrograms(folder) {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of programs) if (!existsSync(join(bin, name))) symlinkSync(programNamed(name), join(bin, name));
  return bin;
}

function programNamed(name) {
  if (name === 'node') return process.execPath;
  const found = pathWithoutPackages()
    .map(path => join(path, name))
    .find(existsSync);
  if (found === undefined) throw new Error(`A newcomer has ${name}, and it is not in the PATH.`);
  return found;
}
