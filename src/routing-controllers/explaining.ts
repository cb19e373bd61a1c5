/**
 * Explains what a server would decide about a request. Runs the guards, but no middleware and no handler of the app.
 */
import { once } from 'node:events';
import { request as send, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, {
  type Application,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { createExecutor, type Action, type ActionMetadata } from 'routing-controllers';
import { currentCaller } from '../authentication/caller';
import { Answered } from '../core/http/answered';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { inFilterWords } from '../core/requirements/filter-words';
import { allowedObjects } from '../permissions/allowed-objects';
import { explanationOf, type Explanation } from '../permissions/explanation';
import { answerTo, type Answer } from '../views/exception-handler';
import { findVisit, type Visit } from '../views/visit';
import { AxiomsDriver } from './driver/driver';
import { bodyParsers } from './driver/parsers';
import { GuardedRoutes } from './start/guarded-routes';
import { withInheritedMetadata } from './start/inherited-metadata';
import { register } from './driver/registrar';
import { servingOf } from './start/serving';
import type { AxiomsServer } from './start/axioms-server';
import { policyAnswer } from './driver/thrown';

/** A request to decide about. It is not sent to the app. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | undefined;
}

/** The decision about the request. */
export interface Decision {
  readonly route: { readonly method: string; readonly path: string; readonly handler: string };
  readonly isAllowed: boolean;
  /** The status of the refusal. */
  readonly status?: number;
  readonly error?: string;
  readonly reason?: string;
  /** The challenges of the refusal. */
  readonly challenges: readonly string[];
  /** Whether the handler would run and would have to check the object itself. */
  readonly isObjectPending: boolean;
  /** Whether a rule needs an object to decide about this caller. */
  readonly dependsOnObject: boolean;
  /** Of a list under a rule about objects: the filter for this caller, without its values. */
  readonly filter?: string;
  /** The names of the claims of the verified token. */
  readonly claims: readonly string[];
  readonly explanation: Explanation;
}

/**
 * Evaluates the rules of the first route that takes this request, of all routes of the servers. Loads the object with
 * `getObject()` if the controller has it. Throttles count nothing. The app's middlewares do not run.
 *
 * @param servers the servers of one app, in the order in which they were made
 * @returns the decision; `undefined` if no route takes the request
 * @throws ImproperlyConfigured if another copy of the library has made a server.
 */
export async function decide(servers: readonly AxiomsServer[], asked: AskedRequest): Promise<Decision | undefined> {
  const app = express();
  const drivers = servers.map(server => explainingDriver(app, server));
  await exchange(app, asked);
  return drivers.find(({ decision }) => decision !== undefined)?.decision;
}

function explainingDriver(app: Application, server: AxiomsServer): ExplainingDriver {
  const serving = servingOf(server);
  if (serving === undefined)
    throw new ImproperlyConfigured(
      'The app was made by another copy of axioms-routing-controllers than this command is of.',
    );
  const { services, container } = serving;
  const driver = new ExplainingDriver(app, services, new GuardedRoutes(services, container));
  withInheritedMetadata(container, () => {
    createExecutor(driver, serving.options);
  });
  return driver;
}

class ExplainingDriver extends AxiomsDriver {
  decision: Decision | undefined;

  // Skips the middlewares: they are the app's, and may do anything.
  override registerMiddleware(): void {}

  override registerAction(meta: ActionMetadata): void {
    const guarded = this.guardedRoute(meta);
    const route = { ...guarded, rules: guarded.rules.withoutThrottles() };
    register(this.app as object, meta, route, this.pathOf(meta), [
      this.guard(meta, [this.admitting(route)]),
      ...bodyParsers(meta, this.steps),
      this.guard(meta, [this.permitting(meta, route)]),
      this.noting(),
    ]);
  }

  override refuse(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    this.answerFailure(error, meta, action);
  }

  override handleError(error: unknown, meta: ActionMetadata | undefined, action: Action): void {
    this.answerFailure(error, meta, action);
  }

  protected override answerFailure(error: unknown, _meta: ActionMetadata | undefined, action: Action): void {
    const known = error instanceof Answered ? error : policyAnswer(error);
    this.note(action as Exchange, known).catch(action.next as NextFunction);
  }

  private noting(): RequestHandler {
    return (request, response, next) => {
      this.note({ request, response }, undefined).catch(next);
    };
  }

  private async note({ request, response }: Exchange, error: Answer | Answered | undefined): Promise<void> {
    const visit = findVisit(request) as Visit;
    const { place: handler, method = 'ALL', path } = visit.rules;
    const explanation = (error as { explanation?: Explanation } | undefined)?.explanation;
    this.decision = {
      route: { method, path, handler },
      isAllowed: error === undefined,
      ...refusalOf(error, request, visit),
      isObjectPending: visit.isObjectPending,
      dependsOnObject: visit.isUndecided,
      ...(error === undefined && visit.needsFilter ? { filter: await filterText(visit) } : {}),
      claims: Object.keys(currentCaller(request).authJwt ?? {}),
      explanation: explanation ?? (await explanationOf(visit.permissions, visit.subject)),
    };
    response.statusCode = 204;
    response.end();
  }
}

// A filter that cannot be made fails in the handler, so it does not change the decision about the request.
async function filterText({ permissions, subject }: Visit): Promise<string> {
  try {
    return inFilterWords(await allowedObjects(permissions, subject));
  } catch (error) {
    return `an error: ${error instanceof Error ? error.message : typeof error}`;
  }
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

function refusalOf(
  error: Answer | Answered | undefined,
  request: Request,
  visit: Visit,
): Pick<Decision, 'status' | 'error' | 'reason' | 'challenges'> {
  if (error === undefined) return { challenges: [] };
  if (error instanceof Answered)
    return {
      status: visit.response.statusCode,
      reason: 'A class of the app sends the response itself',
      challenges: [],
    };
  const answer = answerTo(error, request, visit.settings);
  const cause = answer.cause instanceof Error ? { cause: answer.cause.message } : {};
  return {
    status: answer.httpCode,
    error: answer.code,
    reason: [answer.message, cause.cause].filter(Boolean).join(': '),
    challenges: [answer.headers['WWW-Authenticate'] ?? []].flat().map(String),
  };
}

// Sends the request over HTTP, so that Express itself finds the route and parses the path.
async function exchange(app: Application, { method, path, headers, body }: AskedRequest): Promise<void> {
  const listening = app.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  try {
    const sent = send({ host: '127.0.0.1', port, method, path, headers, agent: false });
    const answered = once(sent, 'response');
    sent.end(body);
    const [response] = (await answered) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, 'end');
  } finally {
    listening.close();
    listening.closeAllConnections();
  }
}
