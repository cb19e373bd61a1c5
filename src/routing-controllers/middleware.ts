/** A `@UseBefore` or `@UseAfter` as a function for Express. */
import type { NextFunction, Request, Response } from 'express';
import {
  getFromContainer,
  type ExpressErrorMiddlewareInterface,
  type ExpressMiddlewareInterface,
  type UseMetadata,
} from 'routing-controllers';

type Middleware = (request: Request, response: Response, next: NextFunction) => unknown;
type Members = { readonly use?: unknown; readonly error?: unknown } | undefined;

export function middlewareFunction({ middleware }: UseMetadata): Middleware {
  const { use, error } = (middleware.prototype as Members) ?? {};
  if (use !== undefined)
    return (request, response, next) =>
      getFromContainer<ExpressMiddlewareInterface>(middleware).use(request, response, next) as unknown;
  if (error !== undefined) return errorMiddleware(middleware) as unknown as Middleware;
  return middleware as Middleware;
}

// Express knows an error middleware by its four parameters.
function errorMiddleware(middleware: UseMetadata['middleware']) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    getFromContainer<ExpressErrorMiddlewareInterface>(middleware).error(error, request, response, next);
  };
}
