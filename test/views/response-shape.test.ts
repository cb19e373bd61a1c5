import { ServerResponse, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { Response } from 'express';
import { shareShape } from '../../src/views/response-shape';

const responseTo = (request: object): Response => new ServerResponse(request as IncomingMessage) as Response;

describe('the hidden class of a response that is held back', () => {
  it('changes no property of the response', () => {
    const request = { method: 'GET' };
    const [response, other] = [responseTo(request), responseTo(request)];
    shareShape(response);
    const described = Object.getOwnPropertyDescriptors(response);
    expect(Object.keys(described)).to.have.members(Object.keys(Object.getOwnPropertyDescriptors(other)));
    expect(described.req).to.deep.equal({ value: request, writable: true, enumerable: true, configurable: true });
  });

  it('leaves a response alone whose request cannot be removed', () => {
    const response = responseTo({ method: 'GET' });
    const { req } = response;
    Object.defineProperty(response, 'req', { configurable: false });
    shareShape(response);
    expect(response.req).to.equal(req);
  });
});
