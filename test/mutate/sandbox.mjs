/** A copy of the package that may be broken: compiled anew, with links to all that is not compiled. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const notLinked = ['dist', 'coverage', '.git'];

export class Sandbox {
  constructor(folder) {
    this.folder = folder;
  }

  static async several(count) {
    const first = new Sandbox(newFolder());
    first.#compile();
    const others = Array.from({ length: count - 1 }, () => new Sandbox(newFolder()));
    for (const { folder } of others) cpSync(join(first.folder, 'dist'), join(folder, 'dist'), { recursive: true });
    return [first, ...others];
  }

  // An error of types is not this script's business, where the compiler writes the code all the same.
  #compile() {
    const places = ['--outDir', this.path('dist'), '--tsBuildInfoFile', this.path('dist/.tsbuildinfo')];
    spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root, ...places]);
    if (!existsSync(this.path('dist/src/index.js'))) throw new Error('The sources could not be compiled');
  }

  path(name) {
    return join(this.folder, name);
  }

  /** The compiled tests. */
  tests() {
    const names = readdirSync(this.path('dist/test'), { recursive: true });
    return names.filter(name => name.endsWith('.test.js')).map(name => `dist/test/${name.replaceAll('\\', '/')}`);
  }

  read(name) {
    return readFile(this.path(name), 'utf8');
  }

  /** Runs while a file has another text. */
  async having(name, text, run) {
    const original = await this.read(name);
    await writeFile(this.path(name), text);
    try {
      return await run();
    } finally {
      await writeFile(this.path(name), original);
    }
  }

  remove() {
    return rm(this.folder, { recursive: true, force: true });
  }
}

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'mutate-'));
  for (const name of readdirSync(root))
    if (!notLinked.includes(name)) symlinkSync(join(root, name), join(folder, name));
  return folder;
}
