/** `axioms init`: writes a small API with its tests into an empty folder. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from './command';
import { initFiles, packageMembers } from './init-files';
import { UsageError } from './usage-error';

export const init: Command = {
  name: 'init',
  options: {},
  usage: 'init [FOLDER]',
  summary:
    'Writes an app with one controller, a test, tsconfig.json, .env and a Dockerfile into an empty folder (default: this one), completes its package.json, and prints the two commands that run and test the app. Overwrites nothing.',
  async run(parameters, terminal) {
    const { positionals } = parseArgs({ args: [...parameters], options: {}, allowPositionals: true });
    const [folder = '.', ...others] = positionals;
    if (others.length > 0) throw new UsageError('Name one folder.');
    refuseToOverwrite(folder);
    const manifest = await completedManifest(join(folder, 'package.json'));
    await writeAll(folder, { ...initFiles, 'package.json': manifest });
    terminal.write(nextSteps(folder));
    return 0;
  },
};

function refuseToOverwrite(folder: string): void {
  const existing = Object.keys(initFiles).filter(name => existsSync(join(folder, name)));
  if (existing.length > 0)
    throw new UsageError(`The folder ${folder} already has ${existing.join(', ')}: name an empty folder.`);
}

type Manifest = Readonly<Record<string, unknown>>;

async function completedManifest(file: string): Promise<string> {
  const given = existsSync(file) ? manifestIn(await readFile(file, 'utf8'), file) : { private: true };
  const added = Object.entries(packageMembers).map(([name, members]) => [
    name,
    { ...members, ...(Object(given[name]) as object), ...replaced(given, name) },
  ]);
  const completed = { ...given, type: 'module', ...(Object.fromEntries(added) as Manifest) };
  return `${JSON.stringify(completed, null, 2)}\n`;
}

// What `npm init` writes as the script `test` only fails.
function replaced(given: Manifest, name: string): Manifest {
  const { test } = Object(given.scripts) as { readonly test?: string };
  const isPlaceholder = name === 'scripts' && test?.includes('no test specified') === true;
  return isPlaceholder ? { test: packageMembers.scripts?.test } : {};
}

function manifestIn(text: string, file: string): Manifest {
  try {
    return Object(JSON.parse(text)) as Manifest;
  } catch {
    throw new UsageError(`${file} is not JSON: correct it, or name an empty folder.`);
  }
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function nextSteps(folder: string): string {
  const path = relative(process.cwd(), resolve(folder));
  const enter = path === '' ? '' : `cd ${path} && `;
  return `${enter}npm install && npm start   # http://localhost:3000/notes, with the settings of .env
${enter}npm test
`;
}
