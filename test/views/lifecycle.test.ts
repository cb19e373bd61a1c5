import { assert, expect } from 'chai';
import type { Request } from 'express';
import { Body, Get, JsonController, Method, Post, Put } from 'routing-controllers';
import { Container, Service } from 'typedi';
import {
  AccessTokenAuthentication,
  AccessTokenUser,
  AllowAny,
  AnonymousUser,
  AuthenticationFailed,
  BaseAuthentication,
  BasePermission,
  DenyAll,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAccessTokenAuthenticated,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAnyPostOrIsAccessTokenAuthenticated,
  IsAuthenticated,
  PermissionDenied,
  callerOf,
  isAuthenticated,
  type ApiView,
  type AuthenticationResult,
} from 'axioms-routing-controllers';
import { BaseThrottle } from '../../src/throttling/base';
import { Api, type ApiOptions, type Method as HttpMethod } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectHeadRefusal, expectRefusal } from '../refusals';
import { startError } from '../start-error';
import { thingController } from '../permissions/thing-controller';

const user = { isAuthenticated: true, sub: 'ticket' };

/** What was done for the latest request, in order. */
let trace: string[] = [];

function traced<Answer>(step: string, answer: () => Answer): () => Answer {
  return () => {
    trace.push(step);
    return answer();
  };
}

function authentication(name: string, answer: () => unknown, header?: string): new () => BaseAuthentication {
  class TracedAuthentication extends BaseAuthentication {
    authenticate = traced(name, answer) as () => AuthenticationResult | null;
    override authenticateHeader() {
      return header;
    }
  }
  TracedAuthentication.prototype.authenticate = (): null => null;
  return TracedAuthentication;
}

function permission(name: string, answer: () => unknown): new () => BasePermission {
  class TracedPermission extends BasePermission {
    override hasPermission = traced(name, answer) as () => boolean;
  }
  return TracedPermission;
}

function throttle(name: string, answer: () => unknown, wait?: number): new () => BaseThrottle {
  class TracedThrottle extends BaseThrottle {
    allowRequest = traced(name, answer) as () => boolean;
    override wait() {
      return wait;
    }
  }
  TracedThrottle.prototype.allowRequest = () => false;
  return TracedThrottle;
}

interface Lists {
  readonly authenticationClasses?: readonly object[];
  readonly permissionClasses?: readonly object[];
  readonly throttleClasses?: readonly object[];
}

function controllerOf(path: string, { authenticationClasses, permissionClasses, throttleClasses }: Lists) {
  @JsonController(path)
  class WhoController {
    authenticationClasses = authenticationClasses;
    permissionClasses = permissionClasses;
    throttleClasses = throttleClasses;
    declare request: ApiView['request'];

    @Get('/') list() {
      return this.who();
    }
    @Post('/') create() {
      return this.who();
    }
    @Put('/') update() {
      return this.who();
    }
    @Method('options', '/') offer() {
      return this.who();
    }
    private who() {
      trace.push('handler');
      const { user: caller, auth, authJwt } = this.request;
      return { sub: caller?.sub, isAuthenticated: isAuthenticated(this.request), hasAuth: auth !== null, authJwt };
    }
  }
  return WhoController;
}

/** Runs with a server of its own. */
async function served(options: ApiOptions, use: (api: Api) => Promise<void>): Promise<void> {
  const api = await Api.start(options);
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

beforeEach(() => {
  trace = [];
});

describe('the authentication classes of a list', () => {
  const none = (name: string) => authentication(name, () => null);
  const found = (name: string) => authentication(name, () => ({ user }));
  const bad = (name: string) =>
    authentication(
      name,
      () => {
        throw new AuthenticationFailed('No such ticket');
      },
      `${name} realm="api"`,
    );
  const nobody = (name: string) => authentication(name, () => ({ user: { isAuthenticated: false } }));

  const chains: readonly [title: string, classes: readonly object[], asked: string, status: number][] = [
    ['one that knows the caller', [found('a')], 'a handler', 200],
    ['the first that knows wins', [none('a'), found('b'), bad('c')], 'a b handler', 200],
    ['a throw ends it', [none('a'), bad('b'), found('c')], 'a b', 401],
    ['nobody knows', [none('a'), none('b')], 'a b handler', 200],
    ['an answer for nobody ends it', [nobody('a'), found('b')], 'a handler', 200],
    ['an empty list', [], 'handler', 200],
    ['a mandatory class first, and one that knows', [HasValidAccessToken, found('a')], 'a handler', 200],
    ['a mandatory class last, and one that knows', [found('a'), HasValidAccessToken], 'a handler', 200],
    ['a mandatory class first', [HasValidAccessToken, none('a')], 'a', 401],
    ['a mandatory class last', [none('a'), HasValidAccessToken], 'a', 401],
    ['a mandatory class between', [none('a'), HasValidAccessToken, none('b')], 'a b', 401],
    ['a mandatory class, and one that answers for nobody', [nobody('a'), HasValidAccessToken], 'a', 401],
    ['a mandatory class and a throw', [HasValidAccessToken, bad('a')], 'a', 401],
  ];
  chains.forEach(([title, authenticationClasses, asked, status]) => {
    it(`${title}: ${asked}, ${status}`, async () => {
      const controllers = [controllerOf('/who', { authenticationClasses, permissionClasses: [] })];
      await served({ controllers }, async api => {
        expect((await api.as(null, 'get', '/who')).status).to.equal(status);
        expect(trace.join(' ')).to.equal(asked);
      });
    });
  });

  it('each offers its challenge on a 401, in order, and once', async () => {
    const classes = [bad('One'), none('a'), HasValidAccessToken, AccessTokenAuthentication, bad('Two')];
    await served({ controllers: [controllerOf('/who', { authenticationClasses: classes })] }, async api => {
      const response = await api.as(null, 'get', '/who');
      expect(response.status).to.equal(401);
      expect(response.headers['www-authenticate']).to.equal('One realm="api", Bearer realm="api", Two realm="api"');
      expect(response.body).to.deep.equal({ error: 'authentication_failed', error_description: 'No such ticket' });
    });
  });

  it('where none has a challenge there is no 401', async () => {
    for (const authenticationClasses of [[], [none('a')]])
      await served({ controllers: [controllerOf('/who', { authenticationClasses })] }, async api => {
        expectRefusal(await api.as({}, 'get', '/who'), 'permission_denied');
      });
  });

  const malformed: readonly [title: string, result: unknown][] = [
    ['undefined', undefined],
    ['true', true],
    ['text', 'alice'],
    ['a user', user],
    ['a list, as in DRF', [user, null]],
    ['no user', { user: null }],
    ['a name instead of a user', { user: 'alice' }],
    ['a user who does not say', { user: { sub: 'alice' } }],
    ['a user who says it in text', { user: { isAuthenticated: 'true' } }],
    ['a user with a method, as in Passport', { user: { isAuthenticated: () => true } }],
    ['a token instead of auth', { user, auth: 'token' }],
    ['a token that is not a string', { user, auth: { token: 1 } }],
    ['claims that are a string', { user, auth: { claims: 'scope' } }],
    ['a list of claims', { user, auth: { claims: ['scope'] } }],
    ['null claims', { user, auth: { claims: null } }],
  ];
  for (const [title, result] of malformed) {
    it(`an answer of ${title} is a 500, and nobody else is asked`, async () => {
      for (const answer of [() => result, () => Promise.resolve(result)]) {
        trace = [];
        const logger = new RecordingLogger();
        const authenticationClasses = [authentication('a', answer), found('b')];
        const controllers = [controllerOf('/who', { authenticationClasses, permissionClasses: [AllowAny] })];
        await served({ controllers, axioms: { logger } }, async api => {
          expectRefusal(await api.as(null, 'get', '/who'), 'server_error');
          expect(trace).to.deep.equal(['a']);
          expect(logger.text('error')).to.include(
            'TracedAuthentication.authenticate must return null, or { user, auth }',
          );
        });
      }
    });
  }

  it('an error of another kind is a 500, whatever the permissions say', async () => {
    const fail = () => {
      throw new TypeError('secret');
    };
    const lists = { authenticationClasses: [authentication('a', fail)], permissionClasses: [AllowAny] };
    await served({ controllers: [controllerOf('/who', lists)] }, async api => {
      const response = await api.as({}, 'get', '/who');
      expectRefusal(response, 'server_error');
      expect(response.text).not.to.include('secret');
      expect(trace).to.deep.equal(['a']);
    });
  });
});

describe('the authentication classes of the library', () => {
  const open = { permissionClasses: [AllowAny] };
  const paths = {
    '/optional': AccessTokenAuthentication,
    '/mandatory': HasValidAccessToken,
    '/alias': IsAccessTokenAuthenticated,
    '/any-get': IsAnyGetOrIsAccessTokenAuthenticated,
    '/any-post': IsAnyPostOrIsAccessTokenAuthenticated,
  };
  const methods = ['get', 'head', 'post', 'put', 'options'] as const;
  // Without credentials.
  const statuses: Readonly<Record<keyof typeof paths, readonly number[]>> = {
    '/optional': [200, 200, 200, 200, 200],
    '/mandatory': [401, 401, 401, 401, 401],
    '/alias': [401, 401, 401, 401, 401],
    '/any-get': [200, 200, 401, 401, 401],
    '/any-post': [401, 401, 200, 401, 401],
  };

  let api: Api;
  before(async () => {
    const controllers = Object.entries(paths).flatMap(([path, authenticationClass]) => [
      controllerOf(path, { ...open, authenticationClasses: [authenticationClass] }),
      controllerOf(`/closed${path}`, {
        authenticationClasses: [authenticationClass],
        permissionClasses: [IsAuthenticated],
      }),
    ]);
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  const refused = (method: HttpMethod) => (method === 'head' ? expectHeadRefusal : expectRefusal);

  for (const path of Object.keys(paths) as (keyof typeof paths)[]) {
    methods.forEach((method, index) => {
      it(`${method.toUpperCase()} ${path} without a token: ${statuses[path][index]}; a bad one is 401, a good one is somebody`, async () => {
        const anonymous = await api.as(null, method, path);
        if (statuses[path][index] === 401) refused(method)(anonymous, 'not_authenticated');
        else {
          expect(anonymous.status).to.equal(200);
          if (method !== 'head')
            expect(anonymous.body).to.deep.equal({ isAuthenticated: false, hasAuth: false, authJwt: null });
        }
        trace = [];
        refused(method)(await api.as({ exp: 1 }, method, path), 'invalid_token');
        refused(method)(await api.with('not-a-token', method, path), 'invalid_token');
        refused(method)(await api.with('a b', method, path), 'invalid_request');
        expect(trace).to.deep.equal([]);
        const good = await api.as({}, method, path);
        expect(good.status).to.equal(200);
        if (method !== 'head') expect(good.body).to.include({ sub: 'alice', isAuthenticated: true, hasAuth: true });
        refused(method)(await api.as(null, method, `/closed${path}`), 'not_authenticated');
      });
    });
  }

  it('publicMethods names the methods that need nobody', async () => {
    const controllers = [
      controllerOf('/default', {}),
      controllerOf('/mandatory', { ...open, authenticationClasses: [HasValidAccessToken] }),
    ];
    await served({ controllers, axioms: { publicMethods: ['PUT'] } }, async other => {
      for (const path of ['/default', '/mandatory']) {
        expect((await other.as(null, 'put', path)).status).to.equal(200);
        expectRefusal(await other.as(null, 'options', path), 'not_authenticated');
        expectRefusal(await other.as({ exp: 1 }, 'put', path), 'invalid_token');
      }
    });
  });

  it('a claim rule refuses an anonymous caller, even if the method is public', async () => {
    const lists = {
      authenticationClasses: [IsAnyGetOrIsAccessTokenAuthenticated],
      permissionClasses: [HasAccessTokenScopes],
    };
    const controllers = [thingController('/things', { ...lists, accessTokenScopes: ['a'] })];
    await served({ controllers, axioms: { publicMethods: ['GET'] } }, async other => {
      expectRefusal(await other.as(null, 'get', '/things'), 'not_authenticated');
      expect((await other.as({ scope: 'a' }, 'get', '/things')).status).to.equal(200);
    });
  });
});

describe('the order of a request', () => {
  const yes = (name: string) => permission(name, () => true);
  const no = (name: string) => permission(name, () => false);
  const allows = (name: string) => throttle(name, () => true);
  const refuses = (name: string, wait?: number) => throttle(name, () => false, wait);
  const somebody = authentication('authentication', () => ({ user }));
  const nobody = authentication('authentication', () => null, 'Ticket');

  const orders: readonly [title: string, lists: Lists, steps: string, status: number][] = [
    [
      'all say yes',
      { authenticationClasses: [somebody], permissionClasses: [yes('p1'), yes('p2')], throttleClasses: [allows('t1')] },
      'authentication p1 p2 t1 handler',
      200,
    ],
    [
      'the first permission refuses',
      { authenticationClasses: [somebody], permissionClasses: [no('p1'), yes('p2')], throttleClasses: [allows('t1')] },
      'authentication p1',
      403,
    ],
    [
      'the second permission refuses',
      { authenticationClasses: [somebody], permissionClasses: [yes('p1'), no('p2')], throttleClasses: [allows('t1')] },
      'authentication p1 p2',
      403,
    ],
    [
      'a permission refuses an anonymous caller',
      { authenticationClasses: [nobody], permissionClasses: [no('p1')], throttleClasses: [allows('t1')] },
      'authentication p1',
      401,
    ],
    [
      'a permission of the library, at the end of the list, refuses before the others are asked',
      { authenticationClasses: [somebody], permissionClasses: [yes('p1'), DenyAll], throttleClasses: [allows('t1')] },
      'authentication',
      403,
    ],
    [
      'a throttle refuses, and all are asked',
      {
        authenticationClasses: [somebody],
        permissionClasses: [yes('p1')],
        throttleClasses: [refuses('t1'), allows('t2'), refuses('t3')],
      },
      'authentication p1 t1 t2 t3',
      429,
    ],
  ];
  for (const [title, lists, steps, status] of orders) {
    it(`${title}: ${steps}`, async () => {
      await served({ controllers: [controllerOf('/who', lists)] }, async api => {
        expect((await api.as(null, 'get', '/who')).status).to.equal(status);
        expect(trace.join(' ')).to.equal(steps);
      });
    });
  }

  it('the permissions that need no body are asked first, and the first that fails decides', async () => {
    @JsonController('/both')
    class BothController {
      permissionClasses = [no('custom'), HasAccessTokenScopes];
      accessTokenScopes = ['a'];
      @Get('/') list() {
        return {};
      }
      @Post('/') create(@Body({ validate: false }) body: object) {
        return body;
      }
    }
    await served({ controllers: [BothController] }, async api => {
      expectRefusal(await api.as({}, 'get', '/both'), 'insufficient_scope', 'a');
      expect(trace).to.deep.equal([]);
      expectRefusal(await api.as({ scope: 'a' }, 'get', '/both'), 'permission_denied');
      expect(trace).to.deep.equal(['custom']);
      // A caller without the scope does not make the server read a body.
      expectRefusal(await api.as({}, 'post', '/both').type('json').send('{"'), 'insufficient_scope', 'a');
      expectRefusal(await api.as({ scope: 'a' }, 'post', '/both').send({}), 'permission_denied');
    });
  });

  const waits: readonly [waits: readonly (number | undefined)[], retryAfter: string | undefined][] = [
    [[3], '3'],
    [[1, 7, 2], '7'],
    [[0.2], '1'],
    [[undefined, 4], '4'],
    [[undefined], undefined],
    [[0], undefined],
    [[-1], undefined],
    [[NaN], undefined],
    [[Infinity, 5], '5'],
  ];
  for (const [given, retryAfter] of waits) {
    it(`throttles that say to wait ${String(given)} seconds: Retry-After ${retryAfter}`, async () => {
      const throttleClasses = given.map((wait, index) => refuses(`t${index}`, wait));
      await served({ controllers: [controllerOf('/who', { throttleClasses, permissionClasses: [] })] }, async api => {
        const response = await api.as(null, 'get', '/who');
        expectRefusal(response, 'throttled');
        expect(response.headers['retry-after']).to.equal(retryAfter);
        expect(trace).not.to.include('handler');
      });
    });
  }

  for (const answer of [undefined, 1, 'yes', null, {}, Promise.resolve(undefined)]) {
    it(`a throttle that answers ${answer instanceof Promise ? 'a promise of nothing' : JSON.stringify(answer)} lets nobody through`, async () => {
      const throttleClasses = [throttle('t', () => answer)];
      await served({ controllers: [controllerOf('/who', { throttleClasses, permissionClasses: [] })] }, async api => {
        expectRefusal(await api.as(null, 'get', '/who'), 'throttled');
      });
    });
  }

  it('a throttle that fails is a 500', async () => {
    const fail = () => {
      throw new Error('secret');
    };
    const lists = { throttleClasses: [throttle('t', fail)], permissionClasses: [] };
    await served({ controllers: [controllerOf('/who', lists)] }, async api => {
      expectRefusal(await api.as(null, 'get', '/who'), 'server_error');
      expect(trace).to.deep.equal(['t']);
    });
  });

  it('a policy may throw an answer of its own', async () => {
    const deny = () => {
      throw new PermissionDenied('Not today', { code: 'not_today' });
    };
    await served({ controllers: [controllerOf('/who', { permissionClasses: [permission('p', deny)] })] }, async api => {
      const response = await api.as({}, 'get', '/who');
      expect([response.status, response.body]).to.deep.equal([
        403,
        { error: 'not_today', error_description: 'Not today' },
      ]);
    });
  });
});

describe('the classes of a controller that says nothing', () => {
  const said = (lists: Lists, settings: ApiOptions['axioms'], use: (api: Api) => Promise<void>) =>
    served({ controllers: [controllerOf('/who', lists)], axioms: settings }, use);

  it('are the settings', async () => {
    const settings = {
      defaultAuthenticationClasses: [authentication('a', () => ({ user }))],
      defaultPermissionClasses: [permission('p', () => true)],
    };
    await said({}, settings, async api => {
      expect((await api.as(null, 'get', '/who')).body).to.include({ sub: 'ticket' });
      expect(trace).to.deep.equal(['a', 'p', 'handler']);
    });
    trace = [];
    await said({ permissionClasses: [] }, settings, async api => {
      await api.as(null, 'get', '/who');
      expect(trace).to.deep.equal(['a', 'handler']);
    });
    trace = [];
    await said({ authenticationClasses: [] }, settings, async api => {
      await api.as(null, 'get', '/who');
      expect(trace).to.deep.equal(['p', 'handler']);
    });
  });

  it('may be closed or open, as the settings say', async () => {
    await said({}, {}, async api => {
      expectRefusal(await api.as(null, 'get', '/who'), 'not_authenticated');
    });
    await said({}, { defaultPermissionClasses: [AllowAny] }, async api => {
      expect((await api.as(null, 'get', '/who')).status).to.equal(200);
    });
    await said({}, { defaultPermissionClasses: [DenyAll] }, async api => {
      expectRefusal(await api.as({}, 'get', '/who'), 'permission_denied');
    });
  });

  it('stop the start where they are wrong', () => {
    expect(startError(controllerOf('/who', {}), { defaultPermissionClasses: [HasAccessTokenScopes] })).to.include(
      'WhoController.list',
    );
    expect(startError(controllerOf('/who', {}), { defaultPermissionClasses: [HasValidAccessToken] })).to.include(
      'extends BasePermission',
    );
    expect(startError(controllerOf('/who', {}), { defaultAuthenticationClasses: [AllowAny] })).to.include(
      'extends BaseAuthentication',
    );
    expect(startError(controllerOf('/who', { throttleClasses: [AllowAny] }))).to.include('extends BaseThrottle');
  });
});

describe('how policies are made', () => {
  @Service()
  class Register {
    readonly seen: string[] = [];
    readonly made: object[] = [];
  }

  @Service()
  class RegisteredAuthentication extends BaseAuthentication {
    constructor(private readonly register: Register) {
      super();
      register.made.push(this);
    }
    authenticate(request: Request): AuthenticationResult | null {
      const sub = request.get('X-Sub');
      if (sub === undefined) return null;
      this.register.seen.push(sub);
      return { user: { isAuthenticated: true, sub } };
    }
  }

  @Service()
  class RegisteredPermission extends BasePermission {
    constructor(private readonly register: Register) {
      super();
      register.made.push(this);
    }
    override hasPermission(request: Request) {
      return request.user?.sub !== undefined && this.register.seen.includes(request.user.sub);
    }
  }

  @Service()
  class RegisteredThrottle extends BaseThrottle {
    constructor(private readonly register: Register) {
      super();
      register.made.push(this);
    }
    allowRequest() {
      return this.register.seen.length < 3;
    }
  }

  it('by the container, dependencies included, and once, where they are services', async () => {
    const lists = {
      authenticationClasses: [RegisteredAuthentication],
      permissionClasses: [RegisteredPermission],
      throttleClasses: [RegisteredThrottle],
    };
    await served({ controllers: [controllerOf('/who', lists)] }, async api => {
      for (const status of [200, 200, 429])
        expect((await api.as(null, 'get', '/who').set('X-Sub', 'carol')).status).to.equal(status);
      expectRefusal(await api.as(null, 'get', '/who'), 'permission_denied');
      expect(Container.get(Register).seen).to.deep.equal(['carol', 'carol', 'carol']);
      expect(Container.get(Register).made).to.have.length(3);
    });
  });

  it('anew for each request, where they are not services', async () => {
    const made = new Set<BasePermission>();
    class Remembering extends BasePermission {
      asked = 0;
      override hasPermission() {
        made.add(this);
        this.asked += 1;
        return this.asked === 1;
      }
    }
    await served({ controllers: [controllerOf('/who', { permissionClasses: [Remembering] })] }, async api => {
      for (let request = 1; request <= 3; request += 1) {
        expect((await api.as({}, 'get', '/who')).status).to.equal(200);
        expect(made.size).to.equal(request);
      }
    });
  });

  class Unregistered extends BasePermission {
    constructor(readonly register: Register) {
      super();
    }
  }
  // A decorator makes the compiler emit the types of the parameters, as @Service() would.
  const decorate: ClassDecorator = () => undefined;
  @decorate
  class Decorated extends BasePermission {
    constructor(readonly register: Register) {
      super();
    }
  }
  for (const permissionClass of [Unregistered, Decorated]) {
    it(`a class with constructor parameters and without @Service() stops the start: ${permissionClass.name}`, () => {
      expect(startError(controllerOf('/who', { permissionClasses: [permissionClass] })))
        .to.include(permissionClass.name)
        .and.include('@Service()')
        .and.include('WhoController.list');
    });
  }
});

describe('what a request knows of its caller', () => {
  const seen: ApiView['request'][] = [];

  @JsonController('/seen')
  class SeenController {
    permissionClasses = [AllowAny];
    declare request: ApiView['request'];
    @Get('/') list() {
      seen.push(this.request);
      return {};
    }
  }

  class Pretender extends BaseAuthentication {
    authenticate() {
      const auth = { token: 't', more: 1, authenticator: new AccessTokenAuthentication() };
      return { user: { isAuthenticated: true }, auth };
    }
  }

  @JsonController('/pretended')
  class PretendedController extends SeenController {
    authenticationClasses = [Pretender];
    @Get('/') override list() {
      return super.list();
    }
  }

  let api: Api;
  const logger = new RecordingLogger();
  before(async () => {
    api = await Api.start({ controllers: [SeenController, PretendedController], axioms: { logger } });
  });
  after(() => api.close());

  it('a token gives a user, its claims and the class that accepted it', async () => {
    const token = api.issuer.token({ scope: 'a b', roles: ['r'], permissions: 'p', deep: { list: [{ x: 1 }] } });
    await api.with(token, 'get', '/seen');
    const { user: caller, auth, authJwt } = seen.at(-1)!;
    expect(caller).to.be.an.instanceOf(AccessTokenUser);
    expect(caller).to.include({ sub: 'alice', isAuthenticated: true, claims: authJwt });
    assert(caller !== undefined);
    expect([caller.scopes, caller.roles, caller.permissions]).to.deep.equal([['a', 'b'], ['r'], ['p']]);
    expect(auth).to.include({ token, claims: authJwt });
    expect(auth?.authenticator).to.be.an.instanceOf(AccessTokenAuthentication);
    expect(authJwt).to.include({ sub: 'alice', iss: api.issuer.url });
    const { deep } = authJwt as unknown as { deep: { list: [object] } };
    for (const part of [authJwt, deep, deep.list, deep.list[0], caller.scopes, caller.roles, caller.permissions])
      expect(part).to.be.frozen;
    expect(() => Object.assign(authJwt!, { sub: 'mallory' })).to.throw(TypeError);
    expect(() => (caller.scopes as string[]).push('admin')).to.throw(TypeError);
  });

  it('each request of a token has a statement of its own', async () => {
    const token = api.issuer.token();
    for (let request = 0; request < 3; request += 1) await api.with(token, 'get', '/seen');
    const statements = seen.slice(-3).map(({ auth }) => auth!);
    Object.assign(statements[0]!, { token: 'changed', more: 1 });
    expect(new Set(statements).size).to.equal(3);
    for (const auth of statements.slice(1))
      expect(auth).to.have.all.keys('token', 'claims', 'authenticator', 'scopes', 'expiresAt');
    for (const auth of statements.slice(1)) expect(auth.token).to.equal(token);
  });

  it('no class answers in the name of another', async () => {
    await api.as(null, 'get', '/pretended');
    const { auth } = seen.at(-1)!;
    expect(auth?.authenticator).to.be.an.instanceOf(Pretender);
    expect(auth).to.include({ token: 't', more: 1 });
  });

  it('an anonymous request has no user, and callerOf() gives an AnonymousUser', async () => {
    await api.as(null, 'get', '/seen');
    const anonymous = seen.at(-1)!;
    expect([anonymous.user, anonymous.auth, anonymous.authJwt]).to.deep.equal([undefined, null, null]);
    expect(callerOf(anonymous)).to.be.an.instanceOf(AnonymousUser);
    expect([callerOf(anonymous).isAuthenticated, isAuthenticated(anonymous)]).to.deep.equal([false, false]);
  });

  it('a bad token is 401 where everybody may, and no handler runs', async () => {
    const before = seen.length;
    expectRefusal(await api.as({ exp: 1 }, 'get', '/seen'), 'invalid_token');
    expectRefusal(await api.with('x.y.z', 'get', '/seen'), 'invalid_token');
    expect(seen.length).to.equal(before);
    expect(logger.text('error', 'warn')).to.equal('');
    expect(logger.text('debug')).to.include('SeenController.list');
  });
});
