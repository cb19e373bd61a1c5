/** Redis servers of the chaos: a single one that writes each command to disk, and a pair under Sentinel. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { freePort } from '../free-port';
import { pause } from './random';

export class DurableRedis {
  #process: ChildProcess | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-'));

  private constructor(readonly port: number) {}

  static async start(replicaOf?: number): Promise<DurableRedis> {
    const redis = new DurableRedis(await freePort());
    await redis.run(replicaOf);
    return redis;
  }

  /** Starts the server with what it has on disk. */
  async run(replicaOf?: number): Promise<void> {
    const options = [
      ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--repl-diskless-sync-delay', '0'],
      ...(replicaOf === undefined ? [] : ['--replicaof', `127.0.0.1 ${replicaOf}`]),
    ];
    this.#process = await startServer(options, 'Ready to accept connections');
  }

  async kill(): Promise<void> {
    await endOf(this.#process);
    this.#process = undefined;
  }

  /** Removes its file, as a new machine has none. */
  empty(): void {
    for (const name of readdirSync(this.#folder)) rmSync(join(this.#folder, name), { recursive: true });
  }

  stop(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Runs commands on a connection of their own. */
  async ask(...commands: readonly (readonly [string, ...string[]])[]): Promise<unknown[]> {
    return commandsAt(this.port, commands);
  }

  async close(): Promise<void> {
    this.goOn();
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function startServer(
  options: readonly string[],
  ready: string,
  hear: (line: string) => void = () => undefined,
): Promise<ChildProcess> {
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child, 'spawn');
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', line => {
      hear(line);
      if (said.length < 100) said.push(line);
      if (line.includes(ready)) resolve();
    });
    child.once('exit', () => {
      reject(new Error(`redis-server ended: ${said.join('\n')}`));
    });
  });
  return child;
}

async function endOf(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function commandsAt(port: number, commands: readonly (readonly [string, ...string[]])[]): Promise<unknown[]> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null, enableReadyCheck: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const answers: unknown[] = [];
    for (const [name, ...values] of commands) answers.push(await client.call(name, ...values));
    return answers;
  } finally {
    client.disconnect();
  }
}

const group = 'axioms';

/** A master and a replica, and a Sentinel that makes the other one the master when one is gone for a second. */
export class RedisUnderSentinel {
  readonly name = group;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sentinel-'));
  #process: ChildProcess | undefined;
  #isExpected = false;
  #endStray: () => void = () => undefined;
  /** Told when Sentinel begins to replace a master that no fault has touched, as where the machine stands still for a second. */
  onStrayFailOver: (ended: Promise<void>) => unknown = () => undefined;

  private constructor(
    readonly servers: readonly DurableRedis[],
    readonly sentinelPort: number,
  ) {}

  static async start(): Promise<RedisUnderSentinel> {
    const master = await DurableRedis.start();
    const replica = await DurableRedis.start(master.port);
    const pair = new RedisUnderSentinel([master, replica], await freePort());
    const file = join(pair.#folder, 'sentinel.conf');
    writeFileSync(
      file,
      [
        ...[`port ${pair.sentinelPort}`, 'bind 127.0.0.1', `dir ${pair.#folder}`],
        `sentinel monitor ${group} 127.0.0.1 ${master.port} 1`,
        `sentinel down-after-milliseconds ${group} 1000`,
        `sentinel failover-timeout ${group} 3000\n`,
      ].join('\n'),
    );
    pair.#process = await startServer([file, '--sentinel'], '+monitor', line => {
      pair.hear(line);
    });
    await pair.untilReplicated();
    return pair;
  }

  async masterPort(): Promise<number> {
    const command = ['SENTINEL', 'get-master-addr-by-name', group] as const;
    const [answer] = (await commandsAt(this.sentinelPort, [command])) as [[string, string]];
    return Number(answer[1]);
  }

  async master(): Promise<DurableRedis> {
    const port = await this.masterPort();
    return this.servers.find(server => server.port === port)!;
  }

  /** Until `untilMasterIsNot` has resolved, a fail-over is what the fault wants. */
  expectFailOver(): void {
    this.#isExpected = true;
  }

  /** Resolves once another server is the master. */
  async untilMasterIsNot(port: number): Promise<void> {
    await until(async () => (await this.masterPort()) !== port && (await this.isMaster(await this.masterPort())));
    this.#isExpected = false;
  }

  /**
   * A planned fail-over that loses nothing: writes wait, the replica catches up, Sentinel makes it the master, and the old
   * master, which would take itself for one for seconds, becomes a replica at once and ends its connections.
   */
  async switchOver(): Promise<void> {
    const old = await this.master();
    this.expectFailOver();
    await old.ask(['CLIENT', 'PAUSE', '60000', 'WRITE']);
    await this.replicatedUntil();
    await commandsAt(this.sentinelPort, [['SENTINEL', 'failover', group]]);
    await this.untilMasterIsNot(old.port);
    // A master that turns into a replica before Sentinel has finished is made the master again.
    await until(() => this.hasFinished());
    // In one step: the end of the pause must not let writes through.
    await old.ask(
      ['MULTI'],
      ['CLIENT', 'UNPAUSE'],
      ['REPLICAOF', '127.0.0.1', String(await this.masterPort())],
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
      ['EXEC'],
    );
  }

  /** Resolves once the replica follows the master without a gap, and Sentinel knows it. */
  async untilReplicated(): Promise<void> {
    await until(async () => {
      const [master, replica] = await this.both();
      const [info, written] = [await infoOf(replica), await offsetOf(master)];
      const [replicas] = await commandsAt(this.sentinelPort, [['SENTINEL', 'replicas', group]]);
      const flags = (replicas as string[][]).map(one => one[one.indexOf('flags') + 1]);
      // The master calls a replica online that is still loading its first copy.
      const follows = new RegExp(`master_port:${master}\r\nmaster_link_status:up`).test(info);
      return follows && written - (await offsetOf(replica)) < 10_000 && flags.includes('slave');
    });
  }

  /** Returns a moment, by `performance.now()`, whose earlier writes the replica has. */
  async replicatedUntil(): Promise<number> {
    const moment = performance.now();
    const [master, replica] = await this.both();
    const written = await offsetOf(master);
    await until(async () => (await offsetOf(replica)) >= written);
    return moment;
  }

  async close(): Promise<void> {
    await endOf(this.#process);
    for (const server of this.servers) await server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  private hear(line: string): void {
    if (line.includes('+try-failover') && !this.#isExpected)
      this.onStrayFailOver(new Promise(resolve => (this.#endStray = resolve)));
    if (line.includes('+switch-master')) this.#endStray();
  }

  /** The ports of the master and its replica. */
  private async both(): Promise<[number, number]> {
    const master = await this.masterPort();
    return [master, this.servers.find(({ port }) => port !== master)!.port];
  }

  private async hasFinished(): Promise<boolean> {
    const [master] = (await commandsAt(this.sentinelPort, [['SENTINEL', 'master', group]])) as [string[]];
    return master[master.indexOf('flags') + 1] === 'master';
  }

  private async isMaster(port: number): Promise<boolean> {
    const [role] = (await commandsAt(port, [['ROLE']])) as [[string]];
    return role[0] === 'master';
  }
}

/** The bytes of replicated writes that a server has. */
async function offsetOf(port: number): Promise<number> {
  const [, offset] = /(?:slave|master)_repl_offset:(\d+)/.exec(await infoOf(port)) ?? [];
  return Number(offset);
}

async function infoOf(port: number): Promise<string> {
  const [info] = await commandsAt(port, [['INFO', 'replication']]);
  return String(info);
}

/** @throws Error after half a minute */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error('Redis did not get ready in half a minute.');
    await pause(0.1);
  }
}
