/** The middlewares around a handler, as Express gets them. */
import type { ErrorRequestHandler, NextFunction, RequestHandler } from 'express';
import type { Action, ActionMetadata, UseMetadata } from 'routing-controllers';
import { Answered } from '../../core/http/answered';
import { isAnswer } from '../../views/exception-handler';
import { findVisit, placeOf } from '../../views/visit';
import { asParseError } from './body';
import { isErrorAnswered, type ErrorAnswers, type Exchange } from './error-answers';
import {
  isErrorMiddleware,
  isMiddlewareClass,
  middlewareFunction,
  type ErrorMiddleware,
  type Middleware,
} from '../start/middleware';
import { asThrown, isSaid } from './thrown';

/** Whether a middleware is a class, and whether it stands in front of the handler. */
interface StepKind {
  readonly isClass?: boolean;
  readonly isBefore?: boolean;
}

export class MiddlewareSteps {
  /** @param fail answers what a middleware reports, where that is not Express's to do */
  constructor(
    private readonly errors: ErrorAnswers,
    private readonly fail: (error: unknown, meta: ActionMetadata | undefined, action: Action) => void,
  ) {}

  /** Those that `@UseBefore` or `@UseAfter` names. */
  all(meta: ActionMetadata, uses: UseMetadata[], isBefore: boolean): (RequestHandler | ErrorRequestHandler)[] {
    return uses.map(use => {
      const middleware = middlewareFunction(use);
      const kind = { isClass: isMiddlewareClass(use), isBefore };
      return isErrorMiddleware(middleware) ? this.forErrors(meta, middleware, kind) : this.one(meta, middleware, kind);
    });
  }

  forErrors(meta: ActionMetadata | undefined, middleware: ErrorMiddleware, kind: StepKind = {}): ErrorRequestHandler {
    return (error: unknown, request, response, next) => {
      const call = (goOn: NextFunction): unknown => middleware(error, request, response, goOn);
      this.run(meta, { request, response, next }, call, { ...kind, error });
    };
  }

  one(meta: ActionMetadata | undefined, middleware: Middleware, kind: StepKind = {}): RequestHandler {
    return (request, response, next) => {
      // An error middleware in front of it can go on after the answer to an error.
      if (kind.isBefore === true && response.headersSent) return;
      this.run(meta, { request, response, next }, goOn => middleware(request, response, goOn), kind);
    };
  }

  // A middleware goes on once. Our errors are answered here, however it reports them, and so is what a class throws;
  // the rest goes on to Express, as upstream has it.
  private run(
    meta: ActionMetadata | undefined,
    action: Action,
    call: (goOn: NextFunction) => unknown,
    { isClass = false, isBefore = false, error: received }: StepKind & { readonly error?: unknown },
  ): void {
    const { request, response, next } = action as Exchange;
    let hasGoneOn = false;
    const goOn = (error: unknown, isOurs: boolean): void => {
      if (hasGoneOn) {
        this.errors.logStray(error, request);
        return;
      }
      hasGoneOn = true;
      if (received !== undefined && isErrorAnswered(response)) {
        if (isSaid(error) && error !== received) this.errors.logSecondAnswer(error, request);
        else next(error);
        return;
      }
      const known = isBefore && response.headersSent && !isSaid(error) ? new Answered() : asParseError(error);
      if (isSaid(known) && (isOurs || isAnswer(known) || response.headersSent)) this.fail(known, meta, action);
      else next(error);
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

/** Runs something; what it throws, or what its promise rejects with, is handed to `fail`. */
export function callSafely(run: () => unknown, fail: (error: unknown) => void): void {
  try {
    const running = run();
    if (running instanceof Promise) running.catch(fail);
  } catch (error) {
    fail(error);
  }
}
