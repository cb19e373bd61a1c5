/** Answers this library's errors on plain Express routes in the same way as on a controller's routes. */
import type { NextFunction, Request, Response } from 'express';
import { Answered } from '../../core/http/answered';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Settings } from '../../core/settings/settings';
import { answer, sendAnswer } from '../../views/exception-handler';
import { placeOf } from '../../views/visit';
import { endLate, endUnanswerable, handOn, logAnswered } from '../driver/error-answers';
import { ServerNotNamed, nearestServers, servingOf, type Serving } from '../start/serving';
import { isExpected, policyAnswer, withFinalStatus } from '../driver/thrown';

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** An exchange that knows whether its `next` has been called. */
export interface Departing extends Exchange {
  readonly hasGoneOn: boolean;
}

/** Watches `next`. An app may pass a `next` of its own that runs a handler and throws, and must not be called again then. */
export function watchingNext({ request, response, next }: Exchange): Departing {
  let hasGoneOn = false;
  return {
    request,
    response,
    next: (...given: readonly unknown[]) => {
      hasGoneOn = true;
      next(...(given as []));
    },
    get hasGoneOn() {
      return hasGoneOn;
    },
  };
}

/**
 * Answers an error with the server's settings, or passes it on if the app answers errors itself. Once `next` has been
 * called, the error is what that threw. Express hands such an error to the app a single time, so that it is 500, or the
 * end of an unfinished response. Only the guard can do so here: its caller has returned.
 */
export function refuse(error: unknown, { services: { settings }, answersErrors }: Serving, exchange: Departing): void {
  const answering = () => ({ settings, answersErrors: answersErrors || exchange.hasGoneOn });
  try {
    giveAnswer(error, answering(), exchange);
  } catch (failure) {
    endUnanswerable(failure, placeOf(exchange.request), exchange, answering());
  }
}

function giveAnswer(
  error: unknown,
  { settings, answersErrors }: { readonly settings: Settings; readonly answersErrors: boolean },
  { request, response, next, hasGoneOn }: Departing,
): void {
  const known = withFinalStatus(policyAnswer(error));
  if (response.headersSent && hasGoneOn) {
    endLate(error, placeOf(request), response, settings);
    return;
  }
  if (response.headersSent && (error instanceof Answered || isExpected(known))) {
    logAnswered(response, 'requireAccessToken()', settings);
    return;
  }
  if (response.headersSent) next(known);
  else if (answersErrors) sendAnswer(response, answer(known, request, settings));
  else handOn(answer(known, request, settings), response, next);
}

/** Calls a function that needs a server. Answers 500 if no server can be chosen, or the one that is cannot do what is asked. */
export function withServer(exchange: Exchange, run: () => void): void {
  try {
    run();
  } catch (error) {
    const serving = error instanceof ImproperlyConfigured ? anyServing(error, exchange) : undefined;
    if (serving === undefined) exchange.next(error);
    else refuse(error, serving, watchingNext(exchange));
  }
}

// Chooses any of the servers, because they all answer a 500 alike. If one of them leaves errors to the app, the app
// answers.
function anyServing(error: ImproperlyConfigured, exchange: Exchange): Serving | undefined {
  const servers = error instanceof ServerNotNamed ? error.servers : nearestServers(exchange);
  const all = servers.flatMap(({ server }) => servingOf(server) ?? []);
  const [one] = all;
  return one && { ...one, answersErrors: all.every(({ answersErrors }) => answersErrors) };
}
