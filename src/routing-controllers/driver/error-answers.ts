/** One answer to every error of a request, and a line in the log where there can be none. */
import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import type { Action } from 'routing-controllers';
import { Answered } from '../../core/http/answered';
import { APIException } from '../../core/http/exceptions';
import type { Settings } from '../../core/settings/settings';
import { closeConnection, cutOff } from '../../views/cut-off';
import { passOn } from '../../views/dispatched';
import type { Gate } from '../../views/gate';
import {
  answer,
  answerTo,
  isAnswer,
  isOfLibrary,
  sendAnswer,
  sendOrClose,
  setHeaders,
  type Answer,
} from '../../views/exception-handler';
import { findVisit, placeOf, type Visit } from '../../views/visit';
import { answerToForeign, type Disclosure } from './foreign-errors';
import { asReadable, asThrown, isExpected, isSaid, textOf, withFinalStatus } from './thrown';

/** What routing-controllers calls an action, with its types. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** What a route adds to the answer of an error, and what comes after it. */
export interface AnswerOptions {
  /** The fields of `@Header()`; they go with errors of the app, as routing-controllers has it. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Is error middleware called with the error, after its answer? */
  readonly goesOn?: boolean;
  /** What holds back the answer of the handler that has failed. */
  readonly gate?: Gate | undefined;
}

/** The driver's options that errors are answered by. */
interface ErrorOptions extends Disclosure {
  /** Or does the app answer errors (`defaultErrorHandler: false`)? */
  readonly isDefaultErrorHandlingEnabled: boolean;
}

/** Responses that have been an error's answer, and the error. */
const answeredErrors = new WeakMap<Response, unknown>();

/**
 * Has an error been answered by this response? The answer gate may have refused what the handler sent. A middleware may delay the
 * end of responses, so that the header of the answer is sent later.
 */
export function isErrorAnswered(response: Response): boolean {
  const isRefused = (): boolean => findVisit(response.req)?.gate?.isOver === true;
  return answeredErrors.has(response) || (response.headersSent && isRefused());
}

/** Keeps what the handler still writes out of the answer to its error, which a middleware may delay. */
export function silenceAnswered(visit: Visit | undefined): void {
  if (visit?.gate?.isOver === false && isErrorAnswered(visit.response)) visit.gate.silence();
}

export class ErrorAnswers {
  #hasWarned = false;

  constructor(
    private readonly settings: Settings,
    private readonly options: ErrorOptions,
  ) {}

  /** Answers once. The app's own errors go on to the app where it answers them, or to be looked at after the answer. */
  give(thrown: unknown, action: Action, options: AnswerOptions = {}): void {
    const exchange = action as Exchange;
    const place = placeOf(exchange.request);
    const error = asReadable(thrown);
    try {
      if (error instanceof Answered) this.logAnswered(exchange.response, place);
      else if (exchange.response.headersSent) endLate(error, place, exchange.response, this.settings);
      else this.answer(asThrown(error, place), place, exchange, options);
    } catch (failure) {
      const answersErrors = this.options.isDefaultErrorHandlingEnabled;
      endUnanswerable(failure, place, exchange, { settings: this.settings, answersErrors });
    }
  }

  /** The app has sent the response itself, before the handler: the handler and everything in front of it is left out. */
  logAnswered(response: Response, place: string): void {
    logAnswered(response, place, this.settings);
  }

  /** What a handler throws whose answer is the refusal of a check. */
  logAfterRefusal(error: unknown, { request }: Action): void {
    if (!isExpected(error)) this.log(`${placeOf(request as Request)} failed`, placeOf(request as Request), error);
  }

  /** What a middleware reports once it had gone on. */
  logStray(error: unknown, request: Request): void {
    const place = placeOf(request);
    if (isSaid(error)) this.log(`A middleware of ${place} failed after it had gone on`, place, error);
  }

  /** What an error middleware throws or hands on after the answer to the error that it was called with. */
  logSecondAnswer(error: unknown, request: Request): void {
    const data = { place: placeOf(request), error: textOf(error) };
    const message =
      'Error middleware failed with an error that had been answered. It must check response.headersSent, or the option defaultErrorHandler must be false so that it answers itself.';
    this.settings.logger[this.#hasWarned ? 'debug' : 'warn'](message, data);
    this.#hasWarned = true;
  }

  private answer(
    error: unknown,
    place: string,
    { request, response, next }: Exchange,
    { headers = {}, goesOn = false, gate }: AnswerOptions,
  ): void {
    const visit = findVisit(request);
    visit?.answerError();
    const answered = this.answerTo(error, request, place);
    if (!this.options.isDefaultErrorHandlingEnabled) {
      // The app's answer to an error of the handler is about no object. A refusal stays one.
      const isRefusal = visit?.checks?.wasReceived(error) === true;
      const leave = (): void => {
        passOn(isRefusal ? undefined : visit, () => {
          if (isOfLibrary(error)) handOn(answered, response, next);
          else next(error);
        });
      };
      if (visit?.refusal === undefined || gate === undefined) leave();
      else gate.leaveTo(leave);
      return;
    }
    if (!isOfLibrary(error))
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
    answeredErrors.set(response, error);
    const send = (): void => {
      sendAnswer(response, answered);
    };
    if (gate === undefined) send();
    else gate.sending(send);
    if (goesOn) next(error);
  }

  private answerTo(error: unknown, request: Request, place: string): Answer {
    if (isOfLibrary(error)) return answer(withFinalStatus(error), request, this.settings);
    findVisit(request)?.observation?.failed(error);
    const known = answerToForeign(error, this.options);
    // Without its text: it may hold what the client sent.
    if (isExpected(error)) this.settings.logger.debug('A request was refused', { place, status: known.httpCode });
    else this.log(`${place} failed`, place, error);
    return answerTo(known, request, this.settings);
  }

  private log(message: string, place: string, error: unknown): void {
    logError(message, place, error, this.settings);
  }
}

/** Who answers errors, and the settings of the server. */
interface Answering {
  readonly settings: Settings;
  /** Whether the server answers errors itself; `false` with `defaultErrorHandler: false`. */
  readonly answersErrors: boolean;
}

/**
 * Answers in place of an answer that cannot be written, because the error is frozen or circular, its status is not a status,
 * or a middleware's own method of the response throws. Never throws: nobody is left to catch that.
 */
export function endUnanswerable(
  failure: unknown,
  place: string,
  { response, next }: Exchange,
  { settings, answersErrors }: Answering,
): void {
  if (response.headersSent) {
    endLate(failure, place, response, settings);
    return;
  }
  logError(`${place} failed with an error that cannot be answered`, place, failure, settings);
  const unknown = new APIException(undefined, { headers: { 'Cache-Control': 'no-store' } });
  if (answersErrors) sendOrClose(response, unknown);
  else handOnOrClose(unknown, response, next);
}

/** Logs an error that comes too late for an answer. Cuts off an unfinished one, so that it does not look complete. */
export function endLate(error: unknown, place: string, response: Response, settings: Settings): void {
  logError(`${place} failed after its answer had begun`, place, error, settings);
  cutOff(response);
}

function logError(message: string, place: string, error: unknown, { logger }: Settings): void {
  logger.error(message, { place, error: textOf(error) });
}

/** Responses whose header fields are set for an error, and the error. */
const handedOn = new WeakMap<Response, Answer>();

/**
 * Hands an answer to the app's error middleware, which may send it as it likes. Its header fields are set before: the
 * middleware need not know them, and may change them.
 */
export function handOn(answer: Answer, response: Response, next: NextFunction): void {
  setHeaders(response, answer);
  handedOn.set(response, answer);
  next(answer);
}

function handOnOrClose(answer: Answer, response: Response, next: NextFunction): void {
  try {
    handOn(answer, response, next);
  } catch {
    closeConnection(response);
  }
}

/**
 * Error middleware for an app that answers errors itself: what plain middlewares of the app throw gets its header fields,
 * too, before the app's error middleware sees it.
 */
export function handingOn(settings: Settings): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (!isAnswer(error) || handedOn.get(response) === error || response.headersSent) next(error);
    else handOn(answerTo(withFinalStatus(error), request, settings), response, next);
  };
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
