/** The whole of a refusal: status, body and challenge. */
import { expect } from 'chai';
import type { Response } from 'supertest';

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

const description = '[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+';

function challengeOf(error: string, scope: string | undefined): RegExp | undefined {
  // A 401 names the scopes that the route demands.
  const demanded = scope === undefined ? '(?:, scope="[^"]+")?' : `, scope="${scope}"`;
  if (error === 'not_authenticated') return new RegExp(`^Bearer realm="api"${demanded}$`);
  if (!['invalid_request', 'invalid_token', 'insufficient_scope'].includes(error)) return undefined;
  const added = error === 'invalid_token' ? demanded : scope === undefined ? '' : `, scope="${scope}"`;
  return new RegExp(`^Bearer realm="api", error="${error}", error_description="${description}"${added}$`);
}

/** @param scope what the challenge's scope must be; left out for a 401: any */
export function expectRefusal(response: Response, error: string, scope?: string): void {
  expect([response.status, response.body], error).to.deep.equal([
    statuses[error],
    { error, error_description: (response.body as { error_description?: unknown }).error_description },
  ]);
  expect((response.body as { error_description: unknown }).error_description).to.be.a('string').that.is.not.empty;
  expectHeaders(response, challengeOf(error, scope));
}

/** The same for a HEAD request, whose answer has no body. */
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
