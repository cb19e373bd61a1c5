/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import { createExpressServer } from 'axioms-routing-controllers';
import {
  expectAccessMatrix,
  type ForgedTokenName,
  forgedTokens,
  TestClock,
  TestIssuer,
} from 'axioms-routing-controllers/testing';
import { BookController } from './book-controller';

const clock = new TestClock();
const issuer = new TestIssuer({ clock });
const app = createExpressServer({ controllers: [BookController], axioms: issuer.settings() });
issuer.attachTo(clock.attachTo(app));
const names = Object.keys(forgedTokens) as ForgedTokenName[];

it('refuses what nobody should accept', async () => {
  const tokens = Object.fromEntries(names.map(name => [name, issuer.forge(name)]));
  const statuses = Object.fromEntries(names.map(name => [name, forgedTokens[name].status]));
  await expectAccessMatrix(app, { 'GET /books': statuses }, { tokens });
});

it('lets nobody in with a token of yesterday', async () => {
  const tokens = { alice: issuer.token({ sub: 'alice' }) };
  clock.advance(24 * 60 * 60);
  await expectAccessMatrix(app, { 'GET /books': { alice: 401 } }, { tokens });
});
// #endregion example
