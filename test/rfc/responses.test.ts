import { expect } from 'chai';
import type { Request } from 'express';
import { All, Body, Get, HttpCode, JsonController, Post } from 'routing-controllers';
import type { Response, Test } from 'supertest';
import {
  AllowAny,
  AuthenticationFailed,
  BaseAuthentication,
  BasePermission,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  AccessTokenAuthentication,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAuthenticated,
  and,
  not,
  or,
  type AuthenticationClass,
  type PermissionRule,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { BaseThrottle } from '../../src/throttling/base';
import { Api } from '../api';
import { badByItsKey, badWithoutAKey } from '../bad-tokens';
import { down, ok, type Mode } from '../issuer/scripted-issuer';
import { signingKey } from '../issuer/test-issuer';
import {
  bearer,
  demanding,
  expectExactRefusal,
  fieldsOf,
  invalidToken,
  notAuthenticated,
  permissionDenied,
  type Refusal,
} from '../refusals';

/** Handlers that ran: none may, for a request that is refused. */
let handled = 0;

function handle(): { ok: boolean } {
  handled++;
  return { ok: true };
}

async function expectRefused(request: Test, refusal: Refusal): Promise<void> {
  const before = handled;
  expectExactRefusal(await request, refusal);
  expect(handled).to.equal(before);
}

async function expectServed(request: Test, status = 200): Promise<Response> {
  const before = handled;
  const response = await request;
  expect(response.status, response.text).to.equal(status);
  expect(fieldsOf(response, 'www-authenticate')).to.deep.equal([]);
  expect(handled).to.equal(before + 1);
  return response;
}

/** A closed controller that says nothing, with a body to read. */
@JsonController('/closed')
class ClosedController {
  @Get('/') read() {
    return handle();
  }
  @Post('/') @HttpCode(201) write(@Body({ validate: false }) _body: unknown) {
    return handle();
  }
  @All('/all') all() {
    return handle();
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/') read() {
    return handle();
  }
}

@JsonController('/insisting')
class InsistingController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [AllowAny];
  @Get('/') read() {
    return handle();
  }
}

@JsonController('/readable')
class ReadableController {
  authenticationClasses = [IsAnyGetOrIsAccessTokenAuthenticated];
  @Get('/') read() {
    return handle();
  }
  @Post('/') write() {
    return handle();
  }
}

/** Each call makes a controller class of its own with these rules. */
function controllerWith(path: string, members: object): new () => object {
  @JsonController(path)
  class RuledController {
    constructor() {
      Object.assign(this, members);
    }
    @Get('/') read() {
      return handle();
    }
    @Post('/') write(@Body({ validate: false }) _body: unknown) {
      return handle();
    }
  }
  return RuledController;
}

function insufficientScope(scope: string, body: object = {}): Refusal {
  const description = 'The access token does not have the scope that this request needs';
  const challenges = [bearer('insufficient_scope', description, scope)];
  return { status: 403, challenges, error: 'insufficient_scope', description, ...body };
}

let lastPath = 0;

/** The controllers of the rules below: each has a path of its own. */
const ruled: (new () => object)[] = [];

function pathOf(members: object): string {
  const path = `/ruled-${++lastPath}`;
  ruled.push(controllerWith(path, members));
  return path;
}

describe('responses: credentials', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [ClosedController, OpenController, InsistingController, ReadableController] });
  });
  after(() => api.close());

  it('serve a good token', async () => {
    await expectServed(api.as({}, 'get', '/closed'));
  });

  describe('that are missing where some are needed', () => {
    const others: [string, string | undefined][] = [
      ['no Authorization header', undefined],
      ['an empty Authorization header', ''],
      ['another scheme', 'Basic YWxpY2U6c2VjcmV0'],
      ['a scheme that only begins like Bearer', 'Bearers abc'],
    ];
    for (const [title, authorization] of others) {
      for (const path of ['/closed', '/insisting'])
        it(`are asked for, without an error: ${title}, ${path}`, async () => {
          const request = api.with(null, 'get', path);
          if (authorization !== undefined) void request.set('Authorization', authorization);
          await expectRefused(request, notAuthenticated);
        });
    }

    it('are asked for on a method that is not among the public ones', async () => {
      await expectServed(api.as(null, 'get', '/readable'));
      await expectRefused(api.as(null, 'post', '/readable'), notAuthenticated);
    });

    it('are not looked for in the query', async () => {
      await expectRefused(api.as(null, 'get', `/closed?access_token=${api.issuer.token()}`), notAuthenticated);
    });

    it('are not looked for in a form', async () => {
      const form = api.as(null, 'post', '/closed').type('form').send({ access_token: api.issuer.token() });
      await expectRefused(form, notAuthenticated);
    });
  });

  describe('that can be read in more than one way, or in none', () => {
    const token = 'e30.e30.e30';
    const unreadable: [string, string | string[], string][] = [
      ['Bearer alone', 'Bearer', 'The Authorization header has no token'],
      ['two tokens', `Bearer ${token} ${token}`, 'The Authorization header has more than one token'],
      ['two tokens with a comma', `Bearer ${token},${token}`, 'The Authorization header has more than one token'],
      ['two credentials', `Bearer ${token}, Basic YTpi`, 'The Authorization header has more than one token'],
      ['a quotation mark', `Bearer "${token}"`, 'The access token has illegal characters'],
      ['a percent sign', 'Bearer e30%2Ee30', 'The access token has illegal characters'],
      ['padding inside', 'Bearer e3=0.e30.e30', 'The access token has illegal characters'],
      ['a byte outside of ASCII', 'Bearer e30.\u00e4.e30', 'The access token has illegal characters'],
      ['a no-break space', `Bearer\u00a0${token}`, 'The access token has illegal characters'],
      ['a tab for the space', `Bearer\t${token}`, 'The access token has illegal characters'],
      ['a colon after the scheme', `Bearer: ${token}`, 'The Authorization header has more than one token'],
      ['a repeated header', [`Bearer ${token}`, `Bearer ${token}`], 'The Authorization header is repeated'],
      [
        'a header repeated for another scheme',
        ['Basic YTpi', `Bearer ${token}`],
        'The Authorization header is repeated',
      ],
    ];
    for (const [title, authorization, description] of unreadable) {
      it(`are refused: ${title}`, async () => {
        // Node sends a list as separate fields.
        const request = api.with(null, 'get', '/closed').set('Authorization', authorization as string);
        const challenges = [bearer('invalid_request', description)];
        await expectRefused(request, { status: 400, challenges, error: 'invalid_request', description });
      });
    }

    it('are refused where nobody had to send any', async () => {
      const description = 'The Authorization header has no token';
      const challenges = [bearer('invalid_request', description)];
      const request = api.with(null, 'get', '/open').set('Authorization', 'Bearer');
      await expectRefused(request, { status: 400, challenges, error: 'invalid_request', description });
    });

    it('are not: a scheme in other letters, and spaces around the token', async () => {
      const token = api.issuer.token();
      await expectServed(api.with(null, 'get', '/closed').set('Authorization', `bEARER   ${token}  `));
    });
  });

  describe('that are bad', () => {
    for (const { title, description, make } of [...badWithoutAKey, ...badByItsKey]) {
      it(`are refused: a token ${title}`, async () => {
        await expectRefused(api.with(make(api.issuer), 'get', '/closed'), invalidToken(description));
      });
    }

    for (const path of ['/open', '/readable']) {
      it(`are refused where nobody had to send any: ${path}`, async () => {
        const token = api.issuer.token({ exp: 1 });
        await expectRefused(api.with(token, 'get', path), invalidToken('The access token expired'));
      });
    }
  });

  describe('for HEAD', () => {
    const asked: [string, () => string | null][] = [
      ['no token', () => null],
      ['a bad token', () => api.issuer.token({ exp: 1 })],
      ['a good token', () => api.issuer.token()],
    ];
    for (const [title, token] of asked) {
      it(`are asked as for GET: ${title}`, async () => {
        const head = await api.with(token(), 'head', '/closed');
        const get = await api.with(token(), 'get', '/closed');
        expect(head.status).to.equal(get.status);
        for (const name of ['www-authenticate', 'content-type', 'content-length', 'cache-control'])
          expect(fieldsOf(head, name), name).to.deep.equal(fieldsOf(get, name));
        expect(head.text).to.be.oneOf(['', undefined]);
      });
    }

    it('are answered without a body', async () => {
      await expectRefused(api.as(null, 'head', '/closed'), notAuthenticated);
    });
  });

  describe('for OPTIONS', () => {
    it('are not asked for by a preflight', async () => {
      const before = handled;
      const response = await api.as(null, 'options', '/closed');
      expect(response.status).to.equal(200);
      expect(fieldsOf(response, 'www-authenticate')).to.deep.equal([]);
      expect(handled).to.equal(before);
    });

    it('are asked for by a handler of all methods', async () => {
      await expectRefused(api.as(null, 'options', '/closed/all'), notAuthenticated);
      await expectServed(api.as({}, 'options', '/closed/all'));
      await expectRefused(api.as(null, 'get', '/closed/all'), notAuthenticated);
    });
  });
});

describe('responses: settings', () => {
  async function withSettings(axioms: Partial<SettingsInput>, run: (api: Api) => Promise<void>): Promise<void> {
    const api = await Api.start({ controllers: [ClosedController], axioms });
    try {
      await run(api);
    } finally {
      await api.close();
    }
  }

  it('name the realm', () =>
    withSettings({ realm: 'books of the house' }, async api => {
      const challenges = ['Bearer realm="books of the house"'];
      await expectRefused(api.as(null, 'get', '/closed'), { ...notAuthenticated, challenges });
    }));

  it('can make a method public', () =>
    withSettings({ publicMethods: ['OPTIONS'] }, async api => {
      await expectServed(api.as(null, 'options', '/closed/all'));
      await expectRefused(api.as(null, 'get', '/closed/all'), notAuthenticated);
    }));
});

describe('responses: rights', () => {
  class SaysNo extends BasePermission {
    override hasPermission() {
      return false;
    }
  }
  class InItsOwnWords extends SaysNo {
    override message = 'The "office" is closed';
    override code = 'out_of_office';
  }
  class ScopesInOwnWords extends HasAccessTokenScopes {
    override message = 'Ask for more';
    override code = 'needs_scope';
  }

  const rights = {
    accessTokenScopes: ['book:read', 'book:write'],
    accessTokenRoles: ['editor'],
    accessTokenPermissions: ['books'],
  };
  const refused: [string, PermissionRule[], object, object, Refusal][] = [
    ['any of some scopes', [HasAccessTokenScopes], {}, {}, insufficientScope('book:read book:write')],
    [
      'all of some scopes, of which one is there',
      [HasAccessTokenScopes],
      { accessTokenScopes: undefined, accessTokenAllScopes: ['a', 'b'] },
      { scope: 'a' },
      insufficientScope('a b'),
    ],
    [
      'any of and all of, without repeats',
      [HasAccessTokenScopes],
      { accessTokenAllScopes: ['book:write', 'c'] },
      {},
      insufficientScope('book:read book:write c'),
    ],
    [
      'any of and all of, where only one fails',
      [HasAccessTokenScopes],
      { accessTokenAllScopes: ['c'] },
      { scope: 'book:read' },
      insufficientScope('c'),
    ],
    [
      'a part of a scope',
      [HasAccessTokenScopes],
      {},
      { scope: 'book:reader ook:read' },
      insufficientScope('book:read book:write'),
    ],
    [
      'scopes before roles',
      [HasAccessTokenScopes, HasAccessTokenRoles],
      {},
      {},
      insufficientScope('book:read book:write'),
    ],
    ['roles before scopes', [HasAccessTokenRoles, HasAccessTokenScopes], {}, {}, permissionDenied],
    [
      'roles or scopes',
      [or(HasAccessTokenRoles, HasAccessTokenScopes)],
      {},
      {},
      insufficientScope('book:read book:write'),
    ],
    [
      'scopes with a role, or a permission: scopes alone would not do',
      [or(and(HasAccessTokenScopes, HasAccessTokenRoles), HasAccessTokenPermissions)],
      {},
      {},
      permissionDenied,
    ],
    ['a role', [HasAccessTokenRoles], {}, { roles: ['edit', 'editors'] }, permissionDenied],
    ['a permission', [HasAccessTokenPermissions], {}, {}, permissionDenied],
    ['not a scope that is there', [not(HasAccessTokenScopes)], {}, { scope: 'book:read' }, permissionDenied],
    ['a rule of the app', [SaysNo], {}, {}, permissionDenied],
    [
      'a rule of the app in its own words',
      [InItsOwnWords],
      {},
      {},
      { status: 403, error: 'out_of_office', description: 'The "office" is closed' },
    ],
    [
      'scopes, with a message and a code of the app: the challenge keeps its own',
      [ScopesInOwnWords],
      {},
      {},
      insufficientScope('book:read book:write', { error: 'needs_scope', description: 'Ask for more' }),
    ],
  ];
  const cases = refused.map(([title, permissionClasses, members, claims, refusal]) => ({
    title,
    claims,
    refusal,
    path: pathOf({ ...rights, ...members, permissionClasses }),
  }));
  const anonymous = pathOf({ ...rights, permissionClasses: [HasAccessTokenRoles] });
  const grouchy = pathOf({ permissionClasses: [InItsOwnWords] });
  const owned = pathOf({ ...rights, permissionClasses: [HasAccessTokenScopes, HasAccessTokenRoles] });

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [...ruled] });
  });
  after(() => api.close());

  for (const { title, claims, path, refusal } of cases) {
    it(`are missing: ${title}`, async () => {
      await expectRefused(api.as(claims, 'get', path), refusal);
      await expectRefused(api.as(claims, 'head', path), refusal);
    });
  }

  it('are not missing: every rule is met', async () => {
    await expectServed(api.as({ scope: 'x book:write', roles: ['editor'] }, 'get', owned));
  });

  for (const [title, path] of [
    ['a role', anonymous],
    ['a rule of the app, whose words are for those who are known', grouchy],
  ] as const) {
    it(`are not discussed with nobody: ${title}`, async () => {
      await expectRefused(api.as(null, 'get', path), notAuthenticated);
    });
  }
});

describe('responses: several authentication classes', () => {
  class ApiKeyAuthentication extends BaseAuthentication {
    authenticate(request: Request) {
      if (request.get('X-Api-Key') === undefined) return null;
      throw new AuthenticationFailed('The API key is not known');
    }
    override authenticateHeader() {
      return 'ApiKey realm="keys"';
    }
  }
  class SilentAuthentication extends BaseAuthentication {
    authenticate(request: Request) {
      if (request.get('X-Api-Key') === undefined) return null;
      throw new AuthenticationFailed();
    }
  }
  class ConfusedAuthentication extends BaseAuthentication {
    authenticate() {
      return { isAuthenticated: true } as never;
    }
  }

  const pathWith = (...authenticationClasses: AuthenticationClass[]): string =>
    pathOf({ authenticationClasses, permissionClasses: [IsAuthenticated] });
  const keysFirst = pathWith(ApiKeyAuthentication, AccessTokenAuthentication);
  const tokensFirst = pathWith(HasValidAccessToken, ApiKeyAuthentication);
  const twice = pathWith(AccessTokenAuthentication, HasValidAccessToken);
  const silent = pathWith(SilentAuthentication);
  const none = pathWith();
  const silentFirst = pathWith(SilentAuthentication, AccessTokenAuthentication);
  const confused = pathWith(ConfusedAuthentication);

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [...ruled] });
  });
  after(() => api.close());

  it('send their challenges in list order, as separate fields', async () => {
    const [tokens, keys] = ['Bearer realm="api"', 'ApiKey realm="keys"'];
    await expectRefused(api.as(null, 'get', keysFirst), { ...notAuthenticated, challenges: [keys, tokens] });
    await expectRefused(api.as(null, 'get', tokensFirst), { ...notAuthenticated, challenges: [tokens, keys] });
  });

  it('send the same challenge once', async () => {
    await expectRefused(api.as(null, 'get', twice), notAuthenticated);
  });

  it('tell the error on the challenge of the class at fault alone', async () => {
    const refusal = invalidToken('The access token expired');
    const challenges = ['ApiKey realm="keys"', ...(refusal.challenges ?? [])];
    await expectRefused(api.as({ exp: 1 }, 'get', keysFirst), { ...refusal, challenges });
  });

  it('tell no error on a challenge of a scheme that has no parameter for it', async () => {
    await expectRefused(api.as({}, 'get', keysFirst).set('X-Api-Key', 'x'), {
      status: 401,
      challenges: ['ApiKey realm="keys"', 'Bearer realm="api"'],
      error: 'authentication_failed',
      description: 'The API key is not known',
    });
  });

  for (const [title, path] of [
    ['no class with a challenge', silent],
    ['no class at all', none],
  ] as const) {
    it(`answer 403 without a challenge where there is ${title}`, async () => {
      await expectRefused(api.as(null, 'get', path), permissionDenied);
    });
  }

  it('answer 403 to bad credentials where no class has a challenge', async () => {
    await expectRefused(api.as(null, 'get', silent).set('X-Api-Key', 'x'), permissionDenied);
  });

  it('challenge where any class has a challenge', async () => {
    await expectRefused(api.as(null, 'get', silentFirst), notAuthenticated);
  });

  it('fail, and let nobody in, where one answers with something else', async () => {
    await expectRefused(api.as(null, 'get', confused), {
      status: 500,
      error: 'server_error',
      description: 'The server could not handle the request',
    });
  });
});

describe('responses: the server has its own troubles', () => {
  class Twice extends BaseThrottle {
    allowRequest() {
      return false;
    }
    override wait() {
      return 6.2;
    }
  }
  class Unknown extends BaseThrottle {
    allowRequest() {
      return false;
    }
  }
  @JsonController('/decided-per-request')
  class DecidedPerRequestController {
    permissionClasses = [HasAccessTokenScopes];
    declare request: Request;
    get accessTokenScopes() {
      return this.request.query['scoped'] === undefined ? [] : ['book:read'];
    }
    @Get('/') read() {
      return handle();
    }
  }
  const throttled = pathOf({ throttleClasses: [Twice] });
  const withoutEnd = pathOf({ throttleClasses: [Unknown] });

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [...ruled, DecidedPerRequestController] });
  });
  after(() => api.close());

  const tooMany: Refusal = { status: 429, error: 'throttled', description: 'Request was throttled' };

  it('too many requests', async () => {
    await expectRefused(api.as({}, 'get', throttled), { ...tooMany, retryAfter: '7' });
    await expectRefused(api.as({}, 'get', withoutEnd), tooMany);
  });

  it('refuses who may not before it counts', async () => {
    await expectRefused(api.as(null, 'get', throttled), notAuthenticated);
  });

  it('a rule that turns out empty is never access', async () => {
    await expectRefused(api.as({ scope: 'book:read' }, 'get', '/decided-per-request'), {
      status: 500,
      error: 'server_error',
      description: 'The server could not handle the request',
    });
    await expectServed(api.as({ scope: 'book:read' }, 'get', '/decided-per-request?scoped'));
  });
});

describe('responses: the keys of the issuer', () => {
  let api: Api;
  let now: number;
  beforeEach(async () => {
    api = await Api.start({ controllers: [ClosedController], axioms: { jwksPrefetch: false, jwksRetryMin: 7 } });
    now = Date.now();
    Object.assign(api.server.jwksManager, { clock: () => now, random: () => 0 });
  });
  afterEach(() => api.close());

  function unavailable(retryAfter: string): Refusal {
    const description = 'The keys of the issuer cannot be fetched at the moment';
    return { status: 503, retryAfter, error: 'temporarily_unavailable', description };
  }
  const unknownKey = invalidToken('The access token is signed with an unknown key');

  const outages: [string, Mode][] = [
    ['an error', down],
    ['something that is not a JWK Set', { is: 'not-a-jwks' }],
    ['a page', { is: 'html' }],
  ];
  for (const [title, mode] of outages) {
    it(`are unavailable where the issuer answers with ${title}: 503, with the back-off in Retry-After`, async () => {
      api.issuer.server.keysMode = mode;
      await expectRefused(api.as({}, 'get', '/closed'), unavailable('7'));
      now += 3500;
      await expectRefused(api.as({}, 'get', '/closed'), unavailable('4'));
      expect(api.issuer.fetches).to.equal(1);
    });
  }

  it('are not needed to refuse a token that is bad without them', async () => {
    api.issuer.server.keysMode = down;
    for (const { description, make } of badWithoutAKey)
      await expectRefused(api.with(make(api.issuer), 'get', '/closed'), invalidToken(description));
    expect(api.issuer.server.requests).to.deep.equal([]);
  });

  it('have none that is usable: 503, because the token may be good', async () => {
    api.issuer.server.keys = [];
    await expectRefused(api.as({}, 'get', '/closed'), unavailable('7'));
  });

  it('come again after the back-off where the clock was set back by three hours, and no wait is longer', async () => {
    api.issuer.server.keysMode = down;
    await expectRefused(api.as({}, 'get', '/closed'), unavailable('7'));
    now -= 3 * 3_600_000;
    await expectRefused(api.as({}, 'get', '/closed'), unavailable('7'));
    api.issuer.server.keysMode = ok;
    now += 7000;
    await expectServed(api.as({}, 'get', '/closed'));
  });

  it('serve on while the issuer is down, and an unknown one is 503', async () => {
    await expectServed(api.as({}, 'get', '/closed'));
    api.issuer.server.keysMode = down;
    const foreign = api.issuer.token({}, {}, signingKey('k2'));
    await expectRefused(api.with(foreign, 'get', '/closed'), unavailable('7'));
    await expectRefused(api.with(foreign, 'get', '/closed'), unavailable('7'));
    await expectServed(api.as({ jti: 'another' }, 'get', '/closed'));
  });

  it('are unknown after a refetch, and within the cooldown without one: 401', async () => {
    await expectServed(api.as({}, 'get', '/closed'));
    const foreign = api.issuer.token({}, {}, signingKey('k2'));
    await expectRefused(api.with(foreign, 'get', '/closed'), unknownKey);
    const fetches = api.issuer.fetches;
    await expectRefused(api.with(foreign, 'get', '/closed'), unknownKey);
    expect(api.issuer.fetches).to.equal(fetches);
  });
});

describe('responses: a body that cannot be read', () => {
  const scoped = pathOf({ permissionClasses: [HasAccessTokenScopes], accessTokenScopes: ['book:create'] });
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [...ruled] });
  });
  after(() => api.close());

  const bodies: [string, string, Refusal][] = [
    ['is not JSON', '{"title": ', { status: 400, error: 'invalid_request', description: 'The body could not be read' }],
    [
      'is too large',
      JSON.stringify({ title: 'x'.repeat(200_000) }),
      { status: 413, error: 'invalid_request', description: 'The body is too large' },
    ],
  ];
  for (const [title, body, refusal] of bodies) {
    const post = (claims: object | null): Test =>
      api.as(claims, 'post', scoped).set('Content-Type', 'application/json').send(body);

    it(`${title}, and the caller may: the body is refused`, () =>
      expectRefused(post({ scope: 'book:create' }), refusal));

    it(`${title}, from nobody: 401`, () => expectRefused(post(null), demanding(notAuthenticated, 'book:create')));

    it(`${title}, with a bad token: 401`, () =>
      expectRefused(post({ exp: 1 }), demanding(invalidToken('The access token expired'), 'book:create')));

    it(`${title}, without the scope: 403`, () => expectRefused(post({}), insufficientScope('book:create')));
  }

  it('can be read: it is served', async () => {
    await expectServed(api.as({ scope: 'book:create' }, 'post', scoped).send({ title: 'Emma' }));
  });
});
