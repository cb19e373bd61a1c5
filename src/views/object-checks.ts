/**
 * Runs the object checks that a handler starts. The handler's response waits for them, awaited or not, and no refusal
 * is lost.
 */
import timers from 'node:timers';
import type { Response } from 'express';
import { APIException } from '../core/http/exceptions';
import { isPending, type Soon } from '../core/time/soon';
import { watchRefusal } from './unhandled-refusals';

// Taken from the module, because a test may replace the global function.
const later = timers.setImmediate;
const { nextTick } = process;

/**
 * Whether the handler has returned. A handler that returned the response itself, or a stream, answers later, in code
 * that runs in the background (`answering`).
 */
export type HandlerState = 'running' | 'answering' | 'done';

/** What the checks need to know of the request whose handler starts them. */
export interface Handling {
  readonly response: Response;
  readonly handlerState: HandlerState;
  /** Has the handler dispatched the request to another route? */
  readonly isHandedOn: boolean;
  /** Deals with the refusal of a check that no code of the handler waits for. */
  refuseUnreceived(error: unknown): void;
}

interface Refusal {
  readonly error: unknown;
}

/** One call of `checkObjectPermissions()`. */
interface Check {
  readonly checks: ObjectChecks;
  /** The error with which the check refused. */
  refusal?: Refusal;
  /** Whether code of the handler has received the refusal; `false` again if no code handled it. */
  isReceived?: boolean;
  /** Whether all code that waited for the check has continued. */
  isOver?: boolean;
}

export class ObjectChecks {
  #running = 0;
  /** The refusals that no code of the handler has received. */
  readonly #unreceived = new Set<Check>();
  readonly #received = new WeakSet();
  #waiting: (() => void)[] = [];

  constructor(private readonly handling: Handling) {}

  get isRunning(): boolean {
    return this.#running > 0;
  }

  /**
   * A refusal that is sent as the response, whatever the handler answers, because none of its code waited for the
   * check.
   */
  get refusal(): Refusal | undefined {
    const [first] = this.#unreceived;
    return first?.refusal;
  }

  /** Returns the refusal for the caller that sends it as the response, and forgets it. */
  take(): Refusal | undefined {
    const { refusal } = this;
    this.#unreceived.clear();
    return refusal;
  }

  /** Returns whether the handler's code received this error from one of its checks. */
  wasReceived(error: unknown): boolean {
    return Object(error) === error && this.#received.has(error as object);
  }

  /** Runs a check. The handler need not await the promise. */
  start<T>(ask: () => Soon<T>): Promise<T> {
    const check: Check = { checks: this };
    let asked: Soon<T>;
    try {
      asked = ask();
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a rule may throw anything
      asked = Promise.reject(error);
    }
    if (!isPending(asked)) return Promise.resolve(asked);
    this.#running += 1;
    return CheckPromise.of(check, asked);
  }

  /** Waits until no check is running, or until one has refused without any code having received the refusal. */
  settled(): Soon<void> {
    if (!this.isRunning || this.#unreceived.size > 0) return;
    const ended = new Promise<void>(resolve => {
      this.#waiting.push(resolve);
    });
    // Waits for another turn of the event loop: code that follows one check may start the next.
    return ended.then(nextTurn).then(() => this.settled());
  }

  /**
   * Does the same after the handler has returned. Waits for the queued jobs first: the last check may just have ended,
   * and code that follows it may start the next.
   */
  settledBehindHandler(): Soon<void> {
    return this.isRunning ? this.settled() : jobsDone().then(() => this.settled());
  }

  /** Ends the check. Code that waited for it has received its refusal by now. */
  end(check: Check): void {
    this.#running -= 1;
    check.isOver = true;
    if (check.refusal !== undefined && check.isReceived !== true) this.#lose(check);
    else if (!this.isRunning) this.#wake();
  }

  /** Records that code that waits for the check is about to receive its refusal. */
  receive(check: Check): void {
    const { handlerState, isHandedOn } = this.handling;
    const error = check.refusal?.error as object;
    this.#watch(check, error);
    if (handlerState === 'done') return;
    // A handler that has dispatched its request no longer answers, so the refusal does not count as received.
    check.isReceived = !isHandedOn;
    this.#received.add(error);
  }

  // Reports the refusal immediately, even while the handler runs: the handler may wait for code that the refusal has
  // stopped, such as a callback that resolves a promise.
  #lose(check: Check): void {
    this.#unreceived.add(check);
    if (this.#waiting.length > 0) this.#wake();
    else this.handling.refuseUnreceived(check.refusal?.error);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #watch(check: Check, error: object): void {
    const report = (): void => {
      if (check.isReceived === true && check.isOver === true) this.#lose(check);
      check.isReceived = false;
    };
    watchRefusal(error, { response: this.handling.response, report });
  }
}

/**
 * The promise that `checkObjectPermissions()` returns. Node ends the process on an unhandled rejection, and one
 * forgotten `await` is enough to cause that. So no promise that derives from this one rejects unhandled with the
 * check's refusal. Code that still waits for it after the handler has returned also gets the refusal, because its
 * `finally` must run.
 */
class CheckPromise<T> extends Promise<T> {
  #check: Check | undefined;
  #isPassedOn = false;

  static of<T>(check: Check, asked: Promise<T>): CheckPromise<T> {
    const { checks } = check;
    const promise = new CheckPromise<T>((resolve, reject) => {
      const refuse = (thrown: unknown): void => {
        const error = ownObject(thrown);
        check.refusal = { error };
        // Rejects in the next turn of the event loop, when a handler that does not wait has already returned.
        later(() => {
          reject(error);
          later(() => {
            checks.end(check);
          });
        });
      };
      asked.then(value => {
        checks.end(check);
        resolve(value);
      }, refuse);
    });
    return promise.#follow(check);
  }

  override then<Kept = T, Caught = never>(
    onFulfilled?: ((value: T) => Kept | PromiseLike<Kept>) | null,
    onRejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Kept | Caught> {
    const check = this.#check;
    if (check === undefined) return super.then(onFulfilled, onRejected);
    this.#isPassedOn = true;
    const received = (error: unknown): Caught | PromiseLike<Caught> => {
      if (error === check.refusal?.error) check.checks.receive(check);
      return (onRejected as (reason: unknown) => Caught | PromiseLike<Caught>)(error);
    };
    const next = super.then(onFulfilled, typeof onRejected === 'function' ? received : onRejected);
    return (next as CheckPromise<Kept | Caught>).#follow(check);
  }

  // Runs `onFinally` in either case, and does not count as handling a refusal.
  override finally(onFinally?: (() => void) | null): Promise<T> {
    const check = this.#check;
    if (check === undefined) return super.finally(onFinally);
    this.#isPassedOn = true;
    const run = (): Promise<unknown> => Promise.resolve().then(onFinally);
    const next = super.then(
      value => run().then(() => value),
      (error: unknown) =>
        run().then(() => {
          throw error;
        }),
    );
    return (next as CheckPromise<T>).#follow(check);
  }

  #follow(check: Check): this {
    this.#check = check;
    super.then(undefined, (error: unknown) => {
      // Reports an error of the handler's own code like any other unhandled rejection.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the same value, whatever it is
      if (error !== check.refusal?.error && !this.#isPassedOn) void Promise.reject(error);
    });
    return this;
  }
}

const rejected = new WeakSet();

// A rule may throw anything, and the same object repeatedly. Only a distinct object identifies the refusal of this
// check.
function ownObject(thrown: unknown): Error {
  if (Object(thrown) !== thrown) return new APIException(undefined, { cause: thrown });
  const error = thrown as Error;
  if (rejected.has(error)) return Object.create(error) as Error;
  rejected.add(error);
  return error;
}

/** Waits until all queued promise jobs, and all jobs that they queue, have run. */
async function jobsDone(): Promise<void> {
  // Node runs ticks before promise jobs, but a tick that is queued by a job runs after the jobs.
  await Promise.resolve();
  await new Promise<void>(resolve => {
    nextTick(resolve);
  });
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    later(resolve);
  });
}
