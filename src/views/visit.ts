/** One request at one handler: the controller made for it, its policies, and how far it has come. */
import { METHODS } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { BaseAuthentication } from '../authentication/base';
import { setByApp } from '../authentication/caller';
import type { Caller } from '../authentication/request-context';
import { findContext, setContext, type RequestContext, type SetByApp } from '../authentication/request-context';
import type { AxiomsRequest } from '../authentication/user';
import type { AccessTokenVerifier } from '../core/tokens/access-token';
import { ImproperlyConfigured, MethodChanged } from '../core/http/exceptions';
import type { TokenIntrospector } from '../core/tokens/introspection';
import type { Settings } from '../core/settings/settings';
import { after, lastly, type Soon } from '../core/time/soon';
import type { ApiView } from '../permissions/base';
import { rememberEvaluations } from '../permissions/evaluated';
import type { PermissionTree, Subject } from '../permissions/tree';
import { Observation } from './observation';
import { closeConnection } from './cut-off';
import { stackOf } from './error-text';
import type { HandlerState, ObjectChecks } from './object-checks';
import { isClosed, onceClosed } from './response-close';
import type { RouteRules } from './start/route-rules';
import type { Services } from './start/services';

/**
 * How far a request has come on its route: past what is asked before the body, past what is asked after it, at the
 * handler. No step may be left out, whatever a middleware in between does.
 */
export type Stage = 'begun' | 'admitted' | 'permitted' | 'handled';

/** A controller that is being written to. */
type Writable = { -readonly [Name in 'request' | 'response' | 'action']: ApiView[Name] };

/** Holds the answer of a handler back while an object rule is undecided; see `answer-gate.ts`. */
export interface Gate {
  /** Was the handler's answer replaced, or its connection closed? */
  readonly isOver: boolean;
  /** Has the handler begun an answer that waits? */
  readonly isKeeping: boolean;
  /** Has the answer left as a whole? */
  readonly isSent: boolean;
  /** Sends the refusal in place of the handler's answer. One that has begun to leave is cut off. */
  refuse(error: unknown): void;
  /** Drops what waits: an error is the answer. */
  giveWay(): void;
  /** Takes back what was set on the response since the first check began. */
  resetHead(): void;
  /** Ignores whatever the handler still writes. */
  silence(): void;
}

const visit = Symbol('axioms.visit');

export class Visit implements RequestContext {
  authenticators: readonly BaseAuthentication[] = [];
  successfulAuthenticator?: BaseAuthentication;
  /** The authentication class that threw. */
  failedAuthenticator?: BaseAuthentication;
  caller?: Caller;
  /** The caller that the permissions were asked about. */
  askedCaller?: Caller;
  sessionAccount?: unknown;
  readonly setByApp: SetByApp;
  permissions: readonly PermissionTree[] = [];
  /** Those that have not been asked yet. */
  unasked: readonly PermissionTree[] = [];
  arePermissionsRead = false;
  /** Does the answer depend on an object that no rule has seen? */
  isObjectPending = false;
  /** What `getObject()` loaded. */
  object?: { readonly value: unknown };
  stage: Stage = 'begun';
  handlerState: HandlerState = 'running';
  /** Is the answer on its way, so that checks no longer hold it back? */
  isAnswerDecided = false;
  /** What a check refused with after the handler was done; the app may be answering it. */
  refusal?: { readonly error: unknown };
  /** The checks of objects that the handler has started. */
  checks?: ObjectChecks;
  /** Holds the handler's answer back. */
  gate?: Gate;
  /** Answers while the handler runs. */
  refuseHandler?: (error: unknown) => void;
  /** The visit whose handler dispatched the request again, so that this one began. */
  predecessor?: Visit;
  /** Has the handler dispatched the request again, and another route received it? */
  isHandedOn = false;
  /**
   * The `next` of the middleware that runs in front of the handler. A request can leave its route in many ways, and keeps the
   * visit: only a guard that is given this `next` stands in front of this handler.
   */
  nextOfStep?: NextFunction;
  /** The request's method when it was admitted: the rules of this method are checked, whatever becomes of the request's. */
  readonly method: string;
  /** Where somebody listens. */
  readonly observation: Observation | undefined;
  readonly #isHeadOfGet: boolean;
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
    this.method = request.method;
    this.#isHeadOfGet = this.method === 'HEAD' && rules.method !== 'HEAD';
    // Express sets it each time that a router receives the request.
    this.#nextOfRouter = request.next;
    refuseUsed(controller);
    (controller as { [visit]?: Visit })[visit] = this;
    rememberEvaluations(controller);
    this.setByApp = setByApp(request, findContext(request));
    setContext(request, this);
    this.observation = Observation.of(this);
    this.show(request, response);
  }

  get settings(): Settings {
    return this.services.settings;
  }

  get verifier(): AccessTokenVerifier {
    return this.services.verifier;
  }

  get introspector(): TokenIntrospector {
    return this.services.introspector;
  }

  /** What rules are asked about. A handler may ask them after it has answered, the steps before it may not. */
  get subject(): Subject {
    const { request, controller } = this;
    return this.stage === 'handled' ? { request, controller } : { request, controller, response: this.response };
  }

  /** Does the handler run, and has no router received the request since? */
  get isInItsHandler(): boolean {
    return this.stage === 'handled' && this.handlerState !== 'done' && this.request.next === this.#nextOfRouter;
  }

  /** Is the request still on this visit? */
  get isCurrent(): boolean {
    return findContext(this.request) === this;
  }

  get isObjectAction(): boolean {
    return this.rules.isObjectAction(this.method);
  }

  /**
   * Asks rules while the request's method reads as the route's: the method that was admitted, and GET for a HEAD that GET's
   * handler serves (RFC 9110 §9.3.2), so that the rules of GET decide. Afterwards the handler sees the method again that it
   * had. What a handler asks of the rules may overlap.
   */
  asItsRoute(ask: () => Soon<void>): Soon<void> {
    const method = this.#isHeadOfGet ? 'GET' : this.method;
    const isShown = this.#asking === 0 && this.request.method === method;
    // A rule, or code that runs meanwhile, may have changed it: the rest was asked about another method.
    const askAndLook = (): Soon<void> =>
      after(ask(), () => {
        this.#requireMethod(method);
      });
    if (isShown && this.observation === undefined) return askAndLook();
    const stopTime = this.observation?.timeFromHere();
    if (this.#asking === 0) this.#methodBefore = this.request.method;
    this.#asking += 1;
    this.request.method = method;
    return lastly(askAndLook, () => {
      stopTime?.();
      this.#asking -= 1;
      if (this.#asking === 0) this.request.method = this.#methodBefore;
    });
  }

  /**
   * Refuses the request once something has changed its method: another method may have other rules, and these were not
   * checked.
   *
   * @throws MethodChanged
   */
  requireItsMethod(): void {
    this.#requireMethod(this.method);
  }

  #requireMethod(expected: string): void {
    const { method } = this.request;
    if (method === expected) return;
    warnOfChangedMethod(this, METHODS.includes(method) ? method : 'unknown');
    throw new MethodChanged();
  }

  /** @param isAnsweringLater it has returned the response, and goes on in the background */
  leaveHandler(isAnsweringLater: boolean): void {
    this.handlerState = isAnsweringLater ? 'answering' : 'done';
    if (isAnsweringLater) onceClosed(this.response, () => (this.handlerState = 'done'));
  }

  /** Deals with the refusal of a check that no code of the handler waits for. */
  refuseUnreceived(error: unknown): void {
    if (this.handlerState === 'running') this.refuseHandler?.(error);
    else this.refuseLate(error);
  }

  /** Deals with the refusal of a check after the handler is done. */
  refuseLate(error: unknown): void {
    if (this.gate?.isSent === false) this.gate.refuse(error);
    else if (this.gate?.isOver === true || this.response.statusCode >= 400)
      this.log('debug', 'A check of an object refused after a refusal', error);
    else
      this.log(
        'error',
        'A check of an object refused after the answer had been sent. Await this.checkObjectPermissions() before answering.',
        error,
      );
  }

  /** An error is the answer: what the handler wrote while checks run is dropped. */
  answerError(): void {
    this.isAnswerDecided = true;
    this.gate?.giveWay();
  }

  /** Closes the connection, and logs why: an answer that lacks something must not look complete. */
  breakOff(message: string, error?: unknown): void {
    // Where the client has left, nobody misses the rest.
    this.log(isClosed(this.response) ? 'debug' : 'error', message, error);
    closeConnection(this.response);
  }

  private log(level: 'debug' | 'error', message: string, error: unknown): void {
    const text = error instanceof Error ? { error: stackOf(error) } : {};
    this.settings.logger[level](message, { place: this.rules.place, ...text });
  }

  /** Takes over a request that the handler of an earlier visit dispatched again. */
  follow(earlier: Visit | undefined): void {
    if (earlier?.stage !== 'handled') return;
    this.predecessor = earlier;
    earlier.isHandedOn = true;
  }

  /** Sets what the controller sees as its request and response. */
  show(request: unknown, response: unknown): void {
    const controller: Writable = this.controller;
    controller.request = request as AxiomsRequest;
    controller.response = response as Response;
    controller.action = this.rules.action;
  }
}

const warned = new WeakSet<RouteRules>();

// Once a route: strangers choose how often it happens.
function warnOfChangedMethod({ rules, settings, method }: Visit, found: string): void {
  if (warned.has(rules)) return;
  warned.add(rules);
  settings.logger.warn(
    'Something changed the method of a request after its route had received it, and the request is refused. Put the middleware that changes it in front of the server, with app.use().',
    { place: rules.place, admitted: method, found },
  );
}

/** The visit that this request is on, where a guarded route has received it. */
export function findVisit(request: Request): Visit | undefined {
  const context = findContext(request);
  return context instanceof Visit ? context : undefined;
}

/** Names the handler of the request, or where the request goes. */
export function placeOf(request: Request): string {
  return findVisit(request)?.rules.place ?? `${request.method} ${request.path}`;
}

// At startup two objects are compared; a pool may still return one that another request has.
function refuseUsed(controller: object): void {
  if (visitOf(controller) === undefined) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name} returned an object that another request uses: a controller's constructor must make a new object each time.`,
  );
}

/** The visit that this controller was made for. */
export function visitOf(controller: object): Visit | undefined {
  return (controller as { [visit]?: Visit })[visit];
}
