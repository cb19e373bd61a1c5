/** The example of docs/questions/testing-without-an-issuer.md, which mocha runs as it is printed. */
// #region example
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { createExpressServer, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { TestIssuer, expectAccessMatrix, forceAuthenticate } from 'axioms-routing-controllers/testing';

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:read'];

  @Get('/')
  list() {
    return [];
  }
}

const issuer = new TestIssuer();
const app = issuer.attachTo(createExpressServer({ controllers: [BookController], axioms: issuer.settings() }));

it('lists books for a caller with a token', () =>
  expectAccessMatrix(
    app,
    { 'GET /books': { anonymous: 401, expired: 401, bob: 403, alice: 200 } },
    {
      tokens: {
        alice: issuer.token({ sub: 'alice', scope: 'book:read' }),
        bob: issuer.token({ sub: 'bob' }),
        expired: issuer.forge('expired'),
      },
    },
  ));

// The matrix authenticates its `users` without a token; its `anonymous` sends none and is nobody.
it('lists books for a caller without any token, if the test says who it is', () =>
  expectAccessMatrix(
    app,
    { 'GET /books': { anonymous: 401, alice: 200 } },
    { users: { alice: { sub: 'alice', scope: 'book:read' } } },
  ));

it('does the same for requests that the test sends itself', async () => {
  forceAuthenticate(app, { sub: 'alice', scope: 'book:read' });
  await request(app).get('/books').expect(200);
  forceAuthenticate(app, null);
  await request(app).get('/books').expect(401);
});

it('takes a token in supertest', async () => {
  const token = issuer.token({ sub: 'alice', scope: 'book:read' });
  await request(app).get('/books').auth(token, { type: 'bearer' }).expect(200);
});
// #endregion example
