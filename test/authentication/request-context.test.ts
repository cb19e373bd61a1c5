import { expect } from 'chai';
import type { Request } from 'express';
import { setByApp } from '../../src/authentication/caller';
import { contextOf, findContext, setContext, type RequestContext } from '../../src/authentication/request-context';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';

function newRequest(user?: object): Request {
  return { method: 'GET', rawHeaders: ['Host', 'localhost'], ...(user === undefined ? {} : { user }) } as Request;
}

function newContext(): RequestContext {
  return { authenticators: [] } as unknown as RequestContext;
}

// A batch makes such copies.
describe('copies of a request', () => {
  const ways: readonly [string, (one: Request, more: object) => Request][] = [
    ['a spread', (one, more) => ({ ...one, ...more }) as Request],
    [
      'an assignment',
      (one, more) => Object.assign(Object.create(Object.getPrototypeOf(one) as object) as Request, one, more),
    ],
    ['an heir', (one, more) => Object.assign(Object.create(one) as Request, more)],
    [
      'a proxy',
      (one, more) =>
        new Proxy(one, { get: (target, name) => Reflect.get(name in more ? more : target, name) as unknown }),
    ],
  ];
  for (const [what, copy] of ways) {
    it(`have contexts of their own: ${what}`, () => {
      const [alice, bob] = [{ name: 'alice' }, { name: 'bob' }];
      const first = newRequest(alice);
      const second = copy(first, { user: bob });
      const [ofFirst, ofSecond] = [newContext(), newContext()];
      setContext(first, ofFirst);
      setContext(second, ofSecond);
      expect(findContext(first)).to.equal(ofFirst);
      expect(findContext(second)).to.equal(ofSecond);
      expect(setByApp(first, undefined).user).to.equal(alice);
      expect(setByApp(second, undefined).user).to.equal(bob);
    });

    it(`have none before a guard has seen them: ${what}`, () => {
      const first = newRequest();
      setContext(first, newContext());
      const second = copy(first, {});
      expect(findContext(second)).to.equal(undefined);
      expect(() => contextOf(second)).to.throw(ImproperlyConfigured);
      const third = copy(first, {});
      setContext(second, newContext());
      expect(findContext(copy(second, {}))).to.equal(undefined);
      expect(findContext(third)).to.equal(undefined);
    });
  }

  it('keep the context where there are no raw headers, too', () => {
    const bare = { method: 'GET' } as Request;
    const context = newContext();
    setContext(bare, context);
    expect(findContext(bare)).to.equal(context);
    expect(findContext({ ...bare } as Request)).to.equal(undefined);
  });
});

describe('the context of a request', () => {
  it('is the one that was set last, whichever request was asked for meanwhile', () => {
    const [one, other] = [newRequest(), newRequest()];
    const [first, second, ofOther] = [newContext(), newContext(), newContext()];
    setContext(one, first);
    setContext(other, ofOther);
    expect(findContext(one)).to.equal(first);
    setContext(one, second);
    expect([findContext(one), findContext(other), findContext(one)]).to.deep.equal([second, ofOther, second]);
    expect(findContext(newRequest())).to.equal(undefined);
  });
});
