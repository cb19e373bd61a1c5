/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import assert from 'node:assert';
import request from 'supertest';
import { createExpressServer } from 'axioms-routing-controllers';
import { TestClock, TestIssuer } from 'axioms-routing-controllers/testing';
import { BookController } from './book-controller';

const clock = new TestClock();
const issuer = new TestIssuer({ clock });
const axioms = { ...issuer.settings(), jwksRefreshInterval: 60, jwksCacheTtl: 300 };
const app = issuer.attachTo(clock.attachTo(createExpressServer({ controllers: [BookController], axioms })));

const statusNow = async () => {
  const token = issuer.token({ sub: 'alice', scope: 'book:read' });
  return (await request(app).get('/books').auth(token, { type: 'bearer' })).status;
};

/** A refresh that falls due needs real turns of the event loop, so time passes in steps shorter than `jwksTimeout`. */
async function pass(seconds: number) {
  for (let passed = 0; passed < seconds; passed += 1) {
    clock.advance(1);
    await new Promise(setImmediate);
  }
}

it('serves on through an outage for as long as keys may be cached, and then answers 503', async () => {
  assert.equal(await statusNow(), 200);
  issuer.outage();
  await pass(240);
  assert.equal(await statusNow(), 200);
  await pass(120);
  assert.equal(await statusNow(), 503);
  issuer.recover();
  await pass(120);
  assert.equal(await statusNow(), 200);
});
// #endregion example
