/** Ends responses that cannot be completed. */
import type { Socket } from 'node:net';
import type { Response } from 'express';

/** Closes the connection of an unfinished response, so that it does not look complete. */
export function cutOff(response: Response): void {
  if (!response.writableEnded) closeConnection(response);
}

/** Closes the connection, even if the response has been ended and is not sent yet. */
export function closeConnection(response: Response): void {
  // A response that waits in a pipeline has no socket yet. When it gets one, Node 24 no longer knows that it was
  // destroyed.
  if (response.socket === null) response.once('socket', (socket: Socket) => socket.destroy());
  response.destroy();
}
