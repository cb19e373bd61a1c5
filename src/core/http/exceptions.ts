/** One error class for each outcome: its status, code and text. `views` makes the response. */
import { scopeParameter, type ChallengeParameters } from './challenge';

/** Values of HTTP header fields by name; a list is sent as separate fields. */
export type HeaderFields = Record<string, string | string[]>;

/** Options of {@link APIException}. */
export interface APIExceptionOptions {
  /** Value of `error` in the body; default: the class's own. */
  code?: string | undefined;
  /** Status; default: the class's own. */
  httpCode?: number | undefined;
  /** Additional header fields of the response. */
  headers?: HeaderFields | undefined;
  /** The reason, for the log; never sent. */
  cause?: unknown;
}

/**
 * An error response: a status, a code and a sentence for the caller. A handler or a class of the app may throw it or a
 * subclass. Mirrors DRF's `APIException`.
 *
 * @example
 * class OutOfStock extends APIException {
 *   static override readonly httpCode = 409;
 *   static override readonly code = 'out_of_stock';
 *   static override readonly description = 'This book is sold out';
 * }
 */
export class APIException extends Error {
  static readonly httpCode: number = 500;
  static readonly code: string = 'server_error';
  static readonly description: string = 'The server could not handle the request';

  /** HTTP status. */
  httpCode: number;
  /** Value of `error` in the body. */
  code: string;
  /** Header fields of the response; the challenges are added when the error is answered. */
  headers: HeaderFields;
  /**
   * Why permissions refused, as a tree (`Explanation`). It is not enumerable, and is sent only with the setting `explain`.
   */
  declare readonly explanation?: object;

  constructor(message?: string, options: APIExceptionOptions = {}) {
    super(message ?? new.target.description, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.httpCode = options.httpCode ?? new.target.httpCode;
    this.code = options.code ?? new.target.code;
    this.headers = options.headers ?? {};
  }

  /** Another name of `httpCode`, which Express and most error middleware read. */
  get status(): number {
    return this.httpCode;
  }

  set status(status: number) {
    this.httpCode = status;
  }

  /** Another name of `httpCode`, which Express and most error middleware read. */
  get statusCode(): number {
    return this.httpCode;
  }

  set statusCode(status: number) {
    this.httpCode = status;
  }

  /** The parameters of the challenge that report this error (RFC 6750 §3.1), if it has any. */
  get challenge(): ChallengeParameters | undefined {
    return undefined;
  }

  /** Returns the body of the response. */
  toJSON(): Record<string, unknown> {
    return { error: this.code, error_description: this.message };
  }
}

/** The route needs an authenticated caller, and the request is anonymous: 401, challenges without an error (RFC 6750 §3.1). */
export class NotAuthenticated extends APIException {
  static override readonly httpCode = 401;
  static override readonly code: string = 'not_authenticated';
  static override readonly description: string = 'Authentication credentials were not provided';
}

/** The credentials are bad: 401. For access tokens see {@link InvalidToken}. */
export class AuthenticationFailed extends APIException {
  static override readonly httpCode = 401;
  static override readonly code: string = 'authentication_failed';
  static override readonly description: string = 'Incorrect authentication credentials';
}

// Read-only with --frozen-intrinsics.
const isLimitWritable = Reflect.set(Error, 'stackTraceLimit', Error.stackTraceLimit);

/** Sets the number of frames of later stacks, and returns the previous number. */
export function stackTraceLimit(frames: number): number {
  const { stackTraceLimit: before } = Error;
  if (isLimitWritable) Error.stackTraceLimit = frames;
  return before;
}

/** Makes an error without a stack, which would be slow. */
export function withoutStack<Made extends Error>(make: () => Made): Made {
  const limit = stackTraceLimit(0);
  try {
    return make();
  } finally {
    stackTraceLimit(limit);
  }
}

/** Why an access token is not valid: a closed set, for events and metrics. `token_invalid` means any other reason. */
export type TokenReason =
  | 'token_malformed'
  | 'token_opaque'
  | 'token_encrypted'
  | 'token_too_long'
  | 'token_algorithm'
  | 'token_extension'
  | 'token_type'
  | 'token_key'
  | 'token_signature'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_too_old'
  | 'token_issuer'
  | 'token_audience'
  | 'token_subject'
  | 'token_claim'
  | 'token_bound'
  | 'token_unbound'
  | 'token_revoked'
  | 'token_inactive'
  | 'token_invalid';

/** Options of {@link InvalidToken}. */
export interface InvalidTokenOptions extends APIExceptionOptions {
  /** Default: `token_invalid`. */
  reason?: TokenReason | undefined;
}

/**
 * The access token is expired, revoked, malformed, or invalid for other reasons: 401 `invalid_token` (RFC 6750 §3.1).
 * It has no stack, which would be slow: any client can cause this error, and `reason` says what a stack would.
 */
export class InvalidToken extends AuthenticationFailed {
  static override readonly code = 'invalid_token';
  static override readonly description = 'The access token is not valid';

  /** The message as data; never sent. */
  readonly reason: TokenReason;
  /** The trusted issuer whose rules the token broke, as the settings spell it; never sent. */
  declare issuer?: string | undefined;

  constructor(message?: string, options: InvalidTokenOptions = {}) {
    const limit = stackTraceLimit(0);
    try {
      super(message, options);
    } finally {
      stackTraceLimit(limit);
    }
    this.reason = options.reason ?? 'token_invalid';
  }

  override get challenge(): ChallengeParameters {
    return { error: 'invalid_token', error_description: this.message };
  }
}

/** The request's credentials are malformed or ambiguous: 400 `invalid_request` (RFC 6750 §3.1). */
export class InvalidRequest extends APIException {
  static override readonly httpCode = 400;
  static override readonly code = 'invalid_request';
  static override readonly description = 'The request is malformed';

  override get challenge(): ChallengeParameters {
    return { error: 'invalid_request', error_description: this.message };
  }
}

/** The body cannot be read: 400, or 413 if it is too large. */
export class ParseError extends APIException {
  static override readonly httpCode = 400;
  static override readonly code = 'invalid_request';
  static override readonly description = 'The body could not be read';
}

/** The request's method was changed after its rules were checked: 400. */
export class MethodChanged extends APIException {
  static override readonly httpCode = 400;
  static override readonly code = 'invalid_request';
  static override readonly description = "The request's method was changed while it was handled";
}

/** The caller is authenticated, and is not permitted: 403 `permission_denied`. */
export class PermissionDenied extends APIException {
  static override readonly httpCode = 403;
  static override readonly code: string = 'permission_denied';
  static override readonly description: string = 'You do not have permission to perform this action';
}

/** The access token lacks scopes: 403 with `error="insufficient_scope"` and the required scopes (RFC 6750 §3.1). */
export class InsufficientScope extends PermissionDenied {
  static override readonly code = 'insufficient_scope';
  static override readonly description = 'The access token does not have the scope that this request needs';

  /** All scopes that the refusing rule requires; sent as `required_scopes`. */
  declare requiredScopes?: readonly string[];

  constructor(
    /** The required scopes, in the order of the rules. */
    readonly scopes: readonly string[] = [],
    message?: string,
    options: APIExceptionOptions = {},
  ) {
    super(message, options);
  }

  override get challenge(): ChallengeParameters {
    const { description } = InsufficientScope;
    return { error: 'insufficient_scope', error_description: description, ...scopeParameter(this.scopes) };
  }

  override toJSON(): Record<string, unknown> {
    const required = this.requiredScopes === undefined ? {} : { required_scopes: this.requiredScopes };
    return { ...super.toJSON(), ...required };
  }
}

/** The object does not exist: 404. */
export class NotFound extends APIException {
  static override readonly httpCode = 404;
  static override readonly code = 'not_found';
  static override readonly description = 'Not found';
}

/** Too many requests: 429 with `Retry-After`. */
export class Throttled extends APIException {
  static override readonly httpCode = 429;
  static override readonly code = 'throttled';
  static override readonly description = 'Request was throttled';

  constructor(
    /** Seconds until a request may succeed, if that is known. */
    readonly wait?: number,
    message?: string,
    options: APIExceptionOptions = {},
  ) {
    super(message, { ...options, headers: { ...retryAfter(wait), ...options.headers } });
  }
}

/** An error of the app or of routing-controllers, in the form of our responses. It stays a 401 if there is no challenge. */
export class ForeignError extends APIException {
  constructor(
    message: string | undefined,
    options: APIExceptionOptions,
    /** Additional members of the body; they replace members of the same name. */
    private readonly more: object = {},
  ) {
    super(message, options);
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), ...this.more };
  }
}

/** What cannot be reached: a closed set, for events and metrics. `unavailable` means anything else. */
export type UnavailableReason = 'keys_unavailable' | 'introspection_unavailable' | 'unavailable';

/** Options of {@link ServiceUnavailable}. */
export interface ServiceUnavailableOptions extends APIExceptionOptions {
  /** Default: `unavailable`. */
  reason?: UnavailableReason | undefined;
}

/** The issuer's keys, its introspection or another service is needed and cannot be reached: 503 with `Retry-After`. */
export class ServiceUnavailable extends APIException {
  static override readonly httpCode = 503;
  static override readonly code = 'temporarily_unavailable';
  static override readonly description = 'The request cannot be checked at the moment';

  /** The message as data; never sent. */
  readonly reason: UnavailableReason;
  /** The trusted issuer whose keys are missing, as the settings spell it; never sent. */
  declare issuer?: string | undefined;

  constructor(
    message?: string,
    /** Seconds to wait before the next request; default 1. */
    readonly retryAfter: number = 1,
    options: ServiceUnavailableOptions = {},
  ) {
    super(message, { ...options, headers: { ...retryAfterHeader(retryAfter), ...options.headers } });
    this.reason = options.reason ?? 'unavailable';
  }
}

/**
 * A rule or a setting is missing or wrong. At startup it stops the server. During a request it is a 500 that names no
 * internals. The message is for the developer: it names the place and the fix.
 */
export class ImproperlyConfigured extends Error {
  readonly httpCode = 500;
  readonly code = 'server_error';
  headers: HeaderFields = {};

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }

  /** Another name of `httpCode`, which Express and most error middleware read. */
  get status(): number {
    return this.httpCode;
  }

  /** Another name of `httpCode`, which Express and most error middleware read. */
  get statusCode(): number {
    return this.httpCode;
  }

  /** Returns the body of the response. */
  toJSON(): Record<string, unknown> {
    return { error: this.code, error_description: APIException.description };
  }
}

function retryAfter(wait: number | undefined): HeaderFields {
  return wait === undefined || !(wait > 0) ? {} : retryAfterHeader(wait);
}

// RFC 9110 §10.2.3 allows only whole seconds. Rounds up, so that a client that waits for this time is not refused
// again. An app may give any number, such as Infinity.
function retryAfterHeader(seconds: number): HeaderFields {
  const whole = Math.max(1, Math.ceil(seconds)) || 1;
  return { 'Retry-After': String(Math.min(whole, longestRetryAfter)) };
}

const longestRetryAfter = 2 ** 31 - 1;
