/** Tests of somebody who uses the test kit. */
import { createExpressServer } from 'axioms-routing-controllers';
import {
  expectAccessMatrix,
  forceAuthenticate,
  forgedTokens,
  TestClock,
  TestIssuer,
  throttleStoreContract,
  type AccessMatrixError,
} from 'axioms-routing-controllers/testing';

export async function test(): Promise<number | undefined> {
  const clock = new TestClock();
  const issuer = await new TestIssuer({ alg: 'PS256', clock }).listen();
  const app = clock.attachTo(
    createExpressServer({ controllers: ['x.js'], axioms: { ...issuer.settings(), realm: 'books' } }),
  );
  app.get('/still-express', (_request, response) => void response.end());
  forceAuthenticate(app, { sub: 'alice', scope: 'book:read', tenant: 7 });
  forceAuthenticate(app, { isAuthenticated: false });
  forceAuthenticate(app, null);
  const token: string = issuer.forge('id-token', { sub: 'bob' });
  await expectAccessMatrix(app, { 'GET /': { bob: forgedTokens['id-token'].status } }, { tokens: { bob: token } });
  const [first] = throttleStoreContract({ make: () => ({ hit: () => ({ isAllowed: true, remaining: 1, reset: 1 }) }) });
  return first?.run().then(
    () => 0,
    (error: AccessMatrixError) => error.differences.length,
  );
}
