import { expect } from 'chai';
import { IncomingMessage } from 'node:http';
import { All, Get, JsonController, Post, UploadedFile } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AccessTokenUser,
  BaseAuthentication,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  or,
  type ApiView,
  type AuthenticationResult,
  type Requirement,
} from 'axioms-routing-controllers';
import type { Request } from 'express';
import { setContext, type RequestContext } from '../../src/authentication/request-context';
import { grantsOfRequest } from '../../src/permissions/token-claims';
import { Api, type Method } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectHeadRefusal, expectRefusal } from '../refusals';
import { startError, startWarnings } from '../start-error';
import { thingController, type Members } from './thing-controller';
import { readMembers } from '../read-members';

const kinds = [
  { suffix: 'Scopes', claim: 'scope', permissionClasses: [HasAccessTokenScopes], refused: 'insufficient_scope' },
  { suffix: 'Roles', claim: 'roles', permissionClasses: [HasAccessTokenRoles], refused: 'permission_denied' },
  {
    suffix: 'Permissions',
    claim: 'permissions',
    permissionClasses: [HasAccessTokenPermissions],
    refused: 'permission_denied',
  },
] as const;

type Kind = (typeof kinds)[number];

interface Rule {
  readonly name: string;
  /** Values of accessToken…, accessTokenAny…, accessTokenAll…. */
  readonly plain?: unknown;
  readonly any?: unknown;
  readonly all?: unknown;
  readonly allows: readonly unknown[];
  readonly refuses: readonly unknown[];
}

const rules: readonly Rule[] = [
  { name: 'a plain list', plain: ['a', 'b'], allows: [['a'], ['b'], ['b', 'c']], refuses: [['c'], []] },
  { name: 'any of', any: ['a', 'b'], allows: [['a'], ['x', 'b']], refuses: [['c'], []] },
  {
    name: 'all of',
    all: ['a', 'b'],
    allows: [
      ['a', 'b'],
      ['c', 'b', 'a'],
    ],
    refuses: [['a'], ['b'], ['b', 'b'], []],
  },
  {
    name: 'any of and all of',
    any: ['a', 'b'],
    all: ['c', 'd'],
    allows: [
      ['a', 'c', 'd'],
      ['d', 'c', 'b'],
    ],
    refuses: [['c', 'd'], ['a', 'b'], ['a', 'c'], ['a']],
  },
  { name: 'a plain list and all of', plain: ['a'], all: ['c'], allows: [['a', 'c']], refuses: [['a'], ['c'], []] },
  { name: 'any of beside a plain list', any: ['x'], plain: ['y'], allows: [['x']], refuses: [['y'], []] },
  { name: 'an empty any of beside a plain list', any: [], plain: ['y'], allows: [['y']], refuses: [['x'], []] },
  { name: 'an empty plain list beside all of', plain: [], all: ['z'], allows: [['z']], refuses: [['x'], []] },
  { name: 'an empty all of beside any of', any: ['x'], all: [], allows: [['x']], refuses: [['y'], []] },
  { name: 'null beside all of', plain: null, any: undefined, all: ['z'], allows: [['z']], refuses: [['x'], []] },
  {
    name: 'a name that is part of others',
    plain: ['book:read'],
    allows: [['book:read']],
    refuses: [['book:rea'], ['book:reads'], ['xbook:read'], ['Book:Read'], ['book'], ['read'], ['book:*'], ['*']],
  },
  {
    name: 'the names of every object',
    plain: ['constructor', '__proto__', 'length', 'toString', '0'],
    allows: [['length'], ['__proto__']],
    refuses: [[], ['a'], { length: true }, 'a'],
  },
  {
    name: 'a claim that is text',
    plain: ['a'],
    allows: ['a'],
    refuses: ['', ' ', 'ab', 'b', 'a,b', 'A'],
  },
  {
    name: 'a claim that is neither text nor a list of it',
    plain: ['a', 'true', '1'],
    allows: [['a']],
    refuses: [{ a: true }, [['a']], [{ a: 'a' }], true, 1, [true, 1], null, ['a b'], undefined],
  },
];

function membersOf({ suffix, permissionClasses }: Kind, rule: Rule): Members {
  const members: Record<string, unknown> = { permissionClasses };
  if ('plain' in rule) members[`accessToken${suffix}`] = rule.plain;
  if ('any' in rule) members[`accessTokenAny${suffix}`] = rule.any;
  if ('all' in rule) members[`accessTokenAll${suffix}`] = rule.all;
  return members;
}

function pathOf({ suffix }: Kind, rule: Rule): string {
  return `/${suffix}/${rules.indexOf(rule)}`.toLowerCase();
}

describe('claim permissions', () => {
  let api: Api;
  before(async () => {
    const controllers = kinds.flatMap(kind =>
      rules.map(rule => thingController(pathOf(kind, rule), membersOf(kind, rule))),
    );
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  for (const kind of kinds) {
    for (const rule of rules) {
      it(`${kind.suffix}: ${rule.name} is met by what it names and by nothing else`, async () => {
        for (const granted of rule.allows) {
          const response = await api.as({ [kind.claim]: granted }, 'get', pathOf(kind, rule));
          expect([response.status, granted]).to.deep.equal([200, granted]);
        }
        for (const granted of rule.refuses) {
          const response = await api.as({ [kind.claim]: granted }, 'get', pathOf(kind, rule));
          expectRefusal(response, kind.refused, kind.claim === 'scope' ? '[^"]+' : undefined);
        }
        expectRefusal(await api.as(null, 'get', pathOf(kind, rule)), 'not_authenticated');
      });
    }

    it(`${kind.suffix}: other kinds of claims grant nothing`, async () => {
      const others = kinds.filter(other => other !== kind).map(({ claim }) => [claim, ['a', 'b']]);
      const response = await api.as(Object.fromEntries(others) as object, 'get', pathOf(kind, rules[0]!));
      expect(response.status).to.equal(403);
    });
  }

  it('splits a text at spaces for scopes, and takes it as one name for roles and permissions', async () => {
    const rule = rules[0]!;
    for (const kind of kinds)
      for (const granted of ['b a', ' a ', 'x  b']) {
        const response = await api.as({ [kind.claim]: granted }, 'get', pathOf(kind, rule));
        expect([kind.claim, response.status]).to.deep.equal([kind.claim, kind.claim === 'scope' ? 200 : 403]);
      }
  });

  it('takes a role with a space in it from a list and from a text', async () => {
    const spaced = await Api.start({
      controllers: [
        thingController('/t', { permissionClasses: [HasAccessTokenRoles], accessTokenRoles: ['Team Lead'] }),
      ],
    });
    try {
      for (const roles of [['Team Lead'], 'Team Lead'])
        expect((await spaced.as({ roles }, 'get', '/t')).status).to.equal(200);
      for (const roles of [['Team', 'Lead'], 'Team', 'Team Leader', 'A Team Lead'])
        expectRefusal(await spaced.as({ roles }, 'get', '/t'), 'permission_denied');
    } finally {
      await spaced.close();
    }
  });
});

describe('claim permissions at start', () => {
  const wrongLists: readonly [title: string, value: unknown][] = [
    ['text', 'a'],
    ['empty text', ''],
    ['a number', 1],
    ['true', true],
    ['an object', { a: true }],
    ['a set', new Set(['a'])],
    ['a class', HasAccessTokenScopes],
    ['a list with null', ['a', null]],
    ['a list with undefined', ['a', undefined]],
    ['a list with empty text', ['a', '']],
    ['a list in a list', [['a']]],
    ['a list of holes', new Array(2)],
    ['a list with a hole', ['a', , 'b']],
  ];
  const names = ['plain', 'any', 'all'] as const;
  const memberNames = { plain: '', any: 'Any', all: 'All' };

  for (const kind of kinds) {
    for (const [title, value] of wrongLists) {
      it(`${kind.suffix}: ${title} stops the start, wherever a list belongs`, () => {
        for (const name of names) {
          const rule = { name: title, plain: ['good'], [name]: value, allows: [], refuses: [] };
          expect(startError(thingController('/t', membersOf(kind, rule))))
            .to.include('ThingController.list')
            .and.include(`ThingController.accessToken${memberNames[name]}${kind.suffix} must be a list of`);
        }
      });
    }

    for (const rule of [{}, { plain: [] }, { plain: undefined }, { any: null }, { any: [], plain: [], all: [] }]) {
      it(`${kind.suffix}: no rule at all (${JSON.stringify(rule)}) stops the start and names the fix`, () => {
        const members = membersOf(kind, { name: '', ...rule, allows: [], refuses: [] });
        expect(startError(thingController('/t', members)))
          .to.include('ThingController.list')
          .and.include(kind.permissionClasses[0].name)
          .and.include(`give accessToken${kind.suffix}`);
      });
    }

    it(`${kind.suffix}: two names of one rule are warned of`, () => {
      const both = { name: '', plain: ['y'], any: ['x'], allows: [], refuses: [] };
      expect(startWarnings(thingController('/t', membersOf(kind, both)))).to.include(
        `ThingController has both accessToken${kind.suffix} and accessTokenAny${kind.suffix}`,
      );
      for (const other of [{ any: ['x'] }, { any: ['x'], plain: [] }, { any: [], plain: ['y'] }])
        expect(startWarnings(thingController('/t', membersOf(kind, { ...both, plain: [], ...other })))).to.equal('');
    });
  }

  for (const scope of ['a b', ' a', 'a\t', 'a\n', 'a"', 'a\\b', 'é', '\u007f']) {
    it(`the scope ${JSON.stringify(scope)}, which no token can have, stops the start`, () => {
      const members = { permissionClasses: [HasAccessTokenScopes], accessTokenScopes: ['ok', scope] };
      expect(startError(thingController('/t', members))).to.include('ThingController.accessTokenScopes must be a list');
    });
  }

  it('names the one handler whose getter gives nothing', () => {
    const members: Members = {
      permissionClasses: [HasAccessTokenScopes],
      get accessTokenScopes() {
        return this.action === 'update' ? [] : ['a'];
      },
    };
    expect(startError(thingController('/t', members)))
      .to.include('ThingController.update')
      .and.not.include('ThingController.list');
  });

  it('names the handler whose getter throws, and why', () => {
    const members: Members = {
      permissionClasses: [HasAccessTokenScopes],
      get accessTokenScopes(): string[] {
        if (this.action === 'create') throw new Error('no such table');
        return ['a'];
      },
    };
    expect(startError(thingController('/t', members)))
      .to.include('ThingController.create')
      .and.include('no such table');
  });
});

describe('claim permissions from getters', () => {
  const byMethod: Members = {
    permissionClasses: [HasAccessTokenScopes],
    get accessTokenScopes() {
      return { GET: ['read'], POST: ['write'], PUT: ['write'], DELETE: ['remove'] }[this.request.method] ?? [];
    },
  };
  const byAction: Members = {
    permissionClasses: [HasAccessTokenScopes],
    get accessTokenScopes() {
      return { list: ['read'], retrieve: ['read'], create: ['write'], update: ['write'], destroy: ['remove'] }[
        this.action
      ];
    },
  };
  const asynchronous: Members = {
    permissionClasses: [HasAccessTokenScopes],
    get accessTokenScopes() {
      const { action } = this;
      return (async () => {
        await Promise.resolve();
        return { list: ['read'], retrieve: ['read'], create: ['write'], update: ['write'] }[action] ?? ['remove'];
      })();
    },
  };

  @JsonController('/all')
  class AllController {
    permissionClasses = [HasAccessTokenScopes];
    declare request: ApiView['request'];

    get accessTokenScopes() {
      return this.request.method === 'GET' ? ['read'] : this.request.method === 'DELETE' ? ['remove'] : ['write'];
    }

    @All('/') serve() {
      return { method: this.request.method };
    }

    @All('/:id') serveOne() {
      return { method: this.request.method };
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [
        thingController('/by-method', byMethod),
        thingController('/by-action', byAction),
        thingController('/async', asynchronous),
        AllController,
      ],
    });
  });
  after(() => api.close());

  const routes: readonly [method: Method, path: string, scope: string][] = [
    ['get', '', 'read'],
    ['get', '/1', 'read'],
    ['head', '', 'read'],
    ['head', '/1', 'read'],
    ['post', '', 'write'],
    ['put', '/1', 'write'],
    ['delete', '/1', 'remove'],
  ];
  for (const base of ['/by-method', '/by-action', '/async', '/all']) {
    for (const [method, path, scope] of routes) {
      it(`${method.toUpperCase()} ${base}${path} asks for ${scope}`, async () => {
        const send = (granted: string) => api.as({ scope: granted }, method, base + path);
        const good = await (method === 'post' ? send(scope).send({ size: 1 }) : send(scope));
        expect(good.status).to.equal(200);
        if (method !== 'head') expect(good.body).to.include({ method: method.toUpperCase() });
        for (const other of ['read', 'write', 'remove'].filter(one => one !== scope))
          (method === 'head' ? expectHeadRefusal : expectRefusal)(await send(other), 'insufficient_scope', scope);
      });
    }
  }
});

describe('claim rules that are decided per request', () => {
  let stored = 0;
  const storage = {
    _handleFile(_request: unknown, { stream }: { stream: NodeJS.ReadableStream }, done: (error: null) => void) {
      stored += 1;
      stream.resume().on('end', () => {
        done(null);
      });
    },
    _removeFile(_request: unknown, _file: unknown, done: (error: null) => void) {
      done(null);
    },
  };

  @JsonController('/upload')
  class UploadController {
    permissionClasses = [HasAccessTokenScopes];
    declare request: ApiView['request'];

    get accessTokenScopes() {
      return [this.request.query.needs === undefined ? 'upload' : 'more'];
    }

    @Post('/') store(@UploadedFile('file', { options: { storage } }) file: unknown) {
      return { isStored: file !== undefined };
    }
  }

  @JsonController('/late-list')
  class LateListController {
    declare request: ApiView['request'];

    get permissionClasses() {
      return this.request.query.by === 'role' ? [HasAccessTokenRoles] : [HasAccessTokenScopes];
    }
    accessTokenScopes = ['s'];
    accessTokenRoles = ['r'];

    @Get('/') list() {
      return {};
    }
  }

  const byBody: Members = {
    permissionClasses: [HasAccessTokenScopes],
    get accessTokenScopes() {
      return (this.request.body as { size?: unknown } | undefined)?.size === 1 ? ['small'] : ['large'];
    },
  };
  const byQuery: Members = {
    permissionClasses: [HasAccessTokenScopes],
    get accessTokenScopes() {
      return this.request.query.draft === undefined ? ['read'] : ['draft'];
    },
  };
  // Ways to look at a request; of one that is not there yet, each answer would be another one.
  const looks: Readonly<Record<string, (request: object) => boolean>> = {
    get: request => Reflect.get(request, 'headers') !== undefined,
    in: request => 'headers' in request,
    own: request => Object.hasOwn(request, 'complete'),
    keys: request => Object.keys(request).includes('complete'),
    prototype: request => Object.getPrototypeOf(request) !== null,
    instance: request => request instanceof IncomingMessage,
  };
  const curious = Object.entries(looks).map(([name, look]) =>
    thingController(`/curious-${name}`, {
      permissionClasses: [HasAccessTokenScopes],
      get accessTokenScopes() {
        return look(this.request) ? ['strict'] : ['weak'];
      },
    }),
  );

  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [
        thingController('/by-body', byBody),
        thingController('/by-query', byQuery),
        ...curious,
        thingController('/early', { permissionClasses: [HasAccessTokenScopes], accessTokenScopes: ['small'] }),
        UploadController,
        LateListController,
      ],
    });
  });
  after(() => api.close());

  it('the start knows no answer for them', () => {
    const known = api.server.routes
      .filter(({ method }) => method === 'POST' || method === 'GET')
      .map(({ path, permissions }) => [path, permissions] as const);
    for (const path of ['/by-body/', '/by-query/', '/curious-own/', '/upload/'])
      expect(new Map<string, unknown>(known).get(path), path).to.deep.equal([undefined]);
    expect(new Map<string, unknown>(known).get('/late-list/')).to.equal(undefined);
    expect(new Map<string, unknown>(known).get('/early/')).to.deep.equal([
      { kind: 'scopes', match: 'any', values: ['small'] },
    ]);
  });

  it('a getter sees the parsed body', async () => {
    for (const [size, scope] of [
      [1, 'small'],
      [2, 'large'],
    ] as const) {
      expect((await api.as({ scope }, 'post', '/by-body').send({ size })).body).to.include({ size });
      expectRefusal(await api.as({ scope: 'other' }, 'post', '/by-body').send({ size }), 'insufficient_scope', scope);
    }
  });

  it('a getter sees the query', async () => {
    expect((await api.as({ scope: 'read' }, 'get', '/by-query')).status).to.equal(200);
    expect((await api.as({ scope: 'draft' }, 'get', '/by-query?draft=1')).status).to.equal(200);
    expectRefusal(await api.as({ scope: 'read' }, 'get', '/by-query?draft=1'), 'insufficient_scope', 'draft');
  });

  for (const name of Object.keys(looks)) {
    it(`a getter that inspects the request is asked with the real one: ${name}`, async () => {
      expect((await api.as({ scope: 'strict' }, 'get', `/curious-${name}`)).status).to.equal(200);
      expectRefusal(await api.as({ scope: 'weak' }, 'get', `/curious-${name}`), 'insufficient_scope', 'strict');
    });
  }

  it('a list of classes may depend on the request', async () => {
    expect((await api.as({ scope: 's' }, 'get', '/late-list')).status).to.equal(200);
    expect((await api.as({ roles: ['r'] }, 'get', '/late-list?by=role')).status).to.equal(200);
    expectRefusal(await api.as({ scope: 's' }, 'get', '/late-list?by=role'), 'permission_denied');
  });

  it('a caller without the scope learns nothing of the schema', async () => {
    const wrong = { size: 'nothing that the schema takes' };
    for (const path of ['/by-body', '/early'])
      expect((await api.as({ scope: 'other' }, 'post', path).send(wrong)).status, path).to.equal(403);
    expect((await api.as({ scope: 'large' }, 'post', '/by-body').send(wrong)).status).to.equal(400);
    expect((await api.as({ scope: 'small' }, 'post', '/early').send(wrong)).status).to.equal(400);
  });

  it('a rule that was decided at start is asked before the body is read, another one after', async () => {
    const garbled = (path: string, scope: string) => api.as({ scope }, 'post', path).type('json').send('{"size": ');
    expectRefusal(await garbled('/early', 'other'), 'insufficient_scope', 'small');
    for (const [path, scope] of [
      ['/early', 'small'],
      ['/by-body', 'other'],
    ] as const) {
      const response = await garbled(path, scope);
      expect([response.status, (response.body as { error: string }).error]).to.deep.equal([400, 'invalid_request']);
    }
    expectRefusal(await api.as(null, 'post', '/by-body').type('json').send('{"size": '), 'not_authenticated');
  });

  it('a refused upload stores no file', async () => {
    const upload = (scope: string, path: string) =>
      api.as({ scope }, 'post', path).attach('file', Buffer.from('content'), 'name.txt');
    expectRefusal(await upload('other', '/upload'), 'insufficient_scope', 'upload');
    expectRefusal(await upload('upload', '/upload?needs=1'), 'insufficient_scope', 'more');
    expect(stored).to.equal(0);
    expect((await upload('upload', '/upload')).body).to.deep.equal({ isStored: true });
    expect(stored).to.equal(1);
  });
});

describe('claim rules that are wrong only per request', () => {
  const late = (give: () => unknown, permissionClass: object = HasAccessTokenScopes): Members => ({
    permissionClasses: [permissionClass],
    get accessTokenScopes() {
      return this.request.query.x === undefined ? give() : undefined;
    },
    get accessTokenRoles() {
      return this.request.query.x === undefined ? give() : undefined;
    },
  });
  const reject = () => Promise.reject(new Error('secret-reason'));
  const fail = () => {
    throw new Error('secret-reason');
  };
  const wrong: readonly [title: string, members: Members][] = [
    ['an empty list', late(() => [])],
    ['an empty list of roles', late(() => [], HasAccessTokenRoles)],
    ['undefined', late(() => undefined)],
    ['text', late(() => 'admin')],
    ['a list of holes', late(() => new Array<string>(1))],
    ['a scope with spaces', late(() => ['a b'])],
    ['a promise of nothing', late(() => Promise.resolve(undefined))],
    ['a promise of an empty list', late(() => Promise.resolve([]))],
    ['a promise of text', late(() => Promise.resolve('admin'))],
    ['a promise of a promise of a number', late(() => Promise.resolve(Promise.resolve(3)))],
    ['a rejection', late(reject)],
    ['a throw', late(fail)],
    [
      'a rejection beside a throw',
      {
        permissionClasses: [HasAccessTokenScopes],
        get accessTokenAnyScopes() {
          return this.request.query.x === undefined ? reject() : undefined;
        },
        get accessTokenScopes() {
          return this.request.query.x === undefined ? fail() : undefined;
        },
      },
    ],
    [
      'a rejection in one branch of an or beside a throw in another',
      {
        permissionClasses: [or(HasAccessTokenScopes, HasAccessTokenRoles)],
        get accessTokenScopes() {
          return this.request.query.x === undefined ? reject() : undefined;
        },
        get accessTokenRoles() {
          return this.request.query.x === undefined ? fail() : undefined;
        },
      },
    ],
    [
      'a promise-like of a list with empty text',
      {
        permissionClasses: [HasAccessTokenScopes],
        accessTokenScopes: {
          then: (found: (list: unknown) => void) => {
            found(['']);
          },
        },
      },
    ],
  ];

  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    const controllers = wrong.map(([, members], index) => thingController(`/wrong/${index}`, members));
    api = await Api.start({ controllers, axioms: { logger } });
  });
  after(() => api.close());

  wrong.forEach(([title], index) => {
    it(`${title} is a 500 that names no internals, and is logged with the place`, async () => {
      logger.entries.length = 0;
      const everything = { scope: 'admin a b', roles: ['admin', 'a', 'b'] };
      const response = await api.as(everything, 'get', `/wrong/${index}`);
      expectRefusal(response, 'server_error');
      expect(response.text).not.to.match(/ThingController|accessToken|secret|list/i);
      expect(logger.text('error')).to.include('ThingController.list failed');
      expectRefusal(await api.as(null, 'get', `/wrong/${index}`), 'not_authenticated');
    });
  });
});

describe('claim permissions of users of other authentication classes', () => {
  class HeaderAuthentication extends BaseAuthentication {
    authenticate(request: Request): AuthenticationResult | null {
      const said = request.get('X-Result');
      return said === undefined ? null : (JSON.parse(said) as AuthenticationResult);
    }
  }

  let api: Api;
  before(async () => {
    const members = (permissionClass: object) => ({
      authenticationClasses: [HeaderAuthentication, AccessTokenAuthentication],
      permissionClasses: [permissionClass],
      ...readMembers([permissionClass], {
        accessTokenScopes: ['a'],
        accessTokenRoles: ['a'],
        accessTokenPermissions: ['a'],
      }),
    });
    api = await Api.start({
      controllers: [
        thingController('/scopes', members(HasAccessTokenScopes)),
        thingController('/roles', members(HasAccessTokenRoles)),
        thingController('/permissions', members(HasAccessTokenPermissions)),
      ],
    });
  });
  after(() => api.close());

  const user = { isAuthenticated: true, sub: 'u' };
  const cases: readonly [title: string, status: number, result: (kind: string, claim: string) => object][] = [
    ['who says and claims nothing is refused', 403, () => ({ user })],
    ['who has it is let in', 200, kind => ({ user: { ...user, [kind]: ['b', 'a'] } })],
    ['who has another one is refused', 403, kind => ({ user: { ...user, [kind]: ['ab', 'A'] } })],
    ['who has text instead of a list is a fault of the server', 500, kind => ({ user: { ...user, [kind]: 'a' } })],
    [
      'who has an object instead of a list is a fault of the server',
      500,
      kind => ({ user: { ...user, [kind]: { a: true } } }),
    ],
    ['whose claims grant it is let in', 200, (_, claim) => ({ user, auth: { claims: { [claim]: ['a'] } } })],
    ['whose claims grant another one is refused', 403, (_, claim) => ({ user, auth: { claims: { [claim]: ['b'] } } })],
    [
      'who has an empty list is refused, whatever the claims say',
      403,
      (kind, claim) => ({ user: { ...user, [kind]: [] }, auth: { claims: { [claim]: ['a'] } } }),
    ],
    [
      'who is not authenticated is nobody, whatever is granted',
      401,
      (kind, claim) => ({ user: { isAuthenticated: false, [kind]: ['a'] }, auth: { claims: { [claim]: ['a'] } } }),
    ],
  ];
  for (const { suffix, claim } of kinds) {
    const kind = suffix.toLowerCase();
    for (const [title, status, result] of cases) {
      it(`${kind}: a user ${title}`, async () => {
        const response = await api.as(null, 'get', `/${kind}`).set('X-Result', JSON.stringify(result(kind, claim)));
        expect(response.status).to.equal(status);
      });
    }
  }
});

describe('A subclass that describes its requirement itself', () => {
  const scopes = (match: 'any' | 'all', ...values: string[]): Requirement => ({ kind: 'scopes', match, values });

  async function statusOf(said: unknown, claims: object): Promise<number> {
    class Described extends HasAccessTokenScopes {
      override requirement(): Requirement {
        return said as Requirement;
      }
    }
    const api = await Api.start({
      controllers: [thingController('/things', { permissionClasses: [Described] })],
      axioms: { logger: new RecordingLogger() },
    });
    try {
      return (await api.as(claims, 'get', '/things')).status;
    } finally {
      await api.close();
    }
  }

  for (const [what, requirement, claims, status] of [
    [
      'lets in who has one of two lists of an or',
      { kind: 'or', of: [scopes('all', 'a', 'b'), scopes('any', 'c')] },
      'c',
      200,
    ],
    [
      'refuses who has neither list of an or',
      { kind: 'or', of: [scopes('all', 'a', 'b'), scopes('any', 'c')] },
      'a',
      403,
    ],
    [
      'refuses who has one of two lists of an and',
      { kind: 'and', of: [scopes('any', 'a'), scopes('any', 'c')] },
      'a',
      403,
    ],
    ['lets in who has both lists of an and', { kind: 'and', of: [scopes('any', 'a'), scopes('any', 'c')] }, 'a c', 200],
    ['lets in any caller where it asks for one', { kind: 'authenticated' }, 'x', 200],
    ['lets nobody in by the owner, which it cannot judge', { kind: 'owner', attribute: 'user' }, 'a', 500],
    ['lets nobody in by a rule of code', { kind: 'custom', name: 'IsFriday' }, 'a', 500],
    ['lets nobody in where it says that nobody may', { kind: 'nobody' }, 'a', 500],
    ['lets nobody in by a negation', { kind: 'not', of: scopes('any', 'z') }, 'a', 500],
    ['lets nobody in by an empty list', scopes('all'), 'a', 500],
    ['lets nobody in by an empty and', { kind: 'and', of: [] }, 'a', 500],
    [
      'lets nobody in by an or with something that it cannot judge',
      { kind: 'or', of: [scopes('any', 'a'), { kind: 'nobody' }] },
      'a',
      500,
    ],
    ['lets nobody in where it says nothing', undefined, 'a', 500],
  ] as const)
    it(what, async () => {
      expect(await statusOf(requirement, { scope: claims })).to.equal(status);
    });
});

describe('What the caller was granted', () => {
  it("is what a token's user says: no claim is read again", () => {
    const user = new AccessTokenUser({ sub: 'alice' }, { scopes: ['a'], roles: [], permissions: [] });
    const given = {} as Request;
    setContext(given, { authenticators: [], caller: { user, auth: null, authJwt: null } } as unknown as RequestContext);
    expect(grantsOfRequest(given)).to.equal(user);
  });
});
