/** Runs faults against four processes under load, and reports what the processes did against what they had confirmed. */
import { randomUUID } from 'node:crypto';
import { cheapHasher } from '../microservice/sign-in-app';
import { Account, expectRevoked, type Target } from './account';
import { faults, type Engines, type Fault } from './faults';
import { HttpClient } from './http-client';
import { Ledger } from './ledger';
import type { Deployment, Plant } from './orders';
import { OwnDatabase } from './own-database';
import { freePort } from '../free-port';
import { DurableRedis, RedisUnderSentinel } from './own-redis';
import { ChaosProcess } from './process-group';
import { pause, Random } from './random';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: string;
  readonly plant?: Plant | undefined;
  /** Only faults whose name has this text. */
  readonly only?: string | undefined;
}

/** Seconds after the end of a fault within which every process must work again. */
const longestRecovery = 15;

/** Seconds by which the clocks of the four microservices are off. */
const clockOffsets = [0, -60, 90, 172_800];

const accountsOfDeployment = 6;

export class Chaos {
  readonly #ledger = new Ledger();
  readonly #http = new HttpClient();
  readonly #random: Random;
  readonly #started = performance.now();
  readonly #counts = new Map<string, number>();
  readonly #bag: Fault[] = [];
  #passed = 0;

  private constructor(
    private readonly options: ChaosOptions,
    private readonly engines: Engines,
    private readonly targets: readonly Target[],
  ) {
    this.#random = new Random(options.seed);
    for (const one of engines.processes)
      one.onUnexpectedEnd = why => {
        this.#ledger.find(`a process ${why}`);
      };
    engines.pair.onStrayFailOver = ended => this.excuse(ended);
  }

  /** @returns whether nothing was found */
  static async run(options: ChaosOptions): Promise<boolean> {
    console.log(
      `chaos: ${options.minutes} minutes, seed ${options.seed}${options.plant === undefined ? '' : `, planted: ${options.plant}`}`,
    );
    const engines = await startEngines(options);
    const chaos = new Chaos(options, engines, targetsOf(engines.processes));
    try {
      await chaos.run();
    } catch (error) {
      chaos.#ledger.find(String(error));
    } finally {
      await stopEngines(engines);
      chaos.#http.close();
    }
    return chaos.report();
  }

  private async run(): Promise<void> {
    const end = this.#started + 60_000 * this.options.minutes;
    const accounts = this.targets.flatMap(target =>
      Array.from({ length: accountsOfDeployment }, (_, place) => this.account(target, place)),
    );
    const ending = new AbortController();
    const acting = accounts.map(account =>
      account.act(ending.signal).catch((error: unknown) => {
        this.#ledger.find(String(error));
      }),
    );
    await pause(2);
    while (performance.now() < end && this.#ledger.findings.length < this.mostFindings)
      await this.cause(this.nextFaults());
    ending.abort();
    await Promise.all(acting);
    if (this.#ledger.findings.length < this.mostFindings) await this.checkAll(accounts);
  }

  /** A replica that Sentinel makes the master while it still copies has nothing: all that Redis held may be lost. */
  private async excuse(strayFailOver: Promise<void>): Promise<void> {
    console.log(`${this.time()} Sentinel replaces a master that no fault touched: what Redis held is not judged`);
    const loss = this.#ledger.lossOf('redis');
    loss.begin(0);
    await strayFailOver;
    await this.engines.pair.untilReplicated().catch((error: unknown) => {
      this.#ledger.find(String(error));
    });
    loss.end();
  }

  /** After so many the rest says nothing new: a planted fault is found with the first. */
  private get mostFindings(): number {
    return this.options.plant === undefined ? 20 : 1;
  }

  private account(target: Target, place: number): Account {
    const random = new Random(`${this.options.seed} ${target.deployment} ${place}`);
    return new Account(target, { http: this.#http, ledger: this.#ledger, random });
  }

  /** Every fault comes once before one comes again; sometimes two of different engines come together. */
  private nextFaults(): readonly Fault[] {
    const first = this.draw(() => true);
    if (!this.#random.chance(0.25) || this.options.only !== undefined) return [first];
    const engineOf = ({ name }: Fault): string => name.split(':')[0] ?? name;
    return [first, this.draw(fault => engineOf(fault) !== engineOf(first))];
  }

  private draw(isWanted: (fault: Fault) => boolean): Fault {
    const { only = '' } = this.options;
    if (!this.#bag.some(isWanted)) this.#bag.push(...faults.filter(({ name }) => name.includes(only)));
    const drawn = this.#random.of(this.#bag.filter(isWanted));
    this.#bag.splice(this.#bag.indexOf(drawn), 1);
    return drawn;
  }

  private async cause(together: readonly Fault[]): Promise<void> {
    const before = this.#ledger.findings.length;
    const began = performance.now();
    await Promise.all(together.map(fault => this.last(fault)));
    const lasted = performance.now() - began;
    const recovery = await this.untilAllWork();
    const found = this.#ledger.findings.slice(before);
    if (found.length === 0) this.#passed++;
    const names = together.map(({ name }) => name).join(' + ');
    console.log(`${this.time()} ${names}: ${seconds(lasted)}, worked again after ${seconds(recovery)}`);
    for (const finding of found) console.log(`      FOUND ${finding}`);
    await pause(this.#random.between(0.5, 1.5));
  }

  private async last(fault: Fault): Promise<void> {
    const { name, longest, loses } = fault;
    const duration = this.#random.between(longest / 4, longest);
    const end = await fault.begin(this.engines, this.#random, this.#ledger.lossOf(loses));
    await pause(duration);
    await end();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** @returns milliseconds until a sign-in and a call succeed at each process */
  private async untilAllWork(): Promise<number> {
    const began = performance.now();
    const all = this.targets.flatMap(({ deployment, urls }) => urls.map((url, place) => ({ deployment, url, place })));
    await Promise.all(
      all.map(({ deployment, url, place }) => this.untilWorks(url, `${deployment}, process ${place + 1}`)),
    );
    return performance.now() - began;
  }

  private async untilWorks(url: string, where: string): Promise<void> {
    const end = performance.now() + 1000 * longestRecovery;
    for (let said = await this.probe(url); said !== '200'; said = await this.probe(url)) {
      if (performance.now() > end) {
        this.#ledger.find(`${where} does not work again ${longestRecovery} s after the fault: ${said}`);
        return;
      }
      await pause(0.1);
    }
  }

  /** @returns `200` if a sign-in and a call succeed */
  private async probe(url: string): Promise<string> {
    const body = { username: `probe-${randomUUID()}`, password: 'sparrowhawk' };
    const signedIn = await this.#http.ask(`${url}/auth/sign-in/`, { method: 'POST', body });
    if (signedIn?.status !== 200) return `sign-in ${signedIn?.status ?? 'lost'} ${JSON.stringify(signedIn?.body)}`;
    const headers = { authorization: `Bearer ${String(signedIn.body['access_token'])}` };
    const called = await this.#http.ask(`${url}/me`, { headers });
    return called?.status === 200 ? '200' : `call ${called?.status ?? 'lost'} ${JSON.stringify(called?.body)}`;
  }

  /** At the end, without a fault, every session must go on, and every revoked token refused, at each process. */
  private async checkAll(accounts: readonly Account[]): Promise<void> {
    await this.untilAllWork();
    const before = this.#ledger.findings.length;
    let sessions = 0;
    for (const account of accounts) sessions += await account.checkSessions();
    const services = { http: this.#http, ledger: this.#ledger };
    const revoked = this.targets.map(target => this.#ledger.revokedOf(target.deployment));
    for (const [place, { urls }] of this.targets.entries())
      for (const one of revoked[place]!) await Promise.all(urls.map(url => expectRevoked(one, url, services, true)));
    console.log(
      `${this.time()} in the end: ${sessions} sessions refreshed and ${revoked.flat().length} revoked tokens refused, at each process`,
    );
    if (this.#ledger.findings.length === before) this.#passed++;
  }

  private report(): boolean {
    const { findings, statuses, excused } = this.#ledger;
    console.table([...this.#counts].map(([fault, times]) => ({ fault, times })));
    console.table(
      [...statuses].sort(([one], [other]) => (one < other ? -1 : 1)).map(([answer, times]) => ({ answer, times })),
    );
    console.log(`confirmed writes that a fail-over may have lost, not judged: ${excused}`);
    for (const finding of findings) console.log(`FOUND ${finding}`);
    if (findings.length > 0) this.printLogs();
    console.log(`chaos, seed ${this.options.seed}: ${this.#passed} passed, ${findings.length} failed`);
    return findings.length === 0;
  }

  private printLogs(): void {
    for (const [place, { said }] of this.engines.processes.entries())
      for (const line of said.slice(-10)) console.log(`process ${place + 1}: ${line.slice(0, 500)}`);
  }

  private time(): string {
    const passed = Math.floor((performance.now() - this.#started) / 1000);
    return `${String(Math.floor(passed / 60)).padStart(2, '0')}:${String(passed % 60).padStart(2, '0')}`;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function targetsOf(processes: readonly ChaosProcess[]): readonly Target[] {
  return ['redis', 'postgres'].map((deployment, place) => ({
    deployment,
    urls: processes.map(one => one.urlOf(place)),
  }));
}

async function startEngines({ plant }: ChaosOptions): Promise<Engines> {
  const [pair, denylist, database] = await Promise.all([
    RedisUnderSentinel.start(),
    DurableRedis.start(),
    OwnDatabase.create(),
  ]);
  const passwordHash = await cheapHasher.hash('sparrowhawk');
  const processes = await Promise.all(
    clockOffsets.map(async clockOffset => {
      const deployments = await deploymentsOf({ pair, denylist, database });
      return ChaosProcess.start({ deployments, passwordHash, clockOffset, plant });
    }),
  );
  return { pair, denylist, database, processes };
}

async function deploymentsOf({ pair, denylist, database }: Omit<Engines, 'processes'>): Promise<readonly Deployment[]> {
  const { sentinelPort, name: group } = pair;
  return [
    { issuer: 'https://redis.example.com', port: await freePort(), engine: 'redis', sentinelPort, group },
    {
      ...{ issuer: 'https://postgres.example.com', port: await freePort(), engine: 'postgres' },
      ...{ url: database.url, denylistPort: denylist.port },
    },
  ];
}

async function stopEngines({ pair, denylist, database, processes }: Engines): Promise<void> {
  await Promise.all(processes.map(one => one.end('SIGKILL')));
  await Promise.all([pair.close(), denylist.close(), database.drop()]);
}
