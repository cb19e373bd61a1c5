/** What upstream's tests need and this repository does not have, in the versions that upstream's package.json names. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NotUsable } from './checkout.mjs';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const folder = join(root, 'node_modules/.cache/upstream');

const names = [
  '@koa/cors',
  '@koa/ejs',
  '@koa/multer',
  '@koa/router',
  'axios',
  'cors',
  'express-session',
  'form-data',
  'http-status-codes',
  'koa',
  'koa-bodyparser',
  'koa-convert',
  'koa-session',
  'multer',
  'mustache-express',
];
// Jest's own, by itself.
const expect = '^29.7.0';

/** @returns the folder whose node_modules has them */
export function installPackages({ manifest }) {
  const given = { ...manifest.devDependencies, ...manifest.optionalDependencies };
  const dependencies = Object.fromEntries(names.map(name => [name, given[name] ?? '*']));
  const text = JSON.stringify({ private: true, dependencies: { ...dependencies, expect } }, undefined, 2);
  if (!isInstalled(text)) install(text);
  return folder;
}

function isInstalled(text) {
  const file = join(folder, 'package.json');
  const isSame = existsSync(file) && readFileSync(file, 'utf8') === text;
  return isSame && existsSync(join(folder, 'node_modules/.package-lock.json'));
}

function install(text) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), text);
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--legacy-peer-deps'];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new NotUsable(`npm could not install what upstream's tests need into ${folder}:\n${stderr}`);
}
