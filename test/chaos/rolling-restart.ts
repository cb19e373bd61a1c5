/** Replaces four processes behind nginx one after another, under load, while Redis fails over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cheapHasher } from '../microservice/sign-in-app';
import { HttpClient, type Answer } from './http-client';
import { Nginx } from './nginx';
import { freePort } from '../free-port';
import { RedisUnderSentinel } from './own-redis';
import { ChaosProcess } from './process-group';
import { pause } from './random';

interface Case {
  readonly name: string;
  /** Whether a good token may get 503 during the fail-over: each check of it asks Redis. */
  readonly mayAnswer503: boolean;
}

/** A denylist that answers from a copy of its own would be another case, without any 503 on `/me`. */
export const cases: readonly Case[] = [
  { name: 'RedisDenylist, which asks Redis about each token', mayAnswer503: true },
];

/** Seconds after the fail-over within which the last 503 must come. */
const longestTail = 2;

/** A session, and what its client holds. */
interface Session {
  cookies: string;
  csrfToken: string;
  accessToken: string;
}

interface Seen {
  readonly at: number;
  readonly what: string;
  readonly status: number;
}

export class RollingRestart {
  readonly #http = new HttpClient();
  readonly #seen: Seen[] = [];
  readonly #findings = new Set<string>();

  private constructor(
    private readonly which: Case,
    private readonly pair: RedisUnderSentinel,
    private readonly processes: readonly ChaosProcess[],
    private readonly nginx: Nginx,
  ) {
    for (const one of processes) one.onUnexpectedEnd = why => this.#findings.add(`a process ${why}`);
  }

  /** @returns whether nothing was found */
  static async run(which: Case): Promise<boolean> {
    console.log(`rolling restart of four processes behind nginx, with a fail-over of Redis: ${which.name}`);
    const pair = await RedisUnderSentinel.start();
    const processes = await startProcesses(pair);
    const nginx = await Nginx.start(processes.map(({ orders }) => orders.deployments[0]!.port));
    const restart = new RollingRestart(which, pair, processes, nginx);
    try {
      await restart.run();
    } finally {
      restart.#http.close();
      await nginx.close();
      await Promise.all(processes.map(one => one.end('SIGKILL')));
      await pair.close();
    }
    return restart.report();
  }

  private async run(): Promise<void> {
    const names = Array.from({ length: 8 }, (_, place) => `user-${place}`);
    const sessions = await Promise.all(names.map(name => this.signIn(name)));
    const revoked = await Promise.all(names.map(name => this.signIn(`gone-${name}`)));
    for (const session of revoked) await this.logOff(session);
    // What Redis has confirmed for a second has reached the replica.
    await pause(1.5);
    const ending = new AbortController();
    const load = [
      ...sessions.map(session => this.repeat(ending.signal, 15, () => this.call('a good token', session))),
      ...revoked.map(session => this.repeat(ending.signal, 60, () => this.call('a revoked token', session))),
      ...sessions.slice(0, 4).map(session => this.repeat(ending.signal, 400, () => this.refresh(session))),
    ];
    await pause(2);
    const tail = await this.restartAll();
    await pause(2);
    ending.abort();
    await Promise.all(load);
    this.judge(tail);
    await this.checkAll(sessions, revoked);
  }

  /** @returns when the new master was there */
  private async restartAll(): Promise<{ readonly killed: number; readonly replaced: number }> {
    const [first, second, ...others] = this.processes;
    for (const one of [first, second]) await restarted(one);
    const master = await this.pair.master();
    const killed = performance.now();
    await master.kill();
    const failedOver = this.pair.untilMasterIsNot(master.port).then(() => performance.now());
    for (const one of others) await restarted(one);
    return { killed, replaced: await failedOver };
  }

  private judge({ killed, replaced }: { readonly killed: number; readonly replaced: number }): void {
    const unavailable = this.#seen.filter(({ status }) => status === 503);
    const early = unavailable.filter(({ at }) => at < killed);
    const last = Math.max(0, ...unavailable.map(({ at }) => at - killed));
    const failOver = replaced - killed;
    console.log(
      `the fail-over took ${seconds(failOver)}; the last 503 came ${seconds(last)} after the master was killed`,
    );
    if (early.length > 0) this.#findings.add(`${early.length} answers with 503 before the fail-over`);
    if (last > failOver + 1000 * longestTail)
      this.#findings.add(`503 until ${seconds(last)}, ${longestTail} s after the fail-over at most`);
    if (!this.which.mayAnswer503 && unavailable.some(({ what }) => what === 'a good token'))
      this.#findings.add('503 for a good token');
  }

  private async checkAll(sessions: readonly Session[], revoked: readonly Session[]): Promise<void> {
    for (const session of sessions) this.mustBe(200, await this.refresh(session), 'a session in the end');
    for (const session of sessions) this.mustBe(200, await this.call('a good token', session), 'a token in the end');
    for (const session of revoked)
      this.mustBe(401, await this.call('a revoked token', session), 'a revoked token in the end');
  }

  private mustBe(status: number, answer: Answer | undefined, what: string): void {
    if (answer?.status !== status) this.#findings.add(`${what}: ${answer?.status ?? 'no answer'}`);
  }

  private async repeat(signal: AbortSignal, milliseconds: number, step: () => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      await step().catch((error: unknown) => this.#findings.add(String(error)));
      await sleep(milliseconds);
    }
  }

  private async call(what: string, { accessToken }: Session): Promise<Answer | undefined> {
    const answer = await this.#http.ask(`${this.nginx.url}/me`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    const isGood = what === 'a good token';
    return this.see(what, answer, isGood ? 200 : 401);
  }

  private async signIn(username: string): Promise<Session> {
    const answer = await this.post('sign-in', { username, password: 'sparrowhawk' }, '');
    const session = { cookies: '', csrfToken: '', accessToken: '' };
    take(session, this.see('sign-in', answer, 200));
    return session;
  }

  private async logOff({ cookies, csrfToken }: Session): Promise<void> {
    this.see('log-off', await this.post('logoff', { CSRF_token: csrfToken }, cookies), 204);
  }

  private async refresh(session: Session): Promise<Answer | undefined> {
    const answer = await this.post('refresh', { CSRF_token: session.csrfToken }, session.cookies);
    take(session, this.see('refresh', answer, 200));
    return answer;
  }

  private post(endpoint: string, body: object, cookie: string): Promise<Answer | undefined> {
    const headers: Record<string, string> = cookie === '' ? {} : { cookie };
    return this.#http.ask(`${this.nginx.url}/auth/${endpoint}/`, { method: 'POST', headers, body });
  }

  /** Anything but the expected status is a finding, except a 503 that says when to come again. */
  private see(what: string, answer: Answer | undefined, expected: number): Answer | undefined {
    const status = answer?.status ?? 0;
    this.#seen.push({ at: performance.now(), what, status });
    const isLater = status === 503 && answer?.headers['retry-after'] !== undefined;
    if (status !== expected && !isLater) this.#findings.add(`${what}: ${status} ${JSON.stringify(answer?.body)}`);
    return answer;
  }

  private report(): boolean {
    const counts = new Map<string, number>();
    for (const { what, status } of this.#seen)
      counts.set(`${what} ${status}`, (counts.get(`${what} ${status}`) ?? 0) + 1);
    console.table([...counts].sort().map(([answer, times]) => ({ answer, times })));
    for (const finding of this.#findings) console.log(`FOUND ${finding}`);
    console.log(`rolling restart: ${this.#findings.size === 0 ? 1 : 0} passed, ${this.#findings.size} failed`);
    return this.#findings.size === 0;
  }
}

function take(session: Session, answer: Answer | undefined): void {
  if (answer?.status !== 200) return;
  session.cookies = (answer.headers['set-cookie'] ?? []).map(field => field.split(';')[0]).join('; ');
  session.csrfToken = String(answer.body['CSRF_token']);
  session.accessToken = String(answer.body['access_token']);
}

async function restarted(one: ChaosProcess | undefined): Promise<void> {
  await one?.end('SIGTERM');
  await one?.run();
  await pause(0.5);
}

async function startProcesses(pair: RedisUnderSentinel): Promise<readonly ChaosProcess[]> {
  const passwordHash = await cheapHasher.hash('sparrowhawk');
  const issuer = 'https://api.example.com';
  const place = { engine: 'redis', sentinelPort: pair.sentinelPort, group: pair.name, issuer } as const;
  return Promise.all(
    [0, 0, 0, 0].map(async clockOffset => {
      const deployments = [{ ...place, port: await freePort() }];
      return ChaosProcess.start({ deployments, passwordHash, clockOffset });
    }),
  );
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
