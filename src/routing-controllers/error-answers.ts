/** One answer to every error of a request, and a line in the log where there can be none. */
import type { NextFunction, Request, Response } from 'express';
import type { Action } from 'routing-controllers';
import { Answered } from '../core/answered';
import { APIException } from '../core/exceptions';
import type { Settings } from '../core/settings';
import { answerTo, isAnswer, logAnswer, sendAnswer } from '../views/exception-handler';
import { findVisit } from '../views/visit';
import { asThrown, isExpected, isSaid, textOf, withFinalStatus } from './thrown';

/** What routing-controllers calls an action, with its types. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** As routing-controllers answers an error that is none of ours; it may go on to `next`. */
type UpstreamAnswer = (error: unknown, next: () => void) => void;

export class ErrorAnswers {
  /** @param driver says whether errors are answered here, or are the app's to answer (`defaultErrorHandler: false`) */
  constructor(
    private readonly settings: Settings,
    private readonly driver: { readonly isDefaultErrorHandlingEnabled: boolean },
  ) {}

  /** Answers once, and never calls `next` after an answer: Express would destroy the connection. */
  give(error: unknown, action: Action, answerAsUpstream: UpstreamAnswer): void {
    const exchange = action as Exchange;
    const place = placeOf(exchange.request);
    try {
      if (error instanceof Answered) this.logAnswered(exchange.response, place);
      else if (exchange.response.headersSent) this.endLate(error, place, exchange.response);
      else this.answer(withFinalStatus(asThrown(error, place)), place, exchange, answerAsUpstream);
    } catch (failure) {
      this.endUnanswerable(failure, place, exchange);
    }
  }

  /** The app has sent the response itself, before the handler: the handler and everything in front of it is left out. */
  logAnswered(response: Response, place: string): void {
    logAnswered(response, place, this.settings);
  }

  /** What a middleware reports once it had gone on. */
  logStray(error: unknown, request: Request): void {
    const place = placeOf(request);
    if (isSaid(error)) this.log(`A middleware of ${place} failed after it had gone on`, place, error);
  }

  private answer(
    error: unknown,
    place: string,
    { request, response, next }: Exchange,
    answerAsUpstream: UpstreamAnswer,
  ): void {
    findVisit(request)?.observation?.failed(error);
    if (isAnswer(error)) {
      const answer = answerTo(error, request, this.settings);
      logAnswer(answer, place, this.settings);
      if (this.driver.isDefaultErrorHandlingEnabled) sendAnswer(response, answer);
      else next(answer);
      return;
    }
    if (!isExpected(error)) this.log(`${place} failed`, place, error);
    if (this.driver.isDefaultErrorHandlingEnabled) answerAsUpstream(error, () => undefined);
    else next(error);
  }

  // An error that cannot be told: frozen, circular, with a status that is none.
  private endUnanswerable(failure: unknown, place: string, { response, next }: Exchange): void {
    if (response.headersSent) {
      this.endLate(failure, place, response);
      return;
    }
    this.log(`${place} failed with an error that cannot be answered`, place, failure);
    if (this.driver.isDefaultErrorHandlingEnabled) sendAnswer(response, new APIException());
    else next(new APIException());
  }

  // Too late for an answer: an unfinished one must not look complete.
  private endLate(error: unknown, place: string, response: Response): void {
    this.log(`${place} failed after its answer had begun`, place, error);
    if (!response.writableEnded) response.destroy();
  }

  private log(message: string, place: string, error: unknown): void {
    this.settings.logger.error(message, { place, error: textOf(error) });
  }
}

const warnedPlaces = new WeakMap<Settings, Set<string>>();

/** Logs that the response was sent in front of the handler, so that the handler does not run. */
export function logAnswered(response: Response, place: string, settings: Settings): void {
  const data = { place, status: response.statusCode };
  settings.logger.debug('The response was sent before the handler could run, so the handler was left out', data);
  const warned = warnedPlaces.get(settings) ?? new Set();
  warnedPlaces.set(settings, warned);
  // It may be a stream. But where only the header was sent and the body left to the handler, the client waits forever.
  if (response.writableEnded || warned.has(place)) return;
  warned.add(place);
  settings.logger.warn(
    'The header of a response was sent before the handler could run, so the handler was left out. If the handler is to write the body, send the header in the handler.',
    data,
  );
}

/** The route's handler, or where the request goes. */
export function placeOf(request: Request): string {
  return findVisit(request)?.rules.place ?? `${request.method} ${request.path}`;
}
