/** Adapts the middlewares around a handler for Express. */
import type { ErrorRequestHandler, NextFunction, RequestHandler } from 'express';
import type { Action, ActionMetadata, UseMetadata } from 'routing-controllers';
import { Answered } from '../../core/http/answered';
import { isPending } from '../../core/time/soon';
import { isAnswer } from '../../views/exception-handler';
import { findVisit, placeOf } from '../../views/visit';
import { asParseError } from './body';
import { isErrorAnswered, type ErrorAnswers, type Exchange } from './error-answers';
import {
  isErrorMiddleware,
  isMiddlewareClass,
  madeBy,
  middlewareFunction,
  type ErrorMiddleware,
  type GlobalMiddleware,
  type Made,
  type Middleware,
} from '../start/middleware';
import type { AppContainer } from '../start/app-container';
import { asReadable, asThrown, isSaid } from './thrown';

/** Whether a middleware is a class, and whether it runs before the handler. */
interface StepKind {
  readonly isClass?: boolean;
  readonly isBefore?: boolean;
}

export class MiddlewareSteps {
  /** @param fail answers an error that a middleware reports, unless Express must answer it */
  constructor(
    private readonly errors: ErrorAnswers,
    private readonly container: AppContainer,
    private readonly fail: (error: unknown, meta: ActionMetadata | undefined, action: Action) => void,
  ) {}

  /** Returns the middlewares of `@UseBefore` or `@UseAfter`. */
  all(meta: ActionMetadata, uses: UseMetadata[], isBefore: boolean): (RequestHandler | ErrorRequestHandler)[] {
    return uses.map(use => {
      const middleware = middlewareFunction(use, this.container);
      const kind = { isClass: isMiddlewareClass(use), isBefore };
      return isErrorMiddleware(middleware) ? this.forErrors(meta, middleware, kind) : this.one(meta, middleware, kind);
    });
  }

  /** Returns a middleware class that runs around all routes, under its own name. */
  ofApp(middleware: GlobalMiddleware, isForErrors: boolean): RequestHandler | ErrorRequestHandler {
    const made = (): Made => madeBy(this.container, middleware);
    const handler = isForErrors
      ? this.forErrors(undefined, (...received) => made().error?.(...received))
      : this.one(undefined, (...received) => made().use?.(...received), { isClass: true });
    const { name } = middleware.target as { readonly name: string };
    return Object.defineProperty(handler, 'name', { value: name });
  }

  forErrors(meta: ActionMetadata | undefined, middleware: ErrorMiddleware, kind: StepKind = {}): ErrorRequestHandler {
    return (error: unknown, request, response, next) => {
      const call = (goOn: NextFunction): unknown => middleware(error, request, response, goOn);
      this.run(meta, { request, response, next }, call, { ...kind, error });
    };
  }

  one(meta: ActionMetadata | undefined, middleware: Middleware, kind: StepKind = {}): RequestHandler {
    return (request, response, next) => {
      // An earlier error middleware may call `next` after an error has been answered.
      if (kind.isBefore === true && response.headersSent) return;
      this.run(meta, { request, response, next }, goOn => middleware(request, response, goOn), kind);
    };
  }

  // A middleware can call `next` only once. Answers this library's errors here, however the middleware reports them,
  // and everything that a middleware class throws. Passes the rest to Express, as routing-controllers does.
  private run(
    meta: ActionMetadata | undefined,
    action: Action,
    call: (goOn: NextFunction) => unknown,
    { isClass = false, isBefore = false, error: received }: StepKind & { readonly error?: unknown },
  ): void {
    const { request, response, next } = action as Exchange;
    let hasGoneOn = false;
    const leave = (error: unknown, isOurs: boolean): void => {
      if (received !== undefined && isErrorAnswered(response)) {
        if (isSaid(error) && error !== received) this.errors.logSecondAnswer(error, request);
        else next(error);
        return;
      }
      const known = isBefore && response.headersSent && !isSaid(error) ? new Answered() : asParseError(error);
      if (isSaid(known) && (isOurs || isAnswer(known) || response.headersSent)) this.fail(known, meta, action);
      else next(error);
    };
    const goOn = (given: unknown, isOurs: boolean): void => {
      const error = asReadable(given);
      if (hasGoneOn) {
        this.errors.logStray(error, request);
        return;
      }
      hasGoneOn = true;
      try {
        leave(error, isOurs);
      } catch (failure) {
        // The middleware cannot go on twice, so nothing else would answer the request.
        this.errors.give(failure, action);
      }
    };
    const nextOfStep = (error?: unknown): void => {
      goOn(error, false);
    };
    const visit = isBefore ? findVisit(request) : undefined;
    if (visit !== undefined) visit.nextOfStep = nextOfStep;
    callSafely(
      () => call(nextOfStep),
      error => {
        goOn(asThrown(error, placeOf(request)), isClass);
      },
    );
  }
}

/** Calls a function, and passes the error that it throws, or with which its promise rejects, to `fail`. */
export function callSafely(run: () => unknown, fail: (error: unknown) => void): void {
  try {
    const running = run();
    // Also the promise of another library.
    if (isPending(running)) Promise.resolve(running).catch(fail);
  } catch (error) {
    fail(error);
  }
}
