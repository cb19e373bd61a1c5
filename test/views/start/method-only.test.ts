import { expect } from 'chai';
import type { Request, Response } from 'express';
import { findContext, type RequestContext } from '../../../src/authentication/request-context';
import { callerOf, isAuthenticated } from '../../../src/authentication/caller';
import { MethodOnly } from '../../../src/views/start/method-only';

describe('a request of which there is the method alone', () => {
  const context = { settings: {}, authenticators: [] } as unknown as RequestContext;

  function isExceededBy(look: (request: Request, response: Response) => unknown): boolean {
    const shown = new MethodOnly('GET', context);
    return shown.watch(() => look(shown.request as Request, shown.response as Response)).isExceeded;
  }

  for (const [name, look] of [
    ['its method', request => expect(request.method).to.equal('GET')],
    ['the settings', request => expect(findContext(request)?.settings).to.equal(context.settings)],
    ['nothing', () => undefined],
  ] as readonly [string, (request: Request) => unknown][])
    it(`is enough for who looks at ${name}`, () => {
      expect(isExceededBy(look)).to.equal(false);
    });

  for (const [name, look] of [
    ['another member', request => request.url],
    ['the caller', request => callerOf(request)],
    ['whether the caller is authenticated', request => isAuthenticated(request)],
    ['whether there is a member', request => 'body' in request],
    ['the members', request => Object.keys(request)],
    ['a member by its descriptor', request => Object.getOwnPropertyDescriptor(request, 'method')],
    ['the prototype', request => Object.getPrototypeOf(request) as unknown],
    ['a member that it sets', request => Object.assign(request, { seen: true })],
    ['the length of the list of header fields', request => request.rawHeaders.length],
    ['whether there is a header field', request => 0 in request.rawHeaders],
    ['the header fields, one by one', request => [...Object.entries(request.rawHeaders)]],
    ['a header field by its descriptor', request => Object.getOwnPropertyDescriptor(request.rawHeaders, '0')],
    ['the response', (_, response) => response.headersSent],
    ['a response that it sets something of', (_, response) => (response.statusCode = 201)],
  ] as readonly [string, (request: Request, response: Response) => unknown][])
    it(`is not enough for who looks at ${name}`, () => {
      expect(isExceededBy(look)).to.equal(true);
    });

  describe('that a controller shows', () => {
    interface Controller {
      request?: unknown;
      response?: unknown;
    }

    function isSeen(look: (controller: { request: Request; response: Response }) => unknown): boolean {
      const shown = new MethodOnly('GET', context);
      const controller = { request: shown.request as Request, response: shown.response as Response };
      shown.watchReadsOf(controller);
      return shown.watch(() => look(controller)).isExceeded;
    }

    for (const [name, look] of [
      ['reads nothing', () => undefined],
      ['reads the method, each time', one => [one.request.method, one.request.method]],
      ['reads the method of a variable', ({ request }) => [request.method, request.method]],
      ['reads the settings', one => findContext(one.request)],
    ] as readonly [string, Parameters<typeof isSeen>[0]][])
      it(`is enough for who ${name}`, () => {
        expect(isSeen(look)).to.equal(false);
      });

    for (const [name, look] of [
      ['looks it up', one => new WeakMap().get(one.request) as unknown],
      ['looks it up, and then reads the method', one => [new WeakSet().has(one.request), one.request.method]],
      ['reads the method, and then looks it up', one => [one.request.method, new WeakSet().has(one.request)]],
      ['looks up the response', one => new WeakSet().has(one.response)],
    ] as readonly [string, Parameters<typeof isSeen>[0]][])
      it(`is not enough for who ${name}`, () => {
        expect(isSeen(look)).to.equal(true);
      });

    it('gives way to another one, as a plain field', () => {
      const shown = new MethodOnly('GET');
      const controller: Controller = { request: shown.request, response: shown.response };
      shown.watchReadsOf(controller);
      Object.assign(controller, { request: 1, response: 2 });
      expect(Object.getOwnPropertyDescriptors(controller)).to.deep.equal(
        Object.getOwnPropertyDescriptors({ request: 1, response: 2 }),
      );
    });

    it('leaves alone what is no plain field', () => {
      const shown = new MethodOnly('GET');
      const { request, response } = shown;
      const sealed: Controller = Object.seal({ request, response });
      const inherited: Controller = Object.create({
        get request() {
          return request;
        },
      }) as Controller;
      for (const one of [sealed, inherited]) {
        shown.watchReadsOf(one);
        expect(shown.watch(() => one.request)).to.deep.equal({ isExceeded: false, found: request });
      }
    });
  });

  it('of no server has no settings to look at', () => {
    const shown = new MethodOnly('GET');
    expect(shown.watch(() => findContext(shown.request as Request)).found).to.equal(undefined);
  });

  it('ignores an error that follows a look at more than the method, and no other error', () => {
    expect(isExceededBy(request => request.query.all)).to.equal(true);
    expect(() =>
      isExceededBy(() => {
        throw new TypeError('broken');
      }),
    ).to.throw(TypeError, 'broken');
  });
});
