/** How an answer ends that cannot be finished. */
import type { Socket } from 'node:net';
import type { Response } from 'express';

/** Closes the connection of an unfinished answer, so that it does not look complete. */
export function cutOff(response: Response): void {
  if (!response.writableEnded) closeConnection(response);
}

/** Closes the connection, also of an answer that has been ended and does not leave. */
export function closeConnection(response: Response): void {
  // A response that waits in a pipeline has no socket yet, and Node 24 forgets by then that it was destroyed.
  if (response.socket === null) response.once('socket', (socket: Socket) => socket.destroy());
  response.destroy();
}
