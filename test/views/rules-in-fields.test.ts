import { expect } from 'chai';
import { All, Get, JsonController, Post } from 'routing-controllers';
import {
  AllowAny,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsAuthenticated,
  and,
  or,
  type AxiomsRequest,
  type BasePermission,
} from 'axioms-routing-controllers';
import { Api } from '../api';

let made = 0;
let asked = 0;
let handled = 0;

class Base {
  declare request: AxiomsRequest;
  declare action: string;

  @Get('/') list(): object {
    handled += 1;
    return { sub: this.request.user?.sub ?? null };
  }
}

@JsonController('/says-nothing')
class SaysNothing extends Base {}

@JsonController('/fields')
class Fields extends Base {
  permissionClasses: unknown[] = [HasAccessTokenScopes, HasAccessTokenRoles];
  accessTokenScopes = ['a', 'b'];
  accessTokenAllRoles = ['r', 's'];

  @Post('/') create(): object {
    return this.list();
  }
  @All('/all') all(): object {
    return this.list();
  }
}

/** Each controller that is made says something else. */
@JsonController('/changing')
class Changing extends Base {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = made++ % 2 === 0 ? ['even'] : ['odd'];
}

@JsonController('/changing-classes')
class ChangingClasses extends Base {
  permissionClasses = made++ % 2 === 0 ? [IsAuthenticated] : [AllowAny];
}

@JsonController('/getter')
class Getter extends Base {
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes(): string[] {
    asked += 1;
    return ['a'];
  }
}

class Narrower extends HasAccessTokenScopes {
  override hasPermission(...given: Parameters<BasePermission['hasPermission']>): boolean | Promise<boolean> {
    asked += 1;
    return given[0].query.open === '1' && super.hasPermission(...given);
  }
}

@JsonController('/own-class')
class OwnClass extends Base {
  permissionClasses = [Narrower];
  accessTokenScopes = ['a'];
}

const rule = or(and(HasAccessTokenScopes, HasAccessTokenRoles), HasAccessTokenRoles);

@JsonController('/composed')
class Composed extends Base {
  permissionClasses = [rule];
  accessTokenScopes = ['a'];
  accessTokenRoles = ['r'];
}

describe('Rules in plain fields', () => {
  let api: Api;

  before(async () => {
    const controllers = [SaysNothing, Fields, Changing, ChangingClasses, Getter, OwnClass, Composed];
    api = await Api.start({ controllers });
  });
  after(() => api.close());
  beforeEach(() => {
    made = asked = handled = 0;
  });

  const cases: [string, string, object | null, number][] = [
    ['get', '/says-nothing', null, 401],
    ['get', '/says-nothing', {}, 200],
    ['get', '/fields', null, 401],
    ['get', '/fields', { scope: 'a', roles: ['r', 's'] }, 200],
    ['head', '/fields', { scope: 'b', roles: ['s', 'r'] }, 200],
    ['post', '/fields', { scope: 'b', roles: ['s', 'r'] }, 200],
    ['delete', '/fields/all', { scope: 'b', roles: ['s', 'r'] }, 200],
    ['delete', '/fields/all', { scope: 'c', roles: ['s', 'r'] }, 403],
    ['get', '/fields', { scope: 'a', roles: ['r'] }, 403],
    ['get', '/fields', { roles: ['r', 's'] }, 403],
    ['head', '/fields', { scope: 'ab', roles: ['r', 's'] }, 403],
    ['get', '/composed', { roles: ['r'] }, 200],
    ['get', '/composed', { scope: 'a' }, 403],
    ['get', '/composed', null, 401],
    ['get', '/own-class?open=1', { scope: 'a' }, 200],
    ['get', '/own-class', { scope: 'a' }, 403],
  ];
  for (const [method, path, claims, status] of cases) {
    it(`${method} ${path} with ${JSON.stringify(claims)} is ${status}`, async () => {
      const answer = await api.as(claims, method as 'get', path);
      expect(answer.status).to.equal(status);
      expect(handled).to.equal(status === 200 ? 1 : 0);
    });
  }

  it('are described once a request, whether they are met or not', async () => {
    const { prototype } = HasAccessTokenScopes;
    const { requirement } = prototype;
    const asking: string[] = [];
    const counted: typeof requirement = function (this: HasAccessTokenScopes, controller) {
      asking.push(controller.action);
      return requirement.call(this, controller);
    };
    Object.assign(prototype, { requirement: counted });
    try {
      expect((await api.as({ scope: 'a', roles: ['r', 's'] }, 'get', '/fields')).status).to.equal(200);
      expect(asking).to.deep.equal(['list']);
      expect((await api.as({ scope: 'c', roles: ['r', 's'] }, 'get', '/fields')).status).to.equal(403);
      expect(asking).to.deep.equal(['list', 'list']);
    } finally {
      Reflect.deleteProperty(prototype, 'requirement');
    }
  });

  it('are read from each controller, which may say something else than at startup', async () => {
    const token = api.issuer.token({ scope: 'even' });
    const statuses: number[] = [];
    for (let time = 0; time < 4; time++) statuses.push((await api.with(token, 'get', '/changing')).status);
    expect(statuses).to.deep.equal([200, 403, 200, 403]);
    expect(handled).to.equal(2);
  });

  it('are the classes that each controller lists, which may be others than at startup', async () => {
    const statuses: number[] = [];
    for (let time = 0; time < 4; time++) statuses.push((await api.as(null, 'get', '/changing-classes')).status);
    expect(statuses).to.deep.equal([401, 200, 401, 200]);
    expect(handled).to.equal(2);
  });

  it('may be getters, which are read for each request', async () => {
    for (let time = 0; time < 3; time++) await api.as({ scope: 'a' }, 'get', '/getter');
    expect(asked).to.equal(3);
    expect(handled).to.equal(3);
  });
});
