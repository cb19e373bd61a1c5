/** Errors of the app, of routing-controllers and of other libraries, answered in this library's form. */
import { STATUS_CODES } from 'node:http';
import { HttpError } from 'routing-controllers';
import { APIException, ForeignError } from '../../core/http/exceptions';
import { parameterProblem } from './parameter-errors';
import { fieldTexts } from './validation-fields';

/** What of an error that is not the library's a client may see. */
export interface Disclosure {
  /** Does the text of an unexpected error go into its answer? */
  readonly developmentMode: boolean;
  /** routing-controllers' option: members of the body, by the error's name. */
  readonly errorOverridingMap?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Returns the status of an error that is meant for the client: an `HttpError` of routing-controllers, or an error with
 * `expose: true` (as `http-errors` makes them), with a status from 400 to 499.
 */
export function exposedStatus(error: unknown): number | undefined {
  try {
    if (error instanceof HttpError) return clientStatus(error.httpCode);
    const { expose, status, statusCode, httpCode } = Object(error) as Readonly<Record<string, unknown>>;
    return expose === true ? (clientStatus(status) ?? clientStatus(statusCode) ?? clientStatus(httpCode)) : undefined;
  } catch {
    return undefined;
  }
}

function clientStatus(status: unknown): number | undefined {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) < 500
    ? (status as number)
    : undefined;
}

/** The answer to an error that is not the library's: with its own text if it is meant for the client, else a 500. */
export function answerToForeign(error: unknown, disclosure: Disclosure): ForeignError {
  const status = exposedStatus(error);
  const problem = status === undefined ? undefined : parameterProblem(error);
  const more = {
    ...(problem ? { fields: problem.fields } : fieldsOf(error, status)),
    ...overriding(error, disclosure),
  };
  const isShown = status !== undefined || disclosure.developmentMode;
  const text = problem?.description ?? (isShown ? messageOf(error) : undefined);
  return status === undefined
    ? new ForeignError(text ?? APIException.description, { cause: error }, more)
    : new ForeignError(text ?? STATUS_CODES[status], { httpCode: status, code: codeOf(status) }, more);
}

const codes: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'not_authenticated',
  403: 'permission_denied',
  404: 'not_found',
  413: 'invalid_request',
  415: 'invalid_request',
  429: 'throttled',
};

// 'Unprocessable Entity' becomes unprocessable_entity.
function codeOf(status: number): string {
  return codes[status] ?? STATUS_CODES[status]?.toLowerCase().replace(/[^a-z]+/g, '_') ?? 'invalid_request';
}

function messageOf(error: unknown): string | undefined {
  const { message } = Object(error) as { readonly message?: unknown };
  const text = typeof error === 'string' ? error : message;
  if (typeof text !== 'string' || text === '') return undefined;
  // routing-controllers' own sentence about a list that is not sent.
  return text.replace("check 'errors' property for more info", "check 'fields' property for more info");
}

function fieldsOf(error: unknown, status: number | undefined): object {
  const fields = status === undefined ? undefined : fieldTexts((error as { readonly errors?: unknown }).errors);
  return fields === undefined ? {} : { fields };
}

function overriding(error: unknown, { errorOverridingMap = {} }: Disclosure): object {
  const name = nameOf(error);
  if (name === undefined || !Object.hasOwn(errorOverridingMap, name)) return {};
  const { message, ...others } = Object(errorOverridingMap[name]) as { readonly message?: unknown };
  return message === undefined ? others : { ...others, error_description: message };
}

// As routing-controllers names an error.
function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.name !== '' && error.name !== 'Error' ? error.name : error.constructor.name;
}
