import { createExpressServer } from 'axioms-routing-controllers';
import { TestIssuer, forge, forgedTokens, TestClock, expectAccessMatrix, ForgedTokenName } from 'axioms-routing-controllers/testing';
const clock = new TestClock();
const issuer = new TestIssuer({ clock });
const app = createExpressServer({ controllers: ['controllers/*.js'], axioms: issuer.settings() });
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

export {};