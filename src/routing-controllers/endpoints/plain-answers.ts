/** Answers this library's errors on plain Express routes in the same way as on a controller's routes. */
import type { NextFunction, Request, Response } from 'express';
import { Answered } from '../../core/http/answered';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Settings } from '../../core/settings/settings';
import { answer, sendAnswer } from '../../views/exception-handler';
import { placeOf } from '../../views/visit';
import { endUnanswerable, handOn, logAnswered } from '../driver/error-answers';
import { ServerNotNamed, nearestServers, servingOf, type Serving } from '../start/serving';
import { isExpected, policyAnswer, withFinalStatus } from '../driver/thrown';

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** Answers an error with the server's settings, or passes it on if the app answers errors itself. */
export function refuse(error: unknown, { services: { settings }, answersErrors }: Serving, exchange: Exchange): void {
  try {
    giveAnswer(error, { settings, answersErrors }, exchange);
  } catch (failure) {
    endUnanswerable(failure, placeOf(exchange.request), exchange, { settings, answersErrors });
  }
}

function giveAnswer(
  error: unknown,
  { settings, answersErrors }: { readonly settings: Settings; readonly answersErrors: boolean },
  { request, response, next }: Exchange,
): void {
  const known = withFinalStatus(policyAnswer(error));
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
    const serving = error instanceof ImproperlyConfigured ? anyServing(error, exchange.request) : undefined;
    if (serving === undefined) exchange.next(error);
    else refuse(error, serving, exchange);
  }
}

// Chooses any of the servers, because they all answer a 500 alike. If one of them leaves errors to the app, the app
// answers.
function anyServing(error: ImproperlyConfigured, request: Request): Serving | undefined {
  const servers = error instanceof ServerNotNamed ? error.servers : nearestServers(request);
  const all = servers.flatMap(({ server }) => servingOf(server) ?? []);
  const [one] = all;
  return one && { ...one, answersErrors: all.every(({ answersErrors }) => answersErrors) };
}
