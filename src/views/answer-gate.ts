/** Holds back the response of a handler until the rules about its object have been checked. */
import { ServerResponse } from 'node:http';
import type { Response } from 'express';
import { APIException, ImproperlyConfigured } from '../core/http/exceptions';
import { tellCachesOfList, toldOfList } from './cache-fields';
import { closeConnection } from './cut-off';
import { answerErrorOf, isAnotherRoutes, isSendingNow } from './dispatched';
import { answer, sendAnswer, sendOrClose, type Answer } from './exception-handler';
import { headOf, setHead, takeBackHeader, type Head } from './response-head';
import { shareShape } from './response-shape';
import { callBack, drop, silence, type Silenced } from './silence';
import { isUnfiltered, unfiltered } from './unfiltered-lists';
import type { Gate } from './gate';
import type { Visit } from './visit';

type MethodName = 'write' | 'end' | 'writeHead' | 'writeEarlyHints' | 'flushHeaders';
type Method = (...given: unknown[]) => unknown;

// Node calls these two on the response itself, however `end` is called. No header is made without them, and after the
// header nothing is sent without `_send`.
type HeaderMaker = '_implicitHeader' | '_storeHeader';
type Internals = Partial<Record<HeaderMaker | '_send', Method>>;

interface Call {
  readonly name: MethodName;
  readonly given: unknown[];
}

/** What the handler writes while a check runs. */
interface Kept {
  readonly calls: Call[];
  /** The data that was sent after the header without the methods of the response. */
  readonly sends: unknown[][];
  /** The head of the response at that time; `undefined` if the header was already made. */
  readonly head: Head | undefined;
}

/** Means that a check is running and its outcome decides. */
const undecided = Symbol('undecided');

/**
 * Replaces a response below 400 by a 500 if the object rule has not been checked. While a check runs, every response
 * waits, and so does the rest of one that has begun. A refusal that no code has received replaces the response, or
 * closes the connection if a part of the response has been sent. Nothing that the handler wrote after the check began
 * is then sent, whichever methods it uses.
 */
export class AnswerGate implements Gate {
  /** Whether the handler's response was replaced, or its connection closed. */
  isOver = false;
  readonly #response: Response;
  readonly #methods: Readonly<Record<MethodName, Method>>;
  readonly #internals: Required<Internals>;
  /** The head of the response before the handler. */
  readonly #before: Head;
  readonly #guards: Readonly<Record<MethodName, Method>>;
  #kept: Kept | undefined;
  /** Set once the refusal has been sent: the handler may have kept a method of this gate. */
  #silenced: Silenced | undefined;
  /** Stands for the last answer to an error: an earlier one is not sent any more. */
  #sent: object = {};
  #isSending = false;
  #send: (() => void) | undefined;
  #endBefore: unknown;

  constructor(private readonly visit: Visit) {
    const response = (this.#response = visit.response);
    shareShape(response);
    const { write, end, writeHead, writeEarlyHints, flushHeaders } = response;
    this.#methods = { write, end, writeHead, writeEarlyHints, flushHeaders } as Record<MethodName, Method>;
    const { _implicitHeader, _storeHeader, _send } = response as Internals;
    this.#internals = { _implicitHeader, _storeHeader, _send } as Required<Internals>;
    this.#before = visit.headBefore ?? headOf(response);
    // Written out: names that are computed for each response cost 20 µs.
    this.#guards = {
      write: this.#guarded('write'),
      end: this.#guarded('end'),
      writeHead: this.#guarded('writeHead'),
      writeEarlyHints: this.#guarded('writeEarlyHints'),
      flushHeaders: this.#guarded('flushHeaders'),
    };
    Object.assign(response, this.#guards, this.#guardedInternals());
  }

  #guardedInternals(): Required<Internals> {
    return {
      _implicitHeader: this.#guardedMaker('_implicitHeader'),
      _storeHeader: this.#guardedMaker('_storeHeader'),
      _send: this.#guardedSend,
    };
  }

  /** Whether the handler has begun a response that waits. */
  get isKeeping(): boolean {
    return this.#kept !== undefined;
  }

  /** Whether the response is complete and not held back. */
  get isSent(): boolean {
    return this.#kept === undefined && this.#response.writableEnded;
  }

  /** Sends the refusal in place of the handler's response. If a part of that has been sent, closes the connection. */
  refuse(error: unknown): void {
    // A middleware may still delay an earlier refusal.
    if (this.isOver) return;
    const { visit } = this;
    const response = this.#response;
    const { calls = [], sends = [] } = this.#kept ?? {};
    this.#kept = undefined;
    this.isOver = visit.isAnswerDecided = true;
    visit.checks?.take();
    this.#restore();
    const known = visit.services.toAnswer(error);
    if (sends.length === 0 && takeBackHeader(response)) this.#answer(known);
    else {
      visit.observation?.failed(known);
      visit.breakOff(
        'A check of an object refused after the answer had begun, so its connection was closed. Await this.checkObjectPermissions() before answering.',
        error,
      );
    }
    for (const { name, given } of calls) callBack(response, response[name] as Method, given);
  }

  /** Drops the response that waits, because an error is answered in its place. */
  giveWay(): void {
    if (this.#kept === undefined) return;
    const { calls } = this.#kept;
    this.#kept = undefined;
    this.resetHead();
    for (const { given } of calls) drop(undefined)(...given);
  }

  /** Prepares the response for a refusal: what the handler has put in front of its methods could delay that, and write. */
  makeWay(): void {
    this.resetHead();
    Object.assign(this.#response, this.#guards);
  }

  /** Undoes what was set on the response since the handler began. */
  resetHead(): void {
    if (this.#response.headersSent) return;
    try {
      setHead(this.#response, { ...this.#before, reason: '' });
    } catch {
      // A middleware's own `setHeader` throws. What the handler has set may describe the object.
      closeConnection(this.#response);
    }
  }

  /** Calls what sends the answer to an error in place of the handler's. A middleware may go on with it behind `silence()`. */
  sending(send: () => void): void {
    [this.#sent, this.#send, this.#endBefore, this.#isSending] = [{}, send, this.#response.end, true];
    try {
      if (this.#methods.end === ServerResponse.prototype.end) send();
      else answerErrorOf(this.visit, this.#sent, send);
    } finally {
      this.#isSending = false;
    }
  }

  /** Lets the app's error middleware answer an error. The handler of a refused object may still write meanwhile. */
  leaveTo(answerers: () => void): void {
    const { request, services, settings, refusal } = this.visit;
    const send = (): void => {
      this.resetHead();
      sendAnswer(this.#response, answer(services.toAnswer(refusal?.error), request, settings));
    };
    [this.#sent, this.#send, this.#endBefore] = [{}, send, this.#response.end];
    answerErrorOf(this.visit, this.#sent, answerers);
  }

  /** Sends this library's answer to the error once more. */
  sendAgain(): void {
    if (this.#send !== undefined) this.sending(this.#send);
  }

  /** Whether the code that runs is what answers the error, and not the handler. */
  get isAnsweringError(): boolean {
    return this.#isSending || isSendingNow(this.#sent);
  }

  /** Ignores everything that the handler still writes. */
  silence(): void {
    if (this.#silenced !== undefined) return;
    this.#silenced = silence(this.#response, this.#methods.writeHead, this, this.#endBefore);
    this.#response.on('error', (error: unknown) => {
      const data = { place: this.visit.rules.place, error: error instanceof Error ? error.message : typeof error };
      this.visit.settings.logger.debug('A handler wrote to its response after that had been refused', data);
    });
  }

  #answer(error: Answer): void {
    const { visit } = this;
    this.resetHead();
    try {
      const answered = answer(error, visit.request, visit.settings);
      this.sending(() => {
        sendAnswer(this.#response, answered);
      });
    } catch (cause) {
      // The app's own error may be unreadable. An exception here would leave the request without an answer.
      sendOrClose(this.#response, answer(new APIException(undefined, { cause }), visit.request, visit.settings));
    }
    this.silence();
  }

  /** The error to answer in place of the response, `undecided`, or `undefined` if the response may be sent. */
  get #objection(): unknown {
    const { visit } = this;
    if (!visit.isAnswerDecided) {
      const refusal = visit.checks?.refusal;
      if (refusal !== undefined) return objectionOf(refusal);
      if (visit.checks?.isRunning === true) return undecided;
    }
    const missing = visit.isObjectPending ? neverAsked : isUnfiltered(visit) ? unfiltered : undefined;
    const isAllowed = visit.refusal === undefined && missing === undefined;
    if (isAllowed || this.#response.headersSent) return undefined;
    const isError = this.#response.statusCode >= 400;
    // The handler may write while the app's error middleware waits for something.
    const isAnswer = isError && (this.#silenced !== undefined || this.isAnsweringError);
    if (visit.refusal !== undefined) return isAnswer ? undefined : objectionOf(visit.refusal);
    if (isError) return undefined;
    return missing === undefined || isAnotherRoutes(visit) ? undefined : missing(visit);
  }

  #guarded(name: MethodName): Method {
    return (...given) => {
      const { visit } = this;
      const response = this.#response;
      if (this.#silenced !== undefined) {
        const method = this.isAnsweringError ? this.#methods[name] : this.#silenced[name];
        return Reflect.apply(method, response, given);
      }
      // Node throws if the header has already been sent.
      const isSecondHead = name === 'writeHead' && response.headersSent;
      if (name === 'writeHead' && !isSecondHead) response.statusCode = given[0] as number;
      const objection = this.#kept === undefined ? this.#objection : undecided;
      // Node makes every header by writeHead().
      if (objection === undefined && name === 'writeHead') given = toldOfList(visit, given);
      if (objection === undefined || isSecondHead) return this.#pass(name, given);
      if (objection === undecided) return this.#keep({ name, given });
      this.refuse(objection);
      return (response[name] as Method)(...given);
    };
  }

  #pass(name: MethodName, given: unknown[]): unknown {
    const result = Reflect.apply(this.#methods[name], this.#response, given);
    // The app has answered the refusal. A middleware may delay its end.
    if (name === 'end' && this.visit.refusal !== undefined && this.isAnsweringError) this.silence();
    return result;
  }

  // Detects a call that did not use the response's own methods: one of Node's prototype, or one that was saved before.
  #guardedMaker(name: HeaderMaker): Method {
    return (...given) => {
      if (this.#kept !== undefined || this.#objection !== undefined) this.#break();
      return Reflect.apply(this.#internals[name], this.#response, given);
    };
  }

  // The data may be what the handler wrote before the check, if a middleware has compressed it meanwhile.
  readonly #guardedSend: Method = (...given) => {
    const objection = this.#kept === undefined ? this.#objection : undecided;
    if (objection === undefined) return Reflect.apply(this.#internals._send, this.#response, given);
    if (objection === undecided) this.#waiting().sends.push(given);
    else this.refuse(objection);
    return false;
  };

  #waiting(): Kept {
    if (this.#kept === undefined) {
      const head = this.#response.headersSent ? undefined : headOf(this.#response);
      this.#kept = { calls: [], sends: [], head };
      this.#releaseLater();
    }
    return this.#kept;
  }

  #releaseLater(): void {
    void Promise.resolve(this.visit.checks?.settled()).then(() => {
      this.#release();
    });
  }

  // Behaves as Node does while the client does not read: `write` returns false, and the writer waits for the event
  // 'drain'. Drops what is written after the end.
  #keep(call: Call): unknown {
    const { calls } = this.#waiting();
    const hasEnded = calls.some(({ name }) => name === 'end');
    if (hasEnded) return drop(call.name === 'write' ? false : this.#response)(...call.given);
    calls.push(call);
    if (call.name === 'write') return false;
    return call.name === 'writeEarlyHints' || call.name === 'flushHeaders' ? undefined : this.#response;
  }

  #release(): void {
    if (this.#kept === undefined) return;
    const { head } = this.#kept;
    if (head !== undefined) setHead(this.#response, { ...head, trailer: undefined });
    const objection = this.#objection;
    if (objection === undecided) this.#releaseLater();
    else if (objection !== undefined) this.refuse(objection);
    else this.#replay(this.#kept);
  }

  #replay({ calls, sends }: Kept): void {
    this.#kept = undefined;
    try {
      tellCachesOfList(this.visit);
      for (const given of sends) Reflect.apply(this.#internals._send, this.#response, given);
      const results = calls.map(({ name, given }) => [name, this.#call(name, given)]);
      const isDrained = results.some(([name, result]) => name === 'write' && result === true);
      if (isDrained || (sends.length > 0 && !this.#response.writableNeedDrain)) this.#response.emit('drain');
    } catch (error) {
      if (!this.#response.headersSent) this.refuse(error);
      else this.visit.breakOff('An answer that had waited for checks of objects could not be sent', error);
    }
  }

  #call(name: MethodName, given: unknown[]): unknown {
    const last = name === 'writeHead' ? toldOfList(this.visit, given) : given;
    return Reflect.apply(this.#methods[name], this.#response, last);
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
    Object.assign(this.#response, this.#methods, this.#internals);
  }
}

// A rule may throw anything, even undefined.
function objectionOf({ error }: { readonly error: unknown }): unknown {
  return error ?? new APIException(undefined, { cause: error });
}

function neverAsked({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} is about one object, and its object rule was never asked: give the controller getObject(), or call this.checkObjectPermissions(object) before answering. If it is about no object, list it in notObjectActions.`,
  );
}
