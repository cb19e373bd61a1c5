/** Prepares the handlers of a route for Express. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { ActionMetadata } from 'routing-controllers';

type Step = RequestHandler | ErrorRequestHandler;

/** Joins adjacent handlers of this library into one layer of Express, because a layer costs more than most rules. */
export function joined(steps: readonly Step[], ours: readonly RequestHandler[]): Step[] {
  const layers: Step[] = [];
  let isOurs = false;
  for (const step of steps) {
    const wasOurs = isOurs;
    isOurs = ours.includes(step as RequestHandler);
    if (isOurs && wasOurs) layers.push(oneAfterTheOther(layers.pop() as RequestHandler, step as RequestHandler));
    else layers.push(step);
  }
  return layers;
}

function oneAfterTheOther(first: RequestHandler, second: RequestHandler): RequestHandler {
  return (request, response, next) => {
    first(request, response, (error?: unknown) => {
      if (error === undefined) second(request, response, next);
      else next(error);
    });
  };
}

/** Whether Express may call the handler for an OPTIONS request. */
export function mayBeOptions({ type }: ActionMetadata): boolean {
  return type === 'all' || type === 'options';
}

/** Ends an OPTIONS request that a handler has answered. Express would answer it again, and close the connection over that. */
export const endOptions: RequestHandler = (request, response, next) => {
  if (request.method !== 'OPTIONS' || !response.headersSent) next();
};
