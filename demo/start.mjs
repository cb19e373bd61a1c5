// Runs a part of the demo, and first installs and builds what it lacks: `node demo/start.mjs main`.
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const build = 'dist/.tsbuildinfo';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (!isInstalled()) run('Installing what is missing', 'npm ci --include=dev --ignore-scripts --no-audit --no-fund');
if (!isBuilt()) run('Building', 'npm run build --silent');
await import(`../dist/demo/${process.argv[2]}.js`);

function isInstalled() {
  const installed = packagesOf('node_modules/.package-lock.json');
  const wanted = Object.entries(packagesOf('package-lock.json')).filter(([path, { optional }]) => path && !optional);
  return wanted.every(
    ([path, { version }]) => installed[path]?.version === version && existsSync(join(path, 'package.json')),
  );
}

function packagesOf(lockfile) {
  return existsSync(lockfile) ? JSON.parse(readFileSync(lockfile, 'utf8')).packages : {};
}

function isBuilt() {
  const sources = ['src', 'demo'].flatMap(folder =>
    readdirSync(folder, { recursive: true }).map(file => join(folder, file)),
  );
  const newest = Math.max(...[...sources, 'tsconfig.json'].filter(file => /\.(ts|json)$/.test(file)).map(timeOf));
  return existsSync(build) && timeOf(build) >= newest;
}

function timeOf(file) {
  return statSync(file).mtimeMs;
}

function run(what, command) {
  console.log(`${what}: ${command}`);
  try {
    execSync(command, { stdio: 'inherit' });
  } catch {
    process.exit(1);
  }
  // An unchanged file is not written again: note that what is built is as new as what it was built from.
  if (existsSync(build)) utimesSync(build, new Date(), new Date());
}
