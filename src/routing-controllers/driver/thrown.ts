/** What somebody threw: it may be anything, and be odd in any way. */
import { Answered } from '../../core/http/answered';
import { APIException } from '../../core/http/exceptions';
import { stackOf } from '../../views/error-text';
import { isAnswer, type Answer } from '../../views/exception-handler';
import { answerToForeign, exposedStatus } from './foreign-errors';
import { fieldTexts } from './validation-fields';

/** Does Express take this for an error, when it is handed to `next`? */
export function isSaid(error: unknown): boolean {
  return Boolean(error);
}

/** What was thrown, as something that Express takes for an error. */
export function asThrown(error: unknown, place: string): unknown {
  return isSaid(error) ? error : new Error(`${place} threw ${String(error)}`);
}

/** What a policy throws that is neither an answer nor meant for the client is a defect: it refuses, and says nothing of itself. */
export function asServerError(error: unknown): unknown {
  const isMeant = isAnswer(error) || error instanceof Answered || exposedStatus(error) !== undefined;
  return isMeant ? error : new APIException(undefined, { cause: error });
}

/** The answer to what a policy threw. */
export function policyAnswer(error: unknown): Answer {
  const known = asServerError(error);
  return isAnswer(known) ? known : answerToForeign(known, { developmentMode: false });
}

/** Is it an answer about the request, and not a failure of the server? */
export function isExpected(error: unknown): boolean {
  return isAnswer(error) ? error.httpCode >= 400 && error.httpCode < 500 : exposedStatus(error) !== undefined;
}

/** An informational status ends no exchange: the client would wait for ever. Express 4 cuts fractions off. */
export function withFinalStatus(answer: Answer): Answer {
  const { httpCode } = answer;
  return Number.isInteger(httpCode) && httpCode >= 200 ? answer : new APIException(undefined, { cause: answer });
}

/** The text, not the object: an error's own properties may hold claims, and a validation error's the values. */
export function textOf(error: unknown): string {
  if (error instanceof Error) return stackOf(error);
  if (typeof error === 'string') return error;
  const fields = fieldTexts(error);
  return fields === undefined ? typeof error : `Validation errors of: ${Object.keys(fields).join(', ')}`;
}
