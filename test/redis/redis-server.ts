/** The Redis of this machine, and Redis servers that a test may kill. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { Redis } from 'ioredis';
import { freePort } from '../free-port';

export const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

const isRequired = (process.env.REQUIRED_SERVERS ?? '').split(',').includes('redis');

/** Skips the test and says why if there is no Redis, unless Redis is required. */
export async function requireRedis(test: Context): Promise<void> {
  const client = new Redis(redisUrl, { lazyConnect: true, retryStrategy: null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    leaveOut(test, `Redis cannot be reached: ${(error as Error).message}`);
  } finally {
    client.disconnect();
  }
}

export function leaveOut(test: Context, reason: string): void {
  if (isRequired) throw new Error(reason);
  const titled = test.currentTest ?? test.test;
  if (titled !== undefined) titled.title += ` (${reason})`;
  test.skip();
}

/** A Redis server of a test's own. */
export class OwnRedis {
  #process: ChildProcess | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-'));

  private constructor(
    readonly port: number,
    private readonly more: readonly string[],
  ) {}

  /** Leaves the test out where there is no program `redis-server`. */
  static async start(test: Context, ...more: string[]): Promise<OwnRedis> {
    const server = new OwnRedis(await freePort(), more);
    try {
      await server.restart();
    } catch (error) {
      leaveOut(test, `redis-server cannot be started: ${(error as Error).message}`);
    }
    return server;
  }

  async restart(): Promise<void> {
    const options = [
      '--port',
      String(this.port),
      '--save',
      '',
      '--appendonly',
      'no',
      '--bind',
      '127.0.0.1',
      ...this.more,
    ];
    const child = spawn('redis-server', [...options, '--dir', this.#folder], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = child;
    await once(child, 'spawn');
    let said = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      said += String(text);
      if (said.includes('Ready to accept connections')) break;
    }
    if (!said.includes('Ready to accept connections')) throw new Error(said);
  }

  /** Runs one command on this server, and returns what it said. */
  async ask(...command: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('redis-cli', ['-h', '127.0.0.1', '-p', String(this.port), ...command]);
    return stdout;
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
