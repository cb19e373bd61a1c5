/**
 * Makes a refused response ignore what its handler still writes. The handler goes on, and need not know of the refusal.
 */
import timers from 'node:timers';
import type { Response } from 'express';
import { outsideOfAnswers } from './dispatched';

type Method = (...given: unknown[]) => unknown;

/** The methods of a response that writes nothing any more. */
export type Silenced = Readonly<Record<'write' | 'end' | 'writeHead' | 'writeEarlyHints' | 'flushHeaders', Method>>;

/** What refuses the handler. */
interface Refusing {
  readonly isAnsweringError: boolean;
  sendAgain(): void;
}

// Taken from the module, because a test may replace the global function.
const later = timers.setImmediate;

const headerSetters = ['setHeader', 'appendHeader', 'removeHeader', 'setHeaders'] as const;
type HeaderSetter = (typeof headerSetters)[number];

/**
 * Ignores everything that is written from now on. Only the header of the refusal can still be made, because a
 * middleware that delays the end of responses makes it later.
 *
 * @param writeHead the response's own method
 * @param refusing tells whether the code that runs is a middleware that goes on with the refusal. It may set header fields, and
 * call the method that it has put back.
 * @param endBefore the `end` of the response before the refusal; a middleware may have put back another one
 * @returns the methods that ignore what is written
 */
export function silence(response: Response, writeHead: Method, refusing: Refusing, endBefore: unknown): Silenced {
  let isMakingHead = false;
  const isPutBack = response.end !== endBefore;
  const mayStillSend = (): boolean => !response.headersSent && refusing.isAnsweringError;
  const { statusCode, statusMessage } = response;
  const unless = (name: HeaderSetter, result: unknown): Method => {
    const set = response[name] as Method;
    return (...given) =>
      isMakingHead || mayStillSend() ? Reflect.apply<object, unknown[], unknown>(set, response, given) : result;
  };
  for (const name of headerSetters) Object.assign(response, { [name]: unless(name, response) });
  const { addTrailers } = response;
  response.addTrailers = (...given) => {
    if (refusing.isAnsweringError) Reflect.apply(addTrailers, response, given);
  };
  const dropped = {
    write: dropSlowly(response),
    end: drop(response),
    writeHead: drop(response),
    writeEarlyHints: drop(undefined),
    flushHeaders: drop(undefined),
  };
  const { write, end, writeHead: makesHead, writeEarlyHints, flushHeaders, emit } = response;
  const own = { write, end, writeHead: makesHead, writeEarlyHints, flushHeaders } as Silenced;
  const unlessSending = (name: keyof Silenced): Method => {
    return (...given) => Reflect.apply(refusing.isAnsweringError ? own[name] : dropped[name], response, given);
  };
  // A middleware may call it where its asynchronous context is lost, as from a pool of connections. What is sent is always
  // the refusal.
  const endUnlessSending = (...given: unknown[]): unknown => {
    if (isPutBack && !response.headersSent && !refusing.isAnsweringError) refusing.sendAgain();
    return unlessSending('end')(...given);
  };
  Object.assign(response, {
    write: unlessSending('write'),
    end: endUnlessSending,
    writeHead: unlessSending('writeHead'),
    writeEarlyHints: unlessSending('writeEarlyHints'),
    flushHeaders: unlessSending('flushHeaders'),
    emit: (...given: Parameters<typeof emit>) => outsideOfAnswers(() => Reflect.apply(emit, response, given)),
  });
  const makeHead = (): unknown => {
    isMakingHead = true;
    try {
      // The handler may have set another status meanwhile.
      Object.assign(response, { statusCode, statusMessage });
      return Reflect.apply(writeHead, response, [statusCode]);
    } finally {
      isMakingHead = false;
    }
  };
  Object.assign(response, { _implicitHeader: makeHead });
  return dropped;
}

/**
 * Calls a method that the handler has called, once nothing is sent any more. Node reports that to the callbacks of what was
 * written, and throws for data that it could not have sent. No code of the handler is left to catch that.
 */
export function callBack(response: Response, method: Method, given: unknown[]): void {
  try {
    Reflect.apply(method, response, given);
  } catch {
    drop(undefined)(...given);
  }
}

/** Returns a method that only calls the callback. */
export function drop<Result>(result: Result) {
  return (...given: unknown[]): Result => {
    const written = given.at(-1);
    if (typeof written === 'function') process.nextTick(written);
    return result;
  };
}

// Emits 'drain' in a later turn of the event loop: an endless stream that is written as fast as it is read would block
// everything else.
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
