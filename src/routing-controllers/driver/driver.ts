/** The binding to routing-controllers: the guard in front of every route, and a controller per request. */
import type { Application, NextFunction, RequestHandler } from 'express';
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
import { ended, layerOf, type Check } from './checks';
import { conversionWith } from './conversion';
import { ErrorAnswers, silenceAnswered, type Exchange } from './error-answers';
import {
  callHandler,
  checkedCall,
  copyIn,
  goOnBehind,
  handlerAction,
  hasInterceptors,
  isCalledAtOnce,
  seeingResults,
  visitOfAction,
  withCopy,
} from './execution';
import type { GuardedRoute, GuardedRoutes } from '../start/guarded-routes';
import { IdleMiddlewares } from '../start/idle-middlewares';
import { endOptions, mayBeOptions } from './layers';
import { extractorOf } from './extractors';
import { isJson, isWrittenHere, writeJson } from './json-answers';
import { isErrorClass, type GlobalMiddleware } from '../start/middleware';
import { MiddlewareSteps, callSafely } from './middleware-steps';
import { checkInputTypes } from '../start/parameter-types';
import { nameUnconvertible, valueOf } from './parameters';
import { bodyParsers, uploads, type Multer } from './parsers';
import { transformed } from './own-constructors';
import { isObject, mayBeCopied, notPlain, plainCopy, transformOptions } from './plain-results';
import { endAfterHead, isStream, tieToResponse } from './returned-streams';
import { register } from './registrar';
import { catchRendering } from './rendering';
import { endOfRoute, leaving, noteRoute } from './route-end';
import { pathOptionsOf } from '../start/app-router';
import { refuseOtherSpelling } from '../start/path-spellings';
import { routePath } from '../start/route-path';
import { asServerError, isExpected } from './thrown';

/** What startup knows of the answers of a handler. */
interface KnownAnswers {
  readonly areCopied: boolean;
  readonly areJson: boolean;
  /** Whether nothing behind the route takes an answered request. */
  isEnd(): boolean;
}

export class AxiomsDriver extends ExpressDriver {
  override currentUserChecker: CurrentUserChecker = userOf;
  private readonly errors: ErrorAnswers;
  protected readonly steps: MiddlewareSteps;
  readonly idleMiddlewares: IdleMiddlewares;
  /** What startup knows of the answers of each handler. */
  private readonly answers = new WeakMap<ActionMetadata, KnownAnswers>();

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
    const isForErrors = isErrorClass(middleware, this.routes.container);
    this.idleMiddlewares.noteClass(middleware.target, isForErrors ? 'error' : 'use');
    (this.app as Application).use(routePrefix || '/', this.steps.ofApp(middleware, isForErrors));
  }

  override registerAction(meta: ActionMetadata, execute: (action: Action) => unknown): void {
    const route = this.guardedRoute(meta);
    const uses = [...meta.controllerMetadata.uses, ...meta.uses];
    meta.methodOverride = checkedCall(meta);
    nameUnconvertible(meta, conversionWith(this));
    const [before, behind] = [uses.filter(use => !use.afterAction), uses.filter(use => use.afterAction)];
    this.idleMiddlewares.note(before, route.rules.place);
    for (const { middleware } of uses) this.idleMiddlewares.noteClass(middleware, 'use');
    const between = [...this.steps.all(meta, before, true), ...bodyParsers(meta, this.steps)];
    const files = uploads(meta, this.steps, () => this.loadMulter() as Multer);
    const handle = this.handler(meta, route, execute, files.length > 0);
    const [admit, permit] = [this.admitting(route), this.permitting(meta, route)];
    // Joins what nothing stands between into one layer of Express: a layer costs more than most rules.
    const beforeUploads = between.length === 0 ? [admit, permit] : [permit];
    const steps = [
      ...(between.length === 0 ? [] : [this.guard(meta, [admit]), ...between]),
      ...(files.length === 0 ? [] : [this.guard(meta, beforeUploads), ...files]),
      this.guard(meta, files.length === 0 ? beforeUploads : [this.permittingForm(route)], handle),
      ...this.steps.all(meta, behind, false),
      ...(mayBeOptions(meta) ? [endOptions] : []),
    ];
    register(this.app as object, meta, route, this.pathOf(meta), steps);
    noteRoute(this.app as object);
    const mayBeEnd = behind.length === 0 && !mayBeOptions(meta);
    this.answers.set(meta, {
      areCopied: mayBeCopied(meta, this),
      areJson: isJson(meta),
      isEnd: mayBeEnd ? endOfRoute(this.app as object) : () => false,
    });
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

  /** The first check of every route. */
  protected admitting(route: GuardedRoute): Check {
    return exchange => {
      const { request, response } = exchange;
      const earlier = findVisit(request);
      if (response.headersSent) {
        // After the answer of a handler Express goes on to the next route.
        if (earlier === undefined) this.errors.logAnswered(response, route.rules.place);
        return ended;
      }
      refuseOtherSpelling(request, { app: this.app as object });
      const controller = route.makeController(exchange);
      const visit = new Visit(route.rules, this.services, controller, request as AxiomsRequest, response);
      visit.follow(earlier);
      return admit(visit);
    };
  }

  // Between the body parser and uploads: a refused upload stores no file, a refused caller learns nothing of the schema.
  protected permitting(meta: ActionMetadata, route: GuardedRoute): Check {
    const checker = meta.isAuthorizedUsed ? this.authorizationChecker : undefined;
    return exchange => {
      const visit = visitAt('admitted', route.rules, exchange.request);
      if (checker !== undefined)
        visit.askOwnChecker = () => {
          requireUnanswered(exchange.response);
          return askChecker(checker, exchange, rolesOf(meta));
        };
      return permit(visit);
    };
  }

  // multer reads the fields of a form together with its files: no rule has seen either.
  private permittingForm({ rules }: GuardedRoute): Check {
    return ({ request }) => permitForm(visitAt('permitted', rules, request));
  }

  /** @param handle what comes behind the checks; default: the next layer */
  protected guard(
    meta: ActionMetadata,
    checks: readonly Check[],
    handle?: (exchange: Exchange) => void,
  ): RequestHandler {
    const refuse = (exchange: Exchange, error: unknown): void => {
      const known = asServerError(error);
      this.refuse(exchange.response.headersSent && isExpected(known) ? new Answered() : known, meta, exchange);
    };
    return layerOf(checks, { ...(handle && { handle }), refuse });
  }

  private handler(
    meta: ActionMetadata,
    route: GuardedRoute,
    execute: (action: Action) => unknown,
    hasForm: boolean,
  ): (exchange: Exchange) => void {
    const stage = hasForm ? 'form permitted' : 'permitted';
    const run = this.runAtOnce(meta, execute);
    // An interceptor may pipe the handler's stream into another one: the response ends with that one, and it with neither. It
    // may change a list, too; what it makes of it is checked once more.
    if (hasInterceptors(meta))
      meta.methodOverride = seeingResults(meta.methodOverride ?? callHandler, (result, action) => {
        checkReturned(visitOfAction(action) as Visit, result);
        this.tie(result, meta, action);
      });
    const begin = (visit: Visit, next: NextFunction): void => {
      const action = handlerAction(visit, next);
      const fail = this.failing(meta, action);
      visit.refuseHandler = error => {
        visit.checks?.take();
        const isRefused = visit.refusal !== undefined || visit.gate?.isOver === true;
        if (!isRefused) this.refuseAfterHandler(error, visit, meta, action);
      };
      try {
        const running = handle(visit, run, action);
        if (typeof running === 'object' && isPending(running)) Promise.resolve(running).catch(fail);
      } catch (error) {
        fail(error);
      }
    };
    return exchange => {
      try {
        const visit = visitAt(stage, route.rules, exchange.request);
        // A handler that has dispatched the request again does not answer it any more.
        passOn(visit.predecessor, begin.bind(undefined, visit, exchange.next));
      } catch (error) {
        this.handleError(error, meta, exchange);
      }
    };
  }

  // Upstream waits for a dozen promises even if the handler is synchronous, which costs more than recognizing a token.
  private runAtOnce(meta: ActionMetadata, execute: (action: Action) => unknown): (action: Action) => unknown {
    const extract = isCalledAtOnce(meta) ? extractorOf(meta, this) : undefined;
    if (extract === undefined) return execute;
    const call = (action: Action, given: unknown[]): Soon<void> =>
      after(callHandler(meta, action, given), result => this.answerWhenChecked(result, meta, action));
    return action => {
      const given = extract(action);
      if (given === undefined) return execute(action);
      return Array.isArray(given) ? call(action, given) : given.then(read => call(action, read));
    };
  }

  private tie(result: unknown, meta: ActionMetadata, action: Action): void {
    const { response } = action as Exchange;
    if (result !== response && isStream(result)) tieToResponse(result, response, this.failing(meta, action));
  }

  override getParamFromRequest(action: Action, param: Parameters<ExpressDriver['getParamFromRequest']>[1]): unknown {
    return valueOf(action, param, () => super.getParamFromRequest(action, param) as unknown);
  }

  override handleSuccess(result: unknown, meta: ActionMetadata, action: Action): void {
    callSafely(() => this.answerWhenChecked(result, meta, action), this.failing(meta, action));
  }

  private answerWhenChecked(result: unknown, meta: ActionMetadata, action: Action): Soon<void> {
    const visit = visitOfAction(action) as Visit;
    const hasStream = isStream(result);
    if (hasStream) this.tie(result, meta, action);
    const isAnsweringLater =
      result === visit.response && !visit.response.writableEnded && visit.gate?.isKeeping !== true;
    visit.leaveHandler(isAnsweringLater || hasStream);
    if (visit.refusal !== undefined) return;
    checkReturned(visit, result);
    if (visit.checks === undefined || isAnsweringLater) {
      this.succeed(result, meta, action, visit);
      return;
    }
    return after(visit.checks.settledBehindHandler(), () => {
      const refusal = visit.checks?.take();
      if (refusal === undefined) this.succeed(result, meta, action, visit);
      else this.refuseAfterHandler(refusal.error, visit, meta, action);
    });
  }

  private refuseAfterHandler(error: unknown, visit: Visit, meta: ActionMetadata | undefined, action: Action): void {
    if (visit.response.headersSent) visit.refuseLate(error);
    else {
      visit.refusal = { error };
      visit.gate?.makeWay();
      this.errors.give(asServerError(error), action, { headers: meta?.headers ?? {}, goesOn: true, gate: visit.gate });
      silenceAnswered(visit);
    }
  }

  private succeed(result: unknown, meta: ActionMetadata, action: Action, visit: Visit): void {
    const { request, response, next } = action as Exchange;
    // The handler has answered or is answering, its answer waits for checks, or another route has the request.
    // routing-controllers takes an undefined result for "not found", and calls next() at once.
    const isAnswered = result === undefined && (response.headersSent || visit.gate?.isKeeping === true);
    if (result === response || isAnswered || visit.isHandedOn || visit.gate?.isOver === true) {
      goOnBehind(visit, next);
      return;
    }
    if (isStream(result) && isClosed(response)) return;
    const { areCopied, areJson, isEnd } = this.answers.get(meta) as KnownAnswers;
    const copy = areCopied ? plainCopy(result) : notPlain;
    if (areJson && isObject(copy) && isWrittenHere(response, meta)) {
      writeJson(copy, response);
      if (isEnd()) next('router');
      else next();
      return;
    }
    const answer = (): void => {
      super.handleSuccess(result, meta, withCopy(action, copy, isEnd() ? leaving(next, response) : next));
    };
    if (meta.renderedTemplate) catchRendering(response, answer, this.failing(meta, action));
    else answer();
    if (request.method === 'HEAD' && isStream(result)) endAfterHead(result, response);
  }

  protected override transformResult(result: unknown, meta: ActionMetadata, action: Action): unknown {
    const copy = copyIn(action);
    if (copy !== notPlain) return copy;
    const options = transformOptions(meta, this);
    return transformed(result, options, () => super.transformResult(result, meta, action) as unknown);
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

  private failing(meta: ActionMetadata, action: Action): (error: unknown) => void {
    return error => {
      this.handleError(error, meta, action);
    };
  }

  /** Answers an error of a handler or of a middleware around it. */
  protected answerFailure(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    const visit = visitOfAction(action);
    visit?.leaveHandler(false);
    const { checks, gate } = visit ?? {};
    const options = { headers: meta?.headers ?? {}, goesOn: true, gate };
    const give = (): void => {
      this.errors.give(error, action, options);
      silenceAnswered(visit);
    };
    if (gate?.isOver === true) this.errors.logAfterRefusal(error, action);
    else if (checks === undefined || checks.wasReceived(error)) {
      if (checks !== undefined) gate?.makeWay();
      give();
    } else
      void after(checks.settled(), () => {
        const refusal = checks.take();
        if (refusal === undefined) give();
        else {
          this.errors.logAfterRefusal(error, action);
          this.refuseAfterHandler(refusal.error, visit as Visit, meta, action);
        }
      });
  }
}
