import { expect } from 'chai';
import type { Request } from 'express';
import { Authorized, Body, CurrentUser, Get, HttpError, JsonController, Post } from 'routing-controllers';
import {
  AllowAny,
  Claim,
  IsAuthenticated,
  PermissionDenied,
  type AxiomsRequest,
  type User,
} from 'axioms-routing-controllers';
import { Api, type ApiOptions } from '../../api';
import { forbidStrayErrors } from '../stray-errors';

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Get('/authorized')
  @Authorized()
  authorized() {
    return { ok: true };
  }

  @Get('/staff')
  @Authorized(['staff', 'admin'])
  staff() {
    return { ok: true };
  }

  @Post('/staff')
  @Authorized('staff')
  create(@Body({ validate: false }) _body: object) {
    return { ok: true };
  }

  @Get('/user')
  user(@CurrentUser() user: User | undefined) {
    return { isSame: user === this.request.user, isNothing: user === undefined, sub: user?.sub };
  }

  @Get('/required')
  required(@CurrentUser({ required: true }) user: User) {
    return { sub: user.sub };
  }

  @Get('/claims')
  claims(
    @Claim('email') email: unknown,
    @Claim('https://example.com/roles') named: unknown,
    @Claim('/address/city') city: unknown,
    @Claim('/list/1') second: unknown,
    @Claim('/a~1b/m~0n') escaped: unknown,
    @Claim('__proto__') proto: unknown,
    @Claim('constructor') maker: unknown,
    @Claim('/address/__proto__/toString') deep: unknown,
    @Claim('/list/length') length: unknown,
    @Claim('address.city') dotted: unknown,
  ) {
    return { email, named, city, second, escaped, proto, maker: typeof maker, deep: typeof deep, length, dotted };
  }
}

@Authorized('staff')
@JsonController('/class')
class ClassController {
  permissionClasses = [IsAuthenticated];

  @Get('/')
  list() {
    return { ok: true };
  }

  @Get('/more')
  @Authorized('admin')
  more() {
    return { ok: true };
  }
}

const controllers = [OpenController, ClassController];

async function withApi(options: Omit<ApiOptions, 'controllers'>, use: (api: Api) => Promise<void>): Promise<void> {
  const api = await Api.start({ controllers, ...options });
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

describe('@Authorized()', () => {
  forbidStrayErrors();

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  it('asks for any authenticated request', async () => {
    const anonymous = await api.as(null, 'get', '/open/authorized');
    expect([anonymous.status, anonymous.headers['www-authenticate']]).to.deep.equal([401, 'Bearer realm="api"']);
    expect((anonymous.body as Record<string, unknown>).error).to.equal('not_authenticated');
    expect((await api.as({}, 'get', '/open/authorized')).status).to.equal(200);
    expect((await api.as({}, 'head', '/open/authorized')).status).to.equal(200);
    expect((await api.as(null, 'head', '/open/authorized')).status).to.equal(401);
  });

  it('with roles asks for any of them, as a whole', async () => {
    expect((await api.as(null, 'get', '/open/staff')).status).to.equal(401);
    for (const roles of [[], ['Staff'], ['staffer'], ['user'], [['staff']], { staff: true }]) {
      const refused = await api.as({ roles }, 'get', '/open/staff');
      expect([refused.status, (refused.body as Record<string, unknown>).error]).to.deep.equal([
        403,
        'permission_denied',
      ]);
      expect(refused.headers).not.to.have.property('www-authenticate');
    }
    for (const roles of [['staff'], ['user', 'admin'], 'admin'])
      expect((await api.as({ roles }, 'get', '/open/staff')).status).to.equal(200);
  });

  it('is asked before the body is read', async () => {
    const malformed = (claims: object | null) =>
      api.as(claims, 'post', '/open/staff').set('Content-Type', 'application/json').send('{');
    expect((await malformed(null)).status).to.equal(401);
    expect((await malformed({ roles: ['user'] })).status).to.equal(403);
    expect((await malformed({ roles: ['staff'] })).status).to.equal(400);
  });

  it('on the class counts for each of its handlers', async () => {
    expect((await api.as(null, 'get', '/class')).status).to.equal(401);
    expect((await api.as({}, 'get', '/class')).status).to.equal(403);
    expect((await api.as({ roles: ['staff'] }, 'get', '/class')).status).to.equal(200);
    expect((await api.as({ roles: ['admin'] }, 'get', '/class')).status).to.equal(403);
    expect((await api.as({ roles: ['admin'] }, 'get', '/class/more')).status).to.equal(200);
    expect((await api.as({}, 'get', '/class/more')).status).to.equal(403);
  });
});

describe("the app's own authorizationChecker", () => {
  forbidStrayErrors();

  it('wins over the roles of the token, sees the user, and never over the rules of the controller', () =>
    withApi(
      {
        authorizationChecker: ({ request }, roles) =>
          (request as AxiomsRequest).get('x-let') === roles.join(',') ||
          (request as AxiomsRequest).user?.sub === 'root',
      },
      async api => {
        expect((await api.as({ roles: ['staff'] }, 'get', '/open/staff')).status).to.equal(403);
        expect((await api.as(null, 'get', '/open/staff').set('x-let', 'staff,admin')).status).to.equal(200);
        expect((await api.as({ sub: 'root' }, 'get', '/open/staff')).status).to.equal(200);
        expect((await api.as(null, 'get', '/open/authorized').set('x-let', 'no')).status).to.equal(401);
        expect((await api.as(null, 'get', '/class').set('x-let', 'staff')).status).to.equal(401);
        expect((await api.as({}, 'get', '/class').set('x-let', 'staff')).status).to.equal(200);
        expect((await api.with('a.b.c', 'get', '/open/staff').set('x-let', 'staff,admin')).status).to.equal(401);
      },
    ));

  for (const [what, checker, status] of [
    ['answers undefined', () => undefined as unknown as boolean, 403],
    ['resolves to false', () => Promise.resolve(false), 403],
    [
      'throws',
      () => {
        throw new Error('no database');
      },
      500,
    ],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['rejects with null', () => Promise.reject(null), 500],
    ['rejects with our error', () => Promise.reject(new PermissionDenied('Not today')), 403],
    ['rejects with an HttpError', () => Promise.reject(new HttpError(402, 'Pay first')), 402],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['rejects with a success', () => Promise.reject({ httpCode: 200, secret: 'x' }), 500],
  ] as const)
    it(`refuses where it ${what}`, () =>
      withApi({ authorizationChecker: checker }, async api => {
        const response = await api.as({ roles: ['staff'] }, 'get', '/open/staff');
        expect(response.status).to.equal(status);
        expect(response.text).not.to.contain('database').and.not.to.contain('secret');
      }));
});

describe('the audit of @Authorized() and @CurrentUser()', () => {
  async function ruleOf(action: string, options: Omit<ApiOptions, 'controllers'>): Promise<unknown> {
    let rule: unknown;
    await withApi(options, async api => {
      rule = api.server.audit().find(({ handler }) => handler === `OpenController.${action}`)?.rule;
      return Promise.resolve();
    });
    return rule;
  }
  const ruleOfStaff = (options: Omit<ApiOptions, 'controllers'>): Promise<unknown> => ruleOf('staff', options);

  it('names the roles', async () => {
    expect(await ruleOfStaff({})).to.equal('any of the roles staff, admin');
  });

  it("names the app's own currentUserChecker where a user is required: only the checker decides", async () => {
    const own = { currentUserChecker: () => undefined };
    expect(await ruleOf('required', {})).to.equal('authenticated');
    expect(await ruleOf('required', own)).to.equal('currentUserChecker');
    expect(await ruleOf('user', own)).to.equal('anyone');
  });

  it("says that it is undecided whether an anonymous caller is admitted by the app's own currentUserChecker", () =>
    withApi({ currentUserChecker: ({ request }) => (request as Request).get('x-user') }, async api => {
      const route = api.server.audit().find(({ handler }) => handler === 'OpenController.required');
      expect(route?.who).to.equal('undecided');
      expect((await api.as(null, 'get', '/open/required')).status).to.equal(401);
      expect((await api.as(null, 'get', '/open/required').set('x-user', 'bob')).status).to.equal(200);
    }));

  it("names the app's own authorizationChecker instead of the roles: only the checker decides", async () => {
    expect(await ruleOfStaff({ authorizationChecker: () => true })).to.equal('authorizationChecker');
  });
});

describe('@CurrentUser()', () => {
  forbidStrayErrors();

  it('is the user of the request, and undefined for an anonymous one', () =>
    withApi({}, async api => {
      expect((await api.as({}, 'get', '/open/user')).body).to.deep.equal({
        isSame: true,
        isNothing: false,
        sub: 'alice',
      });
      expect((await api.as(null, 'get', '/open/user')).body).to.deep.equal({ isSame: true, isNothing: true });
    }));

  it('refuses an anonymous user where it is required', () =>
    withApi({}, async api => {
      const anonymous = await api.as(null, 'get', '/open/required');
      expect([anonymous.status, (anonymous.body as Record<string, unknown>).error]).to.deep.equal([
        401,
        'not_authenticated',
      ]);
      expect(anonymous.headers['www-authenticate']).to.equal('Bearer realm="api"');
      expect((await api.as({}, 'get', '/open/required')).body).to.deep.equal({ sub: 'alice' });
    }));

  it("is what the app's own currentUserChecker finds, where it has one", () =>
    withApi(
      {
        currentUserChecker: ({ request }) =>
          (request as Request).get('x-user') && { isAuthenticated: true, sub: (request as Request).get('x-user') },
      },
      async api => {
        const own = await api.as({}, 'get', '/open/user').set('x-user', 'bob');
        expect(own.body).to.deep.equal({ isSame: false, isNothing: false, sub: 'bob' });
        expect((await api.as({}, 'get', '/open/required')).status).to.equal(401);
        expect((await api.as(null, 'get', '/open/required').set('x-user', 'bob')).body).to.deep.equal({ sub: 'bob' });
      },
    ));
});

describe('@Claim()', () => {
  forbidStrayErrors();

  const none = { maker: 'undefined', deep: 'undefined' };

  it('is the claim of exactly this name, or where its JSON Pointer points', () =>
    withApi({}, async api => {
      const claims = {
        email: 'a@example.com',
        'https://example.com/roles': ['x'],
        address: { city: 'Bath' },
        list: ['a', 'b'],
        'a/b': { 'm~n': 1 },
      };
      expect((await api.as(claims, 'get', '/open/claims')).body).to.deep.equal({
        email: 'a@example.com',
        named: ['x'],
        city: 'Bath',
        second: 'b',
        escaped: 1,
        ...none,
      });
    }));

  it('is nothing for an anonymous request, nor for a claim that is absent', () =>
    withApi({}, async api => {
      for (const claims of [null, {}, { email: null }])
        expect((await api.as(claims, 'get', '/open/claims')).body).to.deep.equal(none);
    }));

  it('takes __proto__ for a name like any other', () =>
    withApi({}, async api => {
      const token = api.issuer.token(JSON.parse('{"__proto__": "a claim", "constructor": "another"}') as object);
      const body = (await api.with(token, 'get', '/open/claims')).body as object;
      expect(body).to.include({ maker: 'string' });
      expect(Object.getOwnPropertyDescriptor(body, 'proto')?.value).to.be.oneOf(['a claim', undefined]);
    }));
});
