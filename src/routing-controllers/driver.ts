/** The binding to routing-controllers: the guard in front of every route, a controller per request, one answer to every error. */
import type { Application, NextFunction, Request, RequestHandler, Response } from 'express';
import { ExpressDriver, type Action, type ActionMetadata, type UseMetadata } from 'routing-controllers';
import { APIException, NotAuthenticated } from '../core/exceptions';
import { isAuthenticated } from '../permissions/access';
import { answerTo, isAnswer, logAnswer, sendAnswer } from '../views/exception-handler';
import { afterTheBody, beforeTheBody } from '../views/lifecycle';
import { Visit, findVisit, type Services } from '../views/visit';
import type { AxiomsRequest } from '../authentication/user';
import { checkAuthorized } from './authorized';
import { asParseError, bodyParser } from './body';
import type { GuardedRoute, GuardedRoutes } from './guarded-routes';
import { middlewareFunction } from './middleware';
import { routePath } from './route-path';

type Step = (request: Request, response: Response, next: NextFunction) => unknown;

export class AxiomsDriver extends ExpressDriver {
  constructor(
    app: Application,
    private readonly services: Services,
    private readonly routes: GuardedRoutes,
  ) {
    super(app);
  }

  override registerAction(meta: ActionMetadata, execute: (action: Action) => unknown): void {
    const route = this.routes.add(meta, this.routePrefix);
    const uses = [...meta.controllerMetadata.uses, ...meta.uses];
    meta.methodOverride ??= runOnItsController;
    const register = (this.app as Record<string, (...args: unknown[]) => void>)[meta.type.toLowerCase()];
    register?.call(
      this.app,
      routePath(this.routePrefix, meta),
      this.firstGuard(meta, route),
      ...this.middlewares(
        meta,
        uses.filter(use => !use.afterAction),
      ),
      ...this.bodyParsers(meta),
      this.secondGuard(meta),
      ...this.uploads(meta),
      this.handler(execute),
      ...this.middlewares(
        meta,
        uses.filter(use => use.afterAction),
      ),
    );
  }

  // The first thing on every route. What Express calls next stays a plain function that calls `next` once: an async
  // one that rejects is reported twice by Express 5 and hangs the request on Express 4.
  private firstGuard(meta: ActionMetadata, route: GuardedRoute): RequestHandler {
    return (request, response, next) => {
      // Another route's handler has this request already: Express goes on after an answer.
      if (findVisit(request)?.isHandled === true) return;
      this.guard(meta, { request, response, next }, () => {
        const visit = new Visit(route.rules, this.services, route.makeController(), request as AxiomsRequest, response);
        return beforeTheBody(visit);
      });
    };
  }

  // Between the body parser and uploads: a refused upload stores no file, a refused caller learns nothing of the schema.
  private secondGuard(meta: ActionMetadata): RequestHandler {
    return (request, response, next) => {
      const action = { request, response, next };
      this.guard(meta, action, async () => {
        if (meta.isAuthorizedUsed) await checkAuthorized(meta, action, this.authorizationChecker);
        if (this.needsCurrentUser(meta) && !isAuthenticated(request)) throw new NotAuthenticated();
        await afterTheBody(findVisit(request) as Visit);
      });
    };
  }

  private guard(meta: ActionMetadata, action: Action, check: () => Promise<void>): void {
    const next = action.next as NextFunction;
    const run = async (): Promise<void> => check();
    run().then(
      () => {
        next();
      },
      (error: unknown) => {
        this.handleError(asServerError(error), meta, action);
      },
    );
  }

  private needsCurrentUser(meta: ActionMetadata): boolean {
    return (
      this.currentUserChecker === undefined &&
      meta.params.some(param => param.type === 'current-user' && param.required)
    );
  }

  private bodyParsers(meta: ActionMetadata): RequestHandler[] {
    if (!meta.isBodyUsed) return [];
    const parser = meta.isJsonTyped ? bodyParser.json : bodyParser.text;
    return [this.step(meta, parser(meta.bodyExtraOptions as object | undefined))];
  }

  private uploads(meta: ActionMetadata): RequestHandler[] {
    const files = meta.params.filter(param => param.type === 'file' || param.type === 'files');
    if (files.length === 0) return [];
    const multer = this.loadMulter() as (
      options: unknown,
    ) => Record<'single' | 'array', (name: string) => RequestHandler>;
    return files.map(param =>
      this.step(meta, multer(param.extraOptions)[param.type === 'file' ? 'single' : 'array'](param.name)),
    );
  }

  private middlewares(meta: ActionMetadata, uses: UseMetadata[]): (RequestHandler | Step)[] {
    return uses.map(use => {
      const middleware = middlewareFunction(use);
      return middleware.length === 4 ? middleware : this.step(meta, middleware);
    });
  }

  // Our errors are answered here, however a middleware reports them; those of others go on as Express has it.
  private step(meta: ActionMetadata, run: Step): RequestHandler {
    return (request, response, next) => {
      const settle = (error?: unknown): void => {
        const known = asParseError(error);
        if (isAnswer(known)) this.handleError(known, meta, { request, response, next });
        else next(error);
      };
      callSafely(() => run(request, response, settle as NextFunction), settle);
    };
  }

  private handler(execute: (action: Action) => unknown): RequestHandler {
    return (request, response, next) => {
      const visit = findVisit(request);
      if (visit !== undefined) visit.isHandled = true;
      void execute({ request, response, next });
    };
  }

  override getParamFromRequest(action: Action, param: Parameters<ExpressDriver['getParamFromRequest']>[1]): unknown {
    const { body } = action.request as { body?: unknown };
    // What upstream reads of a body that is not there is a TypeError.
    return param.type === 'body-param' && (body === undefined || body === null)
      ? undefined
      : (super.getParamFromRequest(action, param) as unknown);
  }

  override handleSuccess(result: unknown, meta: ActionMetadata, action: Action): void {
    const response = action.response as Response;
    // Answered by hand: upstream takes an undefined result for "not found".
    if (result === undefined && response.headersSent) {
      action.next?.();
      return;
    }
    if (isStream(result))
      result.once('error', error => {
        this.handleError(error, meta, action);
      });
    super.handleSuccess(result, meta, action);
  }

  /** Answers once, and never calls `next` after an answer: Express would destroy the connection. */
  override handleError(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    const { request, response } = action as { request: Request; response: Response };
    const place = findVisit(request)?.rules.place ?? `${request.method} ${request.path}`;
    try {
      if (response.headersSent) this.endLate(error, place, response);
      else this.answer(error ?? new Error(`${place} threw ${String(error)}`), meta, action, place);
    } catch (failure) {
      this.endLate(failure, place, response);
    }
  }

  private answer(error: unknown, meta: ActionMetadata | undefined, action: Action, place: string): void {
    const { request, response, next } = action as { request: Request; response: Response; next: NextFunction };
    if (isAnswer(error)) {
      const answer = answerTo(error, request, this.services.settings);
      logAnswer(answer, place, this.services.settings);
      if (this.isDefaultErrorHandlingEnabled) sendAnswer(response, answer);
      else next(answer);
      return;
    }
    if (!isExpected(error)) this.services.settings.logger.error(`${place} failed`, { place, error: textOf(error) });
    if (this.isDefaultErrorHandlingEnabled) super.handleError(error, meta, { ...action, next: () => undefined });
    else next(error);
  }

  // Too late for an answer: an unfinished one must not look complete.
  private endLate(error: unknown, place: string, response: Response): void {
    this.services.settings.logger.error(`${place} failed after its answer had begun`, { place, error: textOf(error) });
    if (!response.writableEnded) response.destroy();
  }
}

function runOnItsController(meta: ActionMetadata, action: Action, params: unknown[]): unknown {
  const { controller } = findVisit(action.request as Request) as Visit;
  return (controller as unknown as Record<string, (...params: unknown[]) => unknown>)[meta.method]?.(...params);
}

// What a policy throws that is no answer, ours or routing-controllers', is a defect: it refuses, and says nothing of itself.
function asServerError(error: unknown): unknown {
  return isAnswer(error) || isExpected(error) ? error : new APIException(undefined, { cause: error });
}

function isExpected(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'httpCode' in error &&
    typeof error.httpCode === 'number' &&
    error.httpCode < 500
  );
}

// The text, not the object: an error's own properties may hold claims.
function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}

function isStream(result: unknown): result is NodeJS.ReadableStream {
  return (
    typeof result === 'object' &&
    result !== null &&
    'pipe' in result &&
    'once' in result &&
    typeof result.once === 'function'
  );
}

function callSafely(run: () => unknown, fail: (error: unknown) => void): void {
  try {
    const running = run();
    if (running instanceof Promise) running.catch(fail);
  } catch (error) {
    fail(error);
  }
}
