/** Classifies thrown values. They may be anything, not only errors. */
import { Answered } from '../../core/http/answered';
import { APIException } from '../../core/http/exceptions';
import { seen } from '../../core/process/rejections';
import { isReadable, stackOrType } from '../../views/error-text';
import { isAnswer, isOfLibrary, type Answer } from '../../views/exception-handler';
import { answerToForeign, exposedStatus } from './foreign-errors';
import { fieldTexts } from './validation-fields';

/** Whether Express takes this value for an error when it is passed to `next`. */
export function isSaid(error: unknown): boolean {
  return Boolean(error);
}

/** Returns the thrown value, or an error in its place if Express would not take it for one. */
export function asThrown(error: unknown, place: string): unknown {
  return isSaid(error) ? error : new Error(`${place} threw ${String(error)}`);
}

/**
 * Returns the thrown value, or a 500 in its place if reading it throws. A promise may be thrown, too: its rejection must not
 * end the process.
 */
export function asReadable(error: unknown): unknown {
  return isReadable(error) ? seen(error) : new APIException(undefined, { cause: error });
}

/**
 * Wraps an error of a policy in a 500 that says nothing about it, unless the error is an answer or meant for the
 * client.
 */
export function asServerError(error: unknown): unknown {
  return isReadable(error) && isMeant(seen(error)) ? error : new APIException(undefined, { cause: error });
}

function isMeant(error: unknown): boolean {
  return isOfLibrary(error) || error instanceof Answered || exposedStatus(error) !== undefined;
}

/** Returns the answer to an error that a policy threw. */
export function policyAnswer(error: unknown): Answer {
  const known = asServerError(error);
  return isAnswer(known) ? known : answerToForeign(known, { developmentMode: false });
}

/** Whether the error is an answer about the request, and not a failure of the server. */
export function isExpected(error: unknown): boolean {
  return isAnswer(error) ? error.httpCode >= 400 && error.httpCode < 500 : exposedStatus(error) !== undefined;
}

/**
 * Replaces an answer without a final status by a 500. An informational status does not end an exchange, so the client
 * would wait forever, and Express 4 truncates fractions.
 */
export function withFinalStatus(answer: Answer): Answer {
  const { httpCode } = answer;
  return Number.isInteger(httpCode) && httpCode >= 200 ? answer : new APIException(undefined, { cause: answer });
}

/**
 * Returns an error as text for the log. The object itself is not logged: the properties of an error may hold claims,
 * and those of a validation error the submitted values.
 */
export function textOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!isReadable(error) || error instanceof Error) return stackOrType(error);
  const fields = fieldTexts(error);
  return fields === undefined ? typeof error : `Validation errors of: ${Object.keys(fields).join(', ')}`;
}
