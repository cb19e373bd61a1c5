/** Interleaved rounds: every contestant, every scenario, burst by burst. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { contestants } from './contestants.mjs';
import { startIssuer } from './issuer.mjs';
import { add, percentile } from './statistics.mjs';
import { makeKeys, mintMany, writePool } from './tokens.mjs';

export class Race {
  /** What was measured, by scenario and contestant: one of each a round. */
  rounds = new Map();

  constructor(parts) {
    Object.assign(this, parts);
  }

  static async start({ rounds, amount, only, scenarios }) {
    const keys = makeKeys();
    const issuer = await startIssuer(keys);
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const pool = join(folder, 'tokens.json');
    await writePool(pool, await poolOf(keys, issuer.url, (rounds + warmUps) * amount + 1));
    const servers = await startServers(issuer, only);
    const load = new Child('./load.mjs', [pool]);
    await load.ready();
    return new Race({ count: rounds, amount, scenarios, issuer, folder, servers, load });
  }

  async run() {
    for (const { url } of this.servers) await requireGuard(url, this.servers[0].url === url);
    for (let round = -warmUps; round < this.count; round++) await this.round(round);
    return this.rounds;
  }

  // Who begins changes from round to round.
  async round(round) {
    process.stderr.write(round < 0 ? 'warming up …\n' : `round ${round + 1} of ${this.count} …\n`);
    const first = (round + warmUps) % this.servers.length;
    const order = [...this.servers.slice(first), ...this.servers.slice(0, first)];
    for (const scenario of this.scenarios) {
      const sums = await this.sums(order, scenario);
      if (round >= 0) for (const server of order) this.keep(scenario, server, sums.get(server));
    }
  }

  // A round comes in slices, so that a disturbance of a second or two meets everybody.
  async sums(order, scenario) {
    const sums = new Map(order.map(server => [server, { cpu: 0, seconds: 0, latencies: [] }]));
    for (let slice = 0; slice < slices; slice++)
      for (const server of order) add(sums.get(server), await this.burst(server, scenario));
    return sums;
  }

  async burst({ child, url }, { alg, kind }) {
    const before = await child.ask({});
    const answer = await this.load.ask({ url, alg, kind, amount: this.amount / slices });
    const after = await child.ask({});
    return { ...answer, cpu: after.cpu - before.cpu };
  }

  keep(scenario, { name }, { cpu, seconds, latencies }) {
    const place = `${scenario.title}|${name}`;
    const round = { cpu: cpu / this.amount, throughput: this.amount / seconds, p99: percentile(latencies, 0.99) };
    this.rounds.set(place, [...(this.rounds.get(place) ?? []), round]);
  }

  async stop() {
    await Promise.all([this.load, ...this.servers.map(({ child }) => child)].map(child => child.stop()));
    this.issuer.close();
    await rm(this.folder, { recursive: true });
  }
}

const warmUps = 2;
const slices = 5;

async function poolOf(keys, issuer, size) {
  process.stderr.write(`signing ${keys.length} × ${size} tokens …\n`);
  const pool = {};
  for (const key of keys) pool[key.alg] = await mintMany(key, issuer, size);
  return pool;
}

/** The unguarded one first, always: the others are measured by it. */
async function startServers({ url, jwksUrl }, only) {
  const wanted = name => name === 'unguarded' || only.length === 0 || only.some(part => name.includes(part));
  const names = Object.keys(contestants).filter(wanted);
  const start = async name => {
    const child = new Child('./server.mjs', [name, JSON.stringify({ url, jwksUrl })]);
    return { name, child, url: (await child.ready()).url };
  };
  return Promise.all(names.map(start));
}

/** A contestant that lets everybody in has nothing to be measured for. */
async function requireGuard(url, isOpen) {
  const { status } = await fetch(url, { headers: { authorization: 'Bearer e30.e30.e30' } });
  if ((status === 200) !== isOpen) throw new Error(`${url} answers a bad token with ${status}`);
}
