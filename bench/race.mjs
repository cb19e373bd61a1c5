/** Interleaved rounds: every contestant, every scenario, burst by burst. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.mjs';
import { bounds, contestants, expectedStatus } from './contestants.mjs';
import { startIssuer } from './issuer.mjs';
import { add, percentile } from './statistics.mjs';
import { poolsFor, scenarios } from './scenarios.mjs';
import { makeKeys, writePool } from './tokens.mjs';

/**
 * @param only contestants whose names have one of these parts; none: all
 * @param words scenarios whose titles have all of these words
 */
export async function runRace({ rounds, amount, only = [], words = [] }) {
  const wanted = scenarios.filter(({ title }) => words.every(word => title.includes(word)));
  const race = await Race.start({ rounds, amount, only, scenarios: wanted });
  try {
    return await race.run();
  } finally {
    await race.stop();
  }
}

class Race {
  /** What was measured, by scenario and contestant: one of each a round. */
  rounds = {};

  constructor(parts) {
    Object.assign(this, parts);
  }

  static async start({ rounds, amount, only, scenarios }) {
    const keys = makeKeys();
    const issuer = await startIssuer(keys);
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const pool = join(folder, 'tokens.json');
    process.stderr.write('signing tokens …\n');
    await writePool(pool, await poolsFor(scenarios, keys, issuer.url, (rounds + warmUps) * amount + 1));
    const servers = await startServers(issuer, only);
    const load = new Child('./load.mjs', [pool]);
    await load.ready();
    return new Race({ count: rounds, amount, scenarios, issuer, folder, servers, load });
  }

  async run() {
    for (const server of this.servers) await requireGuard(server);
    for (let round = -warmUps; round < this.count; round++) await this.round(round);
    return this.rounds;
  }

  // Who begins changes from round to round.
  async round(round) {
    process.stderr.write(round < 0 ? 'warming up …\n' : `round ${round + 1} of ${this.count} …\n`);
    const first = (round + warmUps) % this.servers.length;
    const order = [...this.servers.slice(first), ...this.servers.slice(0, first)];
    for (const scenario of this.scenarios) {
      const taking = order.filter(({ name }) => expectedStatus(name, scenario) !== undefined);
      const sums = await this.sums(taking, scenario);
      if (round >= 0) for (const server of taking) this.keep(scenario, server, sums.get(server));
    }
  }

  // A round comes in slices, so that a disturbance of a second or two meets everybody; in few, since each begins with what
  // the others left of the processor's caches.
  async sums(order, scenario) {
    const sums = new Map(order.map(server => [server, { cpu: 0, seconds: 0, latencies: [], unguarded: 0 }]));
    for (let slice = 0; slice < slices; slice++)
      for (const server of order) add(sums.get(server), await this.slice(server, scenario, slice % 2 === 0));
    return sums;
  }

  // The unguarded route of the same process, before or behind.
  async slice({ child, url, unguardedUrl, name }, scenario, isFirst) {
    const [bare, expected] = ['unguarded', name].map(one => expectedStatus(one, scenario));
    const before = isFirst ? await this.burst(child, unguardedUrl, scenario, bare) : undefined;
    const answer = await this.burst(child, url, scenario, expected);
    const { cpu } = before ?? (await this.burst(child, unguardedUrl, scenario, bare));
    return { ...answer, unguarded: cpu };
  }

  async burst(child, url, scenario, expected) {
    const before = await child.ask({});
    const answer = await this.load.ask({ url, ...scenario, expected, amount: this.amount / slices });
    const after = await child.ask({});
    return { ...answer, cpu: after.cpu - before.cpu };
  }

  keep(scenario, { name }, { cpu, seconds, latencies, unguarded }) {
    const percentiles = { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
    const costs = { cpu: cpu / this.amount, unguarded: unguarded / this.amount };
    const round = { ...costs, throughput: this.amount / seconds, ...percentiles };
    const ofScenario = (this.rounds[scenario.title] ??= {});
    ofScenario[name] = [...(ofScenario[name] ?? []), round];
  }

  async stop() {
    await Promise.all([this.load, ...this.servers.map(({ child }) => child)].map(child => child.stop()));
    this.issuer.close();
    await rm(this.folder, { recursive: true });
  }
}

// What the compiler makes of a route is settled after tens of thousands of requests to it.
const warmUps = 4;
const slices = 4;

// V8 tidies a process up that pauses, and the next requests pay for it. A server under load does not pause; here each does
// while the others have their turn.
const busy = ['--no-memory-reducer'];

/** The bounds always: the others are measured by them. */
async function startServers({ url, jwksUrl }, only) {
  const wanted = name => bounds.includes(name) || only.length === 0 || only.some(part => name.includes(part));
  const names = Object.keys(contestants).filter(wanted);
  const start = async name => {
    const child = new Child('./server.mjs', [name, JSON.stringify({ url, jwksUrl })], busy);
    return { name, child, ...(await child.ready()) };
  };
  return Promise.all(names.map(start));
}

/** A contestant that lets everybody in has nothing to be measured for. */
async function requireGuard({ name, url }) {
  const { status } = await fetch(url, { headers: { authorization: 'Bearer e30.e30.e30' } });
  if (status !== (name === 'unguarded' ? 200 : 401)) throw new Error(`${name} answers a bad token with ${status}`);
}
