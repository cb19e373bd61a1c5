/** Wraps a store so that a failed or late answer becomes 503, and no request waits for a database that hangs. */
import { Deadline, TimeIsUp } from '../../core/time/deadline';
import { APIException, ImproperlyConfigured, ServiceUnavailable } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { globalTimers } from '../../core/time/timers';
import { UserConflict } from '../users/user-store';

/** The time limit for one step, in seconds: longer than the limits of the stores themselves. */
const longestStep = 6;

/** Returns the store with methods that reject with ServiceUnavailable if they fail or take too long. */
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

// A conflict of users is an answer, not an outage. A database's error may quote a row, so only its name is logged.
function asUnavailable(error: unknown, step: string, logger: Logger): unknown {
  if ([APIException, ImproperlyConfigured, UserConflict].some(answer => error instanceof answer)) return error;
  const { name, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : { name: typeof error };
  logger.error(`${step} failed`, { step, error: name, ...(code === undefined ? {} : { code }) });
  return new ServiceUnavailable('Sessions cannot be looked up at the moment', 1, { cause: `${step}: ${name}` });
}
