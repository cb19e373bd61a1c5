/** Detects when a response is over: it was sent completely, or its client has left. */
import type { Socket } from 'node:net';
import type { Response } from 'express';

/**
 * The callbacks that wait for the end of each connection. One listener per connection is enough, although a client may
 * send any number of requests at once.
 */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once, when the response closes. If the client leaves, Node does not close a response that waits in a
 * pipeline behind another one. For such a response the end of the connection counts.
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

/** Returns whether the response is over. */
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
