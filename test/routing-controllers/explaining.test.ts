import { expect } from 'chai';
import type { Request, Response } from 'express';
import { ForbiddenError, Get, JsonController } from 'routing-controllers';
import { BasePermission } from 'axioms-routing-controllers';
import { decide } from '../../src/routing-controllers/explaining';
import { Api } from '../api';

class Odd extends BasePermission {
  override hasPermission({ query, res }: Request): boolean {
    const { way } = query;
    if (way === 'http-error') throw new ForbiddenError('Not today');
    if (way === 'exposed') throw Object.assign(new Error('Gone'), { expose: true, status: 410 });
    if (way === 'error') throw new Error('a defect');
    if (way === 'answers') (res as Response).sendStatus(418);
    return true;
  }
}

@JsonController('/odd')
class OddController {
  authenticationClasses = [];
  permissionClasses = [Odd];
  @Get() list() {
    throw new Error('The handler ran.');
  }
}

describe('a decision about a request that the app itself refuses', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [OddController] });
  });
  after(() => api.close());

  for (const [way, status, reason] of [
    ['http-error', 403, 'Not today'],
    ['exposed', 410, 'Gone'],
    ['error', 500, 'The server could not handle the request: a defect'],
    ['answers', 418, 'A class of the app sends the response itself'],
  ] as const)
    it(`has the status that the client would get: ${way}`, async () => {
      const decision = await decide([api.server], { method: 'GET', path: `/odd?way=${way}`, headers: {} });
      expect(decision).to.deep.include({ isAllowed: false, status, reason, challenges: [] });
    });

  it('allows the request where the app lets it in', async () => {
    const decision = await decide([api.server], { method: 'GET', path: '/odd', headers: {} });
    expect(decision).to.deep.include({ isAllowed: true, challenges: [] });
  });
});
