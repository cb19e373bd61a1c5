/** The checks of objects that a handler starts: its answer waits for them, awaited or not, and no refusal is lost. */
import timers from 'node:timers';
import { isPending, type Soon } from '../core/soon';
import type { Visit } from './visit';

// As it is now, and not the global one: a test may replace it.
const later = timers.setImmediate;

/**
 * Has the handler returned? One that returned the response itself answers later, in code that goes on in the background.
 */
export type HandlerState = 'running' | 'answering' | 'done';

interface Refusal {
  readonly error: unknown;
}

/** One call of `checkObjectPermissions()`. */
interface Check {
  readonly checks: ObjectChecks;
  /** Why it refused, once it has. */
  refusal?: Refusal;
}

export class ObjectChecks {
  #running = 0;
  /** The refusals that no code of the handler has received. */
  readonly #unreceived = new Set<Check>();
  readonly #received = new WeakSet();
  #waiting: (() => void)[] = [];

  constructor(private readonly visit: Visit) {}

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
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      asked = Promise.reject(error);
    }
    if (!isPending(asked)) return Promise.resolve(asked);
    this.#running += 1;
    return CheckPromise.of(check, asked);
  }

  /** Waits until no check runs any more, or until one has refused. */
  settled(): Soon<void> {
    if (!this.isRunning || this.#unreceived.size > 0) return;
    return new Promise(resolve => {
      this.#waiting.push(resolve);
    });
  }

  /** Counts the check as over. */
  end(check: Check, refusal?: Refusal): void {
    this.#running -= 1;
    if (refusal !== undefined) {
      check.refusal = refusal;
      this.#unreceived.add(check);
    }
    if (this.isRunning && refusal === undefined) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Code that waits for the check is about to get its refusal. */
  receive(check: Check): boolean {
    if (this.visit.handlerState === 'done') return false;
    this.#unreceived.delete(check);
    if (Object(check.refusal?.error) === check.refusal?.error) this.#received.add(check.refusal?.error as object);
    return true;
  }

  /** After the refusal could be received: nobody else may be there to answer. */
  settle(check: Check): void {
    if (!this.#unreceived.has(check)) return;
    const { handlerState, isAnswerDecided } = this.visit;
    if (isAnswerDecided || handlerState === 'answering') this.visit.refuseLate(check.refusal?.error);
  }
}

/**
 * What `checkObjectPermissions()` returns. Node ends the process over a rejection that nobody handles, and a forgotten
 * `await` is enough for that. So nothing that follows from this promise rejects unhandled by the check's refusal, and once the
 * handler is done, nothing gets the refusal at all: code that still waits for it does not go on.
 */
class CheckPromise<T> extends Promise<T> {
  #check: Check | undefined;
  #isPassedOn = false;

  static of<T>(check: Check, asked: Promise<T>): CheckPromise<T> {
    const { checks } = check;
    const promise = new CheckPromise<T>((resolve, reject) => {
      const refuse = (error: Error): void => {
        checks.end(check, { error });
        // A turn later: a handler that does not wait is done by then.
        later(() => {
          reject(error);
          later(() => {
            checks.settle(check);
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
    const received = (error: unknown): Caught | PromiseLike<Caught> =>
      error !== check.refusal?.error || check.checks.receive(check)
        ? (onRejected as (reason: unknown) => Caught | PromiseLike<Caught>)(error)
        : new Promise<never>(() => undefined);
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
