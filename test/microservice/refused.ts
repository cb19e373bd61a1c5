/** A refusal of an endpoint of the microservice: what it says, and that it issues nothing. */
import { expect } from 'chai';
import type { Response } from 'supertest';
import { expectCleared, setCookiesOf } from './browser';

export interface Refused {
  readonly status: number;
  readonly error: string;
  /** Members of `fields`. */
  readonly fields?: readonly string[];
  /** Are the cookies cleared? Never where the session may still be good. */
  readonly isCleared?: boolean;
}

export function expectRefused(response: Response, { status, error, fields, isCleared = false }: Refused): void {
  const body = response.body as { error: string; error_description: string; fields?: object };
  expect([response.status, body.error], response.text).to.deep.equal([status, error]);
  expect(body).to.have.all.keys('error', 'error_description', ...(fields === undefined ? [] : ['fields']));
  expect(Object.keys(body.fields ?? {})).to.have.members(fields ?? []);
  expect(response.headers['cache-control']).to.equal('no-store');
  expect(response.headers['www-authenticate']).to.equal(status === 401 ? challengeOf(body) : undefined);
  if (isCleared) expectCleared(response);
  else expect(setCookiesOf(response)).to.deep.equal([]);
}

function challengeOf({ error, error_description }: { error: string; error_description: string }): string {
  if (error !== 'invalid_dpop_proof') return 'Bearer realm="api"';
  return `DPoP error="${error}", error_description="${error_description}", algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"`;
}
