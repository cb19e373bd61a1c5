/**
 * A class of the app that forgot to await what it gives as `auth`, or as its claims, authenticated a caller without any
 * grants: a rule that is negated let the caller in. If that promise rejected, it ended the process.
 */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  BaseAuthentication,
  HasAccessTokenRoles,
  IsAuthenticated,
  and,
  not,
  type AuthenticationResult,
} from 'axioms-routing-controllers';
import { forceAuthenticate } from 'axioms-routing-controllers/testing';
import { Api } from '../api';
import { expectExactRefusal } from '../refusals';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

const user = { isAuthenticated: true, sub: 'eve' };
const claims = { sub: 'eve', roles: ['banned'] };

/** A query of Mongoose or knex. */
const query = (found: unknown) => ({ then: (resolve: (found: unknown) => unknown) => resolve(found) });
const away = () => Promise.reject(new Error('The introspection is away'));

const results: Readonly<Record<string, () => object>> = {
  'auth that is a promise': () => ({ user, auth: Promise.resolve({ claims }) }),
  'auth that is a query': () => ({ user, auth: query({ claims }) }),
  'auth that is a promise that rejects': () => ({ user, auth: away() }),
  'claims that are a promise': () => ({ user, auth: { claims: Promise.resolve(claims) } }),
  'claims that are a query': () => ({ user, auth: { claims: query(claims) } }),
  'claims that are a promise that rejects': () => ({ user, auth: { claims: away() } }),
  'a claim that is a promise': () => ({ user, auth: { claims: { ...claims, roles: Promise.resolve(['banned']) } } }),
  'a claim that is a promise that rejects': () => ({ user, auth: { claims: { ...claims, roles: away() } } }),
  'a token that is a promise that rejects': () => ({ user, auth: { token: away(), claims } }),
  'a bad user, and auth that is a promise that rejects': () => ({ user: 'eve', auth: away() }),
};

let result: () => unknown;
let ran = 0;

class Keyed extends BaseAuthentication {
  override readonly authorizationSchemes = [];
  authenticate() {
    return result() as AuthenticationResult;
  }
}

@JsonController('/notes')
class NotesController {
  authenticationClasses = [Keyed];
  accessTokenRoles = ['banned'];
  permissionClasses = [and(IsAuthenticated, not(HasAccessTokenRoles))];
  @Get('/') list() {
    ran += 1;
    return [];
  }
}

describe('regression: what a class of the app gives as auth, and has not awaited', () => {
  forbidStrayErrors();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NotesController] });
  });
  after(() => api.close());
  beforeEach(() => {
    ran = 0;
  });

  for (const [what, given] of Object.entries(results))
    for (const [how, answer] of [
      ['at once', given],
      ['later', async () => Promise.resolve().then(given)],
    ] as const)
      it(`is a fault of the server: ${what}, ${how}`, async () => {
        result = answer;
        expectExactRefusal(await api.as(null, 'get', '/notes'), {
          status: 500,
          error: 'server_error',
          description: 'The server could not handle the request',
        });
        expect(ran).to.equal(0);
      });

  it('still refuses the caller whose claims are awaited', async () => {
    result = () => ({ user, auth: { claims } });
    expect((await api.as(null, 'get', '/notes')).status).to.equal(403);
    expect(ran).to.equal(0);
  });

  it('is refused by the test kit, too', () => {
    for (const given of [{ ...user, claims: Promise.resolve(claims) }, { ...user, claims: away() }, away()])
      expect(() => {
        forceAuthenticate(api.app, given as never);
      }).to.throw('forceAuthenticate() takes claims');
  });
});
