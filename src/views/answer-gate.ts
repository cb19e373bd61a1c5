/** Holds back what a handler answers by itself, until the rules about its object have been asked. */
import timers from 'node:timers';
import type { Response } from 'express';
import { APIException, ImproperlyConfigured } from '../core/exceptions';
import { answerTo, logAnswer, sendAnswer } from './exception-handler';
import type { Visit } from './visit';

const methodNames = ['write', 'end', 'writeHead', 'writeEarlyHints', 'flushHeaders'] as const;
type MethodName = (typeof methodNames)[number];
type Method = (...given: unknown[]) => unknown;

// Node calls these on the response itself, whoever calls `end` and how: no header is made without them.
const headerNames = ['_implicitHeader', '_storeHeader'] as const;
type HeaderMaker = Partial<Record<(typeof headerNames)[number], Method>>;

// As it is now, and not the global one: a test may replace it.
const later = timers.setImmediate;

interface Call {
  readonly name: MethodName;
  readonly given: unknown[];
}

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A check is running: its outcome decides. */
const undecided = Symbol('undecided');

/**
 * An answer below 400 becomes a 500 while the object rule has not been asked. While a check runs, every answer waits; a
 * refusal that nobody received takes its place. Nothing of what the handler wrote is sent then, whatever it writes with.
 */
export class AnswerGate {
  /** Was the handler's answer replaced, or its connection closed? */
  isOver = false;
  readonly #response: Response;
  readonly #methods: Readonly<Record<MethodName, Method>>;
  readonly #makers: Required<HeaderMaker>;
  /** As they were before the handler. */
  readonly #before: Head;
  /** What the handler wrote while a check runs, and the head that it had when it began. */
  #kept: { readonly calls: Call[]; readonly head: Head } | undefined;

  constructor(private readonly visit: Visit) {
    const response = (this.#response = visit.response);
    const { write, end, writeHead, writeEarlyHints, flushHeaders } = response;
    this.#methods = { write, end, writeHead, writeEarlyHints, flushHeaders } as Record<MethodName, Method>;
    const { _implicitHeader, _storeHeader } = response as HeaderMaker;
    this.#makers = { _implicitHeader, _storeHeader } as Required<HeaderMaker>;
    this.#before = headOf(response);
    for (const name of methodNames) Object.assign(response, { [name]: this.#guarded(name) });
    for (const name of headerNames) Object.assign(response, { [name]: this.#guardedMaker(name) });
  }

  /** Has the handler begun an answer that waits? */
  get isKeeping(): boolean {
    return this.#kept !== undefined;
  }

  /** Sends the refusal in place of the handler's answer. */
  refuse(error: unknown): void {
    const { visit } = this;
    const response = this.#response;
    const dropped = this.#kept?.calls ?? [];
    this.#kept = undefined;
    this.isOver = visit.isAnswerDecided = true;
    visit.checks?.take();
    this.#restore();
    setHead(response, { ...this.#before, reason: '' });
    const known = visit.services.toAnswer(error);
    visit.observation?.failed(known);
    const answer = answerTo(known, visit.request, visit.settings);
    logAnswer(answer, visit.rules.place, visit.settings);
    sendAnswer(response, answer);
    this.silence();
    for (const { name, given } of dropped) (response[name] as Method)(...given);
  }

  /** Why the answer may not leave now. */
  get #objection(): unknown {
    const { visit } = this;
    if (this.#response.headersSent) return undefined;
    if (!visit.isAnswerDecided) {
      const refusal = visit.checks?.refusal;
      if (refusal !== undefined) return objectionOf(refusal);
      if (visit.checks?.isRunning === true) return undecided;
    }
    if (this.#response.statusCode >= 400) return undefined;
    if (visit.refusal !== undefined) return objectionOf(visit.refusal);
    return visit.isObjectPending ? neverAsked(visit) : undefined;
  }

  #guarded(name: MethodName): Method {
    return (...given) => {
      if (name === 'writeHead') this.#response.statusCode = given[0] as number;
      if (this.#kept !== undefined) return this.#keep(this.#kept.calls, { name, given });
      const objection = this.#objection;
      if (objection === undefined) return Reflect.apply(this.#methods[name], this.#response, given);
      if (objection === undecided) return this.#keep(this.#wait(), { name, given });
      this.refuse(objection);
      return (this.#response[name] as Method)(...given);
    };
  }

  // A call that got here past the response's own methods: by Node's prototype, or by one that was saved before.
  #guardedMaker(name: keyof HeaderMaker): Method {
    return (...given) => {
      if (this.#kept !== undefined || this.#objection !== undefined) this.#break();
      return Reflect.apply(this.#makers[name], this.#response, given);
    };
  }

  #wait(): Call[] {
    const calls: Call[] = [];
    this.#kept = { calls, head: headOf(this.#response) };
    void Promise.resolve(this.visit.checks?.settled()).then(() => {
      this.#release();
    });
    return calls;
  }

  // As Node takes it while nobody reads: a writer waits for the event 'drain'. What comes after the end is no answer.
  #keep(calls: Call[], call: Call): unknown {
    const hasEnded = calls.some(({ name }) => name === 'end');
    if (hasEnded) return drop(call.name === 'write' ? false : this.#response)(...call.given);
    calls.push(call);
    if (call.name === 'write') return false;
    return call.name === 'writeEarlyHints' || call.name === 'flushHeaders' ? undefined : this.#response;
  }

  #release(): void {
    if (this.#kept === undefined) return;
    const { calls, head } = this.#kept;
    setHead(this.#response, head);
    const objection = this.#objection;
    if (objection === undecided) {
      this.#kept = undefined;
      this.#wait().push(...calls);
    } else if (objection !== undefined) this.refuse(objection);
    else this.#replay(calls);
  }

  #replay(calls: readonly Call[]): void {
    this.#kept = undefined;
    try {
      const results = calls.map(({ name, given }) => [name, Reflect.apply(this.#methods[name], this.#response, given)]);
      if (results.some(([name, result]) => name === 'write' && result === true)) this.#response.emit('drain');
    } catch (error) {
      if (!this.#response.headersSent) this.refuse(error);
      else this.visit.breakOff('An answer that had waited for checks of objects could not be sent', error);
    }
  }

  #break(): void {
    this.#kept = undefined;
    this.isOver = true;
    this.#restore();
    this.visit.breakOff(
      'An answer was written past the methods of the response while an object rule held it back, so its connection was closed. Call the methods of the response itself.',
    );
  }

  #restore(): void {
    Object.assign(this.#response, this.#methods, this.#makers);
  }

  /**
   * Ignores whatever is still written: the handler goes on, it may be in a stream, and need not know. A middleware that ends
   * responses later makes the header of the refusal then.
   */
  silence(): void {
    const response = this.#response;
    const { writeHead } = this.#methods;
    let isMakingHead = false;
    const unless = (name: HeaderSetter, result: unknown): Method => {
      const set = response[name] as Method;
      return (...given) => (isMakingHead ? Reflect.apply<object, unknown[], unknown>(set, response, given) : result);
    };
    for (const name of headerSetters) Object.assign(response, { [name]: unless(name, response) });
    const dropped = { end: drop(response), writeHead: drop(response), flushHeaders: drop(undefined) };
    Object.assign(response, dropped, { write: dropSlowly(response), writeEarlyHints: drop(undefined) });
    const makeHead = (): unknown => {
      isMakingHead = true;
      try {
        return Reflect.apply(writeHead, response, [response.statusCode]);
      } finally {
        isMakingHead = false;
      }
    };
    Object.assign(response, { _implicitHeader: makeHead });
    response.on('error', (error: unknown) => {
      const data = { place: this.visit.rules.place, error: error instanceof Error ? error.message : typeof error };
      this.visit.settings.logger.debug('A handler wrote to its response after that had been refused', data);
    });
  }
}

const headerSetters = ['setHeader', 'appendHeader', 'removeHeader', 'setHeaders'] as const;
type HeaderSetter = (typeof headerSetters)[number];

// A rule may throw anything, undefined too.
function objectionOf({ error }: { readonly error: unknown }): unknown {
  return error ?? new APIException(undefined, { cause: error });
}

function drop<Result>(result: Result) {
  return (...given: unknown[]): Result => {
    const written = given.at(-1);
    if (typeof written === 'function') process.nextTick(written);
    return result;
  };
}

// A stream without an end that is written as fast as it is read would let nothing else run.
function dropSlowly(response: Response): Method {
  const dropped = drop(false);
  let isWaiting = false;
  const goOn = (): void => {
    isWaiting = false;
    response.emit('drain');
  };
  return (...given) => {
    if (!isWaiting) later(goOn);
    isWaiting = true;
    return dropped(...given);
  };
}

// The header fields are copied: appendHeader() adds to a list of values in place.
function headOf(response: Response): Head {
  const headers = structuredClone({ ...response.getHeaders() });
  return { status: response.statusCode, reason: response.statusMessage, headers };
}

function setHead(response: Response, { status, reason, headers }: Head): void {
  response.statusCode = status;
  response.statusMessage = reason;
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
}

function neverAsked({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} is about one object, and its object rule was never asked: give the controller getObject(), or call this.checkObjectPermissions(object) before answering. If it is about no object, list it in notObjectActions.`,
  );
}
