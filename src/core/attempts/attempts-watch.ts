/** Answers 503 while attempts to sign in cannot be counted, and reports such an outage once. */
import { APIException, ImproperlyConfigured, ServiceUnavailable } from '../http/exceptions';
import { StoreWatch } from '../reports/store-watch';
import type { Logger } from '../settings/logger';
import { inTime } from '../time/deadline';
import type { SignInAttempts } from './sign-in-attempts';

export class AttemptsWatch {
  readonly #watch: StoreWatch;

  constructor(logger: Logger) {
    this.#watch = new StoreWatch('sign-in', logger, 'sign-ins are answered 503');
  }

  /**
   * Begins a try.
   *
   * @throws Throttled if it comes too soon
   * @throws ServiceUnavailable if it could not be counted in time: without a count a password could be guessed
   */
  async begin<Begun>(attempts: SignInAttempts, step: () => Promise<Begun>): Promise<Begun> {
    try {
      const begun = await inTime(step, longestStep(attempts));
      this.#watch.worked(attempts);
      return begun;
    } catch (error) {
      throw this.#answerTo(error, attempts);
    }
  }

  /** Takes a try back. A failure leaves it counted, which can only refuse more, so that it does not fail the sign-in. */
  async takeBack(attempts: SignInAttempts, step: () => void | Promise<void>): Promise<void> {
    try {
      await inTime(step, longestStep(attempts));
    } catch (error) {
      this.#watch.failed(error);
    }
  }

  #answerTo(error: unknown, attempts: SignInAttempts): unknown {
    if (error instanceof ImproperlyConfigured) return error;
    if (!(error instanceof APIException)) {
      this.#watch.failed(error);
      return new ServiceUnavailable('Sign-ins cannot be counted at the moment', 1, { cause: error });
    }
    if (!(error instanceof ServiceUnavailable)) this.#watch.worked(attempts);
    return error;
  }
}

/** Returns the seconds after which a step counts as an outage. A try that is slowed down waits on purpose. */
export function longestStep({ longestDelay = 5 }: SignInAttempts): number {
  return longestDelay + 1;
}
