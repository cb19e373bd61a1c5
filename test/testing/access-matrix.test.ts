import { expect } from 'chai';
import type { Express } from 'express';
import type { AxiomsServer } from 'axioms-routing-controllers';
import {
  AccessMatrixError,
  expectAccessMatrix,
  forceAuthenticate,
  TestIssuer,
  type AccessMatrix,
  type AccessMatrixOptions,
} from 'axioms-routing-controllers/testing';
import { bookApi } from './book-api';

describe('expectAccessMatrix', () => {
  let issuer: TestIssuer;
  let app: Express;
  let callers: AccessMatrixOptions & { readonly tokens: { readonly bob: string } };
  before(() => {
    issuer = new TestIssuer();
    app = issuer.attachTo(bookApi(issuer.settings()));
    callers = {
      tokens: {
        bob: issuer.token({ sub: 'bob', scope: 'book:read' }),
        stranger: issuer.forge('expired'),
      },
      users: { alice: { sub: 'alice', scope: 'book:read book:create' } },
    };
  });
  after(() => {
    (app.locals.axioms as AxiomsServer).close();
  });

  const errorOf = (matrix: AccessMatrix, options: AccessMatrixOptions = callers): Promise<unknown> =>
    expectAccessMatrix(app, matrix, options).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('holds what is so: tokens, users and nobody', async () => {
    await expectAccessMatrix(
      app,
      {
        'GET /books': { anonymous: 401, stranger: 401, bob: 200, alice: 200 },
        'HEAD /books': { anonymous: 401, bob: 200 },
        'POST /books': { anonymous: 401, bob: 403, alice: 200 },
        'DELETE /notes/1': { anonymous: 401, bob: 403, alice: 200 },
        'GET /door?a=1': { anonymous: 200 },
        'GET /nowhere': { anonymous: 404 },
      },
      callers,
    );
  });

  it('tells of all differences in one error, as a table and as data', async () => {
    const error = await errorOf({
      'GET /books': { anonymous: 200, bob: 403, alice: 200 },
      'GET /door/mute': { anonymous: 401 },
      'GET /door/cut': { anonymous: 200 },
    });
    expect(error).to.be.instanceOf(AccessMatrixError);
    expect((error as AccessMatrixError).message).to.equal(
      [
        'The app differs from the access matrix in 4 of its cells:',
        '  request         caller     expected  actual',
        '  GET /books      anonymous  200       401',
        '  GET /books      bob        403       200',
        '  GET /door/mute  anonymous  401       401, has no WWW-Authenticate',
        '  GET /door/cut   anonymous  200       socket hang up',
      ].join('\n'),
    );
    expect((error as AccessMatrixError).differences[0]).to.deep.equal({
      row: 'GET /books',
      caller: 'anonymous',
      expected: 200,
      actual: 401,
      flaw: undefined,
    });
  });

  it('shows no token', async () => {
    const error = await errorOf({ 'GET /books': { bob: 500 } });
    expect(JSON.stringify([(error as Error).message, error])).not.to.include(callers.tokens.bob);
  });

  it('sends what a row says, and forces nobody upon the others', async () => {
    forceAuthenticate(app, { sub: 'mallory', scope: 'book:read' });
    await expectAccessMatrix(
      app,
      { 'POST /books': { anonymous: 401, alice: 200 }, 'GET /books': { anonymous: 200 } },
      {
        ...callers,
        requests: {
          'GET /books': { headers: { Authorization: `Bearer ${issuer.token({ scope: 'book:read' })}` } },
          'POST /books': { body: { title: 'Dune' }, headers: { 'X-Any': 'thing' } },
        },
      },
    );
    await expectAccessMatrix(app, { 'GET /books': { anonymous: 401 } });
  });

  for (const [what, matrix, options, message] of [
    ['asks nothing', {}, {}, 'is empty'],
    ['names no caller', { 'GET /books': {} }, {}, 'names no caller'],
    ['has no method', { '/books': { anonymous: 401 } }, {}, "'/books' is no row"],
    ['has no path', { 'GET books': { anonymous: 401 } }, {}, "'GET books' is no row"],
    ['has no status', { 'GET /books': { anonymous: '401' as never } }, {}, "anonymous of 'GET /books'"],
    ['has an invalid status', { 'GET /books': { anonymous: 42 } }, {}, 'the status 42'],
    ['has a caller nobody knows', { 'GET /books': { zoe: 200 } }, {}, "who 'zoe' is"],
    ['has a caller with an inherited name', { 'GET /books': { toString: 200 } }, {}, "who 'toString' is"],
    ['knows two of a name', { 'GET /books': { a: 200 } }, { tokens: { a: 'x' }, users: { a: { sub: 'a' } } }, 'twice'],
    ['knows somebody as nobody', { 'GET /books': { anonymous: 200 } }, { tokens: { anonymous: 'x' } }, 'twice'],
    ['has a request of no row', { 'GET /books': { anonymous: 401 } }, { requests: { 'PUT /books': {} } }, 'PUT /books'],
  ] as const)
    it(`refuses a table that ${what}`, async () => {
      const error = await errorOf(matrix, options);
      expect(error).to.be.instanceOf(RangeError);
      expect((error as Error).message).to.include(message);
    });
});
