/** One of the programs in `examples/`, run as its reader would run it: a process of its own, called over HTTP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../free-port';
import type { TestIssuer } from '../../src/testing';

const root = resolve(__dirname, '../../..');

/** Where the compiled programs are: those of this repository, or those that `npm run examples` has installed. */
export const compiled = process.env.EXAMPLES ?? join(root, 'dist/examples');

/** Says whether the program has been compiled: two need packages that only `npm run examples` installs. */
export function isCompiled(name: string): boolean {
  return existsSync(join(compiled, name, 'app.js'));
}

export interface RunningExample {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the program in a copy of its folder, with the issuer and these variables in its environment. */
export async function startExample(
  name: string,
  issuer: TestIssuer,
  variables: Readonly<Record<string, string>> = {},
): Promise<RunningExample> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const cwd = mkdtempSync(join(tmpdir(), `example-${name}-`));
  cpSync(join(root, 'examples', name), cwd, { recursive: true });
  const env = { ...process.env, AXIOMS_ISS_URL: issuer.url, AXIOMS_AUDIENCE: issuer.audience, ...variables };
  const child = spawn(process.execPath, [join(compiled, name, 'app.js')], {
    cwd,
    // Coverage would slow the program down, and none of it is counted.
    env: { ...env, PORT: String(port), NODE_V8_COVERAGE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await accepting(url, child);
  const stop = async (): Promise<void> => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(cwd, { recursive: true });
  };
  return { url, stop };
}

/** The programs print nothing: only an answer shows that they listen. */
async function accepting(url: string, child: ChildProcess): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += String(chunk)));
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/is-it-there`).catch(() => undefined);
    if (answer !== undefined) return;
    await pause(50);
  }
  throw new Error(`The example ended instead of listening:\n${output}`);
}
