/** A store that answers in time, or the request ends with 503: nobody waits for a database that hangs. */
import { Deadline, TimeIsUp } from '../../core/deadline';
import { APIException, ImproperlyConfigured, ServiceUnavailable } from '../../core/exceptions';
import type { Logger } from '../../core/setting-kinds';
import { globalTimers } from '../../core/timers';

/** Seconds for one step; more than the limits that the stores set themselves. */
const longestStep = 6;

/** The object, each of whose methods rejects with ServiceUnavailable where it fails, or takes too long. */
export function reachable<Store extends object>(store: Store, what: string, logger: Logger): Store {
  return new Proxy(store, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]) =>
        inTime(() => Reflect.apply(member, target, parameters) as unknown).catch((error: unknown) => {
          throw asUnavailable(error, `${what}.${String(name)}`, logger);
        });
    },
  });
}

async function inTime(step: () => unknown): Promise<unknown> {
  const deadline = new Deadline(longestStep, globalTimers, new AbortController().signal);
  const timeIsUp = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener('abort', () => {
      reject(new TimeIsUp(longestStep));
    });
  });
  try {
    return await Promise.race([step(), timeIsUp]);
  } finally {
    deadline.end();
  }
}

// A database's error may quote a row: its name goes to the log, and its text nowhere.
function asUnavailable(error: unknown, step: string, logger: Logger): unknown {
  if (error instanceof APIException || error instanceof ImproperlyConfigured) return error;
  const { name, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : { name: typeof error };
  logger.error(`${step} failed`, { step, error: name, ...(code === undefined ? {} : { code }) });
  return new ServiceUnavailable('Sessions cannot be looked up at the moment', 1, { cause: `${step}: ${name}` });
}
