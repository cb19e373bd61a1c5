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

  it('of no server has no settings to look at', () => {
    const shown = new MethodOnly('GET');
    expect(shown.watch(() => findContext(shown.request as Request)).found).to.equal(undefined);
  });

  it('forgives what is thrown for want of more, and nothing else', () => {
    expect(isExceededBy(request => request.query.all)).to.equal(true);
    expect(() =>
      isExceededBy(() => {
        throw new TypeError('broken');
      }),
    ).to.throw(TypeError, 'broken');
  });
});
