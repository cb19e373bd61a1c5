/** The checks of objects that a handler starts: its answer waits for them, awaited or not, and no refusal is lost. */
import timers from 'node:timers';
import type { Response } from 'express';
import { APIException } from '../core/http/exceptions';
import { isPending, type Soon } from '../core/time/soon';
import { watchRefusal } from './unhandled-refusals';

// As it is now, and not the global one: a test may replace it.
const later = timers.setImmediate;
const { nextTick } = process;

/**
 * Has the handler returned? One that returned the response itself, or a stream, answers later, in code that goes on in the
 * background.
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
  /** Why it refused, once it has. */
  refusal?: Refusal;
  /** Has code of the handler received the refusal? `false` again where no code handled it. */
  isReceived?: boolean;
  /** Has all code that waited for it gone on? */
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

  /** A refusal that is the answer, whatever the handler says: no code of it waited for the check. */
  get refusal(): Refusal | undefined {
    const [first] = this.#unreceived;
    return first?.refusal;
  }

  /** Returns the refusal that is the answer, for the one who sends it. */
  take(): Refusal | undefined {
    const { refusal } = this;
    this.#unreceived.clear();
    return refusal;
  }

  /** Did the handler's code receive this error from one of its checks? */
  wasReceived(error: unknown): boolean {
    return Object(error) === error && this.#received.has(error as object);
  }

  /** Runs a check. The promise is safe to forget. */
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

  /** Waits until no check runs any more, or until one has refused and nobody received it. */
  settled(): Soon<void> {
    if (!this.isRunning || this.#unreceived.size > 0) return;
    const ended = new Promise<void>(resolve => {
      this.#waiting.push(resolve);
    });
    // A turn later: what follows from one check may start the next.
    return ended.then(nextTurn).then(() => this.settled());
  }

  /** The same behind a handler that has returned: the last check may just have ended, and what follows may start the next. */
  settledBehindHandler(): Soon<void> {
    return this.isRunning ? this.settled() : jobsDone().then(() => this.settled());
  }

  /** Counts the check as over. Code that waited for it has received its refusal by now. */
  end(check: Check): void {
    this.#running -= 1;
    check.isOver = true;
    if (check.refusal !== undefined && check.isReceived !== true) this.#lose(check);
    else if (!this.isRunning) this.#wake();
  }

  /** Code that waits for the check is about to get its refusal. */
  receive(check: Check): void {
    const { handlerState, isHandedOn } = this.handling;
    const error = check.refusal?.error as object;
    this.#watch(check, error);
    if (handlerState === 'done') return;
    // A handler that has dispatched its request answers no longer, whatever it makes of the refusal.
    check.isReceived = !isHandedOn;
    this.#received.add(error);
  }

  // At once, also while the handler runs: it may be waiting for code that the refusal has stopped, such as a callback that
  // resolves a promise.
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
 * What `checkObjectPermissions()` returns. Node ends the process over a rejection that nobody handles, and a forgotten
 * `await` is enough for that. So nothing that follows from this promise rejects unhandled by the check's refusal. Code that
 * waits for it longer than the handler runs gets the refusal, too: its `finally` must run.
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
        // A turn later: a handler that does not wait is done by then.
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

  // Runs whatever comes of the check, and handles no refusal.
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
      // An error of the handler's own code is reported as any other.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      if (error !== check.refusal?.error && !this.#isPassedOn) void Promise.reject(error);
    });
    return this;
  }
}

const rejected = new WeakSet();

// A rule may throw anything, and the same object again. Only an object of its own can be recognized as this check's.
function ownObject(thrown: unknown): Error {
  if (Object(thrown) !== thrown) return new APIException(undefined, { cause: thrown });
  const error = thrown as Error;
  if (rejected.has(error)) return Object.create(error) as Error;
  rejected.add(error);
  return error;
}

/** Waits until every job of a promise that is queued now, and every job that these queue, has run. */
async function jobsDone(): Promise<void> {
  // Node runs ticks before the jobs, but those of a job behind them.
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
