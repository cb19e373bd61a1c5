/** Ends the streams that handlers return together with their responses. */
import { finished } from 'node:stream';
import type { Response } from 'express';
import { seen } from '../../core/process/rejections';
import { isClosed, onceClosed } from '../../views/response-close';

/** A stream that routing-controllers pipes into the response. */
type ReturnedStream = Omit<NodeJS.ReadableStream, 'unpipe'> & { destroy?(): unknown; unpipe?(to: unknown): unknown };

/** Whether routing-controllers pipes this result into the response. */
export function isStream(result: unknown): result is ReturnedStream {
  return (
    typeof result === 'object' &&
    result !== null &&
    'pipe' in result &&
    'once' in result &&
    typeof result.once === 'function'
  );
}

const tied = new WeakMap<object, Response>();

/**
 * Destroys the stream when the response closes, because it was sent or refused, or its client has left. `pipe()`
 * neither does that nor reports errors. Each stream is tied only once, because an interceptor may return the handler's
 * stream.
 *
 * @param failed receives the error of a stream that fails or ends too early, unless the response has closed before
 */
export function tieToResponse(stream: ReturnedStream, response: Response, failed: (error: unknown) => void): void {
  if (tied.get(stream) === response) return;
  // What watches the stream stops by this method, in a listener where an exception would end the process.
  if (typeof (stream as Partial<ReturnedStream>).removeListener !== 'function')
    throw new TypeError('A handler returned an object with pipe() that is no stream of Node.');
  tied.set(stream, response);
  const stopWatching = finished(stream as NodeJS.ReadableStream, { writable: false }, error => {
    if (error && !isClosed(response)) failed(error);
  });
  const end = (): void => {
    // Ignores the errors that the stream reports while it is destroyed.
    stream.on('error', () => undefined);
    stopWatching();
    destroy(stream);
  };
  if (isClosed(response)) {
    end();
    return;
  }
  onceClosed(response, end);
  catchWrites(response, error => {
    stream.unpipe?.(response);
    failed(error);
    end();
  });
}

// Runs in events: an exception there, or a rejection, would end the process.
function destroy(stream: ReturnedStream): void {
  try {
    seen(stream.destroy?.());
  } catch {
    // The response is over, so that nobody misses the rest.
  }
}

// A stream may give rows of a database, or anything else that is no text and no bytes. `pipe()` passes it on in a listener,
// where an exception would end the process.
function catchWrites(response: Response, failed: (error: unknown) => void): void {
  const write = response.write as (...given: unknown[]) => boolean;
  const caught = (...given: unknown[]): boolean => {
    try {
      return Reflect.apply(write, response, given);
    } catch (error) {
      failed(error);
      return false;
    }
  };
  Object.assign(response, { write: caught });
}

/** Ends the response to a HEAD request after the stream's first chunk, which is enough to send the header. */
export function endAfterHead(stream: ReturnedStream, response: Response): void {
  stream.once('data', () => {
    if (stream.unpipe === undefined) return;
    stream.unpipe(response);
    response.end();
  });
}
