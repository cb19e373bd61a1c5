/** Installs the peers where they are missing. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function install() {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  if (existsSync(`${cwd}node_modules`)) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
}
