/**
 * A query of Mongoose or knex is an object with a `then` method and no promise. Taken for the value that it resolves to, it
 * passed what refuses by a property of that value, such as `isBanned`.
 */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  BaseAuthentication,
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasAuthorizationDetails,
  IsAuthenticated,
  IsSubOwner,
  MemoryDenylist,
  SessionAuthentication,
  callerOf,
  csrfToken,
  not,
  type ApiView,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { filterNot, matches, matching, whereEquals, type ObjectFilter } from 'axioms-routing-controllers/filters';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

/** Runs each time that it is awaited, as a query builder does. */
class Query {
  runs = 0;
  constructor(private readonly found: unknown) {}
  then(resolve: (found: unknown) => unknown, reject?: (error: unknown) => unknown): Promise<unknown> {
    this.runs += 1;
    return Promise.resolve(this.found).then(resolve, reject);
  }
}

const query = (found: unknown): never => new Query(found) as never;

const users: Readonly<Record<string, object>> = {
  alice: { id: 1, sub: 'alice', isBanned: false },
  eve: { id: 2, sub: 'eve', isBanned: true },
  closed: { id: 3, sub: 'closed', isBanned: false, isActive: false },
};

let asked: Query[] = [];

function findUser({ headers }: Request): Query {
  const found = new Query(users[String(headers['x-user'])] ?? null);
  asked.push(found);
  return found;
}

class QueriedSession extends SessionAuthentication {
  override sessionUser(request: Request) {
    return findUser(request);
  }
}

class IsNotBanned extends BasePermission {
  override hasPermission(request: Request) {
    return (callerOf(request) as { isBanned?: unknown }).isBanned !== true;
  }
}

@JsonController('/session')
class SessionController {
  authenticationClasses = [QueriedSession];
  permissionClasses = [IsAuthenticated, IsNotBanned];
  declare request: AxiomsRequest;
  @Get('/') show() {
    return { sub: this.request.user?.sub };
  }
}

/** Is asked at first while the user is cached, and later while it is not. */
class CachedSession extends SessionAuthentication {
  readonly #cached = { ...users['alice'] };
  #calls = 0;
  override sessionUser(request: Request) {
    return this.#calls++ === 0 ? this.#cached : findUser(request);
  }
}

@JsonController('/cached')
class CachedController {
  authenticationClasses = [CachedSession];
  permissionClasses = [IsAuthenticated, IsNotBanned];
  @Get('/') show() {
    return {};
  }
}

class QueriedUser extends BaseAuthentication {
  override readonly authorizationSchemes = [];
  authenticate() {
    return { user: Object.assign(new Query(users['eve']), { isAuthenticated: true }) };
  }
}

@JsonController('/own-class')
class OwnClassController {
  authenticationClasses = [QueriedUser];
  permissionClasses = [IsAuthenticated, IsNotBanned];
  @Get('/') show() {
    return {};
  }
}

class LazyRoles extends BaseAuthentication {
  override readonly authorizationSchemes = [];
  authenticate() {
    return { user: { isAuthenticated: true, sub: 'eve', roles: query(['suspended']) } };
  }
}

@JsonController('/lazy-roles')
class LazyRolesController {
  authenticationClasses = [LazyRoles];
  permissionClasses = [IsAuthenticated, not(HasAccessTokenRoles)];
  accessTokenRoles = ['suspended'];
  @Get('/') show() {
    return {};
  }
}

class Replacing extends QueriedUser {
  override authenticate() {
    return { user: { isAuthenticated: true, ...users['alice'] } } as never;
  }
  override currentUser(): never {
    return query(users['eve']);
  }
}

@JsonController('/current-user')
class CurrentUserController {
  authenticationClasses = [Replacing];
  permissionClasses = [IsAuthenticated, IsNotBanned];
  @Get('/') show() {
    return {};
  }
}

class SaysNo extends BasePermission {
  override hasPermission() {
    return query(false);
  }
}

@JsonController('/rule')
class RuleController {
  permissionClasses = [SaysNo];
  @Get('/') show() {
    return {};
  }
}

class SaysYes extends BasePermission {
  override hasPermission() {
    return query(true);
  }
}

@JsonController('/negated-rule')
class NegatedRuleController {
  permissionClasses = [not(SaysYes)];
  @Get('/') show() {
    return {};
  }
}

@JsonController('/scopes')
class ScopesController {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes(): string[] {
    return query(['of-nobody']);
  }
  @Get('/') show() {
    return {};
  }
}

@JsonController('/details')
class DetailsController {
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = { type: 'payment', matches: () => query(false) as boolean };
  @Get('/') show() {
    return {};
  }
}

@JsonController('/permission-classes')
class ListController {
  declare request: AxiomsRequest;
  get permissionClasses() {
    return this.request.query['late'] === undefined ? [AllowAny] : query([AllowAny]);
  }
  @Get('/') show() {
    return {};
  }
}

class Full extends BaseThrottle {
  allowRequest() {
    return query(false) as boolean;
  }
}

@JsonController('/throttle')
class ThrottleController {
  permissionClasses = [AllowAny];
  throttleClasses = [Full];
  @Get('/') show() {
    return {};
  }
}

class IsUnlocked extends BasePermission {
  override hasObjectPermission(_request: Request, _controller: ApiView, object: { isLocked?: unknown }) {
    return object.isLocked !== true;
  }
}

class Objects {
  permissionClasses: readonly object[] = [IsUnlocked];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];
}

@JsonController('/checked')
class CheckedController extends Objects {
  @Get('/:id') async show() {
    await this.checkObjectPermissions(query({ isLocked: true }));
    return { isShown: true };
  }
}

@JsonController('/loaded')
class LoadedController extends Objects {
  getObject() {
    return query({ isLocked: true });
  }
  @Get('/:id') show() {
    return { isShown: true };
  }
}

class AllowsNone extends BasePermission {
  override objectFilter(): ObjectFilter {
    return query(whereEquals('isLocked', false));
  }
}

@JsonController('/filtered')
class FilteredController extends Objects {
  override permissionClasses = [AllowsNone];
  getObject() {
    return { isLocked: true };
  }
  @Get('/:id') show() {
    return { isShown: true };
  }
}

@JsonController('/not-own')
class NotOwnController extends Objects {
  override permissionClasses = [not(IsSubOwner)];
  getObject() {
    return { user: query('alice') };
  }
  @Get('/:id') show() {
    return { isShown: true };
  }
}

@JsonController('/checker')
class CheckerController {
  @Get('/') show() {
    return {};
  }
}

const controllers = [
  ...[SessionController, CachedController, OwnClassController, LazyRolesController, CurrentUserController],
  ...[RuleController, NegatedRuleController, ScopesController, DetailsController, ListController],
  ...[ThrottleController, CheckedController, LoadedController, FilteredController, NotOwnController, CheckerController],
];

describe('regression: queries that nobody has awaited', () => {
  forbidStrayErrors();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
  });
  after(() => api.close());
  beforeEach(() => {
    asked = [];
  });

  for (const [user, status] of Object.entries({ alice: 200, eve: 403, closed: 403, nobody: 403 }))
    it(`answers ${status} where sessionUser() returns a query that finds: ${user}`, async () => {
      const answer = await request(api.app).get('/session').set('X-User', user);
      expect(answer.status).to.equal(status);
      if (status === 200) expect(answer.body).to.deep.equal({ sub: user });
      expect(asked.map(({ runs }) => runs)).to.deep.equal([1]);
    });

  for (const [what, path, status] of [
    ['a session whose user is a query when it is asked again', '/cached', 500],
    ['a class of the app whose user is a query', '/own-class', 500],
    ['a user whose roles are a query, to a negated rule', '/lazy-roles', 500],
    ['a class whose current user is a query', '/current-user', 403],
    ['a rule that answers with a query for false', '/rule', 403],
    ['a negated rule that answers with a query for true', '/negated-rule', 403],
    ['a list of scopes that is a query', '/scopes', 403],
    ['authorization details whose match is a query for false', '/details', 403],
    ['a list of permission classes that is a query', '/permission-classes?late', 500],
    ['a throttle that answers with a query for false', '/throttle', 429],
    ['an object that is checked before it is loaded', '/checked/1', 500],
    ['an object that a query in getObject() finds', '/loaded/1', 403],
    ['an object that the filter of a query refuses', '/filtered/1', 403],
    ['an object whose owner is a query, to a negated rule', '/not-own/1', 500],
  ] as const)
    it(`refuses ${what}`, async () => {
      const answer = await request(api.app)
        .get(path)
        .set({ 'X-User': 'eve', ...tokenFor(path) });
      expect(answer.status).to.equal(status);
      expect(answer.body).to.have.property('error').that.is.a('string');
    });

  function tokenFor(path: string): Record<string, string> {
    if (['/cached', '/own-class', '/lazy-roles', '/current-user'].includes(path)) return {};
    const claims = { sub: 'alice', authorization_details: [{ type: 'payment' }] as never };
    return { Authorization: `Bearer ${api.issuer.token(claims)}` };
  }

  it('are no object that a filter or its negation passes', () => {
    const isDraft = filterNot(whereEquals('state', 'final'));
    const object = query({ state: 'final' }) as object;
    expect(() => matches(isDraft, object, { missing: 'null' })).to.throw('await it first');
    expect(() => matching(isDraft, [object], { missing: 'null' })).to.throw('await it first');
    expect(() => matches(isDraft, { state: query('final') as unknown })).to.throw("'state' is a promise");
  });
});

describe('regression: CSRF tokens for a user that is a query', () => {
  for (const user of [query(users['alice']) as object, Promise.resolve(users['alice']), { id: query(1) as unknown }])
    it(`are refused for ${user.constructor.name}`, () => {
      const asks = { session: {}, user } as unknown as Request;
      expect(() => csrfToken(asks, {} as never)).to.throw('is a promise or a query');
    });
});

describe('regression: stores and checkers that answer with a query', () => {
  forbidStrayErrors();

  it('refuses a token if the query of the denylist finds it', async () => {
    const denylist = new MemoryDenylist();
    denylist.isRevoked = () => query(true);
    const api = await Api.start({ controllers: [CheckerController], axioms: { denylist } });
    expect((await api.as({ sub: 'alice' }, 'get', '/checker')).status).to.equal(401);
    denylist.isRevoked = () => query(false);
    expect((await api.as({ sub: 'alice' }, 'get', '/checker')).status).to.equal(200);
    await api.close();
  });
});
