/** Another Node than this process's. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** This process's Node for its own major; the others come from npm, once, into a folder that git does not see. */
export async function nodeBinary(major) {
  if (process.versions.node.split('.')[0] === major) return process.execPath;
  const folder = join(root, 'node_modules/.cache/matrix', major);
  const name = `node-${process.platform}-${process.arch}`;
  const binary = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `${name}@${major}`]);
  return binary;
}
