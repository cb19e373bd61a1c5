/** A service on shared engines, by the real time, and what its callers see while an engine fails. */
import { expect } from 'chai';
import type { Context } from 'mocha';
import type { Response } from 'supertest';
import type { Denylist } from '../../src/core/settings/denylist';
import type { MicroserviceStore } from '../../src/microservice';
import { expectExactRefusal, invalidToken } from '../refusals';
import type { Browser } from '../microservice/browser';
import { SignInApp } from '../microservice/sign-in-app';

const clock = (): number => Date.now();

export async function serviceOn(store: MicroserviceStore, denylist?: Denylist): Promise<SignInApp> {
  const shared = denylist === undefined ? {} : { denylist };
  const app = await new SignInApp({ store, clock, ...shared }, shared).withUsers();
  app.server.verifier.clock = clock;
  app.denylist.clock = clock;
  return app;
}

export async function signedIn(app: SignInApp): Promise<Browser> {
  const browser = app.browser();
  expect((await browser.signIn()).status).to.equal(200);
  return browser;
}

/** A caller who has kept the cookies and the access token of a session that has ended. */
export async function loggedOff(app: SignInApp): Promise<Browser> {
  const browser = await signedIn(app);
  const kept = browser.copy();
  expect((await browser.logOff()).status).to.equal(204);
  return kept;
}

/** The 503 of the microservice: nothing was set, and the client comes again. */
export function expectSessionsUnavailable(response: Response): void {
  expectExactRefusal(response, {
    status: 503,
    retryAfter: '1',
    error: 'temporarily_unavailable',
    description: 'Sessions cannot be looked up at the moment',
  });
  expect(response.headers['set-cookie']).to.equal(undefined);
}

/** The 503 of an API whose denylist does not answer. */
export function expectTokensUnavailable(response: Response): void {
  expectExactRefusal(response, {
    status: 503,
    retryAfter: '1',
    error: 'temporarily_unavailable',
    description: 'The request cannot be checked at the moment',
  });
}

export function expectRevoked(response: Response): void {
  expectExactRefusal(response, invalidToken('The access token was revoked'));
}

/** Asks until the answer is no 503 any more: clients and pools take a moment to connect again. */
export async function afterOutage(ask: () => Promise<Response>): Promise<Response> {
  const end = performance.now() + 20_000;
  let response = await ask();
  while (response.status === 503 && performance.now() < end) {
    await new Promise(resolve => setTimeout(resolve, 50));
    response = await ask();
  }
  return response;
}

/** Leaves the test out with the reason, unless `REQUIRED_SERVERS` names the server. */
export function leaveOut(test: Context, server: string, reason: string): void {
  if ((process.env.REQUIRED_SERVERS ?? '').split(',').includes(server)) throw new Error(reason);
  const titled = test.currentTest ?? test.test;
  if (titled !== undefined) titled.title += ` (${reason})`;
  test.skip();
}
