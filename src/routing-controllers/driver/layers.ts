/** The layers of a route around its checks and its handler. */
import type { RequestHandler } from 'express';
import type { ActionMetadata } from 'routing-controllers';

/** Whether Express may call the handler for an OPTIONS request. */
export function mayBeOptions({ type }: ActionMetadata): boolean {
  return type === 'all' || type === 'options';
}

/** Ends an OPTIONS request that a handler has answered. Express would answer it again, and close the connection over that. */
export const endOptions: RequestHandler = (request, response, next) => {
  if (request.method !== 'OPTIONS' || !response.headersSent) next();
};
