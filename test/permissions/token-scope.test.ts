import { expect } from 'chai';
import type { Request } from 'express';
import { All, Body, Delete, Get, Head, JsonController, Patch, Post, Put } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  BaseAuthentication,
  HasValidAccessToken,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  IsSubOwner,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
  not,
  or,
  type ApiView,
  type AuthenticationResult,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { Api, type Method } from '../api';
import { expectHeadRefusal, expectRefusal } from '../refusals';
import { startError, startWarnings } from '../start-error';
import { thingController, type Members } from './thing-controller';

class SessionAuthentication extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null {
    const name = request.get('X-Session');
    if (name === undefined) return null;
    const scopes: object = name === 'tom' ? { scopes: 'read write' } : {};
    return { user: { isAuthenticated: true, sub: name, isStaff: name === 'admin', ...scopes } };
  }
}

/** The documented variants of Django OAuth Toolkit, as they are meant. */
class ConditionalTokenScope extends TokenHasScope {
  override getScopes(request: Request, controller: ApiView): string[] {
    const scopes = super.getScopes(request, controller);
    if (request.query.include_sensitive !== undefined) scopes.push('sensitive_data');
    if (['PUT', 'PATCH', 'DELETE'].includes(request.method)) scopes.push('modify');
    return scopes;
  }
}

class BodyTokenScope extends TokenHasScope {
  override getScopes(request: Request, controller: ApiView): string[] {
    const { size } = request.body as { size: number };
    return [...super.getScopes(request, controller), size > 9 ? 'large' : 'small'];
  }
}

class AdminOrTokenHasScope extends TokenHasScope {
  override hasPermission(request: Request, controller: ApiView): boolean {
    if ((request.user as { isStaff?: boolean }).isStaff === true) return true;
    return super.hasPermission(request, controller);
  }
}

class MoreAlternatives extends TokenMatchesOASRequirements {
  override getScopes(request: Request, controller: ApiView): string[] | string[][] {
    return [...(super.getScopes(request, controller) as string[][]), ['root']];
  }
}

class OneAlternative extends TokenMatchesOASRequirements {
  override getScopes(): string[] {
    return ['a', 'b'];
  }
}

const hybrid = [AccessTokenAuthentication, SessionAuthentication];

@JsonController('/actions')
class ActionController {
  permissionClasses = [TokenHasScope];
  declare action: string;
  get requiredScopes() {
    return ['list', 'retrieve'].includes(this.action) ? ['books:read'] : ['books:write'];
  }
  @Get('/') list() {
    return {};
  }
  @Post('/') create() {
    return {};
  }
}

@JsonController('/own-head')
class HeadController {
  permissionClasses = [TokenMatchesOASRequirements];
  requiredAlternateScopes = { GET: [['get']], HEAD: [['head']] };
  @Head('/') peek() {
    return {};
  }
  @Get('/') read() {
    return {};
  }
  @All('/all') all() {
    return {};
  }
}

@JsonController('/body')
class BodyController {
  permissionClasses = [BodyTokenScope];
  requiredScopes = ['a'];
  @Post('/') create(@Body({ validate: false }) thing: object) {
    return thing;
  }
}

@JsonController('/owned')
class OwnedController {
  permissionClasses = [or(IsSubOwner, TokenHasScope)];
  requiredScopes = ['notes:all'];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/:id') retrieve() {
    return {};
  }
}

const things: Readonly<Record<string, Members>> = {
  '/all-of': { permissionClasses: [TokenHasScope], requiredScopes: ['a', 'b'] },
  '/read-write': { permissionClasses: [TokenHasReadWriteScope] },
  '/read-write-more': { permissionClasses: [TokenHasReadWriteScope], requiredScopes: ['music'] },
  '/resource': { permissionClasses: [TokenHasResourceScope], requiredScopes: ['music', 'film'] },
  '/hybrid': {
    authenticationClasses: hybrid,
    permissionClasses: [IsAuthenticatedOrTokenHasScope],
    requiredScopes: ['api'],
  },
  '/not-hybrid': {
    authenticationClasses: hybrid,
    permissionClasses: [or(IsAuthenticated, TokenHasScope)],
    requiredScopes: ['api'],
  },
  '/admin': {
    authenticationClasses: hybrid,
    permissionClasses: [AdminOrTokenHasScope],
    requiredScopes: ['api'],
  },
  '/conditional': { permissionClasses: [ConditionalTokenScope], requiredScopes: ['a'] },
  '/negated': { permissionClasses: [not(TokenHasScope)], requiredScopes: ['suspended'] },
  '/oas': {
    permissionClasses: [TokenMatchesOASRequirements],
    requiredAlternateScopes: { GET: [['read'], ['admin', 'all']], POST: [['create', 'more']] },
  },
  '/oas-more': {
    permissionClasses: [MoreAlternatives],
    requiredAlternateScopes: { GET: [['read']] },
  },
  '/oas-one': { permissionClasses: [OneAlternative] },
};

const controllers = [
  ActionController,
  HeadController,
  BodyController,
  OwnedController,
  ...Object.entries(things).map(([path, members]) => thingController(path, members)),
];

type Case = readonly [method: Method, path: string, scope: string, missing?: string];

/** With what scope a request is served, or which scopes its challenge names. */
const cases: readonly Case[] = [
  ['get', '/all-of', 'b a x'],
  ['get', '/all-of', 'a', 'a b'],
  ['get', '/all-of', 'b', 'a b'],
  ['get', '/all-of', 'ab', 'a b'],
  ['get', '/read-write', 'read'],
  ['get', '/read-write', 'write', 'read'],
  ['put', '/read-write/1', 'write'],
  ['put', '/read-write/1', 'read', 'write'],
  ['delete', '/read-write/1', 'read', 'write'],
  ['get', '/read-write-more', 'read music'],
  ['get', '/read-write-more', 'read', 'music read'],
  ['get', '/read-write-more', 'music', 'music read'],
  ['get', '/resource', 'music:read film:read'],
  ['get', '/resource', 'music:read', 'music:read film:read'],
  ['get', '/resource', 'music film read', 'music:read film:read'],
  ['put', '/resource/1', 'music:write film:write'],
  ['put', '/resource/1', 'music:read film:read', 'music:write film:write'],
  ['get', '/hybrid', 'api'],
  ['get', '/hybrid', 'x', 'api'],
  ['get', '/not-hybrid', 'x'],
  ['get', '/conditional', 'a'],
  ['get', '/conditional?include_sensitive', 'a', 'a sensitive_data'],
  ['get', '/conditional?include_sensitive', 'a sensitive_data'],
  // The list of another request is not poisoned.
  ['get', '/conditional', 'a'],
  ['put', '/conditional/1', 'a', 'a modify'],
  ['put', '/conditional/1', 'a modify'],
  ['put', '/conditional/1?include_sensitive', 'a modify', 'a sensitive_data modify'],
  ['get', '/actions', 'books:read'],
  ['get', '/actions', 'books:write', 'books:read'],
  ['post', '/actions', 'books:write'],
  ['get', '/oas', 'read'],
  ['get', '/oas', 'all admin'],
  ['get', '/oas', 'admin', 'read admin all'],
  ['get', '/oas-more', 'root'],
  ['get', '/oas-more', 'x', 'read root'],
  ['get', '/oas-one', 'b a'],
  ['get', '/oas-one', 'b', 'a b'],
  ['get', '/own-head', 'get'],
  ['get', '/own-head', 'head', 'get'],
  ['get', '/own-head/all', 'get'],
];

describe('Django OAuth Toolkit’s permission classes', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  for (const [method, path, scope, missing] of cases)
    it(`${method} ${path} with '${scope}' is ${missing === undefined ? 'served' : `told ${missing}`}`, async () => {
      const response = await api.as({ scope }, method, path);
      if (missing === undefined) expect(response.status).to.equal(200);
      else expectRefusal(response, 'insufficient_scope', missing);
      if (method === 'get' && !path.startsWith('/own-head')) {
        const head = await api.as({ scope }, 'head', path);
        if (missing === undefined) expect(head.status).to.equal(200);
        else expectHeadRefusal(head, 'insufficient_scope', missing);
      }
      expectRefusal(await api.as(null, method, path), 'not_authenticated');
      expectRefusal(await api.as({ scope, exp: 1 }, method, path), 'invalid_token');
    });

  it('a method without an entry is refused', async () => {
    for (const method of ['put', 'delete'] as const) {
      expectRefusal(await api.as({ scope: 'read admin all create' }, method, '/oas/1'), 'permission_denied');
      expectRefusal(await api.as(null, method, '/oas/1'), 'not_authenticated');
    }
    expectRefusal(await api.as({ scope: 'read' }, 'delete', '/own-head/all'), 'permission_denied');
  });

  it('a handler for HEAD has an entry of its own', async () => {
    expect((await api.as({ scope: 'head' }, 'head', '/own-head')).status).to.equal(200);
    expectHeadRefusal(await api.as({ scope: 'get' }, 'head', '/own-head'), 'insufficient_scope', 'head');
  });

  it('require a scope of a token, but not of a session', async () => {
    const session = (path: string, name = 'sue') => api.as(null, 'get', path).set('X-Session', name);
    expect((await session('/hybrid')).status).to.equal(200);
    expect((await session('/not-hybrid')).status).to.equal(200);
    // Its scopes are text, which nobody has to read.
    expect((await session('/hybrid', 'tom')).status).to.equal(200);
    // The first class of the list authenticates a caller that sends both.
    expectRefusal(await api.as({}, 'get', '/hybrid').set('X-Session', 'sue'), 'insufficient_scope', 'api');
    expect((await session('/admin', 'admin')).status).to.equal(200);
    expect((await session('/admin')).status).to.equal(403);
    expect((await api.as({ scope: 'api' }, 'get', '/admin')).status).to.equal(200);
    expectRefusal(await api.as({}, 'get', '/admin'), 'insufficient_scope', 'api');
  });

  it('who owns the object needs no scope, where the two are put together by or', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/owned/1')).status).to.equal(200);
    expect((await api.as({ sub: 'bob', scope: 'notes:all' }, 'get', '/owned/1')).status).to.equal(200);
    expectRefusal(await api.as({ sub: 'bob' }, 'get', '/owned/1'), 'insufficient_scope', 'notes:all');
  });

  it('a negated one lets nobody in who is not authenticated', async () => {
    expect((await api.as({ scope: 'x' }, 'get', '/negated')).status).to.equal(200);
    expectRefusal(await api.as({ scope: 'suspended' }, 'get', '/negated'), 'permission_denied');
    expectRefusal(await api.as(null, 'get', '/negated'), 'not_authenticated');
  });

  it('scopes that depend on the body are asked once it is there', async () => {
    const post = (scope: string, size: number) => api.as({ scope }, 'post', '/body').send({ size });
    expect((await post('a small', 3)).status).to.equal(200);
    expect((await post('a large', 10)).status).to.equal(200);
    expectRefusal(await post('a small', 10), 'insufficient_scope', 'a large');
    expectRefusal(await post('a large', 3), 'insufficient_scope', 'a small');
  });

  it('describe themselves', () => {
    const described = (place: string, path: string) =>
      api.server.routes.find(one => one.place === place && one.path.startsWith(path))?.permissions;
    const scopes = (...values: string[]) => ({ kind: 'scopes', match: 'all', values });
    expect(described('ThingController.list', '/all-of')).to.deep.equal([scopes('a', 'b')]);
    expect(described('ThingController.list', '/read-write-more')).to.deep.equal([scopes('music', 'read')]);
    expect(described('ThingController.create', '/read-write-more')).to.deep.equal([scopes('music', 'write')]);
    expect(described('ThingController.list', '/resource')).to.deep.equal([scopes('music:read', 'film:read')]);
    expect(described('ThingController.list', '/oas')).to.deep.equal([
      { kind: 'or', of: [scopes('read'), scopes('admin', 'all')] },
    ]);
    expect(described('ThingController.create', '/oas')).to.deep.equal([scopes('create', 'more')]);
    expect(described('ThingController.update', '/oas')).to.deep.equal([{ kind: 'nobody' }]);
    expect(described('ThingController.list', '/hybrid')).to.deep.equal([
      { kind: 'or', of: [{ kind: 'custom', name: 'authenticated without an access token' }, scopes('api')] },
    ]);
    expect(described('ThingController.list', '/conditional')).to.deep.equal([undefined]);
    expect(described('HeadController.all', '/own-head')).to.deep.equal([undefined]);
    const { permissionSources } = api.server.routes.find(({ place }) => place === 'ActionController.list')!;
    expect(permissionSources).to.deep.equal(['getter']);
  });

  it('give a new list for each call', () => {
    const controller = { requiredScopes: ['a'], action: 'list' } as unknown as ApiView;
    const permission = new TokenHasScope();
    permission.getScopes({} as Request, controller).push('b');
    expect(permission.getScopes({} as Request, controller)).to.deep.equal(['a']);
    expect(controller.requiredScopes).to.deep.equal(['a']);

    const byMethod = { requiredAlternateScopes: { GET: [['a']] }, action: 'list' } as unknown as ApiView;
    const alternatives = new TokenMatchesOASRequirements();
    const get = { method: 'GET' } as Request;
    (alternatives.getScopes(get, byMethod) as string[][])[0]?.push('b');
    expect(alternatives.getScopes(get, byMethod)).to.deep.equal([['a']]);
    expect(alternatives.getScopes({ method: 'constructor' } as Request, byMethod)).to.deep.equal([]);
  });
});

describe('the settings of Django OAuth Toolkit’s classes', () => {
  async function served(axioms: Partial<SettingsInput>, check: (api: Api) => Promise<void>): Promise<void> {
    const api = await Api.start({ controllers, axioms });
    try {
      await check(api);
    } finally {
      await api.close();
    }
  }

  it('readScope and writeScope name the two scopes', () =>
    served({ readScope: 'see', writeScope: 'change' }, async api => {
      expect((await api.as({ scope: 'see' }, 'get', '/read-write')).status).to.equal(200);
      expectRefusal(await api.as({ scope: 'read' }, 'get', '/read-write'), 'insufficient_scope', 'see');
      expectRefusal(await api.as({ scope: 'write' }, 'put', '/read-write/1'), 'insufficient_scope', 'change');
      expect((await api.as({ scope: 'music:change film:change' }, 'put', '/resource/1')).status).to.equal(200);
    }));

  it('errorResponseWithScopes names the effective scopes, of TokenHasScope and its subclasses alone', () =>
    served({ errorResponseWithScopes: true }, async api => {
      const named: readonly (readonly [Method, string, string[]])[] = [
        ['get', '/all-of', ['a', 'b']],
        ['get', '/read-write-more', ['music', 'read']],
        ['put', '/resource/1', ['music:write', 'film:write']],
        ['get', '/conditional?include_sensitive', ['a', 'sensitive_data']],
        ['get', '/admin', ['api']],
      ];
      for (const [method, path, required_scopes] of named) {
        const response = await api.as({ scope: 'a' }, method, path);
        expect([response.status, response.body as object, path]).to.deep.equal([
          403,
          {
            error: 'insufficient_scope',
            error_description: 'The access token does not have the scope that this request needs',
            required_scopes,
          },
          path,
        ]);
      }
      expectRefusal(await api.as({}, 'get', '/hybrid'), 'insufficient_scope', 'api');
      expectRefusal(await api.as({}, 'get', '/oas'), 'insufficient_scope', 'read admin all');
      expectRefusal(await api.as({ scope: 'suspended' }, 'get', '/negated'), 'permission_denied');
      expectRefusal(await api.as(null, 'get', '/all-of'), 'not_authenticated');
      expectRefusal(await api.as({ exp: 1 }, 'get', '/all-of'), 'invalid_token');
    }));
});

describe('scopes that are missing, empty or wrong', () => {
  const scoped = [TokenHasScope, TokenHasResourceScope, IsAuthenticatedOrTokenHasScope];
  for (const permission of scoped)
    for (const requiredScopes of [undefined, null, []])
      it(`${permission.name} with ${JSON.stringify(requiredScopes)} stops the start`, () => {
        expect(startError(thingController('/t', { permissionClasses: [permission], requiredScopes }))).to.match(
          new RegExp(
            `^ThingController\\.list has the permission class ${permission.name} and says no scopes: write requiredScopes = `,
          ),
        );
      });

  for (const permission of [...scoped, TokenHasReadWriteScope])
    for (const requiredScopes of ['read', ['a b'], [''], [undefined], [1], { 0: 'a' }, Promise.resolve(['a'])])
      it(`${permission.name} with ${JSON.stringify(requiredScopes)} stops the start`, () => {
        expect(startError(thingController('/t', { permissionClasses: [permission], requiredScopes }))).to.contain(
          'ThingController.requiredScopes must be a list of scopes',
        );
      });

  it('TokenHasReadWriteScope needs no list', () => {
    for (const requiredScopes of [undefined, []])
      startWarnings(thingController('/t', { permissionClasses: [TokenHasReadWriteScope], requiredScopes }));
  });

  const wrong: readonly unknown[] = [
    {},
    [],
    'GET',
    { get: [['a']] },
    { GTE: [['a']] },
    { GET: [] },
    { GET: [[]] },
    { GET: ['a'] },
    { GET: 'a' },
    { GET: [['a b']] },
    { GET: [['a'], []] },
    { GET: [['a']], POST: [] },
  ];
  for (const requiredAlternateScopes of wrong)
    it(`TokenMatchesOASRequirements with ${JSON.stringify(requiredAlternateScopes)} stops the start`, () => {
      const members = { permissionClasses: [TokenMatchesOASRequirements], requiredAlternateScopes };
      expect(startError(thingController('/t', members))).to.contain('requiredAlternateScopes must have');
    });

  it('TokenMatchesOASRequirements without them stops the start', () => {
    for (const requiredAlternateScopes of [undefined, null])
      expect(
        startError(
          thingController('/t', { permissionClasses: [TokenMatchesOASRequirements], requiredAlternateScopes }),
        ),
      ).to.contain('says no scopes: write requiredAlternateScopes = ');
  });

  it('misspelled members stop the start', () => {
    for (const [name, meant] of [
      ['requiredScope', 'requiredScopes'],
      ['required_scopes', 'requiredScopes'],
      ['requiredscopes', 'requiredScopes'],
      ['requiredAlternateScope', 'requiredAlternateScopes'],
      ['required_alternate_scopes', 'requiredAlternateScopes'],
      ['requiredAlternativeScopes', 'requiredAlternateScopes'],
    ] as const)
      expect(startError(thingController('/t', { [name]: ['a'] }))).to.equal(
        `ThingController.${name} is no rule of a controller: did you mean ${meant}? If it is not a rule, give it another name.`,
      );
  });

  it('static ones stop the start', () => {
    @JsonController('/t')
    class BookController {
      static requiredScopes = ['a'];
      permissionClasses = [AllowAny];
      @Patch('/') update() {
        return {};
      }
      @Put('/') replace() {
        return {};
      }
      @Delete('/') remove() {
        return {};
      }
    }
    expect(startError(BookController)).to.contain('BookController.requiredScopes is static');
  });

  for (const scopes of [[], 'read', undefined, ['a', 1], Promise.resolve(['a'])])
    it(`a getScopes that returns ${JSON.stringify(scopes)} stops the start`, () => {
      class Own extends TokenHasScope {
        override getScopes(): string[] {
          return scopes as string[];
        }
      }
      expect(startError(thingController('/t', { permissionClasses: [Own] }))).to.contain(
        'Own.getScopes must return a non-empty list of scopes',
      );
    });

  for (const scopes of ['read', undefined, [['a'], []], ['a', ['b']], [['a b']], { GET: [['a']] }])
    it(`alternatives that are ${JSON.stringify(scopes)} stop the start`, () => {
      class Own extends TokenMatchesOASRequirements {
        override getScopes(): string[][] {
          return scopes as string[][];
        }
      }
      expect(startError(thingController('/t', { permissionClasses: [Own] }))).to.contain(
        'Own.getScopes must return a list of non-empty lists of scopes',
      );
    });

  it('what is only wrong per request is a 500, never access', async () => {
    class Own extends TokenHasScope {
      override getScopes(request: Request): string[] {
        return request.query.none === undefined ? ['a'] : [];
      }
    }
    const api = await Api.start({
      controllers: [thingController('/t', { authenticationClasses: [HasValidAccessToken], permissionClasses: [Own] })],
    });
    try {
      expect((await api.as({ scope: 'a' }, 'get', '/t')).status).to.equal(200);
      expectRefusal(await api.as({ scope: 'a' }, 'get', '/t?none'), 'server_error');
    } finally {
      await api.close();
    }
  });
});
