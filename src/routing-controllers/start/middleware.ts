/** Reads the functions and classes of `@UseBefore` and `@UseAfter`, and the classes with `@Middleware`. */
import type { NextFunction, Request, Response } from 'express';
import type { ExpressDriver, UseMetadata } from 'routing-controllers';
import type { AppContainer } from './app-container';
import type { Class } from './dependencies';

export type Middleware = (request: Request, response: Response, next: NextFunction) => unknown;
export type ErrorMiddleware = (error: unknown, request: Request, response: Response, next: NextFunction) => unknown;

/** An object of a middleware class. */
export interface Made {
  readonly use?: Middleware;
  readonly error?: ErrorMiddleware;
}

type Members = { readonly use?: unknown; readonly error?: unknown } | undefined;

/**
 * Returns the middleware of a `@UseBefore` or `@UseAfter` as a function for Express.
 *
 * @param container the container of the server
 */
export function middlewareFunction({ middleware }: UseMetadata, container: AppContainer): Middleware | ErrorMiddleware {
  const { use, error } = membersOf(middleware);
  const make = (): Made => container.ofServer(middleware as unknown as Class<Made>);
  const run: Middleware = (request, response, next) => make().use?.(request, response, next);
  const runOnError: ErrorMiddleware = (failure, request, response, next) =>
    make().error?.(failure, request, response, next);
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

export type GlobalMiddleware = Parameters<ExpressDriver['registerMiddleware']>[0];

// Methods can be read from the prototype, so that no service is created at startup. A function in a field needs an
// object.
export function isErrorClass(middleware: GlobalMiddleware, container: AppContainer): boolean {
  const { use, error } = (middleware.target as { readonly prototype: Made }).prototype;
  const made = use === undefined && error === undefined ? madeBy(container, middleware) : { error };
  return made.error !== undefined;
}

/** Returns the object of a global middleware class. */
export function madeBy(container: AppContainer, { target }: GlobalMiddleware): Made {
  return container.ofServer(target as unknown as Class<Made>);
}

/** Whether Express takes the function for error middleware: it has four parameters. */
export function isErrorMiddleware(middleware: Middleware | ErrorMiddleware): middleware is ErrorMiddleware {
  return middleware.length === 4;
}

/** Whether the middleware of a `@UseBefore` or `@UseAfter` receives errors. */
export function isForErrors(use: UseMetadata): boolean {
  const { use: called, error } = membersOf(use.middleware);
  return called === undefined && (error !== undefined || use.middleware.length === 4);
}
