/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import request from 'supertest';
import { createExpressServer } from 'axioms-routing-controllers';
import { forceAuthenticate, TestIssuer } from 'axioms-routing-controllers/testing';
import { BookController } from './book-controller';

const app = createExpressServer({ controllers: [BookController], axioms: new TestIssuer().settings() });

afterEach(() => {
  forceAuthenticate(app, null);
});

it('takes claims for the caller', async () => {
  forceAuthenticate(app, { sub: 'alice', scope: 'book:read', roles: ['editor'] });
  await request(app).get('/books').expect(200);
  await request(app).post('/books').expect(403);
});

it('takes what an authentication class returns', async () => {
  forceAuthenticate(app, { isAuthenticated: true, sub: 'alice', scopes: ['book:create'] });
  await request(app).post('/books').expect(200);
});
// #endregion example
