/** A small suite that uses the whole of the test kit, for whichever runner has these four functions. */
import assert from 'node:assert/strict';
import type { Express, Request } from 'express';
import { BaseAuthentication, type AuthenticationResult, type AxiomsServer } from 'axioms-routing-controllers';
import {
  authenticationContract,
  expectAccessMatrix,
  forceAuthenticate,
  forgedTokens,
  TestClock,
  TestIssuer,
  type ForgedTokenName,
} from 'axioms-routing-controllers/testing';
import { bookApi } from '../book-api';

export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
  before(body: () => Promise<void>): void;
  after(body: () => Promise<void>): void;
}

class Nobody extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null {
    return request.get('X-Nobody') === undefined ? null : { user: { isAuthenticated: true } };
  }
}

export function registerSuite({ describe, it, before, after }: Runner): void {
  describe('an API', () => {
    const clock = new TestClock();
    const issuer = new TestIssuer({ clock });
    let app: Express;
    before(async () => {
      await issuer.listen();
      app = clock.attachTo(bookApi({ ...issuer.settings() }));
    });
    after(async () => {
      (app.locals.axioms as AxiomsServer).close();
      await issuer.close();
    });

    it('answers every caller with the expected status', async () => {
      const tokens = { bob: issuer.token({ sub: 'bob', scope: 'book:read' }) };
      const anonymous = process.env.SUITE_IS_WRONG === 'yes' ? 200 : 401;
      await expectAccessMatrix(app, { 'GET /books': { anonymous, bob: 200 }, 'POST /books': { bob: 403 } }, { tokens });
    });

    it('refuses every forged token', async () => {
      const names = Object.keys(forgedTokens) as ForgedTokenName[];
      const tokens = Object.fromEntries(names.map(name => [name, issuer.forge(name, { scope: 'book:read' })]));
      const statuses = Object.fromEntries(names.map(name => [name, forgedTokens[name].status]));
      await expectAccessMatrix(app, { 'GET /books': statuses }, { tokens });
    });

    it('knows a forced user, until there is none', async () => {
      forceAuthenticate(app, { sub: 'carol' });
      const error = await expectAccessMatrix(app, { 'GET /books': { anonymous: 403 } }).catch((one: unknown) => one);
      assert.match(String(error), /401/, 'a matrix is about real callers');
    });
  });

  describe('an authentication class', () => {
    const cases = authenticationContract({
      make: () => new Nobody(),
      good: { headers: { 'X-Nobody': '1' } },
      bad: { headers: { 'X-Nobody': '0' } },
    });
    for (const { name, run } of cases.slice(0, 1)) it(name, run);
  });
}
