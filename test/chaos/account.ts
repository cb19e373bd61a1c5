/** A user with two devices: signs in, refreshes, calls the API and logs off, on any of the processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, HttpClient } from './http-client';
import type { Ledger, Revoked } from './ledger';
import type { Random } from './random';

/** Where the processes of a deployment listen. */
export interface Target {
  readonly deployment: string;
  readonly urls: readonly string[];
}

interface Services {
  readonly http: HttpClient;
  readonly ledger: Ledger;
  readonly random: Random;
}

/** A session as its device knows it. */
class Device {
  readonly cookies = new Map<string, string>();
  csrfToken = '';
  accessToken = '';
  /** The sign-in or refresh that was confirmed last. */
  confirmed = { from: 0, to: 0 };
  /** The first log-off, if it had no certain answer. */
  leavingSince: number | undefined;

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  take({ headers, body }: Answer, from: number): void {
    for (const field of headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      this.cookies.set(name, value);
    }
    this.csrfToken = String(body['CSRF_token']);
    this.accessToken = String(body['access_token']);
    this.confirmed = { from, to: performance.now() };
  }
}

let accounts = 0;

export class Account {
  readonly #name = `user-${++accounts}`;
  #signIns = 0;
  #devices: Device[] = [];

  constructor(
    private readonly target: Target,
    private readonly services: Services,
  ) {}

  /** Acts until the signal says to end. */
  async act(signal: AbortSignal): Promise<void> {
    const { random } = this.services;
    while (!signal.aborted) {
      await this.step();
      await sleep(random.between(20, 200));
    }
  }

  private async step(): Promise<void> {
    const { random } = this.services;
    this.#devices = this.#devices.filter(device => device.accessToken !== '');
    if (this.#devices.length < 2) return this.signIn();
    const device = this.#devices.find(({ leavingSince }) => leavingSince !== undefined) ?? random.of(this.#devices);
    if (device.leavingSince !== undefined) return this.logOff(device);
    const choice = random.next();
    if (choice < 0.35) return this.callApi(device);
    if (choice < 0.4) return this.refreshTwice(device);
    if (choice < 0.75) return this.refreshOnce(device);
    return choice < 0.88 ? this.useRevoked() : this.logOff(device);
  }

  /** Every session that is left must still be refreshed, at every process. */
  async checkSessions(): Promise<number> {
    const live = this.#devices.filter(
      ({ leavingSince, accessToken }) => leavingSince === undefined && accessToken !== '',
    );
    for (const device of live) await this.checkSession(device);
    return live.length;
  }

  private async checkSession(device: Device): Promise<void> {
    for (const url of this.target.urls) {
      const status = await this.refresh(device, url);
      // A lost session has been judged: a fail-over may have lost its sign-in.
      if (status === 401) return;
      if (status !== 200)
        this.services.ledger.find(`${this.target.deployment}: ${String(status)} for a session in the end`);
    }
  }

  // Another name each time: of a user who ends very many sessions, one entry denies all tokens for a while.
  private async signIn(): Promise<void> {
    const username = `${this.#name}-${Math.floor(this.#signIns++ / 20)}`;
    const sent = performance.now();
    const answer = await this.post('sign-in', { username, password: 'sparrowhawk' });
    if (answer?.status === 401) this.find('a sign-in was refused', answer);
    if (answer?.status !== 200) return;
    const device = new Device();
    device.take(answer, sent);
    this.#devices.push(device);
  }

  private async callApi(device: Device, url = this.anyUrl()): Promise<void> {
    const answer = await this.me(device.accessToken, url);
    if (answer?.status === 401) this.sessionIsGone(device, 'a good access token was refused', answer);
  }

  private async refreshOnce(device: Device): Promise<void> {
    await this.refresh(device);
  }

  private async refresh(device: Device, url?: string): Promise<number | undefined> {
    const sent = performance.now();
    const answer = await this.post('refresh', { CSRF_token: device.csrfToken }, device.cookieHeader, url);
    if (answer?.status === 200) device.take(answer, sent);
    if (answer?.status === 401) this.sessionIsGone(device, 'a session was lost', answer);
    return answer?.status;
  }

  /** As two tabs do at the same time. */
  private async refreshTwice(device: Device): Promise<void> {
    const { cookieHeader, csrfToken } = device;
    const sent = performance.now();
    const both = [1, 2].map(() => this.post('refresh', { CSRF_token: csrfToken }, cookieHeader));
    for (const answer of await Promise.all(both)) {
      if (answer?.status === 200) device.take(answer, sent);
      if (answer?.status === 401) this.sessionIsGone(device, 'a session was lost, of two tabs', answer);
    }
  }

  private async logOff(device: Device): Promise<void> {
    const { cookieHeader: cookies, csrfToken, accessToken, confirmed } = device;
    const from = performance.now();
    const answer = await this.post('logoff', { CSRF_token: csrfToken }, cookies);
    device.leavingSince ??= from;
    if (answer?.status !== 204 && answer?.status !== 401) return;
    // A repeated log-off is refused once an earlier one has ended the session, or a fail-over has lost it.
    const began = answer.status === 204 ? from : Math.min(confirmed.from, device.leavingSince);
    const span = { from: began, to: performance.now(), deployment: this.target.deployment };
    this.services.ledger.revoke({ accessToken, cookies, csrfToken, ...span });
    device.accessToken = '';
  }

  private async useRevoked(): Promise<void> {
    const revoked = this.services.ledger.revokedOf(this.target.deployment);
    if (revoked.length === 0) return;
    const chosen = this.services.random.of(revoked.slice(-200));
    await expectRevoked(chosen, this.anyUrl(), this.services);
  }

  private sessionIsGone(device: Device, what: string, answer: Answer): void {
    const { ledger } = this.services;
    const { deployment } = this.target;
    device.accessToken = '';
    if (ledger.mayBeLost({ deployment, ...device.confirmed })) ledger.excused++;
    else this.find(what, answer);
  }

  private find(what: string, { body }: Answer): void {
    this.services.ledger.find(`${this.target.deployment}: ${what}: ${JSON.stringify(body)}`);
  }

  private anyUrl(): string {
    return this.services.random.of(this.target.urls);
  }

  private me(accessToken: string, url: string): Promise<Answer | undefined> {
    return callWith(accessToken, url, 'call', this.services);
  }

  private async post(endpoint: string, body: object, cookie = '', url = this.anyUrl()): Promise<Answer | undefined> {
    const headers: Record<string, string> = cookie === '' ? {} : { cookie };
    const answer = await this.services.http.ask(`${url}/auth/${endpoint}/`, { method: 'POST', headers, body });
    this.services.ledger.count(endpoint, answer);
    return answer;
  }
}

async function callWith(
  accessToken: string,
  url: string,
  what: string,
  { http, ledger }: Pick<Services, 'http' | 'ledger'>,
): Promise<Answer | undefined> {
  const answer = await http.ask(`${url}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
  ledger.count(what, answer);
  return answer;
}

/**
 * What was refused stays refused: the access token, and the session.
 *
 * @param isCertain whether no fault is on, so that 503 is wrong, too
 */
export async function expectRevoked(
  revoked: Revoked,
  url: string,
  { http, ledger }: Pick<Services, 'http' | 'ledger'>,
  isCertain = false,
): Promise<void> {
  const { accessToken, cookies, csrfToken, deployment } = revoked;
  const answer = await callWith(accessToken, url, 'revoked', { http, ledger });
  const posted = { method: 'POST', headers: { cookie: cookies }, body: { CSRF_token: csrfToken } } as const;
  const refreshed = await http.ask(`${url}/auth/refresh/`, posted);
  ledger.count('ended', refreshed);
  if (ledger.mayBeLost(revoked)) return;
  if (isCertain && (answer?.status !== 401 || refreshed?.status !== 401))
    ledger.find(`${deployment}: in the end ${answer?.status} and ${refreshed?.status} for what was revoked`);
  if (answer?.status === 200)
    ledger.find(`${deployment}: a revoked access token was accepted, ${secondsSince(revoked.to)} s after its log-off`);
  if (refreshed?.status === 200)
    ledger.find(`${deployment}: an ended session was refreshed, ${secondsSince(revoked.to)} s after its log-off`);
}

function secondsSince(time: number): string {
  return ((performance.now() - time) / 1000).toFixed(1);
}
