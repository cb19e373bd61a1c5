// Runs a part of the demo, and first installs and builds what it lacks: `node demo/start.mjs main`.
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const stamps = ['dist/.tsbuildinfo', 'dist/.tsbuildinfo-page'];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (!isInstalled()) run('npm ci --include=dev --ignore-scripts --no-audit --no-fund');
if (!isBuilt()) build();
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
  const times = [...sources, 'tsconfig.json'].filter(file => /\.(ts|json)$/.test(file)).map(timeOf);
  return stamps.every(stamp => existsSync(stamp) && timeOf(stamp) >= Math.max(...times));
}

function timeOf(file) {
  return statSync(file).mtimeMs;
}

function build() {
  run('npm run build --silent');
  // The compiler leaves its stamps alone where nothing changed but a file's time.
  for (const stamp of stamps) utimesSync(stamp, new Date(), new Date());
}

function run(command) {
  console.log(command);
  try {
    execSync(command, { stdio: 'inherit' });
  } catch {
    process.exit(1);
  }
}
