import { expect } from 'chai';
import { All, Delete, Get, JsonController, Patch, Post } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  BaseAuthentication,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  IsAuthenticated,
  type AuthenticationResult,
} from 'axioms-routing-controllers';
import {
  hasRequiredPermissions,
  hasRequiredRoles,
  hasRequiredScopes,
  hasValidAccessToken,
  type Names,
} from 'axioms-routing-controllers/decorators';
import type { Request } from 'express';
import { Api, type Method } from '../api';
import { expectHeadRefusal, expectRefusal } from '../refusals';

const ran: string[] = [];

function done(what: string): object {
  ran.push(what);
  return { message: what };
}

/** As axioms-flask-py's page has them. */
@JsonController('/flask')
class FlaskController {
  @Get('/private')
  @hasValidAccessToken()
  @hasRequiredScopes(['openid', 'profile'])
  isPrivate() {
    return done('private');
  }

  @Get('/strict')
  @hasValidAccessToken
  @hasRequiredScopes(['read:resource'])
  @hasRequiredScopes(['write:resource'])
  strict() {
    return done('strict');
  }

  @Get('/admin/users')
  @hasValidAccessToken
  @hasRequiredRoles(['admin', 'superuser'])
  users() {
    return done('users');
  }

  @Get('/admin/critical')
  @hasValidAccessToken
  @hasRequiredRoles(['admin'])
  @hasRequiredRoles(['superuser'])
  critical() {
    return done('critical');
  }

  @Get('/advanced')
  @hasValidAccessToken
  @hasRequiredScopes(['openid', 'profile'])
  @hasRequiredRoles(['editor'])
  @hasRequiredPermissions(['resource:read', 'resource:write'])
  advanced() {
    return done('advanced');
  }
}

@JsonController('/role')
@hasRequiredRoles('sample:role')
class RoleController {
  @Get('/') read() {
    return done('Sample read.');
  }
  @Post('/') create() {
    return done('Sample created.');
  }
  @Patch('/') update() {
    return done('Sample updated.');
  }
  @Delete('/') remove() {
    return done('Sample deleted.');
  }
}

@JsonController('/permission')
class PermissionController {
  @Post('/') @hasRequiredPermissions(['sample:create']) create() {
    return done('Sample created.');
  }
  @Patch('/') @hasRequiredPermissions(['sample:update']) update() {
    return done('Sample updated.');
  }
  @Get('/') @hasRequiredPermissions(['sample:read']) read() {
    return done('Sample read.');
  }
  @Delete('/') @hasRequiredPermissions(['sample:delete']) remove() {
    return done('Sample deleted.');
  }
}

class ApiKeyAuthentication extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null {
    return request.get('X-Api-Key') === undefined ? null : { user: { isAuthenticated: true, sub: 'robot' } };
  }
  override authenticateHeader() {
    return 'ApiKey realm="api"';
  }
}

@JsonController('/keys')
class KeyController {
  authenticationClasses = [ApiKeyAuthentication];
  permissionClasses = [AllowAny];

  @Get('/token') @hasValidAccessToken() token() {
    return done('token');
  }
  @Get('/scope') @hasRequiredScopes('a') scope() {
    return done('scope');
  }
  @Get('/plain') plain() {
    return done('plain');
  }
}

// Accepts alice's tokens only. No other class reads the tokens of other callers.
class StrictTokens extends AccessTokenAuthentication {
  override async authenticate(request: Request): Promise<AuthenticationResult | null> {
    const result = await super.authenticate(request);
    return result?.user.sub === 'alice' ? result : null;
  }
}

@JsonController('/strict-tokens')
class StrictTokenController {
  authenticationClasses = [StrictTokens];
  permissionClasses = [AllowAny];
  @Get('/token') @hasValidAccessToken() token() {
    return done('token');
  }
  @Get('/scope') @hasRequiredScopes('a') scope() {
    return done('scope');
  }
}

@JsonController('/open')
class OpenController {
  authenticationClasses = [];
  permissionClasses = [AllowAny];

  @Get('/token') @hasValidAccessToken() token() {
    return done('token');
  }
  @Get('/scope') @hasRequiredScopes('a', 'b') scope() {
    return done('scope');
  }
  @Get('/plain') plain() {
    return done('plain');
  }
}

@JsonController('/public')
class PublicController {
  @Get('/') @hasValidAccessToken({ safeMethods: ['GET'] }) read() {
    return done('read');
  }
  @All('/all') @hasValidAccessToken({ safeMethods: ['GET'] }) all() {
    return done('all');
  }
  @Get('/scoped') @hasValidAccessToken({ safeMethods: ['GET'] }) @hasRequiredScopes('a') scoped() {
    return done('scoped');
  }
  @All('/none') @hasValidAccessToken({ safeMethods: [] }) none() {
    return done('none');
  }
}

@JsonController('/strict-public')
@hasValidAccessToken()
class StrictPublicController {
  @Get('/') @hasValidAccessToken({ safeMethods: ['GET'] }) read() {
    return done('read');
  }
}

@JsonController('/beside')
@hasRequiredScopes('of:class')
class BesideFieldsController {
  permissionClasses = [IsAuthenticated, HasAccessTokenScopes];
  get accessTokenScopes() {
    return ['of:field'];
  }

  @Get('/') read() {
    return done('read');
  }
  @Get('/more') @hasRequiredScopes('of:method') more() {
    return done('more');
  }
}

@hasRequiredScopes('base')
class Base {
  @Get('/inherited') @hasRequiredRoles('reader') inherited() {
    return done('inherited');
  }
  @Get('/overridden') @hasRequiredRoles('reader') overridden() {
    return done('overridden');
  }
  @Get('/tightened') @hasRequiredRoles('reader') tightened() {
    return done('tightened');
  }
  @Get('/rerouted') @hasRequiredRoles('reader') rerouted() {
    return done('rerouted');
  }
}

@JsonController('/sub')
@hasRequiredScopes('sub')
class SubController extends Base {
  override overridden() {
    return done('overridden');
  }
  @hasRequiredRoles('boss') override tightened() {
    return done('tightened');
  }
  @Get('/rerouted') override rerouted() {
    return done('rerouted');
  }
}

@JsonController('/sister')
class SisterController extends Base {}

const shared = ['first'];
@JsonController('/shared')
class SharedController {
  @Get('/') @hasRequiredScopes(shared) read() {
    return done('read');
  }
}
shared.push('second');

describe('the claim decorators', () => {
  let api: Api;
  before(async () => {
    const controllers = [
      FlaskController,
      RoleController,
      PermissionController,
      KeyController,
      OpenController,
      StrictTokenController,
      PublicController,
      StrictPublicController,
      BesideFieldsController,
      SubController,
      SisterController,
      SharedController,
    ];
    api = await Api.start({ controllers });
  });
  after(() => api.close());
  beforeEach(() => ran.splice(0));

  type Case = readonly [path: string, allowed: readonly object[], refused: readonly (readonly [object, string?])[]];
  const cases: readonly Case[] = [
    [
      '/flask/private',
      [{ scope: 'openid' }, { scope: 'x profile' }],
      [
        [{ scope: 'x' }, 'openid profile'],
        [{}, 'openid profile'],
      ],
    ],
    [
      '/flask/strict',
      [{ scope: 'read:resource write:resource' }],
      [
        [{ scope: 'read:resource' }, 'write:resource'],
        [{ scope: 'write:resource' }, 'read:resource'],
        [{}, 'read:resource write:resource'],
      ],
    ],
    [
      '/flask/admin/users',
      [{ roles: ['admin'] }, { roles: ['superuser'] }],
      [[{ roles: ['a'] }], [{ scope: 'admin' }]],
    ],
    [
      '/flask/admin/critical',
      [{ roles: ['superuser', 'admin'] }],
      [[{ roles: ['admin'] }], [{ roles: ['superuser'] }]],
    ],
    [
      '/flask/advanced',
      [{ scope: 'openid', roles: ['editor'], permissions: ['resource:write'] }],
      [
        [{ roles: ['editor'], permissions: ['resource:write'] }, 'openid profile'],
        [{ scope: 'openid', permissions: ['resource:write'] }],
        [{ scope: 'openid', roles: ['editor'] }],
      ],
    ],
    [
      '/beside',
      [{ scope: 'of:class of:field' }],
      [
        [{ scope: 'of:class' }, 'of:field'],
        [{ scope: 'of:field' }, 'of:class'],
      ],
    ],
    [
      '/beside/more',
      [{ scope: 'of:class of:field of:method' }],
      [
        [{ scope: 'of:class of:field' }, 'of:method'],
        [{}, 'of:field of:class of:method'],
      ],
    ],
    ['/shared', [{ scope: 'first' }], [[{ scope: 'second' }, 'first']]],
    [
      '/sister/inherited',
      [{ scope: 'base', roles: ['reader'] }],
      [[{ scope: 'base' }], [{ roles: ['reader'] }, 'base']],
    ],
    [
      '/sub/inherited',
      [{ scope: 'base sub', roles: ['reader'] }],
      [
        [{ scope: 'base sub' }],
        [{ scope: 'base', roles: ['reader'] }, 'sub'],
        [{ scope: 'sub', roles: ['reader'] }, 'base'],
        [{ roles: ['reader'] }, 'base sub'],
      ],
    ],
    ['/sub/overridden', [{ scope: 'base sub', roles: ['reader'] }], [[{ scope: 'base sub' }]]],
    ['/sub/rerouted', [{ scope: 'base sub', roles: ['reader'] }], [[{ scope: 'base sub' }]]],
    [
      '/sub/tightened',
      [{ scope: 'base sub', roles: ['reader', 'boss'] }],
      [[{ scope: 'base sub', roles: ['reader'] }], [{ scope: 'base sub', roles: ['boss'] }]],
    ],
  ];
  for (const [path, allowed, refused] of cases) {
    it(`${path} lets in the callers that its decorators name, and refuses all others`, async () => {
      for (const claims of allowed)
        expect((await api.as(claims, 'get', path)).status, JSON.stringify(claims)).to.equal(200);
      expect(ran.splice(0)).to.have.length(allowed.length);
      for (const [claims, scope] of refused) {
        const error = scope === undefined ? 'permission_denied' : 'insufficient_scope';
        expectRefusal(await api.as(claims, 'get', path), error, scope);
        expectHeadRefusal(await api.as(claims, 'head', path), error, scope);
      }
      expectRefusal(await api.as(null, 'get', path), 'not_authenticated');
      expectHeadRefusal(await api.as(null, 'head', path), 'not_authenticated');
      expectRefusal(await api.as({ exp: 1 }, 'get', path), 'invalid_token');
      expect(ran).to.deep.equal([]);
    });
  }

  it('on a class hold for each of its handlers', async () => {
    for (const method of ['get', 'post', 'patch', 'delete'] as const) {
      expect((await api.as({ roles: ['sample:role'] }, method, '/role')).status).to.equal(200);
      expectRefusal(await api.as({ roles: ['sample'] }, method, '/role'), 'permission_denied');
      expectRefusal(await api.as(null, method, '/role'), 'not_authenticated');
    }
    expect(ran).to.have.length(4);
  });

  it('on methods hold for these alone', async () => {
    const needed = { get: 'read', post: 'create', patch: 'update', delete: 'delete' };
    for (const [method, right] of Object.entries(needed))
      for (const other of Object.values(needed)) {
        const response = await api.as({ permissions: [`sample:${other}`] }, method as Method, '/permission');
        expect(response.status, `${method} ${other}`).to.equal(other === right ? 200 : 403);
      }
    expect(ran).to.have.length(4);
  });

  it('need a token where the class needs none', async () => {
    for (const path of ['/open/token', '/open/scope']) {
      expectRefusal(await api.as(null, 'get', path), 'not_authenticated');
      expectRefusal(await api.as({ exp: 1 }, 'get', path), 'invalid_token');
      expect((await api.as({ scope: 'b' }, 'get', path)).status).to.equal(200);
    }
    expectRefusal(await api.as({}, 'get', '/open/scope'), 'insufficient_scope', 'a b');
    expect((await api.as(null, 'get', '/open/plain')).status).to.equal(200);
    expect(ran).to.deep.equal(['token', 'scope', 'plain']);
  });

  it('take no key for a token', async () => {
    const withKey = (path: string) => api.as(null, 'get', path).set('X-Api-Key', 'k');
    const refused = await withKey('/keys/token');
    expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([
      401,
      'Bearer realm="api", ApiKey realm="api"',
    ]);
    const scopeless = await withKey('/keys/scope');
    expect([scopeless.status, scopeless.headers['www-authenticate']]).to.deep.equal([403, undefined]);
    expect((await withKey('/keys/plain')).status).to.equal(200);
    expect((await api.as({}, 'get', '/keys/token')).status).to.equal(200);
    expect((await api.as({}, 'get', '/keys/token').set('X-Api-Key', 'k')).status).to.equal(200);
    expect((await api.as({ scope: 'a' }, 'get', '/keys/scope')).status).to.equal(200);
    expect(ran).to.deep.equal(['plain', 'token', 'token', 'scope']);
  });

  it('refuse a caller that the authentication class does not recognize', async () => {
    for (const path of ['/strict-tokens/token', '/strict-tokens/scope']) {
      expectRefusal(await api.as({ sub: 'bob', scope: 'a' }, 'get', path), 'not_authenticated');
      expect((await api.as({ sub: 'alice', scope: 'a' }, 'get', path)).status).to.equal(200);
    }
    expect(ran).to.deep.equal(['token', 'scope']);
    const { authentication } = api.server.routes.find(({ place }) => place === 'StrictTokenController.token')!;
    expect(authentication).to.deep.equal(['StrictTokens']);
    const open = api.server.routes.find(({ place }) => place === 'OpenController.token')!;
    expect(open.authentication).to.deep.equal(['AccessTokenAuthentication']);
  });

  it('open the methods that safeMethods names, and no rule of another', async () => {
    for (const path of ['/public', '/public/all']) {
      expect((await api.as(null, 'get', path)).status).to.equal(200);
      expect((await api.as(null, 'head', path)).status).to.equal(200);
      expectRefusal(await api.as({ exp: 1 }, 'get', path), 'invalid_token');
    }
    for (const method of ['post', 'put', 'delete', 'options'] as const)
      expectRefusal(await api.as(null, method, '/public/all'), 'not_authenticated');
    expect((await api.as({}, 'post', '/public/all')).status).to.equal(200);
    expectRefusal(await api.as(null, 'get', '/public/scoped'), 'not_authenticated');
    expectRefusal(await api.as(null, 'get', '/strict-public'), 'not_authenticated');
    for (const method of ['get', 'options'] as const)
      expectRefusal(await api.as(null, method, '/public/none'), 'not_authenticated');
    expect(ran).to.have.length(5);
  });

  it('are asked before the body is read', async () => {
    const broken = api.as({}, 'post', '/role').set('Content-Type', 'application/json').send('{');
    expectRefusal(await broken, 'permission_denied');
  });

  it('are described like fields, with their source', () => {
    const rulesAt = (place: string) => api.server.routes.find(rules => rules.place === place)!;
    const advanced = rulesAt('FlaskController.advanced');
    expect(advanced.permissions).to.deep.equal([
      { kind: 'authenticated', orPublicMethod: true },
      { kind: 'authenticated' },
      { kind: 'scopes', match: 'any', values: ['openid', 'profile'] },
      { kind: 'roles', match: 'any', values: ['editor'] },
      { kind: 'permissions', match: 'any', values: ['resource:read', 'resource:write'] },
    ]);
    expect(advanced.authentication).to.deep.equal(['AccessTokenAuthentication']);
    expect(advanced.permissionSources).to.deep.equal(['default', ...Array<string>(4).fill('decorator')]);
    expect(advanced.decorations?.names).to.deep.equal([
      'hasValidAccessToken',
      'hasRequiredScopes',
      'hasRequiredRoles',
      'hasRequiredPermissions',
    ]);
    expect(rulesAt('BesideFieldsController.more').permissionSources).to.deep.equal([
      'field',
      'getter',
      'decorator',
      'decorator',
    ]);
    expect(rulesAt('PublicController.read').permissions?.[1]).to.deep.equal({
      kind: 'or',
      of: [{ kind: 'methods', methods: ['GET'] }, { kind: 'authenticated' }],
    });
    const plain = rulesAt('OpenController.plain');
    expect([plain.decorations, plain.permissionSources, plain.sources]).to.deep.equal([
      undefined,
      ['field'],
      { authenticationClasses: 'field', permissionClasses: 'field', throttleClasses: 'default' },
    ]);
  });
});

describe('a claim decorator that is written wrong', () => {
  const decorators = { hasRequiredScopes, hasRequiredRoles, hasRequiredPermissions };
  const wrong: readonly unknown[][] = [
    [],
    [[]],
    [['a', '']],
    [''],
    [undefined],
    [['a'], ['b']],
    [null],
    [[undefined]],
    [{}],
    [3],
  ];
  for (const [name, decorator] of Object.entries(decorators))
    it(`throws while decorating: ${name} without names, or with invalid ones`, () => {
      for (const names of wrong)
        expect(() => decorator(...(names as unknown as Names)), JSON.stringify(names))
          .to.throw(ImproperlyConfigured)
          .with.property('message')
          .that.matches(new RegExp(`^@${name} must name`));
    });

  it('throws for a scope with a space, a list with a hole, and without parentheses', () => {
    class Books {
      read(): void {}
    }
    const holed = ['a', 'b'];
    holed.length = 3;
    expect(() => hasRequiredScopes('a b')).to.throw(ImproperlyConfigured);
    expect(() => hasRequiredScopes(holed)).to.throw(ImproperlyConfigured);
    expect(() => {
      (hasRequiredScopes as unknown as ClassDecorator)(Books);
    }).to.throw(ImproperlyConfigured);
    expect(() => {
      (hasRequiredScopes as unknown as MethodDecorator)(Books.prototype, 'read', { value: Books.prototype.read });
    }).to.throw(ImproperlyConfigured);
  });

  it('throws for safeMethods that are not a list of HTTP methods, and for unknown options', () => {
    for (const safeMethods of ['GET', ['get'], ['NOSUCH'], [undefined], {}, null])
      expect(() => hasValidAccessToken({ safeMethods: safeMethods as string[] })).to.throw(
        ImproperlyConfigured,
        'safeMethods must be a list of HTTP methods',
      );
    for (const options of [null, 'GET', 3])
      expect(() => hasValidAccessToken(options as unknown as object)).to.throw(ImproperlyConfigured, 'takes an object');
    expect(() => hasValidAccessToken({ safeMethod: ['GET'] } as object)).to.throw(
      ImproperlyConfigured,
      "no option 'safeMethod'",
    );
  });

  it('throws on a static method, a property, an accessor, a symbol, and for the newer kind of decorators', () => {
    class Books {
      static read(): void {}
    }
    const method = { value: () => undefined };
    const places: readonly (readonly unknown[])[] = [
      [Books, 'read', method],
      [Books.prototype, 'title', undefined],
      [Books.prototype, 'title', { get: () => 'Emma' }],
      [Books.prototype, Symbol('read'), method],
      [() => undefined, { kind: 'method', name: 'read' }],
      [Books, { kind: 'class', name: 'Books' }],
    ];
    for (const place of places)
      for (const decorator of [hasRequiredScopes('a'), hasValidAccessToken()])
        expect(() => {
          (decorator as (...given: readonly unknown[]) => void)(...place);
        }).to.throw(ImproperlyConfigured, 'where it guards nothing');
  });
});
