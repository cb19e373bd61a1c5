/** Clusters and Sentinel set-ups of a test's own: each server is a process that the test may kill, stop or demote. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { leaveOut } from './redis-server';

const run = promisify(execFile);

/** A server of Redis, or a Sentinel. */
export class RedisNode {
  #process: ChildProcess | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-'));

  constructor(
    readonly port: number,
    private readonly options: readonly string[],
    private readonly file?: string,
  ) {}

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  async start(): Promise<void> {
    const child = spawn('redis-server', await this.#arguments(), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    await once(child, 'spawn');
    child.stdout.resume();
    const isStarted = (): Promise<boolean> =>
      this.ask('PING').then(
        said => said.includes('PONG'),
        () => false,
      );
    await until(isStarted, `the server at ${this.port}`);
  }

  /** Runs one command on this node, and returns what it said. */
  async ask(...command: string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', String(this.port), ...command]);
    return stdout;
  }

  /** Whether it is a replica that has what its master has. */
  async isInSync(): Promise<boolean> {
    return (await this.ask('INFO', 'replication')).includes('master_link_status:up');
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

  /** Lets it hang: connections stay open, and nothing is answered. */
  hang(): Promise<void> {
    this.#process?.kill('SIGSTOP');
    return Promise.resolve();
  }

  goOn(): Promise<void> {
    this.#process?.kill('SIGCONT');
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #arguments(): Promise<string[]> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, ...this.options];
    if (this.file === undefined) return [...own, '--save', '', '--appendonly', 'no'];
    const path = join(this.#folder, 'sentinel.conf');
    await writeFile(path, this.file);
    return [path, ...own];
  }
}

/** Servers that belong together. */
export class RedisTopology {
  private constructor(readonly nodes: readonly RedisNode[]) {}

  /** Three masters that share the slots; replicas follow them in the list, in the same order. */
  static async cluster(test: Context, { replicas = 0 } = {}): Promise<RedisTopology> {
    const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500'];
    // A cluster that needs every slot would close all keys if one shard is away.
    const partial = ['--cluster-require-full-coverage', 'no', '--repl-diskless-sync-delay', '0'];
    const ports = await freePorts(3 * (1 + replicas));
    const nodes = ports.map(port => new RedisNode(port, [...options, ...partial]));
    const cluster = await RedisTopology.#started(test, nodes);
    const addresses = ports.map(port => `127.0.0.1:${port}`);
    const creation = ['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes'];
    await run('redis-cli', creation, { timeout: 30_000 });
    for (const node of nodes)
      await until(async () => isJoined(await node.ask('CLUSTER', 'INFO'), ports.length), 'the cluster');
    for (const node of nodes.slice(3)) await until(() => node.isInSync(), 'the replicas');
    return cluster;
  }

  /** A master, its replica, and one Sentinel that watches them. */
  static async sentinel(test: Context): Promise<RedisTopology> {
    const [master = 0, replica = 0, sentinel = 0] = await freePorts(3);
    const file = [
      `sentinel monitor ${masterName} 127.0.0.1 ${master} 1`,
      `sentinel down-after-milliseconds ${masterName} 500`,
      `sentinel failover-timeout ${masterName} 3000`,
    ];
    const nodes = [
      new RedisNode(master, ['--repl-diskless-sync-delay', '0']),
      new RedisNode(replica, ['--replicaof', '127.0.0.1', String(master), '--repl-diskless-sync-delay', '0']),
      new RedisNode(sentinel, ['--sentinel'], file.join('\n')),
    ];
    const topology = await RedisTopology.#started(test, nodes);
    const isWatched = async (): Promise<boolean> =>
      /num-slaves\n1\n/.test((await nodes[2]?.ask('SENTINEL', 'MASTER', masterName)) ?? '') &&
      (await nodes[1]?.isInSync()) === true;
    await until(isWatched, 'Sentinel');
    return topology;
  }

  static async #started(test: Context, nodes: readonly RedisNode[]): Promise<RedisTopology> {
    const topology = new RedisTopology(nodes);
    try {
      await Promise.all(nodes.map(node => node.start()));
    } catch (error) {
      await topology.close();
      leaveOut(test, `redis-server cannot be started: ${(error as Error).message}`);
    }
    return topology;
  }

  /** Returns the node of a cluster that has a key now. */
  async masterOf(key: string): Promise<RedisNode> {
    const said = (await this.nodes.at(-1)?.ask('GET', key)) ?? '';
    const port = /MOVED \d+ [\d.]+:(\d+)/.exec(said)?.[1];
    const node = port === undefined ? this.nodes.at(-1) : this.nodes.find(one => String(one.port) === port);
    if (node === undefined) throw new Error(`No node has the key: ${said}`);
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.close()));
  }
}

/** The name that the Sentinel of a test knows its master by. */
export const masterName = 'axioms';

/** Waits until something is so. */
export async function until(isSo: () => Promise<boolean> | boolean, what: string, seconds = 20): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`Waited ${seconds} seconds in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}

function isJoined(said: string, nodes: number): boolean {
  return said.includes('cluster_state:ok') && said.includes(`cluster_known_nodes:${nodes}`);
}

// A node of a cluster also takes the port that is 10,000 higher. None of them is a port that the system gives to clients.
async function freePorts(amount: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: amount }, () => lowServer()));
  const ports = servers.map(server => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map(server => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}

async function lowServer(): Promise<ReturnType<typeof createServer>> {
  for (;;) {
    const server = createServer();
    server.listen(11_000 + Math.floor(Math.random() * 9000), '127.0.0.1');
    const isListening = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]).catch(() => false);
    if (isListening) return server;
  }
}
