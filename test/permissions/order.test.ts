/** In which order permissions are asked, and which of them are not asked any more. */
import { expect } from 'chai';
import { Body, Get, JsonController, Param, Post } from 'routing-controllers';
import {
  AllowAny,
  BasePermission,
  DenyAll,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsSafeOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  SessionAuthentication,
  and,
  not,
  or,
  useExpressServer,
  type ApiView,
  type PermissionClass,
  type PermissionRule,
  type RouteAudit,
} from 'axioms-routing-controllers';
import express, { type Request } from 'express';
import request from 'supertest';
import { auditTable } from '../../src/views/start/audit';
import { Api, type ApiOptions } from '../api';

import { expectRefusal } from '../refusals';
import { readMembers } from '../read-members';

let asked: string[] = [];
beforeEach(() => {
  asked = [];
});

/** A permission of the app's own, which may look at the body; it writes down that it was asked. */
function rule(name: string, answer: unknown, object?: unknown): PermissionClass {
  class Rule extends BasePermission {
    override hasPermission() {
      asked.push(name);
      return answer as boolean;
    }
  }
  if (object !== undefined)
    Rule.prototype.hasObjectPermission = () => {
      asked.push(`${name} of the object`);
      return object as boolean;
    };
  return Object.defineProperty(Rule, 'name', { value: name });
}

const [A, B] = [rule('A', true), rule('B', true)];
const [No, Never] = [rule('No', false), rule('Never', false)];
const [S, R] = [HasAccessTokenScopes, HasAccessTokenRoles];

/** Asks for scopes as S does, and is a class of the app's own, so that it is asked late. */
class Late extends HasAccessTokenScopes {
  override hasPermission(incoming: Request, controller: ApiView) {
    asked.push('Late');
    return super.hasPermission(incoming, controller);
  }
}

function controllerOf(permissionClasses: readonly PermissionRule[], members: object = {}) {
  @JsonController('/things')
  class ThingController {
    permissionClasses = permissionClasses;

    constructor() {
      Object.assign(this, readMembers(permissionClasses, { accessTokenScopes: ['a'], accessTokenRoles: ['r'] }));
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(members));
    }
    @Get('/') list() {
      return {};
    }
    @Get('/:id') retrieve() {
      return {};
    }
    @Post('/') create(@Body({ validate: false }) body: object) {
      return body;
    }
  }
  return ThingController;
}

async function served(options: ApiOptions, use: (api: Api) => Promise<void>): Promise<void> {
  const api = await Api.start(options);
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

describe('the order of permissions', () => {
  // The claims, the permissions, and what of the app's own rules is asked with which result.
  const cases: readonly [list: readonly PermissionRule[], claims: object, trace: string, error?: string][] = [
    [[or(A, No)], {}, 'A'],
    [[or(No, A, B)], {}, 'No A'],
    [[or(No, Never)], {}, 'No Never', 'permission_denied'],
    [[and(No, A)], {}, 'No', 'permission_denied'],
    [[and(A, No, B)], {}, 'A No', 'permission_denied'],
    [[not(or(A, No))], {}, 'A', 'permission_denied'],
    [[not(and(No, A))], {}, 'No'],
    // A rule that needs no body decides first, wherever it stands.
    [[or(A, S)], { scope: 'a' }, ''],
    [[or(A, S)], {}, 'A'],
    [[or(No, S)], {}, 'No', 'insufficient_scope'],
    [[and(A, S)], {}, '', 'insufficient_scope'],
    [[and(A, S)], { scope: 'a' }, 'A'],
    [[A, S], {}, '', 'insufficient_scope'],
    [[A, S], { scope: 'a' }, 'A'],
    [[A, or(B, S), R], { roles: ['r'] }, 'A B'],
    [[A, or(B, S), R], { scope: 'a' }, '', 'permission_denied'],
    [[or(and(A, S), and(B, R))], {}, '', 'insufficient_scope'],
    [[or(and(A, S), and(B, R))], { roles: ['r'] }, 'B'],
    [[or(and(No, S), and(B, R))], { roles: ['r'], scope: 'a' }, 'No B'],
    [[or(and(A, S), B)], {}, 'B'],
    [[or(and(A, R), Never)], {}, 'Never', 'permission_denied'],
    [[and(or(A, S), or(R, B))], { scope: 'a' }, 'B'],
    [[not(and(A, S))], {}, ''],
    [[not(or(A, S))], { scope: 'a' }, '', 'permission_denied'],
    [[or(A, AllowAny)], {}, ''],
    [[and(A, DenyAll)], {}, '', 'permission_denied'],
    [[or(A, IsSafeOnly)], {}, ''],
    // A branch that lacks a scope is decided, too.
    [[or(and(Late, A), B)], {}, 'Late B'],
    [[or(and(and(Late, A), B), No)], {}, 'Late No', 'insufficient_scope'],
    [[or(and(Late, No), Never)], {}, 'Late Never', 'insufficient_scope'],
    [[or(and(Late, R), Never)], {}, 'Never', 'permission_denied'],
    [[or(No, not(or(A, Late)), B)], {}, 'No A B'],
  ];
  const named = (one: PermissionRule): string =>
    'operator' in one ? `${one.operator}(${one.operands.map(named).join(', ')})` : one.name;
  for (const [list, claims, trace, error] of cases) {
    it(`of [${list.map(named).join(', ')}] asks "${trace}" with ${JSON.stringify(claims)}`, async () => {
      await served({ controllers: [controllerOf(list)] }, async api => {
        const response = await api.as(claims, 'get', '/things');
        if (error === undefined) expect(response.status).to.equal(200);
        else expectRefusal(response, error, error === 'insufficient_scope' ? 'a' : undefined);
        expect(asked.join(' ')).to.equal(trace);
      });
    });
  }

  it('refuses before a byte of the body is read where a rule that needs none decides an and', async () => {
    await served({ controllers: [controllerOf([and(A, or(S, R))])] }, async api => {
      const broken = api.as({}, 'post', '/things').type('json').send('{"');
      expectRefusal(await broken, 'insufficient_scope', 'a');
      expect(asked).to.deep.equal([]);
      expect((await api.as({ scope: 'a' }, 'post', '/things').send({})).status).to.equal(200);
      expect(asked).to.deep.equal(['A']);
    });
  });

  it('asks a getter that looks at the request with the rules that need the body', async () => {
    const members = {
      get accessTokenScopes() {
        return [(this as unknown as ApiView).request.query.scope as string];
      },
    };
    await served({ controllers: [controllerOf([or(A, S), R], members)] }, async api => {
      expectRefusal(await api.as({ scope: 'b' }, 'get', '/things?scope=b'), 'permission_denied');
      expect(asked).to.deep.equal([]);
      expect((await api.as({ scope: 'b', roles: ['r'] }, 'get', '/things?scope=b')).status).to.equal(200);
      expect(asked).to.deep.equal(['A']);
    });
  });

  it('evaluates no getter of a branch that is decided, where another branch lets the request in', async () => {
    const members = {
      get accessTokenScopes() {
        return Promise.resolve(['a']);
      },
      get accessTokenRoles() {
        asked.push('roles');
        return Promise.reject(new Error('was asked'));
      },
    };
    await served({ controllers: [controllerOf([or(and(S, R), A)], members)] }, async api => {
      asked = [];
      expect((await api.as({}, 'get', '/things')).status).to.equal(200);
      expect(asked).to.deep.equal(['A']);
      expectRefusal(await api.as({ scope: 'a' }, 'get', '/things'), 'server_error');
    });
  });

  it('names in a challenge before the body only the scopes that are known then', async () => {
    class Late extends HasAccessTokenScopes {
      override requirement({ request }: ApiView) {
        return { kind: 'scopes', match: 'any', values: [request.query.scope as string] } as const;
      }
    }
    await served({ controllers: [controllerOf([and(Late, S)])] }, async api => {
      expectRefusal(await api.as({}, 'get', '/things?scope=late'), 'insufficient_scope', 'a');
    });
  });

  it('refuses an anonymous request before rules that need the body', async () => {
    await served({ controllers: [controllerOf([or(A, S), and(B, R)])] }, async api => {
      const broken = api.as(null, 'post', '/things').type('json').send('{"');
      expectRefusal(await broken, 'not_authenticated');
      expect(asked).to.deep.equal([]);
    });
  });

  describe('with an object', () => {
    const members = { getObject: () => ({ user: 'alice' }) };

    it('asks no rule that was not needed before the object was there', async () => {
      const Both = rule('Both', true, true);
      await served({ controllers: [controllerOf([or(and(A, DenyAll), Both), or(S, B)], members)] }, async api => {
        expect((await api.as({ scope: 'a' }, 'get', '/things/1')).status).to.equal(200);
        expect(asked).to.deep.equal(['Both', 'Both of the object']);
      });
    });

    it('stops at the first branch that is true of the object', async () => {
      const [First, Second] = [rule('First', true, true), rule('Second', true, true)];
      await served({ controllers: [controllerOf([or(First, Second)], members)] }, async api => {
        expect((await api.as({}, 'get', '/things/1')).status).to.equal(200);
        expect(asked).to.deep.equal(['First', 'Second', 'First of the object']);
      });
    });

    it('asks no rule about the object where rules that need no body have decided', async () => {
      const [Mine, Failing] = [rule('Mine', true, false), rule('Failing', true, false)];
      Object.assign(Failing.prototype, {
        hasObjectPermission: () => {
          throw new Error('was asked');
        },
      });
      const list = [or(IsSubOwner, Failing, S), or(and(Mine, S), not(or(Failing, S)))];
      const odd = { getObject: () => ({ noOwner: true }) };
      await served({ controllers: [controllerOf(list, odd)] }, async api => {
        expectRefusal(await api.as({ scope: 'a' }, 'get', '/things/1'), 'permission_denied');
        // The owner is not looked for: an object without one would be a configuration error.
        expect(asked).to.deep.equal(['Mine', 'Mine of the object']);
      });
    });

    it('still asks a rule that a changed field has made necessary', async () => {
      @JsonController('/changing')
      class ChangingController {
        permissionClasses = [or(IsSubOwnerOrSafeOnly, A)];
        safeMethods = ['GET'];
        declare checkObjectPermissions: ApiView['checkObjectPermissions'];
        @Get('/:id') async retrieve(@Param('id') id: string) {
          if (id === 'strict') this.safeMethods = [];
          await this.checkObjectPermissions({ user: 'alice' });
          return {};
        }
      }
      await served({ controllers: [ChangingController] }, async api => {
        expect((await api.as({ sub: 'bob' }, 'get', '/changing/lax')).status).to.equal(200);
        expect(asked).to.deep.equal([]);
        expect((await api.as({ sub: 'bob' }, 'get', '/changing/strict')).status).to.equal(200);
        expect(asked).to.deep.equal(['A']);
      });
    });
  });

  it('is the same for a caller that the app has put in the place of another', async () => {
    class Session extends SessionAuthentication {
      override enforceCsrf() {
        return undefined;
      }
    }
    const user = (sub: string) => ({ sub, isAuthenticated: true, isActive: true, roles: ['r'] });
    @JsonController('/mine')
    class MineController {
      authenticationClasses = [Session];
      permissionClasses = [or(A, R), and(B, R)];
      accessTokenRoles = ['r'];
      declare request: Request;
      declare checkObjectPermissions: ApiView['checkObjectPermissions'];
      @Get('/') async list() {
        Object.assign(this.request, { user: user('bob') });
        await this.checkObjectPermissions({});
        return {};
      }
    }
    const app = express();
    app.use((incoming, _response, next) => {
      Object.assign(incoming, { user: user('alice'), session: {} });
      next();
    });
    const axioms = { audience: 'api', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false };
    useExpressServer(app, { controllers: [MineController], axioms });
    const response = await request(app).get('/mine');
    expect([response.status, asked]).to.deep.equal([200, ['B', 'B']]);
  });
});

describe('the order in the audit', () => {
  async function auditOf(list: readonly PermissionRule[], members?: object): Promise<readonly RouteAudit[]> {
    let audits: readonly RouteAudit[] = [];
    await served({ controllers: [controllerOf(list, members)] }, api => {
      audits = api.server.audit();
      return Promise.resolve();
    });
    return audits;
  }

  it('lists the permissions as they are asked, each with its stage', async () => {
    const [list, retrieve] = await auditOf([or(rule('Own', true, true), S), IsSubOwner, R]);
    const early = { stage: 'before the body' };
    expect(list?.order).to.deep.equal([
      { permission: 'HasAccessTokenScopes', ...early },
      { permission: 'HasAccessTokenRoles', ...early },
      { permission: 'Own', stage: 'after the body' },
    ]);
    expect(retrieve?.order).to.deep.equal([
      ...(list?.order ?? []),
      { permission: 'Own', stage: 'with the object' },
      { permission: 'IsSubOwner', stage: 'with the object' },
    ]);
  });

  it('stands below the table where some of them need the body', async () => {
    const lineOf = async (list: readonly PermissionRule[]) => auditTable(await auditOf(list)).split('\n')[4];
    const order =
      'GET /things/ asks before the body HasAccessTokenScopes, HasAccessTokenRoles, then after the body A, B';
    expect(await lineOf([A, S, or(B, R)])).to.equal(order);
    expect(await lineOf([S, R])).to.equal(undefined);
    expect(await lineOf([A, B])).to.equal(undefined);
  });

  it('is unknown where the list is decided per request', async () => {
    const members = {
      get permissionClasses() {
        return (this as unknown as ApiView).request.query.open === 'yes' ? [AllowAny] : [DenyAll];
      },
    };
    expect((await auditOf([], members))[0]?.order).to.equal(null);
  });
});
