/** RFC 6750 §3: a 401 names the scopes that the route needs. */
import { expect } from 'chai';
import { Get, JsonController, Post } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  BaseAuthentication,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsAuthenticatedOrTokenHasScope,
  IsSafeOnly,
  TokenMatchesOASRequirements,
  or,
  type ApiView,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { fieldsOf } from '../refusals';

class OwnScope extends AccessTokenAuthentication {
  override authenticateHeader() {
    return 'Bearer realm="own", scope="of:its:own"';
  }
}

class ApiKey extends BaseAuthentication {
  override authenticate() {
    return null;
  }
  override authenticateHeader() {
    return 'ApiKey realm="keys"';
  }
}

function controllerOf(path: string, members: object) {
  @JsonController(path)
  class ScopedController {
    permissionClasses: object[] = [HasAccessTokenScopes];
    declare request: ApiView['request'];

    constructor() {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(members));
    }
    @Get('/') list() {
      return [];
    }
    @Post('/') create() {
      return {};
    }
  }
  return ScopedController;
}

const controllers = {
  '/one': { accessTokenScopes: ['a'] },
  '/any': { accessTokenScopes: ['a', 'b'] },
  '/all': { accessTokenAllScopes: ['a', 'b'] },
  '/method': {
    get accessTokenScopes() {
      return [(this as unknown as ApiView).request.method === 'GET' ? 'read' : 'write'];
    },
  },
  '/query': {
    get accessTokenScopes() {
      return [(this as unknown as ApiView).request.query.scope as string];
    },
  },
  '/either': { permissionClasses: [or(IsSafeOnly, HasAccessTokenScopes)], accessTokenScopes: ['a'] },
  '/roles': { permissionClasses: [HasAccessTokenRoles], accessTokenRoles: ['r'] },
  '/oas': {
    permissionClasses: [TokenMatchesOASRequirements],
    requiredAlternateScopes: { GET: [['a', 'b'], ['c']], POST: [['c']] },
  },
  '/hybrid': { permissionClasses: [IsAuthenticatedOrTokenHasScope], requiredScopes: ['a'] },
  '/open': { permissionClasses: [AllowAny] },
  '/several': { authenticationClasses: [ApiKey, AccessTokenAuthentication, OwnScope], accessTokenScopes: ['a'] },
};

describe('a 401', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: Object.entries(controllers).map(([path, members]) => controllerOf(path, members)),
    });
  });
  after(() => api.close());

  const cases: readonly [method: 'get' | 'head' | 'post', path: keyof typeof controllers, scope: string | undefined][] =
    [
      ['get', '/one', 'a'],
      ['head', '/one', 'a'],
      ['get', '/any', 'a'],
      ['get', '/all', 'a b'],
      ['get', '/method', 'read'],
      ['head', '/method', 'read'],
      ['post', '/method', 'write'],
      ['get', '/query', undefined],
      ['post', '/either', 'a'],
      ['get', '/roles', undefined],
      ['get', '/oas', 'a b'],
      ['post', '/oas', 'c'],
      ['get', '/hybrid', 'a'],
    ];
  for (const [method, path, scope] of cases)
    it(`of ${method} ${path} names ${scope ?? 'no scope'}, whatever is wrong with the credentials`, async () => {
      const named = scope === undefined ? '' : `, scope="${scope}"`;
      const anonymous = await api.as(null, method, path);
      expect([anonymous.status, anonymous.headers['www-authenticate']]).to.deep.equal([
        401,
        `Bearer realm="api"${named}`,
      ]);
      const expired = await api.as({ exp: 1, scope: 'a b c' }, method, path);
      expect(expired.status).to.equal(401);
      expect(expired.headers['www-authenticate']).to.match(
        new RegExp(`^Bearer realm="api", error="invalid_token", error_description="[^"]+"${named}$`),
      );
    });

  it('names none where the route needs none', async () => {
    const response = await api.as({ exp: 1 }, 'get', '/open');
    expect(response.headers['www-authenticate']).to.match(
      /^Bearer realm="api", error="invalid_token", error_description="[^"]+"$/,
    );
  });

  it('names them in challenges that take tokens, and leaves those that a class names itself', async () => {
    expect(fieldsOf(await api.as(null, 'get', '/several'), 'www-authenticate')).to.deep.equal([
      'ApiKey realm="keys"',
      'Bearer realm="api", scope="a"',
      'Bearer realm="own", scope="of:its:own"',
    ]);
  });
});
