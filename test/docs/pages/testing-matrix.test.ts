/** An example of docs/testing.md, which mocha runs as it is printed. */
// #region example
import { Get, JsonController, Post } from 'routing-controllers';
import { type AxiomsRequest, createExpressServer, HasAccessTokenScopes } from 'axioms-routing-controllers';
import { expectAccessMatrix, TestIssuer } from 'axioms-routing-controllers/testing';

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  declare request: AxiomsRequest;
  get accessTokenScopes() {
    return this.request.method === 'POST' ? ['book:create'] : ['book:read'];
  }
  @Get('/') list() {
    return [];
  }
  @Post('/') create() {
    return {};
  }
}

const issuer = new TestIssuer();
const app = issuer.attachTo(createExpressServer({ controllers: [BookController], axioms: issuer.settings() }));

it('answers every caller with the expected status', async () => {
  await expectAccessMatrix(
    app,
    {
      'GET /books': { anonymous: 401, stranger: 401, bob: 200, alice: 200 },
      'POST /books': { anonymous: 401, stranger: 401, bob: 403, alice: 200 },
    },
    {
      tokens: {
        bob: issuer.token({ sub: 'bob', scope: 'book:read' }),
        stranger: issuer.forge('tampered', { scope: 'book:read book:create' }),
      },
      users: { alice: { sub: 'alice', scope: 'book:read book:create' } },
      requests: { 'POST /books': { body: { title: 'Dune' } } },
    },
  );
});
// #endregion example
