/** What the processes have confirmed, and what they did against it. */
import type { Loss } from './faults';
import type { Answer } from './http-client';

/** An access token that a confirmed log-off has revoked. */
export interface Revoked extends Span {
  readonly accessToken: string;
  /** The cookies of its session, which may not be refreshed any more. */
  readonly cookies: string;
  readonly csrfToken: string;
}

/** When a request was sent and its answer came: what it wrote was written in between. */
export interface Span {
  readonly deployment: string;
  readonly from: number;
  readonly to: number;
}

export class Ledger {
  readonly findings: string[] = [];
  readonly statuses = new Map<string, number>();
  #revoked: Revoked[] = [];
  readonly #lossy: Span[] = [];
  /** Confirmed writes that a fail-over may have lost: what became of them is not judged. */
  excused = 0;

  /** @param what such as `refresh`, for the table of answers */
  count(what: string, answer: Answer | undefined): void {
    const key = `${what} ${answer?.status ?? 'lost'}`;
    this.statuses.set(key, (this.statuses.get(key) ?? 0) + 1);
    if (answer === undefined) return;
    const { status, headers, body } = answer;
    if (status === 503 && headers['retry-after'] === undefined) this.find(`${what}: 503 without Retry-After`);
    if (![200, 204, 401, 503].includes(status)) this.find(`${what}: ${status} ${JSON.stringify(body)}`);
  }

  find(finding: string): void {
    this.findings.push(finding);
  }

  revoke(revoked: Revoked): void {
    this.#revoked.push(revoked);
  }

  revokedOf(deployment: string): readonly Revoked[] {
    return this.#revoked.filter(one => one.deployment === deployment);
  }

  /** Of a deployment whose fault may lose confirmed writes; without one, nothing may be lost. */
  lossOf(deployment: string | undefined): Loss {
    if (deployment === undefined) return { begin: () => undefined, end: () => undefined };
    const time = { deployment, from: Infinity, to: Infinity };
    this.#lossy.push(time);
    return {
      begin: since => (time.from = since),
      end: () => {
        time.to = performance.now();
        this.excuseRevoked();
      },
    };
  }

  mayBeLost({ deployment, from, to }: Span): boolean {
    return this.#lossy.some(time => time.deployment === deployment && time.from <= to && from <= time.to);
  }

  private excuseRevoked(): void {
    const kept = this.#revoked.filter(one => !this.mayBeLost(one));
    this.excused += this.#revoked.length - kept.length;
    this.#revoked = kept;
  }
}
