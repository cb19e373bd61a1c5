/** APIs in processes of their own, and many requests at once. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import type { Configuration } from './api-process';

export class ApiProcess {
  /** What it wrote to its error output: nothing, unless something went wrong. */
  said = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.stderr?.setEncoding('utf8').on('data', text => (this.said += String(text)));
  }

  static async start(configuration: Configuration): Promise<ApiProcess> {
    const child = fork(join(__dirname, 'api-process.js'), [JSON.stringify(configuration)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const [port] = (await Promise.race([once(child, 'message'), ended(child)])) as [number];
    return new ApiProcess(child, `http://127.0.0.1:${port}`);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async close(): Promise<void> {
    if (!this.isRunning) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

async function ended(child: ChildProcess): Promise<never> {
  let said = '';
  child.stderr?.on('data', text => (said += String(text)));
  await once(child, 'exit');
  throw new Error(`The API ended before it listened: ${said}`);
}

/** Asks so many times over so many connections, and tells the statuses. */
export async function flood(url: string, token: string, connections: number, times: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses = Array.from({ length: times }, () => statusOf(`${url}/things`, token, agent));
  return Promise.all(statuses).finally(() => {
    agent.destroy();
  });
}

export function statusOf(url: string, token: string, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent, headers: { authorization: `Bearer ${token}` } }, response => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sent.on('error', reject);
  });
}

export function countOf(statuses: readonly number[], status: number): number {
  return statuses.filter(one => one === status).length;
}
