/** One request at one handler: the controller that was created for it, its policies, and its progress. */
import { METHODS } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { BaseAuthentication } from '../authentication/base';
import { setByApp } from '../authentication/caller';
import { contextOfOriginal, findContext, setContext } from '../authentication/request-context';
import type { Caller, RequestContext, SetByApp } from '../authentication/request-context';
import type { AxiomsRequest } from '../authentication/user';
import type { AccessTokenVerifier } from '../core/tokens/access-token';
import { ImproperlyConfigured, MethodChanged } from '../core/http/exceptions';
import type { TokenIntrospector } from '../core/tokens/introspection';
import type { Settings } from '../core/settings/settings';
import { isPending, lastly, type Soon } from '../core/time/soon';
import type { ApiView } from '../permissions/base';
import { rememberEvaluations } from '../permissions/evaluated';
import type { PermissionTree, Subject } from '../permissions/tree';
import type { BaseThrottle } from '../throttling/base';
import { Observation } from './observation';
import { closeConnection } from './cut-off';
import { stackOrType } from './error-text';
import type { HandlerState, ObjectChecks } from './object-checks';
import type { Gate } from './gate';
import type { GivenFilter } from './given-filter';
import { isClosed, onceClosed } from './response-close';
import type { Head } from './response-head';
import { hasOwnRequest, showByClass, type Showing } from './shown-members';
import type { MethodOnly } from './start/method-only';
import type { MethodRules, RouteRules } from './start/route-rules';
import type { Services } from './start/services';

/**
 * The progress of a request on its route: `admitted` after the checks before the body, `permitted` after the checks
 * behind it, `form permitted` after those behind a form with files, `handled` at the handler. No step may be skipped,
 * whatever a middleware in between does.
 */
export type Stage = 'begun' | 'admitted' | 'permitted' | 'form permitted' | 'handled';

/** A controller whose members the server can set. */
type Writable = { -readonly [Name in 'request' | 'response' | 'action']: ApiView[Name] };

const visit = Symbol('axioms.visit');

export class Visit implements RequestContext, Showing {
  authenticators: readonly BaseAuthentication[] = [];
  successfulAuthenticator?: BaseAuthentication | undefined;
  /** The body when the authentication classes were read. */
  bodyBefore?: unknown;
  /** The authentication class that threw an error. */
  failedAuthenticator?: BaseAuthentication | undefined;
  caller?: Caller;
  /** The caller about which the permissions were asked. */
  askedCaller?: Caller;
  sessionAccount?: unknown;
  sessionOwner?: (() => unknown) | undefined;
  setByApp: SetByApp;
  /** Makes the permissions, where they were granted without. */
  permissionsLater?: () => readonly PermissionTree[];
  #permissions: readonly PermissionTree[] | undefined;
  /** The caller about which the app's own `authorizationChecker` was asked, if the route has one. */
  checkedCaller?: Caller;
  /** Asks the app's own `authorizationChecker`, where the route has `@Authorized()`. */
  askOwnChecker?: (() => Soon<void>) | undefined;
  /** The permissions that have not been asked yet. */
  unasked: readonly PermissionTree[] = [];
  arePermissionsRead = false;
  /** The throttles that have been asked. */
  throttles: readonly BaseThrottle[] = [];
  /** Whether a permission that was asked needs an object to decide. */
  isUndecided = false;
  /** Whether the response depends on an object that no rule has seen. */
  isObjectPending = false;
  /** The objects that passed a check of the handler. */
  allowedObjects?: WeakSet<object>;
  /** The filters that `authorizedFilter()` has returned. */
  readonly filters: GivenFilter[] = [];
  /** How many filters are being made: an `objectFilter()` that asks for its own would never end. */
  filtersInProgress = 0;
  /** The object that `getObject()` loaded. */
  object?: { readonly value: unknown };
  stage: Stage = 'begun';
  handlerState: HandlerState = 'running';
  /** Whether the response is decided, so that checks no longer hold it back. */
  isAnswerDecided = false;
  /** The error with which a check refused after the handler was done. The app may be answering it. */
  refusal?: { readonly error: unknown };
  /** The object checks that the handler has started. */
  checks?: ObjectChecks;
  /** The head of the response before the handler, which may describe an object in it before that is checked. */
  headBefore?: Head;
  /** Holds back the handler's response. */
  gate?: Gate;
  /** Answers a refusal while the handler runs. */
  refuseHandler?: (error: unknown) => void;
  /** The earlier visit whose handler dispatched the request again, which began this one. */
  predecessor?: Visit;
  /** Whether the handler has dispatched the request again, and another route has received it. */
  isHandedOn = false;
  /**
   * The `next` of the middleware that runs in front of the handler. A request can leave its route in many ways and
   * still keep the visit. Only a guard that receives this `next` is in front of this handler.
   */
  nextOfStep?: NextFunction;
  /** The request's method when it was admitted. The rules of this method are checked, even if the request's changes. */
  readonly method: string;
  readonly settings: Settings;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
  /** Set if the channel `axioms:decision` has subscribers. */
  readonly observation: Observation | undefined;
  readonly isObjectAction: boolean;
  readonly #ofMethod: MethodRules;
  readonly #isShownByClass: boolean;
  #early: MethodOnly | undefined;
  readonly #nextOfRouter: unknown;
  #asking = 0;
  #methodBefore = '';

  constructor(
    readonly rules: RouteRules,
    readonly services: Services,
    readonly controller: ApiView,
    readonly request: AxiomsRequest,
    readonly response: Response,
  ) {
    this.settings = services.settings;
    this.verifier = services.verifier;
    this.introspector = services.introspector;
    // Express ignores the case. A middleware that overrides methods may take one from the client.
    if (request.method !== request.method.toUpperCase()) request.method = request.method.toUpperCase();
    this.method = request.method;
    this.#ofMethod = rules.ofMethod(this.method);
    this.isObjectAction = this.#ofMethod.isObjectAction;
    // Express sets `next` each time that a router receives the request.
    this.#nextOfRouter = request.next;
    if (visitOf(controller) !== undefined) refuseUsed(controller);
    (controller as { [visit]?: Visit })[visit] = this;
    rememberEvaluations(controller);
    this.setByApp = setByApp(request, findContext(request) ?? contextOfOriginal(request));
    setContext(request, this);
    this.observation = Observation.of(this);
    (controller as Writable).action = rules.action;
    this.#isShownByClass = showByClass(controller, this);
    if (!this.#isShownByClass) this.#show(request, response);
  }

  get permissions(): readonly PermissionTree[] {
    return (this.#permissions ??= this.permissionsLater?.() ?? []);
  }

  set permissions(trees: readonly PermissionTree[]) {
    this.#permissions = trees;
  }

  /**
   * The subject about which rules are asked. A handler may ask them after it has answered. The steps before the handler
   * may not, so the response is part of their subject.
   */
  get subject(): Subject {
    const { request, controller } = this;
    return this.stage === 'handled' ? { request, controller } : { request, controller, response: this.response };
  }

  /** Whether every check in front of the handler has passed, or all of them but those behind a form. */
  get isPermitted(): boolean {
    return this.stage === 'permitted' || this.stage === 'form permitted';
  }

  /** Whether the handler runs, and no router has received the request since. */
  get isInItsHandler(): boolean {
    return this.stage === 'handled' && this.handlerState !== 'done' && this.request.next === this.#nextOfRouter;
  }

  /** Whether the request is still on this visit. */
  get isCurrent(): boolean {
    return findContext(this.request) === this;
  }

  /** Whether the answer is a list under a rule about objects. */
  get needsFilter(): boolean {
    return this.#ofMethod.isListAction && this.dependsOnObjects;
  }

  /** Whether an object can change what the rules say to this caller. */
  get dependsOnObjects(): boolean {
    // What the start has read may have changed since, as where a getter looks at a flag.
    return this.isUndecided || this.#ofMethod.dependsOnObjects;
  }

  /**
   * Asks rules while the request shows the route's method: the method that was admitted, or GET for a HEAD that GET's
   * handler serves (RFC 9110 §9.3.2), so that the rules of GET decide. Restores the method afterwards. Calls of a
   * handler may overlap.
   */
  asItsRoute<T>(ask: (visit: this) => Soon<T>): Soon<T> {
    const method = this.#ofMethod.askedAs;
    const isShown = this.#asking === 0 && this.request.method === method;
    if (isShown && this.observation === undefined) return this.#unlessChanged(ask(this), method);
    const stopTime = this.observation?.timeFromHere();
    if (this.#asking === 0) this.#methodBefore = this.request.method;
    this.#asking += 1;
    this.request.method = method;
    return lastly(
      () => this.#unlessChanged(ask(this), method),
      () => {
        stopTime?.();
        this.#asking -= 1;
        if (this.#asking === 0) this.request.method = this.#methodBefore;
      },
    );
  }

  // A rule, or code that ran meanwhile, may have changed the method, and the remaining rules were then asked about another.
  #unlessChanged<T>(asked: Soon<T>, method: string): Soon<T> {
    if (typeof asked === 'object' && isPending(asked))
      return Promise.resolve(asked).then(answer => this.#unlessChanged(answer, method));
    if (this.request.method !== method) this.#refuseMethod();
    return asked;
  }

  /**
   * Refuses the request if something has changed its method: another method may have other rules, and these were not
   * checked.
   *
   * @throws MethodChanged if the method is not the one that was admitted.
   */
  requireItsMethod(): void {
    if (this.request.method !== this.method) this.#refuseMethod();
  }

  #refuseMethod(): never {
    const { method } = this.request;
    warnOfChangedMethod(this, METHODS.includes(method) ? method : 'unknown');
    throw new MethodChanged();
  }

  /**
   * Records that the handler has returned.
   *
   * @param isAnsweringLater whether it returned the response or a stream, and continues in the background
   */
  leaveHandler(isAnsweringLater: boolean): void {
    this.handlerState = isAnsweringLater ? 'answering' : 'done';
    if (isAnsweringLater) onceClosed(this.response, () => (this.handlerState = 'done'));
  }

  /** Handles the refusal of a check for which no code of the handler waits. */
  refuseUnreceived(error: unknown): void {
    if (this.handlerState === 'running') this.refuseHandler?.(error);
    else this.refuseLate(error);
  }

  /** Handles the refusal of a check after the handler is done. */
  refuseLate(error: unknown): void {
    if (this.gate?.isSent === false && !this.gate.isOver) this.gate.refuse(error);
    else if (this.gate?.isOver === true || this.response.statusCode >= 400)
      this.log('debug', 'A check of an object refused after a refusal', error);
    else
      this.log(
        'error',
        'A check of an object refused after the answer had been sent. Await this.checkObjectPermissions() before answering.',
        error,
      );
  }

  /** Records that an error is answered, and drops what the handler wrote while checks ran. */
  answerError(): void {
    this.isAnswerDecided = true;
    this.gate?.giveWay();
  }

  /** Closes the connection and logs the reason, so that an incomplete response does not look complete. */
  breakOff(message: string, error?: unknown): void {
    // If the client has left, nobody misses the rest, so that is not an error.
    this.log(isClosed(this.response) ? 'debug' : 'error', message, error);
    closeConnection(this.response);
  }

  private log(level: 'debug' | 'error', message: string, error: unknown): void {
    const text = error === undefined ? {} : { error: stackOrType(error) };
    this.settings.logger[level](message, { place: this.rules.place, ...text });
  }

  /** Links this visit to an earlier one whose handler dispatched the request again. */
  follow(earlier: Visit | undefined): void {
    if (earlier?.stage !== 'handled') return;
    this.predecessor = earlier;
    earlier.isHandedOn = true;
  }

  /** What the class of the controller shows. */
  shown(name: 'request' | 'response'): unknown {
    return this.#early === undefined ? this[name] : this.#early.read(name);
  }

  /** Shows the controller a request with a method and nothing else. */
  showMethodOnly(early: MethodOnly): void {
    this.#early = early;
    if (this.#isShownByClass) return;
    this.#show(early.request, early.response);
    early.watchReadsOf(this.controller);
  }

  /** Shows the controller its request again. */
  showAll(): void {
    this.#early = undefined;
    if (!this.#isShownByClass || hasOwnRequest(this.controller)) this.#show(this.request, this.response);
  }

  #show(request: unknown, response: unknown): void {
    const controller: Writable = this.controller;
    controller.request = request as AxiomsRequest;
    controller.response = response as Response;
  }
}

const warned = new WeakSet<RouteRules>();

// Warns once per route, because strangers decide how often it happens.
function warnOfChangedMethod({ rules, settings, method }: Visit, found: string): void {
  if (warned.has(rules)) return;
  warned.add(rules);
  settings.logger.warn(
    'Something changed the method of a request after its route had received it, and the request is refused. Put the middleware that changes it in front of the server, with app.use().',
    { place: rules.place, admitted: method, found },
  );
}

/** Returns the current visit of this request; `undefined` if no guarded route has received it. */
export function findVisit(request: Request): Visit | undefined {
  const context = findContext(request);
  return context instanceof Visit ? context : undefined;
}

/** Names the handler of the request, or its method and path if it is on no route. */
export function placeOf(request: Request): string {
  return findVisit(request)?.rules.place ?? `${request.method} ${request.path}`;
}

// Startup compares two objects only. A pool may still return an object that another request uses.
function refuseUsed(controller: object): never {
  throw new ImproperlyConfigured(
    `${controller.constructor.name} returned an object that another request uses: a controller's constructor must make a new object each time.`,
  );
}

/** Returns the visit for which this controller was created. */
export function visitOf(controller: object): Visit | undefined {
  return (controller as { [visit]?: Visit })[visit];
}
