/** Fault: rules about grants that were prepared at startup granted what a full evaluation refuses. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import {
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  type ApiView,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { Api } from '../api';

let handled = 0;

function controllerWith(rules: readonly PermissionRule[], fields: object, getters: object = {}): new () => object {
  @JsonController('/books')
  class BookController {
    permissionClasses = rules;
    constructor() {
      Object.assign(this, fields);
    }
    @Get('/') list() {
      handled += 1;
      return [];
    }
  }
  Object.defineProperties(BookController.prototype, Object.getOwnPropertyDescriptors(getters));
  return BookController;
}

// As JavaScript may: the members are private in TypeScript alone.
function overriding(members: object): PermissionRule {
  class Own extends HasAccessTokenScopes {}
  Object.assign(Own.prototype, members);
  return Own;
}

const insufficient = (scope: string): string =>
  `Bearer realm="api", error="insufficient_scope", error_description="The access token does not have the scope that this request needs"${scope === '' ? '' : `, scope="${scope}"`}`;

async function answerOf(controller: new () => object, claims: object, path = '/books'): Promise<[number, string?]> {
  handled = 0;
  const api = await Api.start({ controllers: [controller] });
  try {
    // The second request takes whatever the first one has prepared.
    await api.as({ sub: 'ged', scope: 'read', roles: ['reader'] }, 'get', path);
    handled = 0;
    const answer = await api.as({ sub: 'ged', ...claims }, 'get', path);
    expect(handled).to.equal(answer.status === 200 ? 1 : 0);
    return [answer.status, answer.headers['www-authenticate']];
  } finally {
    await api.close();
  }
}

describe('regression: rules about grants that startup has prepared', () => {
  const read = { accessTokenScopes: ['read'] };

  it('let in and refuse as the list says', async () => {
    const controller = controllerWith([HasAccessTokenScopes], read);
    expect(await answerOf(controller, { scope: 'read' })).to.deep.equal([200, undefined]);
    expect(await answerOf(controller, { scope: 'write' })).to.deep.equal([403, insufficient('read')]);
  });

  it('need every class of the list', async () => {
    const rules = [HasAccessTokenScopes, HasAccessTokenRoles];
    const controller = controllerWith(rules, { ...read, accessTokenRoles: ['admin'] });
    expect((await answerOf(controller, { scope: 'read', roles: ['admin'] }))[0]).to.equal(200);
    expect((await answerOf(controller, { scope: 'read', roles: ['reader'] }))[0]).to.equal(403);
    expect((await answerOf(controller, { scope: 'write', roles: ['admin'] }))[0]).to.equal(403);
  });

  for (const [what, members] of [
    ['judge()', { judge: () => false }],
    ['hasPermission()', { hasPermission: () => false }],
    ['requirement()', { requirement: () => ({ kind: 'scopes', match: 'any', values: ['admin'] }) }],
    ['describe()', { describe: () => ({ kind: 'scopes', match: 'any', values: ['admin'] }) }],
    ['checkedList()', { checkedList: () => ['admin'] }],
  ] as const)
    it(`are not taken for those of a class with ${what} of its own`, async () => {
      expect((await answerOf(controllerWith([overriding(members)], read), { scope: 'read' }))[0]).to.equal(403);
    });

  it('are not taken where the controller says something else for a request', async () => {
    let needed = ['read'];
    const changing = {
      get accessTokenScopes() {
        return needed;
      },
    };
    const controller = controllerWith([HasAccessTokenScopes], {}, changing);
    const api = await Api.start({ controllers: [controller] });
    const ask = async (scope: string): Promise<number> => (await api.as({ sub: 'ged', scope }, 'get', '/books')).status;
    expect(await ask('read')).to.equal(200);
    needed = ['admin'];
    expect([await ask('read'), await ask('admin')]).to.deep.equal([403, 200]);
    needed.push('write');
    expect([await ask('read'), await ask('write')]).to.deep.equal([403, 200]);
    await api.close();
  });

  it('are not taken where the list has another class for a request', async () => {
    let rules: readonly PermissionRule[] = [HasAccessTokenScopes];
    class Closed extends HasAccessTokenScopes {
      override hasPermission(_request: Request, _controller: ApiView) {
        return false;
      }
    }
    const changing = {
      get permissionClasses() {
        return rules;
      },
    };
    const controller = controllerWith([], read);
    Object.defineProperties(controller.prototype, Object.getOwnPropertyDescriptors(changing));
    class Sub extends controller {
      constructor() {
        super();
        Reflect.deleteProperty(this, 'permissionClasses');
      }
    }
    Object.defineProperty(Sub, 'name', { value: 'SubController' });
    JsonController('/sub')(Sub);
    const api = await Api.start({ controllers: [Sub] });
    const ask = async (): Promise<number> => (await api.as({ sub: 'ged', scope: 'read' }, 'get', '/sub')).status;
    expect(await ask()).to.equal(200);
    rules = [HasAccessTokenScopes, Closed];
    expect(await ask()).to.equal(403);
    rules = [Closed];
    expect(await ask()).to.equal(403);
    await api.close();
  });
});
