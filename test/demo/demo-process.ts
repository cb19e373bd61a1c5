/** The demo as it is started in a shell, and the requests that it prints. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { withoutPlainWarning } from '../plain';

export class DemoProcess {
  readonly printed: () => string;
  readonly complaints: () => string;
  readonly #child: ChildProcess;

  /** @param cwd where it keeps its database */
  constructor(cwd: string, env: Record<string, string>, options: readonly string[] = []) {
    const main = resolve(__dirname, '../../demo/main.js');
    // A group of its own, as a shell gives it: Ctrl-C reaches all of its processes.
    this.#child = spawn(process.execPath, [main, ...options], {
      cwd,
      env: { ...process.env, DATABASE_URL: '', ISSUER_PORT: '0', ...env },
      detached: true,
    });
    this.printed = collect(this.#child.stdout!);
    const complaints = collect(this.#child.stderr!);
    this.complaints = () => withoutPlainWarning(complaints());
  }

  static async start(...given: ConstructorParameters<typeof DemoProcess>): Promise<DemoProcess> {
    const demo = new DemoProcess(...given);
    while (!demo.printed().includes('Ctrl-C')) await Promise.race([once(demo.#child.stdout!, 'data'), demo.#failed()]);
    return demo;
  }

  /** To all of its processes, or to the first alone. */
  signal(signal: NodeJS.Signals, to: 'all' | 'first' = 'all'): void {
    if (to === 'first') this.#child.kill(signal);
    else if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.#child.pid!, signal);
  }

  /** Resolves when all of its processes have ended, with the exit code of the first or the signal that ended it. */
  async ended(): Promise<unknown> {
    return once(this.#child, 'close');
  }

  async endsCleanlyOn(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    expect(await this.ended()).to.deep.equal([0, null]);
    expect(this.complaints()).to.equal('');
  }

  /** What it says that each request is answered, and the line for the shell. */
  get requests(): { readonly what: string; readonly status: number; readonly line: string }[] {
    const found = [...this.printed().matchAll(/^# (.*\b(\d{3})\b.*)\n(curl .*)$/gm)];
    return found.map(([, what = '', status, line = '']) => ({ what, status: Number(status), line }));
  }

  async #failed(): Promise<never> {
    await once(this.#child, 'close');
    throw new Error(this.complaints());
  }
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.on('data', more => (text += String(more)));
  return () => text;
}

export function urlIn(line: string): URL {
  return new URL(/https?:\S+/.exec(line)![0]);
}

/** What the line does in a shell. */
export function send(line: string): Promise<Response> {
  const [, method = 'GET', url = ''] = /^curl -i (?:-X (\w+) )?(\S+)/.exec(line)!;
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]): [string, string] => [
    name!,
    value!,
  ]);
  return fetch(url, { method, headers, body: /-d '([^']*)'/.exec(line)?.[1] ?? null, redirect: 'manual' });
}
