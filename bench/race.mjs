/** Interleaved rounds: every contestant, every scenario, burst by burst. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { contestants } from './contestants.mjs';
import { startIssuer } from './issuer.mjs';
import { makeKeys, mintMany, writePool } from './tokens.mjs';

export class Race {
  /** Bursts by scenario and contestant: one of each a round. */
  bursts = new Map();

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
    return new Race({ rounds, amount, scenarios, issuer, folder, servers, load });
  }

  async run() {
    for (const { url } of this.servers) await requireGuard(url, this.servers[0].url === url);
    for (let round = -warmUps; round < this.rounds; round++) await this.round(round);
    return this.bursts;
  }

  // Who begins changes from round to round.
  async round(round) {
    process.stderr.write(round < 0 ? 'warming up …\n' : `round ${round + 1} of ${this.rounds} …\n`);
    const first = (round + warmUps) % this.servers.length;
    const order = [...this.servers.slice(first), ...this.servers.slice(0, first)];
    for (const scenario of this.scenarios)
      for (const server of order) {
        const burst = await this.burst(server, scenario);
        if (round >= 0) this.keep(scenario, server, burst);
      }
  }

  async burst({ child, url }, { alg, kind }) {
    const before = await child.ask({});
    const answer = await this.load.ask({ url, alg, kind, amount: this.amount });
    const after = await child.ask({});
    return { ...answer, cpu: (after.cpu - before.cpu) / this.amount };
  }

  keep(scenario, { name }, burst) {
    const place = `${scenario.title}|${name}`;
    this.bursts.set(place, [...(this.bursts.get(place) ?? []), burst]);
  }

  async stop() {
    await Promise.all([this.load, ...this.servers.map(({ child }) => child)].map(child => child.stop()));
    this.issuer.close();
    await rm(this.folder, { recursive: true });
  }
}

const warmUps = 2;

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
