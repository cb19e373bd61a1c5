/** Wraps a store so that a failed or late answer becomes 503, and no request waits for a database that hangs. */
import { inTime } from '../../core/time/deadline';
import { APIException, ImproperlyConfigured, ServiceUnavailable } from '../../core/http/exceptions';
import type { PartlyAway } from '../../core/reports/store-watch';
import type { Logger } from '../../core/settings/logger';
import { codeOf } from '../../redis/causes';
import { UserConflict } from '../users/user-store';

/** The time limit for one step, in seconds: longer than the limits of the stores themselves. */
const longestStep = 6;

/** Returns the store with methods that reject with ServiceUnavailable if they fail or take too long. */
export function reachable<Store extends object>(store: Store, what: string, logger: Logger): Store {
  const outage = new Outage(what, logger);
  return new Proxy(store, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]) =>
        inTime(() => Reflect.apply(member, target, parameters) as unknown, longestStep).then(
          answer => {
            outage.end(`${what}.${String(name)}`, store);
            return answer;
          },
          (error: unknown) => {
            throw isAnswer(error) ? error : outage.failure(error, `${what}.${String(name)}`);
          },
        );
    },
  });
}

/** Logs the cause of an outage once, and its end, however many requests fail. */
class Outage {
  #isOn = false;
  /** The step that was refused where others may work, such as reads; the outage ends when this one works again. */
  #refused: string | undefined;

  constructor(
    private readonly what: string,
    private readonly logger: Logger,
  ) {}

  end(step: string, { isAway }: PartlyAway): void {
    if (!this.#isOn || isAway === true || (this.#refused ?? step) !== step) return;
    this.logger.info(`${this.what} works again`);
    this.#isOn = false;
  }

  failure(error: unknown, step: string): ServiceUnavailable {
    const { name, ...cause } = causeOf(error);
    this.logger[this.#isOn ? 'debug' : 'error'](`${step} failed`, { step, error: name, ...cause });
    if (!this.#isOn) this.#refused = refusedWrites.has(cause.code ?? '') ? step : undefined;
    this.#isOn = true;
    return new ServiceUnavailable('Sessions cannot be looked up at the moment', 1, { cause: `${step}: ${name}` });
  }
}

// A conflict of users is an answer, not an outage.
function isAnswer(error: unknown): boolean {
  return [APIException, ImproperlyConfigured, UserConflict].some(answer => error instanceof answer);
}

/** The codes of a store that can be read: Redis, PostgreSQL, and MySQL or MariaDB. */
const refusedWrites = new Set(['OOM', 'MISCONF', 'NOREPLICAS', 'READONLY', '25006', 'ER_OPTION_PREVENTS_STATEMENT']);

interface Cause {
  readonly name: string;
  readonly code?: string;
  readonly text?: string;
}

/** What a log may hold of an error: its name, the code of Node, a database or Redis, and a database's text. */
function causeOf(error: unknown): Cause {
  if (!(error instanceof Error)) return { name: typeof error };
  const { name, driverError } = error as Error & { readonly driverError?: DriverError };
  if (driverError?.code !== undefined)
    return { name, code: driverError.code, text: withoutValues(driverError.message ?? '') };
  const word = codeOf(error);
  return word === undefined ? { name } : { name, code: word };
}

interface DriverError {
  readonly code?: string;
  readonly message?: string;
}

// Databases quote values of rows, and names, which are left out with them.
function withoutValues(text: string): string {
  return text.replace(/'[^']*'|"[^"]*"|`[^`]*`/g, '…').slice(0, 200);
}
