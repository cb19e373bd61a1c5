/** What a client sees of a refusal: checked in full, or by its error code. */
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { Response } from 'supertest';

export interface Refusal {
  readonly status: number;
  /** The fields of `WWW-Authenticate`, as the server sends them; none by default. */
  readonly challenges?: readonly string[];
  /** `Retry-After`; none by default. */
  readonly retryAfter?: string;
  readonly error: string;
  readonly description: string;
}

/** Returns the values of a header field as the server sent them, not joined. */
export function fieldsOf(response: Response, name: string): string[] {
  const { rawHeaders } = (response as unknown as { res: IncomingMessage }).res;
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** Expects this status, these values of every header field that belongs to a refusal, and this body, to the letter. */
export function expectExactRefusal(response: Response, refusal: Refusal): void {
  const { status, challenges = [], retryAfter, error, description } = refusal;
  expect(response.status, response.text).to.equal(status);
  expect(fieldsOf(response, 'www-authenticate')).to.deep.equal(challenges);
  expect(fieldsOf(response, 'retry-after')).to.deep.equal(retryAfter === undefined ? [] : [retryAfter]);
  expect(fieldsOf(response, 'content-type')).to.deep.equal(['application/json']);
  expect(fieldsOf(response, 'cache-control')).to.deep.equal(['no-store']);
  const body = JSON.stringify({ error, error_description: description });
  expect(fieldsOf(response, 'content-length')).to.deep.equal([String(body.length)]);
  if (response.request.method !== 'HEAD') expect(response.text).to.equal(body);
}

/** Returns a challenge with an error. */
export function bearer(error: string, description: string, scope?: string): string {
  const parameters = { error, error_description: description, ...(scope === undefined ? {} : { scope }) };
  const text = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return `Bearer realm="api", ${text.join(', ')}`;
}

/** Returns the 401 `invalid_token` with this description. */
export function invalidToken(description: string): Refusal {
  return {
    status: 401,
    challenges: [bearer('invalid_token', description)],
    error: 'invalid_token',
    description,
  };
}

/** The 401 for a request without credentials. */
export const notAuthenticated: Refusal = {
  status: 401,
  challenges: ['Bearer realm="api"'],
  error: 'not_authenticated',
  description: 'Authentication credentials were not provided',
};

/** Returns the same refusal from a route that requires scopes: its challenge names them. */
export function demanding(refusal: Refusal, scope: string): Refusal {
  return { ...refusal, challenges: refusal.challenges?.map(one => `${one}, scope="${scope}"`) ?? [] };
}

/** The 403 for an authenticated caller that a rule refuses. */
export const permissionDenied: Refusal = {
  status: 403,
  error: 'permission_denied',
  description: 'You do not have permission to perform this action',
};

const statuses: Readonly<Record<string, number>> = {
  invalid_request: 400,
  not_authenticated: 401,
  authentication_failed: 401,
  invalid_token: 401,
  permission_denied: 403,
  insufficient_scope: 403,
  not_found: 404,
  throttled: 429,
  server_error: 500,
};

const descriptionText = '[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+';

function challengeOf(error: string, scope: string | undefined): RegExp | undefined {
  // A 401 names the scopes that the route requires.
  const demanded = scope === undefined ? '(?:, scope="[^"]+")?' : `, scope="${scope}"`;
  if (error === 'not_authenticated') return new RegExp(`^Bearer realm="api"${demanded}$`);
  if (!['invalid_request', 'invalid_token', 'insufficient_scope'].includes(error)) return undefined;
  const added = error === 'invalid_token' ? demanded : scope === undefined ? '' : `, scope="${scope}"`;
  return new RegExp(`^Bearer realm="api", error="${error}", error_description="${descriptionText}"${added}$`);
}

/**
 * Expects the status, the headers and the form of the body that belong to an error code, with any description.
 *
 * @param scope the scope of the challenge; without it, a 401 may have any
 */
export function expectRefusal(response: Response, error: string, scope?: string): void {
  expect([response.status, response.body], error).to.deep.equal([
    statuses[error],
    { error, error_description: (response.body as { error_description?: unknown }).error_description },
  ]);
  expect((response.body as { error_description: unknown }).error_description).to.be.a('string').that.is.not.empty;
  expectHeaders(response, challengeOf(error, scope));
}

/** Expects the same of the response to a HEAD request, which has no body. */
export function expectHeadRefusal(response: Response, error: string, scope?: string): void {
  expect([response.status, response.text]).to.deep.equal([statuses[error], undefined]);
  expectHeaders(response, challengeOf(error, scope));
}

function expectHeaders(response: Response, challenge: RegExp | undefined): void {
  expect(response.headers['content-type']).to.equal('application/json');
  expect(response.headers['cache-control']).to.equal('no-store');
  if (challenge === undefined) expect(response.headers).not.to.have.property('www-authenticate');
  else expect(response.headers['www-authenticate']).to.match(challenge);
}
