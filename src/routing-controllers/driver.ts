/** The binding to routing-controllers: the guard in front of every route, and a controller per request. */
import { finished } from 'node:stream';
import type { Application, ErrorRequestHandler, NextFunction, Request, RequestHandler } from 'express';
import {
  ExpressDriver,
  type Action,
  type ActionMetadata,
  type CurrentUserChecker,
  type UseMetadata,
} from 'routing-controllers';
import type { AxiomsRequest } from '../authentication/user';
import { Answered } from '../core/answered';
import { ImproperlyConfigured, NotAuthenticated } from '../core/exceptions';
import { after, isPending, type Soon } from '../core/soon';
import { isAuthenticated } from '../authentication/caller';
import { isAnswer } from '../views/exception-handler';
import { afterTheBody, beforeTheBody } from '../views/lifecycle';
import { Visit, findVisit, type Services, type Stage } from '../views/visit';
import { askChecker, askedBesides, checkRoles } from './authorized';
import { asParseError, bodyParser } from './body';
import { ErrorAnswers, isErrorAnswered, placeOf, type Exchange } from './error-answers';
import { callHandler, handlerAction, needsNothing, visitOfAction } from './execution';
import type { GuardedRoute, GuardedRoutes } from './guarded-routes';
import { joined } from './layers';
import {
  isErrorMiddleware,
  isMiddlewareClass,
  middlewareFunction,
  type ErrorMiddleware,
  type Made,
  type Middleware,
} from './middleware';
import { registrarOf } from './registrar';
import { routePath } from './route-path';
import { asServerError, asThrown, isExpected, isSaid } from './thrown';

export class AxiomsDriver extends ExpressDriver {
  override currentUserChecker: CurrentUserChecker = userOf;
  private readonly errors: ErrorAnswers;

  constructor(
    app: Application,
    private readonly services: Services,
    private readonly routes: GuardedRoutes,
  ) {
    super(app);
    this.errors = new ErrorAnswers(services.settings, this);
  }

  override registerMiddleware(middleware: GlobalMiddleware, { routePrefix }: { routePrefix?: string }): void {
    const made = (): Made => middleware.instance as Made;
    const handler = made().error
      ? this.errorStep(undefined, (...received) => made().error?.(...received))
      : this.step(undefined, (...received) => made().use?.(...received), { isClass: true });
    (this.app as Application).use(routePrefix || '/', handler);
  }

  override registerAction(meta: ActionMetadata, execute: (action: Action) => unknown): void {
    const route = this.guardedRoute(meta);
    const uses = [...meta.controllerMetadata.uses, ...meta.uses];
    meta.methodOverride ??= callHandler;
    const [admit, permit] = [this.firstGuard(meta, route), this.secondGuard(meta, route)];
    const handle = this.handler(meta, route, execute);
    const [before, behind] = [uses.filter(use => !use.afterAction), uses.filter(use => use.afterAction)];
    const steps = [
      admit,
      ...this.middlewares(meta, before, true),
      ...this.bodyParsers(meta),
      permit,
      ...this.uploads(meta),
      handle,
      ...this.middlewares(meta, behind, false),
      ...(mayBeOptions(meta) ? [endOptions] : []),
    ];
    registrarOf(this.app as object, meta, route.rules).call(
      this.app,
      routePath(this.routePrefix, meta),
      ...joined(steps, [admit, permit, handle]),
    );
  }

  protected guardedRoute(meta: ActionMetadata): GuardedRoute {
    const isOwnUser = this.currentUserChecker === userOf;
    return this.routes.add(meta, this.routePrefix, askedBesides(meta, this.authorizationChecker, isOwnUser));
  }

  // The first thing on every route. What Express calls next stays a plain function that calls `next` once: an async
  // one that rejects is reported twice by Express 5 and hangs the request on Express 4.
  protected firstGuard(meta: ActionMetadata, route: GuardedRoute): RequestHandler {
    return (request, response, next) => {
      const earlier = findVisit(request);
      if (response.headersSent) {
        // After the answer of a handler Express goes on to the next route.
        if (earlier === undefined) this.errors.logAnswered(response, route.rules.place);
        return;
      }
      this.guard(meta, { request, response, next }, () => {
        const visit = new Visit(route.rules, this.services, route.makeController(), request as AxiomsRequest, response);
        visit.follow(earlier);
        return after(beforeTheBody(visit), () => {
          this.checkCaller(meta, request);
          visit.stage = 'admitted';
        });
      });
    };
  }

  // What `@Authorized()` and `@CurrentUser({ required: true })` ask, where the app has no checker of its own for them.
  private checkCaller(meta: ActionMetadata, request: Request): void {
    if (meta.isAuthorizedUsed && this.authorizationChecker === undefined) checkRoles(request, rolesOf(meta));
    const isUserNeeded = meta.params.some(param => param.type === 'current-user' && param.required);
    if (isUserNeeded && this.currentUserChecker === userOf && !isAuthenticated(request)) throw new NotAuthenticated();
  }

  // Between the body parser and uploads: a refused upload stores no file, a refused caller learns nothing of the schema.
  protected secondGuard(meta: ActionMetadata, route: GuardedRoute): RequestHandler {
    return (request, response, next) => {
      const action = { request, response, next };
      // A middleware in front of it can go on after an answer.
      if (response.headersSent) return;
      this.guard(meta, action, () => {
        const visit = visitAt('admitted', route, request);
        visit.requireItsMethod();
        const checked = after(this.askOwnChecker(meta, action), () => afterTheBody(visit));
        return after(checked, () => {
          // Again: the app may have removed or replaced its session's user since.
          this.checkCaller(meta, request);
          visit.stage = 'permitted';
          // The answer is this route's now, and this route's rules have been checked.
          if (visit.predecessor !== undefined) visit.predecessor.isObjectPending = false;
        });
      });
    };
  }

  private askOwnChecker(meta: ActionMetadata, action: Action): Soon<void> {
    if (meta.isAuthorizedUsed && this.authorizationChecker !== undefined)
      return askChecker(this.authorizationChecker, action, rolesOf(meta));
  }

  private guard(meta: ActionMetadata, action: Action, check: () => Soon<void>): void {
    const { response, next } = action as Exchange;
    const goOn = (): void => {
      if (response.headersSent) refuse(new Answered());
      else next();
    };
    const refuse = (error: unknown): void => {
      const known = asServerError(error);
      this.refuse(response.headersSent && isExpected(known) ? new Answered() : known, meta, action);
    };
    let checked: Soon<void>;
    try {
      checked = check();
    } catch (error) {
      refuse(error);
      return;
    }
    if (isPending(checked)) Promise.resolve(checked).then(goOn, refuse);
    else goOn();
  }

  protected bodyParsers(meta: ActionMetadata): RequestHandler[] {
    if (!meta.isBodyUsed) return [];
    const parser = meta.isJsonTyped ? bodyParser.json : bodyParser.text;
    return [this.step(meta, parser(meta.bodyExtraOptions as object | undefined), { isBefore: true })];
  }

  private uploads(meta: ActionMetadata): RequestHandler[] {
    const files = meta.params.filter(param => param.type === 'file' || param.type === 'files');
    if (files.length === 0) return [];
    const multer = this.loadMulter() as (
      options: unknown,
    ) => Record<'single' | 'array', (name: string) => RequestHandler>;
    return files.map(param =>
      this.step(meta, multer(param.extraOptions)[param.type === 'file' ? 'single' : 'array'](param.name), {
        isBefore: true,
      }),
    );
  }

  private middlewares(
    meta: ActionMetadata,
    uses: UseMetadata[],
    isBefore: boolean,
  ): (RequestHandler | ErrorRequestHandler)[] {
    return uses.map(use => {
      const middleware = middlewareFunction(use);
      const kind = { isClass: isMiddlewareClass(use), isBefore };
      return isErrorMiddleware(middleware) ? this.errorStep(meta, middleware, kind) : this.step(meta, middleware, kind);
    });
  }

  private errorStep(
    meta: ActionMetadata | undefined,
    middleware: ErrorMiddleware,
    kind: StepKind = {},
  ): ErrorRequestHandler {
    return (error: unknown, request, response, next) => {
      const call = (goOn: NextFunction): unknown => middleware(error, request, response, goOn);
      this.run(meta, { request, response, next }, call, { ...kind, error });
    };
  }

  private step(meta: ActionMetadata | undefined, middleware: Middleware, kind: StepKind = {}): RequestHandler {
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
      if (isSaid(known) && (isOurs || isAnswer(known) || response.headersSent)) this.handleError(known, meta, action);
      else next(error);
    };
    callSafely(
      () =>
        call(error => {
          goOn(error, false);
        }),
      error => {
        goOn(asThrown(error, placeOf(request)), isClass);
      },
    );
  }

  private handler(meta: ActionMetadata, route: GuardedRoute, execute: (action: Action) => unknown): RequestHandler {
    const run = needsNothing(meta) ? this.runAtOnce(meta) : execute;
    return (request, response, next) => {
      if (response.headersSent) return;
      callSafely(
        () => {
          const visit = visitAt('permitted', route, request);
          visit.requireItsMethod();
          return run(handlerAction(visit, next));
        },
        error => {
          this.handleError(error, meta, { request, response, next });
        },
      );
    };
  }

  // Upstream waits for a dozen promises, be there nothing to wait for: that costs more than recognising a token.
  private runAtOnce(meta: ActionMetadata): (action: Action) => unknown {
    return action =>
      after(callHandler(meta, action, []), result => {
        this.handleSuccess(result, meta, action);
      });
  }

  override getParamFromRequest(action: Action, param: Parameters<ExpressDriver['getParamFromRequest']>[1]): unknown {
    const { body } = action.request as { body?: unknown };
    // What upstream reads of a body that is not there is a TypeError.
    return param.type === 'body-param' && (body === undefined || body === null)
      ? undefined
      : (super.getParamFromRequest(action, param) as unknown);
  }

  override handleSuccess(result: unknown, meta: ActionMetadata, action: Action): void {
    const { response, next } = action as Exchange;
    // The handler has sent the response itself, is sending it, or has dispatched the request to another route that answers.
    // routing-controllers takes an undefined result for "not found", and calls next() at once.
    const isHandedOn = visitOfAction(action)?.isHandedOn === true;
    if (result === response || isHandedOn || (result === undefined && response.headersSent)) {
      if (response.headersSent) next();
      else response.once('finish', next);
      return;
    }
    if (isStream(result))
      finished(result, { writable: false }, error => {
        if (error) this.handleError(error, meta, action);
      });
    super.handleSuccess(result, meta, action);
  }

  /** Answers an error of the guard: unlike one of a handler, no error middleware sees it after its answer. */
  refuse(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    this.errors.give(error, action, { headers: meta?.headers ?? {} });
  }

  override handleError(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    this.errors.give(error, action, { headers: meta?.headers ?? {}, goesOn: true });
  }
}

function mayBeOptions({ type }: ActionMetadata): boolean {
  return type === 'all' || type === 'options';
}

// After an OPTIONS request Express answers by itself, even where there is an answer, and ends the connection over it.
const endOptions: RequestHandler = (request, response, next) => {
  if (request.method !== 'OPTIONS' || !response.headersSent) next();
};

/** Whether a middleware is a class, and whether it stands in front of the handler. */
interface StepKind {
  readonly isClass?: boolean;
  readonly isBefore?: boolean;
}

type GlobalMiddleware = Parameters<ExpressDriver['registerMiddleware']>[0];

function userOf({ request }: Action): unknown {
  return (request as Request).user;
}

function rolesOf({ authorizedRoles }: ActionMetadata): readonly string[] {
  return authorizedRoles as string[];
}

// A middleware between the steps can call `next` twice, or go on after a refusal.
function visitAt(stage: Stage, { rules }: GuardedRoute, request: Request): Visit {
  const visit = findVisit(request);
  if (visit?.rules === rules && visit.stage === stage) return visit;
  throw new ImproperlyConfigured(
    `${rules.place} was reached past its guard: a middleware called next() twice, or an error middleware went on after a refusal.`,
  );
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
