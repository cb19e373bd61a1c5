/** Answers this library's errors on plain Express routes, as a controller's route does. */
import type { NextFunction, Request, Response } from 'express';
import { Answered } from '../core/answered';
import type { Settings } from '../core/settings';
import { answerTo, logAnswer, sendAnswer, type Answer } from '../views/exception-handler';
import { findVisit } from '../views/visit';
import { handOn, logAnswered } from './error-answers';
import { ServerNotNamed, servingOf, type Serving } from './serving';
import { isExpected, policyAnswer } from './thrown';

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** Answers an error of a server, or hands it on where the app answers errors itself. */
export function refuse(
  error: unknown,
  { services: { settings }, answersErrors }: Serving,
  { request, response, next }: Exchange,
): void {
  const known = policyAnswer(error);
  if (response.headersSent && (error instanceof Answered || isExpected(known))) {
    logAnswered(response, 'requireAccessToken()', settings);
    return;
  }
  if (response.headersSent) next(known);
  else if (answersErrors) sendAnswer(response, answered(known, settings, request));
  else handOn(answered(known, settings, request), response, next);
}

/** The error with its header fields, logged. */
export function answered(error: Answer, settings: Settings, request: Request): Answer {
  const visit = findVisit(request);
  visit?.observation?.failed(error);
  const answer = answerTo(error, request, settings);
  logAnswer(answer, visit?.rules.place ?? `${request.method} ${request.path}`, settings);
  return answer;
}

/** Runs what needs a server. Where the server cannot be chosen, the request is answered with 500. */
export function withServer(exchange: Exchange, run: () => void): void {
  try {
    run();
  } catch (error) {
    const serving = error instanceof ServerNotNamed ? anyServing(error) : undefined;
    if (serving === undefined) exchange.next(error);
    else refuse(error, serving, exchange);
  }
}

// A 500 reads the same from each server. The app answers errors where one of them leaves that to it.
function anyServing({ servers }: ServerNotNamed): Serving | undefined {
  const all = servers.flatMap(({ server }) => servingOf(server) ?? []);
  const [one] = all;
  return one && { ...one, answersErrors: all.every(({ answersErrors }) => answersErrors) };
}
