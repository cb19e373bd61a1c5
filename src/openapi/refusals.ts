/** Describes the guard's refusals as responses of an operation. The code that answers requests writes their challenges. */
import {
  carriesErrors,
  scopeParameter,
  withParameters,
  writeChallenge,
  type AddedParameters,
} from '../core/http/challenge';
import {
  APIException,
  InsufficientScope,
  InvalidRequest,
  InvalidToken,
  NotFound,
  ParseError,
  PermissionDenied,
  ServiceUnavailable,
  Throttled,
} from '../core/http/exceptions';
import { addressOfMetadata } from '../core/requirements/protected-resource';
import type { Settings } from '../core/settings/settings';
import { isDpop, type Callers } from './callers';
import type { HeaderObject, ResponseObject, SchemaObject } from './open-api';

export const refusalSchemaName = 'AxiomsRefusal';

/** The body of every refusal. */
export const refusalSchema: SchemaObject = {
  type: 'object',
  description: 'Why the request was refused.',
  properties: {
    error: { type: 'string', description: 'A code, such as `insufficient_scope`.' },
    error_description: { type: 'string', description: 'A sentence for people.' },
    fields: {
      type: 'object',
      description: 'What is wrong with the fields of an invalid request, by their dotted paths.',
      additionalProperties: { type: 'array', items: { type: 'string' } },
    },
  },
  required: ['error', 'error_description'],
};

/** Decides which refusals an operation can have. */
export interface Refusable {
  readonly callers: Callers;
  /** The scopes that a challenge can name. */
  readonly scopes: readonly string[];
  /** The scopes that the challenge of a 401 names. */
  readonly demandedScopes: readonly string[];
  /** Whether a rule can refuse an authenticated caller. */
  readonly canDeny: boolean;
  readonly isThrottled: boolean;
  /** Whether the operation loads an object, which may be missing. */
  readonly loadsObject: boolean;
  /** Whether the operation reads a body or files. */
  readonly readsBody: boolean;
  /** Whether the operation reads parameters, which may be missing or wrong. */
  readonly readsParameters: boolean;
  readonly settings: Settings;
}

export function refusalsAt(operation: Refusable): Readonly<Record<string, ResponseObject>> {
  const { callers, canDeny, isThrottled, loadsObject, readsBody, readsParameters } = operation;
  const { acceptsTokens, isChallenging } = callers;
  return {
    ...(readsBody || readsParameters ? { 400: invalidRequest } : {}),
    ...(isChallenging ? { 401: unauthorized(operation) } : {}),
    ...(canDeny || !isChallenging ? { 403: forbidden(operation) } : {}),
    ...(loadsObject ? { 404: refusal('The object does not exist.', new NotFound()) } : {}),
    ...(readsBody ? { 413: tooLarge } : {}),
    ...(isThrottled ? { 429: refusal('Too many requests.', new Throttled(), { 'Retry-After': retryAfter }) } : {}),
    ...(acceptsTokens ? { 503: unavailable } : {}),
  };
}

const retryAfter: HeaderObject = {
  description: 'Seconds to wait before the next request.',
  schema: { type: 'integer', minimum: 1 },
};

const nonce: HeaderObject = {
  description: 'With `use_dpop_nonce`: the claim `nonce` of the next DPoP proofs (RFC 9449 §9).',
  schema: { type: 'string' },
};

const invalidRequest = refusal(
  'The body, a parameter or the credentials are malformed; `fields` says what is wrong with each field.',
  new InvalidRequest(),
);

const tooLarge = refusal('The body is too large.', new ParseError('The body is too large', { httpCode: 413 }));

const unavailable = refusal(
  'The token cannot be verified at the moment: the keys of its issuer cannot be fetched.',
  new ServiceUnavailable(),
  { 'Retry-After': retryAfter },
);

function unauthorized({ callers, settings, demandedScopes }: Refusable): ResponseObject {
  const hints = { ...scopeParameter(demandedScopes), ...addressOfMetadata(settings) };
  const error = new InvalidToken();
  const withoutReason = written(callers, hints);
  const withReason = written(callers, error.challenge, hints);
  const description = `One field for each authentication class: ${inCode(withoutReason)}. With bad credentials: ${inCode(withReason)}.`;
  return refusal('The credentials are missing or bad.', error, {
    ...(withoutReason.length === 0
      ? {}
      : { 'WWW-Authenticate': challengeHeader(description, withoutReason.join(', ')) }),
    ...(settings.dpopNonceSecret !== undefined && callers.challenges.some(isDpop) ? { 'DPoP-Nonce': nonce } : {}),
  });
}

function forbidden({ callers, scopes, settings }: Refusable): ResponseObject {
  const challenge = callers.challenges.find(carriesErrors);
  if (scopes.length === 0 || challenge === undefined)
    return refusal('The caller is not permitted.', new PermissionDenied());
  const error = new InsufficientScope(scopes);
  const example = writeChallenge(withParameters(challenge, error.challenge, addressOfMetadata(settings)));
  const description =
    'If scopes are missing, the scopes of every rule that is not met. Absent if another rule refuses.';
  return refusal('The caller is not permitted: scopes are missing, or another rule refuses.', error, {
    'WWW-Authenticate': challengeHeader(description, example),
  });
}

function written({ challenges }: Callers, ...sources: readonly AddedParameters[]): readonly string[] {
  return [...new Set(challenges.map(one => writeChallenge(withParameters(one, ...sources))))];
}

function inCode(texts: readonly string[]): string {
  return texts.map(text => `\`${text}\``).join('; ');
}

function challengeHeader(description: string, example: string): HeaderObject {
  return { description, schema: { type: 'string' }, example };
}

function refusal(
  description: string,
  error: APIException,
  headers: Readonly<Record<string, HeaderObject>> = {},
): ResponseObject {
  const schema = { $ref: `#/components/schemas/${refusalSchemaName}` };
  return {
    description,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: { 'application/json': { schema, example: error.toJSON() } },
  };
}
