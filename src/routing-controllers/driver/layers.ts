/** Prepares the handlers of a route for Express. */
import type { ErrorRequestHandler, RequestHandler } from 'express';

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
