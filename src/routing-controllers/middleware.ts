/** What `@UseBefore` and `@UseAfter` name: functions and classes. */
import type { NextFunction, Request, Response } from 'express';
import {
  getFromContainer,
  type ExpressErrorMiddlewareInterface,
  type ExpressMiddlewareInterface,
  type UseMetadata,
} from 'routing-controllers';

export type Middleware = (request: Request, response: Response, next: NextFunction) => unknown;
type ErrorMiddleware = (error: unknown, request: Request, response: Response, next: NextFunction) => unknown;
type Members = { readonly use?: unknown; readonly error?: unknown } | undefined;

/** A `@UseBefore` or `@UseAfter` as a function for Express. */
export function middlewareFunction({ middleware }: UseMetadata): Middleware | ErrorMiddleware {
  const { use, error } = membersOf(middleware);
  const make = <T>(): T => getFromContainer<T>(middleware);
  const run: Middleware = (request, response, next) =>
    make<ExpressMiddlewareInterface>().use(request, response, next) as unknown;
  const runOnError: ErrorMiddleware = (failure, request, response, next) =>
    make<ExpressErrorMiddlewareInterface>().error(failure, request, response, next) as unknown;
  if (use !== undefined) return run;
  return error !== undefined ? runOnError : (middleware as Middleware | ErrorMiddleware);
}

export function isMiddlewareClass({ middleware }: UseMetadata): boolean {
  const { use, error } = membersOf(middleware);
  return use !== undefined || error !== undefined;
}

function membersOf({ prototype }: UseMetadata['middleware']): NonNullable<Members> {
  return (prototype as Members) ?? {};
}

/** Express knows an error middleware by its four parameters. */
export function isErrorMiddleware(middleware: Middleware | ErrorMiddleware): middleware is ErrorMiddleware {
  return middleware.length === 4;
}
