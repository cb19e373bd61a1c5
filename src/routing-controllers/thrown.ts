/** What somebody threw: it may be anything, and be odd in any way. */
import { HttpError } from 'routing-controllers';
import { Answered } from '../core/answered';
import { APIException } from '../core/exceptions';
import { isAnswer } from '../views/exception-handler';

/** Does Express take this for an error, when it is handed to `next`? */
export function isSaid(error: unknown): boolean {
  return Boolean(error);
}

/** What was thrown, as something that Express takes for an error. */
export function asThrown(error: unknown, place: string): unknown {
  return isSaid(error) ? error : new Error(`${place} threw ${String(error)}`);
}

/** What a policy throws that is no answer, ours or routing-controllers', is a defect: it refuses, and says nothing of itself. */
export function asServerError(error: unknown): unknown {
  const isOfUpstream = error instanceof HttpError && isExpected(error);
  return isAnswer(error) || isOfUpstream || error instanceof Answered
    ? error
    : new APIException(undefined, { cause: error });
}

/** Is it an answer about the request, and not a failure of the server? */
export function isExpected(error: unknown): boolean {
  const status = statusOf(error);
  return typeof status === 'number' && status >= 400 && status < 500;
}

/** An informational status ends no exchange: the client would wait for ever. Express 4 cuts fractions off. */
export function withFinalStatus(error: unknown): unknown {
  const status = statusOf(error);
  const isFinal = !status || (Number.isInteger(Number(status)) && Number(status) >= 200);
  return isFinal ? error : new APIException(undefined, { cause: error });
}

/** The text, not the object: an error's own properties may hold claims. */
export function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}

function statusOf(error: unknown): unknown {
  try {
    return (error as { httpCode?: unknown } | null | undefined)?.httpCode;
  } catch {
    return undefined;
  }
}
