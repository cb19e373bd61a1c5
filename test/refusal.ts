/** What a client sees of a refusal, whole. */
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { Response } from 'supertest';

export interface Refusal {
  readonly status: number;
  /** The fields of `WWW-Authenticate`, each as it is sent; none by default. */
  readonly challenges?: readonly string[];
  /** `Retry-After`; none by default. */
  readonly retryAfter?: string;
  readonly error: string;
  readonly description: string;
}

/** The values of a header field as they were sent, not joined. */
export function fieldsOf(response: Response, name: string): string[] {
  const { rawHeaders } = (response as unknown as { res: IncomingMessage }).res;
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** Status, every header field that belongs to a refusal, and the body: exactly these. */
export function expectRefusal(response: Response, refusal: Refusal): void {
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

/** A challenge with an error. */
export function bearer(error: string, description: string, scope?: string): string {
  const parameters = { error, error_description: description, ...(scope === undefined ? {} : { scope }) };
  const text = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return `Bearer realm="api", ${text.join(', ')}`;
}

/** 401 `invalid_token`, for this reason. */
export function invalidToken(description: string): Refusal {
  return {
    status: 401,
    challenges: [bearer('invalid_token', description)],
    error: 'invalid_token',
    description,
  };
}

/** 401 for a caller who sent no credentials. */
export const notAuthenticated: Refusal = {
  status: 401,
  challenges: ['Bearer realm="api"'],
  error: 'not_authenticated',
  description: 'Authentication credentials were not provided',
};

/** The same 401 at a route that needs scopes, which its challenge names. */
export function demanding(refusal: Refusal, scope: string): Refusal {
  return { ...refusal, challenges: refusal.challenges?.map(one => `${one}, scope="${scope}"`) ?? [] };
}

/** 403 for a caller who is known, and may not. */
export const permissionDenied: Refusal = {
  status: 403,
  error: 'permission_denied',
  description: 'You do not have permission to perform this action',
};
