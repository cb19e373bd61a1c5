/** Detects when a response is over: it was sent completely, or its client has left. */
import type { Socket } from 'node:net';
import type { Response } from 'express';

/** A callback that waits for the end of a response. */
interface Waiting {
  readonly response: Response;
  readonly run: () => void;
}

/** The callbacks that wait for the end of a connection, which may have any number of requests at once. */
interface Waitings {
  readonly all: Set<Waiting>;
  /** With how many callbacks the next search for ended responses is worth its time. */
  nextSearch: number;
}

const waitings = new WeakMap<Socket, Waitings>();
const fewest = 16;

/**
 * Calls back once, when the response closes. If the client leaves, Node does not close a response that waits in a
 * pipeline behind another one. For such a response the end of the connection counts.
 *
 * A response that the app has made itself never gets a connection, and Node never closes it. It is over once it is complete,
 * which the next requests of the connection notice.
 */
export function onceClosed(response: Response, run: () => void): void {
  const { socket } = response;
  if (socket !== null || isClosed(response)) {
    response.once('close', run);
    if (socket !== null) runEnded(waitings.get(socket));
    return;
  }
  const known = waitingsOf(response.req.socket);
  if (known.all.size >= known.nextSearch) runEnded(known);
  const one: Waiting = { response, run };
  known.all.add(one);
  response.once('close', () => {
    runOnce(one, known);
  });
}

/** Returns whether the response is over. */
export function isClosed(response: Response): boolean {
  return response.closed || (response.socket === null && response.req.socket.destroyed);
}

function waitingsOf(socket: Socket): Waitings {
  const known = waitings.get(socket);
  if (known !== undefined) return known;
  const added: Waitings = { all: new Set(), nextSearch: fewest };
  waitings.set(socket, added);
  // One listener per connection is enough.
  socket.once('close', () => {
    for (const one of added.all) runOnce(one, added);
  });
  return added;
}

function runOnce(one: Waiting, { all }: Waitings): void {
  if (all.delete(one)) one.run();
}

// The next search waits until twice as many callbacks are waiting, so that each request pays for a few of them.
function runEnded(known: Waitings | undefined): void {
  if (known === undefined) return;
  for (const one of known.all) if (one.response.writableEnded) runOnce(one, known);
  known.nextSearch = Math.max(fewest, 2 * known.all.size);
}
