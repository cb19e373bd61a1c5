/** A response that has been refused ignores what its handler still writes: the handler goes on, and need not know. */
import timers from 'node:timers';
import type { Response } from 'express';

type Method = (...given: unknown[]) => unknown;

// As it is now, and not the global one: a test may replace it.
const later = timers.setImmediate;

const headerSetters = ['setHeader', 'appendHeader', 'removeHeader', 'setHeaders'] as const;
type HeaderSetter = (typeof headerSetters)[number];

/**
 * Ignores whatever is still written. A middleware that ends responses later makes the header of the refusal then.
 *
 * @param writeHead the response's own
 */
export function silence(response: Response, writeHead: Method): void {
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
}

/** A method that does nothing but call back. */
export function drop<Result>(result: Result) {
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
