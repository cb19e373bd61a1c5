/** Turns an error of this library into one response: status, challenges, body. */
import type { Request, Response } from 'express';
import {
  carriesErrors,
  challenge,
  scopeParameter,
  writeChallenge,
  type AddedParameters,
  type OfferedChallenge,
} from '../core/http/challenge';
import {
  APIException,
  ForeignError,
  ImproperlyConfigured,
  PermissionDenied,
  type HeaderFields,
} from '../core/http/exceptions';
import { InsufficientUserAuthentication } from '../core/http/possession-exceptions';
import { schemeOf } from '../core/http/sent-token';
import { addressOfMetadata } from '../core/requirements/protected-resource';
import type { Settings } from '../core/settings/settings';
import type { BaseAuthentication } from '../authentication/base';
import { challengesOfTokens } from '../authentication/possession';
import { explainedLike, reasonsOf } from '../permissions/denial';
import { seen } from '../core/process/rejections';
import { closeConnection } from './cut-off';
import { isReadable, stackOrType } from './error-text';
import { readOnce, writtenWith } from './written-challenges';
import { findVisit, placeOf, type Visit } from './visit';

/** An error that this library answers. */
export type Answer = APIException | ImproperlyConfigured;

export function isAnswer(error: unknown): error is Answer {
  return isReadable(error) && isOfLibrary(error);
}

/** Whether a readable error is one that this library answers. */
export function isOfLibrary(error: unknown): error is Answer {
  return error instanceof APIException || error instanceof ImproperlyConfigured;
}

/**
 * Turns an error into its answer, and logs it. Every refusal comes from here: of controllers, of plain routes, and of
 * object rules that refuse late.
 */
export function answer(error: Answer, request: Request, settings: Settings): Answer {
  const visit = findVisit(request);
  visit?.observation?.failed(error);
  const answered = answerIn(error, { visit, request, settings });
  logAnswer(answered, visit?.rules.place ?? placeOf(request), settings);
  return answered;
}

/**
 * Adds the header fields to the answer. A 401 has the challenges of all of the controller's authentication classes. A
 * 400 or a 403 has the challenge of the class at fault, if the error has a reason for it.
 */
export function answerTo(error: Answer, request: Request, settings: Settings): Answer {
  return answerIn(error, { visit: findVisit(request), request, settings });
}

/** Where an error is answered. */
interface Position {
  readonly visit: Visit | undefined;
  readonly request: Request;
  readonly settings: Settings;
}

function answerIn(error: Answer, position: Position): Answer {
  if (error instanceof ImproperlyConfigured) return withHeaders(error, {});
  const challenges = challengesFor(error, position);
  if (error.httpCode !== 401)
    return withHeaders(error, challenges.length > 0 ? { 'WWW-Authenticate': challenges } : {});
  // A 401 needs a challenge (RFC 9110 §15.5.2). Without one the answer is a 403, except that the status of an app's own
  // error stays.
  if (challenges.length === 0 && error instanceof ForeignError) return withHeaders(error, {});
  if (challenges.length === 0) return withHeaders(explainedLike(error, deniedInstead(error), position.settings), {});
  return withHeaders(error, { 'WWW-Authenticate': challenges });
}

// The user of a session can sign in again, so the code of a step-up is kept.
function deniedInstead(error: APIException): PermissionDenied {
  if (!(error instanceof InsufficientUserAuthentication)) return new PermissionDenied(undefined, { cause: error });
  return new PermissionDenied(error.message, { code: error.code, cause: error });
}

const ownHeaders = new WeakMap<Answer, HeaderFields>();

// The app may throw the same error object again, for another controller, so each answer starts from the error's own
// fields.
function withHeaders(answer: Answer, challenges: HeaderFields): Answer {
  const own = ownHeaders.get(answer) ?? answer.headers;
  ownHeaders.set(answer, own);
  const headers = { ...own, 'Cache-Control': 'no-store', ...challenges };
  if (Object.isFrozen(answer)) return Object.create(answer, { headers: { value: headers } }) as Answer;
  return Object.assign(answer, { headers });
}

function challengesFor(error: APIException, position: Position): string[] {
  const { challenge: reason, httpCode } = error;
  if (httpCode !== 401 && reason === undefined) return [];
  const offered = offeredChallenges(position);
  const atFault = challengeAtFault(position, offered);
  const hints = hintsOf(httpCode, position);
  const complete = (one: Offered): string => writtenWith(one.challenge, one === atFault ? reason : undefined, hints);
  if (httpCode !== 401) return atFault === undefined ? [] : [complete(atFault)];
  return [...new Set(offered.map(complete))];
}

// Tells the client where to get a token and, if it has no good one, which scopes to request.
function hintsOf(httpCode: number, { visit, settings }: Position): AddedParameters {
  if (httpCode !== 401) return httpCode === 403 ? addressOfMetadata(settings) : {};
  return { ...scopeParameter(visit?.rules.demandedScopes(visit.method)), ...addressOfMetadata(settings) };
}

interface Offered {
  readonly authenticator?: BaseAuthentication;
  readonly challenge: OfferedChallenge;
}

// In a global middleware no controller is known yet: the challenges are those of access tokens.
function offeredChallenges({ visit, request, settings }: Position): readonly Offered[] {
  if (visit === undefined) return withoutController(settings);
  return visit.authenticators.flatMap(authenticator => {
    const texts = seen(authenticator.challenges?.(request)) ?? [authenticator.authenticateHeader(request)];
    const challenges = texts.map(text => readOnce(seen(text))).filter(one => one !== undefined);
    return onlyUseful(challenges, visit).map(one => ({ authenticator, challenge: one }));
  });
}

function withoutController(settings: Settings): readonly Offered[] {
  const bearer = (): string => writeChallenge(challenge('Bearer', { realm: settings.realm }));
  const found = challengesOfTokens(settings, bearer).map(readOnce);
  return found.filter(one => one !== undefined).map(one => ({ challenge: one }));
}

// A bearer token cannot meet a rule that requires a DPoP key.
function onlyUseful(challenges: readonly OfferedChallenge[], { rules, method }: Visit): readonly OfferedChallenge[] {
  if (challenges.length < 2 || !rules.demandsProof(method)) return challenges;
  const proving = challenges.filter(one => hasScheme(one, 'dpop'));
  return proving.length > 0 ? proving : challenges;
}

function hasScheme(challenge: OfferedChallenge, scheme: string): boolean {
  return typeof challenge !== 'string' && challenge.scheme.toLowerCase() === scheme;
}

/**
 * Returns the challenge of the class that threw or that accepted the caller; without one, the first challenge that can have
 * an error. If a class has several, that of the scheme that the client used.
 */
function challengeAtFault({ visit, request }: Position, offered: readonly Offered[]): Offered | undefined {
  const known = visit?.failedAuthenticator ?? visit?.successfulAuthenticator;
  const candidates = known === undefined ? offered : offered.filter(({ authenticator }) => authenticator === known);
  const used = schemeOf(request.headers.authorization) ?? '';
  const withErrors = candidates.filter(one => carriesErrors(one.challenge));
  return withErrors.find(one => hasScheme(one.challenge, used)) ?? withErrors[0];
}

const ofAnotherBody = [
  'content-encoding',
  'content-disposition',
  'etag',
  'last-modified',
  'trailer',
  'transfer-encoding',
];

/** Sets the header fields of the answer: its challenges, `Retry-After` and `Cache-Control`. */
export function setHeaders(response: Response, { headers }: Answer): void {
  for (const name of Object.keys(headers)) response.setHeader(name, headers[name] as string | string[]);
}

/** Sends the answer, once, as `application/json`. */
export function sendAnswer(response: Response, answer: Answer): void {
  const body = JSON.stringify(answer.toJSON());
  for (const name of response.getHeaderNames()) if (ofAnotherBody.includes(name)) response.removeHeader(name);
  setHeaders(response, answer);
  response.statusCode = answer.httpCode;
  // A handler may have set a reason phrase of its own.
  response.statusMessage = '';
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  // Node sends text together with the header. Bytes would be a second write, which costs a third of the refusal.
  response.end(body, 'utf8');
}

/** Sends the answer. Closes the connection if anything prevents that, such as a middleware's own `end`. */
export function sendOrClose(response: Response, answer: Answer): void {
  try {
    sendAnswer(response, answer);
  } catch {
    closeConnection(response);
  }
}

/** Logs the reason: refusals at debug level, server errors at error level. Logs no token, claim value or secret. */
function logAnswer(answer: Answer, place: string, { logger }: Settings): void {
  const data = {
    place,
    status: answer.httpCode,
    error: answer.code,
    reason: answer.message,
    ...causeOf(answer),
    ...whyOf(answer),
  };
  if (answer.httpCode === 500) logger.error(`${place} failed: ${answer.message}`, data);
  else logger.debug(`${place} refused: ${answer.message}`, data);
}

function whyOf(answer: Answer): object {
  const why = answer instanceof APIException ? reasonsOf(answer) : undefined;
  return why === undefined ? {} : { why };
}

// Logs the text of a foreign error, not the error itself, whose properties may hold claims.
function causeOf({ cause }: Answer): object {
  return cause === undefined ? {} : { cause: stackOrType(cause) };
}
