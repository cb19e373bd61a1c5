/** Reports the outcome of each request to the subscribers of the channel `axioms:decision`. */
import type { Request, Response } from 'express';
import type { Caller } from '../authentication/request-context';
import { decisions, type DecisionEvent, type DecisionReason } from '../core/reports/events';
import {
  AuthenticationFailed,
  ImproperlyConfigured,
  InsufficientScope,
  InvalidRequest,
  InvalidToken,
  NotAuthenticated,
  NotFound,
  ParseError,
  PermissionDenied,
  ServiceUnavailable,
  Throttled,
} from '../core/http/exceptions';
import { InsufficientUserAuthentication, InvalidProof } from '../core/http/possession-exceptions';
import type { Settings } from '../core/settings/settings';
import { settingsFor } from '../core/settings/trusted-issuers';
import { isSomebody } from '../authentication/caller';
import { onceClosed } from './response-close';

/** A request as it is observed. */
export interface Observed {
  readonly request: Request;
  readonly response: Response;
  readonly settings: Settings;
  readonly rules: { readonly place: string; readonly method?: string | undefined; readonly path: string };
  readonly caller?: Caller | undefined;
  /** The caller about which the permissions were asked. */
  readonly askedCaller?: Caller | undefined;
  readonly stage: string;
  readonly isPermitted: boolean;
  /** Is the request still on this route? */
  readonly isCurrent: boolean;
}

/** Follows one request until its response closes, and then publishes one event. */
export class Observation {
  #spent = 0;
  #error: unknown;

  /** Returns `undefined` if the channel has no subscribers, so that it costs nothing then. */
  static of(visit: Observed): Observation | undefined {
    return decisions.hasSubscribers ? new Observation(visit) : undefined;
  }

  private constructor(private readonly visit: Observed) {
    onceClosed(visit.response, () => {
      // Another route may have taken over the request.
      if (visit.isCurrent) decisions.publish(this.event());
    });
  }

  /** Starts to count time as spent on the decision, until the returned function is called. */
  timeFromHere(): () => void {
    const start = performance.now();
    return () => {
      this.#spent += performance.now() - start;
    };
  }

  /** Records the error with which the request was answered. The last one counts. */
  failed(error: unknown): void {
    this.#error = error;
  }

  private event(): DecisionEvent {
    const { rules, response, caller } = this.visit;
    return {
      ...this.judgement(),
      status: response.headersSent ? response.statusCode : undefined,
      route: { place: rules.place, ...routeOf(this.visit) },
      issuer: issuerOf(this.#error) ?? verifiedIssuer(this.visit),
      claims: Object.keys(caller?.auth?.claims ?? {}),
      duration: this.#spent,
    };
  }

  private judgement(): Pick<DecisionEvent, 'outcome' | 'reason'> {
    const { stage, isPermitted, askedCaller } = this.visit;
    const isDecided = isPermitted || stage === 'handled';
    const isHandlersOwn = isDecided && !ruleErrors.some(one => this.#error instanceof one);
    // Reads what the rules have read. The session may have ended since, and its code runs for nobody here: what it throws in
    // this event would end the process.
    const isKnown = askedCaller !== undefined && isSomebody(askedCaller);
    if (isHandlersOwn) return { outcome: 'allowed', reason: isKnown ? 'ok' : 'anonymous' };
    if (this.#error === undefined) return { outcome: 'error', reason: 'unfinished' };
    const reason = reasonOf(this.#error);
    return { outcome: undecided.includes(reason) ? 'error' : 'refused', reason };
  }
}

interface ExpressRoute {
  readonly path?: string | RegExp | readonly string[];
  readonly methods?: object;
}

// A guard of plain routes does not know its path. Express's `request.route` says where the route is registered.
function routeOf({ rules, request }: Observed): Pick<DecisionEvent['route'], 'method' | 'path'> {
  const { method = 'ALL', path } = rules;
  const registered = request.route as ExpressRoute | undefined;
  if (path !== '*' || registered?.path === undefined) return { method, path };
  const [only = '', ...others] = Object.keys(registered.methods ?? {});
  return {
    method: others.length > 0 || only.startsWith('_') ? 'ALL' : only.toUpperCase(),
    path: String(registered.path),
  };
}

// An error of the handler counts as its own response, except the errors that object rules throw there.
const ruleErrors = [PermissionDenied, NotAuthenticated, AuthenticationFailed, ImproperlyConfigured];

const undecided: readonly DecisionReason[] = [
  'keys_unavailable',
  'introspection_unavailable',
  'unavailable',
  'misconfigured',
  'server_error',
];

type ErrorClass = abstract new (...given: never[]) => Error;

/** The first match counts, so subclasses come before their base classes. */
const reasons: readonly (readonly [ErrorClass, DecisionReason])[] = [
  [InsufficientScope, 'insufficient_scope'],
  [PermissionDenied, 'permission_denied'],
  [NotAuthenticated, 'not_authenticated'],
  [InsufficientUserAuthentication, 'insufficient_user_authentication'],
  [AuthenticationFailed, 'credentials_invalid'],
  [InvalidRequest, 'request_malformed'],
  [ParseError, 'request_malformed'],
  [Throttled, 'throttled'],
  [NotFound, 'not_found'],
  [ImproperlyConfigured, 'misconfigured'],
];

function reasonOf(error: unknown): DecisionReason {
  if (error instanceof InvalidToken || error instanceof InvalidProof || error instanceof ServiceUnavailable)
    return error.reason;
  return reasons.find(([errorClass]) => error instanceof errorClass)?.[1] ?? reasonOfStatus(error);
}

// Classifies an error of the app or of routing-controllers.
function reasonOfStatus(error: unknown): DecisionReason {
  const { httpCode } = Object(error) as { httpCode?: unknown };
  if (httpCode === 401) return 'not_authenticated';
  if (httpCode === 403) return 'permission_denied';
  return typeof httpCode === 'number' && httpCode < 500 ? 'other' : 'server_error';
}

function issuerOf(error: unknown): string | undefined {
  return error instanceof InvalidToken || error instanceof ServiceUnavailable ? error.issuer : undefined;
}

function verifiedIssuer({ caller, settings }: Observed): string | undefined {
  const claims = caller?.auth?.claims ?? {};
  const issuerUrl = settingsFor(claims, settings)?.issuerUrl;
  return claims.iss === issuerUrl ? issuerUrl : undefined;
}
