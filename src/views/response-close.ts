/** When a response is over: sent as a whole, or left by its client. */
import type { Socket } from 'node:net';
import type { Response } from 'express';

/** What waits for the end of connections. One listener each: a client may send any number of requests at once. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once, when the response closes. Node closes no response that waits in a pipeline behind another one when its
 * client leaves: there the end of the connection counts.
 */
export function onceClosed(response: Response, run: () => void): void {
  if (response.socket !== null || isClosed(response)) {
    response.once('close', run);
    return;
  }
  const runs = runsAtEndOf(response.req.socket);
  const runOnce = (): void => {
    if (runs.delete(runOnce)) run();
  };
  runs.add(runOnce);
  response.once('close', runOnce);
}

/** Is the response over? */
export function isClosed(response: Response): boolean {
  return response.closed || (response.socket === null && response.req.socket.destroyed);
}

function runsAtEndOf(socket: Socket): Set<() => void> {
  const known = waiting.get(socket);
  if (known !== undefined) return known;
  const runs = new Set<() => void>();
  waiting.set(socket, runs);
  socket.once('close', () => {
    for (const run of runs) run();
  });
  return runs;
}
