/** Answers errors of the app, of routing-controllers and of other libraries in this library's format. */
import { STATUS_CODES } from 'node:http';
import { HttpError } from 'routing-controllers';
import { APIException, ForeignError } from '../../core/http/exceptions';
import { parameterProblem } from './parameter-errors';
import { fieldTexts } from './validation-fields';

/** What a client may see of an error that is not the library's. */
export interface Disclosure {
  /** Whether the response to an unexpected error contains its message. */
  readonly developmentMode: boolean;
  /** The option of routing-controllers: members to add to the body, by the name of the error. */
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

/**
 * Returns the answer to an error that is not the library's: with its own message if it is meant for the client, and
 * otherwise a 500.
 */
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
  // routing-controllers' message refers to a list that the response does not contain.
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

// Determines the name as routing-controllers does.
function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.name !== '' && error.name !== 'Error' ? error.name : error.constructor.name;
}
