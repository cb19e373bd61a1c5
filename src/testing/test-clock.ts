/** A clock and timers that only a test moves. */
import type { Timers } from '../core/time/timers';
import type { ServerOption } from '../routing-controllers/start/serving';
import { axiomsServersOf, type AppWithServer } from './served-app';

interface Pending {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that only a test moves. A server that it is attached to uses it for tokens and keys. A `TestIssuer` that is
 * created with it dates its tokens by it.
 *
 * @example
 * const clock = new TestClock();
 * const issuer = new TestIssuer({ clock });
 * const app = clock.attachTo(issuer.attachTo(createExpressServer({ controllers, axioms: issuer.settings() })));
 * const token = issuer.token({ sub: 'alice' });   // good for five minutes
 * clock.advance(600);                             // and now expired
 */
export class TestClock {
  #now: number;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /** @param start milliseconds since 1970, or a date; default: 2025-01-01T00:00:00Z */
  constructor(start: number | Date = Date.UTC(2025, 0, 1)) {
    this.#now = Number(start);
    if (!Number.isFinite(this.#now)) throw new RangeError('A TestClock starts at a number of milliseconds or a Date.');
  }

  /** Returns milliseconds since 1970. Can be passed on without the clock. */
  readonly now = (): number => this.#now;

  /** Timers that fire while the clock is advanced. */
  readonly timers: Timers = {
    setTimeout: (callback, delay) => {
      this.#pending.set(++this.#lastId, { at: this.#now + Math.max(0, delay), callback });
      return this.#lastId;
    },
    clearTimeout: timer => {
      // A timer that started before this clock was attached.
      if (typeof timer === 'object') globalThis.clearTimeout(timer as NodeJS.Timeout);
      this.#pending.delete(timer as number);
    },
  };

  /** The number of waiting timers. */
  get waiting(): number {
    return this.#pending.size;
  }

  /**
   * Advances the clock by this many seconds, synchronously, and fires the timers that are due, in order. A fetch that
   * such a timer starts cannot finish before the call returns: if more than `jwksTimeout` seconds are left, it times
   * out.
   *
   * @throws RangeError for a negative number
   */
  advance(seconds: number): void {
    if (!(seconds >= 0)) throw new RangeError(`The clock cannot be advanced by ${seconds} seconds.`);
    const end = this.#now + seconds * 1000;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      const [id, { at, callback }] = next;
      this.#pending.delete(id);
      this.#now = at;
      callback();
    }
    this.#now = end;
  }

  /**
   * Sets this clock and these timers on the servers of this app, and this clock on the stores in their settings that
   * have a `clock`. Attach it right after the servers are created: what is already waiting keeps its old time.
   *
   * @param options `server`: only this server
   * @throws ImproperlyConfigured for an app without a server of this library
   */
  attachTo<App extends AppWithServer>(app: App, options: ServerOption = {}): App {
    for (const { jwksManager, verifier, settings } of axiomsServersOf(app, options)) {
      for (const timed of [jwksManager, verifier, ...Object.values(settings).filter(hasClock)]) timed.clock = this.now;
      jwksManager.timers = this.timers;
    }
    return app;
  }

  #nextUntil(end: number): [number, Pending] | undefined {
    return [...this.#pending].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
  }
}

function hasClock(setting: unknown): setting is { clock: () => number } {
  return typeof setting === 'object' && setting !== null && 'clock' in setting && typeof setting.clock === 'function';
}
