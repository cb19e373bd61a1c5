/** Streams that handlers return: each ends with the response that it is for. */
import { finished } from 'node:stream';
import type { Response } from 'express';
import { isClosed, onceClosed } from '../../views/response-close';

/** What routing-controllers pipes into the response. */
type ReturnedStream = Omit<NodeJS.ReadableStream, 'unpipe'> & { destroy?(): unknown; unpipe?(to: unknown): unknown };

/** Does routing-controllers pipe this into the response? */
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
 * Destroys the stream when the response closes: sent, refused, or left by its client. A pipe does neither that nor report
 * errors. An interceptor may hand on the stream that the handler returned: it is tied once.
 *
 * @param failed gets the error of a stream that fails or ends too early, unless the response has closed before
 */
export function tieToResponse(stream: ReturnedStream, response: Response, failed: (error: unknown) => void): void {
  if (tied.get(stream) === response) return;
  tied.set(stream, response);
  const stopWatching = finished(stream as NodeJS.ReadableStream, { writable: false }, error => {
    if (error && !isClosed(response)) failed(error);
  });
  const end = (): void => {
    // What it still reports while it is destroyed is nobody's.
    stream.on('error', () => undefined);
    stopWatching();
    stream.destroy?.();
  };
  if (isClosed(response)) end();
  else onceClosed(response, end);
}

/** Sends the header of a stream's answer to HEAD, and reads no more of the stream than that needs. */
export function endAfterHead(stream: ReturnedStream, response: Response): void {
  stream.once('data', () => {
    if (stream.unpipe === undefined) return;
    stream.unpipe(response);
    response.end();
  });
}
