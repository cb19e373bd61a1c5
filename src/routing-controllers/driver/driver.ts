/** The binding to routing-controllers: the guard in front of every route, and a controller per request. */
import type { Application, Request, RequestHandler } from 'express';
import { ExpressDriver, type Action, type ActionMetadata, type CurrentUserChecker } from 'routing-controllers';
import type { AxiomsRequest } from '../../authentication/user';
import { Answered, requireUnanswered } from '../../core/http/answered';
import { after, isPending, type Soon } from '../../core/time/soon';
import { admit, handle, permit, permitForm, visitAt } from '../../views/lifecycle';
import { passOn } from '../../views/dispatched';
import { isClosed } from '../../views/response-close';
import { checkReturned } from '../../views/returned-lists';
import { Visit, findVisit } from '../../views/visit';
import type { Services } from '../../views/start/services';
import { askChecker, askedBesides, rolesOf, userOf } from './authorized';
import { bodyParser } from './body';
import { ErrorAnswers, isErrorAnswered, type Exchange } from './error-answers';
import {
  callHandler,
  checkedCall,
  handlerAction,
  hasInterceptors,
  isCalledAtOnce,
  unlessRefused,
  visitOfAction,
  type CallHandler,
} from './execution';
import type { GuardedRoute, GuardedRoutes } from '../start/guarded-routes';
import { IdleMiddlewares } from '../start/idle-middlewares';
import { endOptions, joined, mayBeOptions } from './layers';
import { isErrorClass, madeBy, type GlobalMiddleware, type Made } from '../start/middleware';
import { MiddlewareSteps, callSafely } from './middleware-steps';
import { checkInputTypes } from '../start/parameter-types';
import { nameUnconvertible, valueOf } from './parameters';
import { endAfterHead, isStream, tieToResponse } from './returned-streams';
import { register } from './registrar';
import { pathOptionsOf } from '../start/app-router';
import { refuseOtherSpelling } from '../start/path-spellings';
import { routePath } from '../start/route-path';
import { asServerError, isExpected } from './thrown';

export class AxiomsDriver extends ExpressDriver {
  override currentUserChecker: CurrentUserChecker = userOf;
  private readonly errors: ErrorAnswers;
  private readonly steps: MiddlewareSteps;
  readonly idleMiddlewares: IdleMiddlewares;

  constructor(
    app: Application,
    private readonly services: Services,
    private readonly routes: GuardedRoutes,
  ) {
    super(app);
    this.errors = new ErrorAnswers(services.settings, this);
    this.idleMiddlewares = new IdleMiddlewares(services.settings.logger);
    this.steps = new MiddlewareSteps(this.errors, routes.container, (...failure) => {
      this.answerFailure(...failure);
    });
  }

  override registerMiddleware(middleware: GlobalMiddleware, { routePrefix }: { routePrefix?: string }): void {
    const made = (): Made => madeBy(this.routes.container, middleware);
    const isForErrors = isErrorClass(middleware, this.routes.container);
    this.idleMiddlewares.noteClass(middleware.target, isForErrors ? 'error' : 'use');
    const handler = isForErrors
      ? this.steps.forErrors(undefined, (...received) => made().error?.(...received))
      : this.steps.one(undefined, (...received) => made().use?.(...received), { isClass: true });
    const { name } = middleware.target as { readonly name: string };
    (this.app as Application).use(routePrefix || '/', Object.defineProperty(handler, 'name', { value: name }));
  }

  override registerAction(meta: ActionMetadata, execute: (action: Action) => unknown): void {
    const route = this.guardedRoute(meta);
    const uses = [...meta.controllerMetadata.uses, ...meta.uses];
    meta.methodOverride = checkedCall(meta);
    nameUnconvertible(meta);
    const [before, behind] = [uses.filter(use => !use.afterAction), uses.filter(use => use.afterAction)];
    this.idleMiddlewares.note(before, route.rules.place);
    for (const { middleware } of uses) this.idleMiddlewares.noteClass(middleware, 'use');
    const between = [...this.steps.all(meta, before, true), ...this.bodyParsers(meta)];
    const uploads = this.uploads(meta);
    const admit = this.firstGuard(meta, route, between.length === 0);
    const permit = this.secondGuard(meta, route);
    const form = uploads.length === 0 ? [] : [this.formGuard(meta, route)];
    const handle = this.handler(meta, route, execute, uploads.length > 0);
    const steps = [
      admit,
      ...between,
      permit,
      ...uploads,
      ...form,
      handle,
      ...this.steps.all(meta, behind, false),
      ...(mayBeOptions(meta) ? [endOptions] : []),
    ];
    register(this.app as object, meta, route, this.pathOf(meta), joined(steps, [admit, permit, handle]));
  }

  protected pathOf(meta: ActionMetadata): string | RegExp {
    return routePath(this.routePrefix, meta, pathOptionsOf(this.app as object));
  }

  protected guardedRoute(meta: ActionMetadata): GuardedRoute {
    const isOwnUser = this.currentUserChecker === userOf;
    const { routePrefix, authorizationChecker: checker } = this;
    const asksBesides = askedBesides(meta, checker, isOwnUser);
    const route = this.routes.add(meta, { path: this.pathOf(meta), routePrefix, asksBesides, checker });
    if (this.enableValidation) checkInputTypes(meta, route.rules.place, this.services.settings.logger);
    return route;
  }

  // What Express calls next stays a plain function that calls `next` once: an async one that rejects is reported twice
  // by Express 5 and hangs the request on Express 4. Checks whether the response was sent only where code of the app may
  // have run: that check costs more than most rules.
  protected firstGuard(meta: ActionMetadata, route: GuardedRoute, isJoined = false): RequestHandler {
    return (request, response, next) => {
      const earlier = findVisit(request);
      if (response.headersSent) {
        // After the answer of a handler Express goes on to the next route.
        if (earlier === undefined) this.errors.logAnswered(response, route.rules.place);
        return;
      }
      this.guard(meta, { request, response, next }, isJoined, () => {
        refuseOtherSpelling(request, { app: this.app as object });
        const controller = route.makeController({ request, response, next });
        const visit = new Visit(route.rules, this.services, controller, request as AxiomsRequest, response);
        visit.follow(earlier);
        return admit(visit);
      });
    };
  }

  // Between the body parser and uploads: a refused upload stores no file, a refused caller learns nothing of the schema.
  protected secondGuard(meta: ActionMetadata, route: GuardedRoute): RequestHandler {
    return (request, response, next) => {
      const action = { request, response, next };
      this.guard(meta, action, false, () => {
        const visit = visitAt('admitted', route.rules, request);
        visit.askOwnChecker = () => this.askOwnChecker(meta, action);
        return permit(visit);
      });
    };
  }

  // multer reads the fields of a form together with its files: no rule has seen either.
  private formGuard(meta: ActionMetadata, route: GuardedRoute): RequestHandler {
    return (request, response, next) => {
      const action = { request, response, next };
      this.guard(meta, action, false, () => permitForm(visitAt('permitted', route.rules, request)));
    };
  }

  private askOwnChecker(meta: ActionMetadata, action: Action): Soon<void> {
    if (!meta.isAuthorizedUsed || this.authorizationChecker === undefined) return;
    requireUnanswered((action as Exchange).response);
    return askChecker(this.authorizationChecker, action, rolesOf(meta));
  }

  private guard(meta: ActionMetadata, action: Action, isJoined: boolean, check: () => Soon<void>): void {
    const { response, next } = action as Exchange;
    const goOn = (): void => {
      const visit = findVisit(action.request as Request);
      if (!isJoined && response.headersSent) refuse(new Answered());
      else if (visit?.isPermitted === true) passOn(visit.predecessor, next);
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
    return [this.steps.one(meta, parser(meta.bodyExtraOptions as object | undefined), { isBefore: true })];
  }

  private uploads(meta: ActionMetadata): RequestHandler[] {
    const files = meta.params.filter(param => param.type === 'file' || param.type === 'files');
    if (files.length === 0) return [];
    const multer = this.loadMulter() as (
      options: unknown,
    ) => Record<'single' | 'array', (name: string) => RequestHandler>;
    return files.map(param =>
      this.steps.one(meta, multer(param.extraOptions)[param.type === 'file' ? 'single' : 'array'](param.name), {
        isBefore: true,
      }),
    );
  }

  private handler(
    meta: ActionMetadata,
    route: GuardedRoute,
    execute: (action: Action) => unknown,
    hasForm: boolean,
  ): RequestHandler {
    const run = isCalledAtOnce(meta) ? this.runAtOnce(meta) : execute;
    const stage = hasForm ? 'form permitted' : 'permitted';
    if (hasInterceptors(meta)) meta.methodOverride = this.callTyingStreams(meta.methodOverride ?? callHandler);
    return (request, response, next) => {
      let action: Action = { request, response, next };
      callSafely(
        () => {
          const visit = visitAt(stage, route.rules, request);
          visit.refuseHandler = error => {
            this.refuseBeforeReturn(error, visit, meta, action);
          };
          return handle(visit, () => run((action = handlerAction(visit, next))));
        },
        error => {
          this.handleError(error, meta, action);
        },
      );
    };
  }

  // Upstream waits for a dozen promises even if the handler is synchronous, which costs more than recognizing a token.
  private runAtOnce(meta: ActionMetadata): (action: Action) => unknown {
    return action =>
      after(callHandler(meta, action, []), result => {
        this.handleSuccess(result, meta, action);
      });
  }

  // An interceptor may pipe the handler's stream into another one: the response ends with that one, and it with neither.
  private callTyingStreams(call: CallHandler): CallHandler {
    return (meta, action, params) =>
      after(call(meta, action, params), result => {
        this.tie(result, meta, action);
        return result;
      });
  }

  private tie(result: unknown, meta: ActionMetadata, action: Action): void {
    const { response } = action as Exchange;
    if (result === response || !isStream(result)) return;
    tieToResponse(result, response, error => {
      this.handleError(error, meta, action);
    });
  }

  override getParamFromRequest(action: Action, param: Parameters<ExpressDriver['getParamFromRequest']>[1]): unknown {
    return valueOf(action, param, () => super.getParamFromRequest(action, param) as unknown);
  }

  override handleSuccess(result: unknown, meta: ActionMetadata, action: Action): void {
    callSafely(
      () => this.answerWhenChecked(result, meta, action),
      error => {
        this.handleError(error, meta, action);
      },
    );
  }

  private answerWhenChecked(result: unknown, meta: ActionMetadata, action: Action): Soon<void> {
    const visit = visitOfAction(action) as Visit;
    this.tie(result, meta, action);
    const isAnsweringLater =
      result === visit.response && !visit.response.writableEnded && visit.gate?.isKeeping !== true;
    visit.leaveHandler(isAnsweringLater || isStream(result));
    if (visit.refusal !== undefined) return;
    checkReturned(visit, result);
    if (visit.checks === undefined || isAnsweringLater) {
      this.succeed(result, meta, action);
      return;
    }
    return after(visit.checks.settledBehindHandler(), () => {
      const refusal = visit.checks?.take();
      if (refusal === undefined) this.succeed(result, meta, action);
      else this.refuseAfterHandler(refusal.error, visit, meta, action);
    });
  }

  private refuseBeforeReturn(error: unknown, visit: Visit, meta: ActionMetadata, action: Action): void {
    visit.checks?.take();
    if (visit.refusal === undefined && visit.gate?.isOver !== true) this.refuseAfterHandler(error, visit, meta, action);
  }

  private refuseAfterHandler(error: unknown, visit: Visit, meta: ActionMetadata | undefined, action: Action): void {
    if (visit.response.headersSent) visit.refuseLate(error);
    else {
      visit.refusal = { error };
      visit.gate?.resetHead();
      this.errors.give(asServerError(error), action, { headers: meta?.headers ?? {}, goesOn: true });
      if (isErrorAnswered(visit.response) && visit.gate?.isOver !== true) visit.gate?.silence();
    }
  }

  private succeed(result: unknown, meta: ActionMetadata, action: Action): void {
    const { request, response, next } = action as Exchange;
    const visit = visitOfAction(action);
    // The handler has answered or is answering, its answer waits for checks, or another route has the request.
    // routing-controllers takes an undefined result for "not found", and calls next() at once.
    const isAnswered = result === undefined && (response.headersSent || visit?.gate?.isKeeping === true);
    if (result === response || isAnswered || visit?.isHandedOn === true || visit?.gate?.isOver === true) {
      const goOn = unlessRefused(visit, next);
      if (response.headersSent) goOn();
      else response.once('finish', goOn);
      return;
    }
    if (isStream(result) && isClosed(response)) return;
    super.handleSuccess(result, meta, action);
    if (isStream(result) && request.method === 'HEAD') endAfterHead(result, response);
  }

  /** Answers an error of the guard: unlike one of a handler, no error middleware sees it after its answer. */
  refuse(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    this.errors.give(error, action, { headers: meta?.headers ?? {} });
  }

  override handleError(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    // What the handler throws once it has been refused is not an answer. Error middleware may still hand the refusal on.
    if (visitOfAction(action)?.refusal === undefined) this.answerFailure(error, meta, action);
    else this.errors.logAfterRefusal(error, action);
  }

  /** Answers an error of a handler or of a middleware around it. */
  protected answerFailure(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    const options = { headers: meta?.headers ?? {}, goesOn: true };
    const visit = visitOfAction(action);
    visit?.leaveHandler(false);
    const { checks, gate } = visit ?? {};
    if (gate?.isOver === true) this.errors.logAfterRefusal(error, action);
    else if (checks === undefined || checks.wasReceived(error)) {
      if (checks !== undefined) gate?.resetHead();
      this.errors.give(error, action, options);
    } else
      void after(checks.settled(), () => {
        const refusal = checks.take();
        if (refusal === undefined) this.errors.give(error, action, options);
        else {
          this.errors.logAfterRefusal(error, action);
          this.refuseAfterHandler(refusal.error, visit as Visit, meta, action);
        }
      });
  }
}
