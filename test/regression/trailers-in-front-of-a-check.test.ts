/** A handler that set trailer fields and then checked its object sent them behind the body of the refusal. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { NextFunction, Request, Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import { ApiController, IsAuthenticated, IsSubOwner } from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectRefusal } from '../refusals';

const secret = 'SECRET';
const other = { user: 'alice', title: secret };

type Ending = (chunk?: unknown) => Response;

/** As `compression()` does: without the length of the body, Node sends it in chunks. */
function inChunks(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as Ending;
  const write = response.write.bind(response) as (chunk: unknown) => boolean;
  response.end = ((chunk?: unknown) => {
    if (!response.headersSent) response.removeHeader('Content-Length');
    if (chunk !== undefined) write(chunk);
    return end();
  }) as Response['end'];
  response.addTrailers({ 'X-In-Front': 'yes' });
  next();
}

@JsonController('/shelf')
@UseBefore(inChunks)
class ShelfController extends ApiController {
  override permissionClasses = [IsAuthenticated, IsSubOwner];

  #describe(text: string): void {
    this.response.setHeader('Trailer', 'X-Title');
    this.response.addTrailers({ 'X-Title': text });
  }
  @Get('/:id/awaited') async awaited() {
    this.#describe(secret);
    await this.checkObjectPermissions(other);
    return other;
  }
  @Get('/:id/later') async later() {
    this.#describe(secret);
    await wait(5);
    await this.checkObjectPermissions(other);
    return other;
  }
  @Get('/:id/forgotten') forgotten() {
    void this.checkObjectPermissions(other);
    this.#describe(secret);
    return other;
  }
  @Get('/:id/written') written() {
    void this.checkObjectPermissions(other);
    this.response.write(secret);
    this.#describe(secret);
    this.response.end();
    return this.response;
  }
  @Get('/:id/own') own() {
    void this.checkObjectPermissions({ user: 'bob' });
    this.response.write('mine');
    this.response.addTrailers({ 'X-Title': 'mine' });
    this.response.end();
    return this.response;
  }
}

/** As express-session does while its store saves. */
function delayed(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as Ending;
  response.end = ((chunk?: unknown) => {
    setTimeout(() => end(chunk), 20);
    return response;
  }) as Response['end'];
  next();
}

@JsonController('/delayed')
@UseBefore(inChunks, delayed)
class DelayedController extends ApiController {
  override permissionClasses = [IsAuthenticated, IsSubOwner];
  @Get('/:id') async show() {
    void this.checkObjectPermissions(other).catch(() => undefined);
    setTimeout(() => {
      this.response.addTrailers({ 'X-Title': secret });
    }, 10);
    return Promise.resolve(other);
  }
}

@JsonController('/loaded')
@UseBefore(inChunks)
class LoadedController extends ApiController {
  override permissionClasses = [IsAuthenticated, IsSubOwner];
  override getObject() {
    this.response.addTrailers({ 'X-Title': secret });
    return other;
  }
  @Get('/:id') show() {
    return other;
  }
}

describe('regression: trailer fields that a handler sets in front of a check', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [ShelfController, DelayedController, LoadedController] });
  });
  after(() => api.close());

  const trailersOf = (answered: unknown): unknown => (answered as { res: { trailers: unknown } }).res.trailers;

  for (const path of [
    '/shelf/1/awaited',
    '/shelf/1/later',
    '/shelf/1/forgotten',
    '/shelf/1/written',
    '/delayed/1',
    '/loaded/1',
  ])
    it(`are not sent with its refusal: ${path}`, async () => {
      const refused = await api.as({ sub: 'bob' }, 'get', path);
      expectRefusal(refused, 'permission_denied');
      expect(trailersOf(refused)).to.deep.equal({ 'x-in-front': 'yes' });
      expect(refused.text).not.to.include(secret);
    });

  it('are sent where the check passes', async () => {
    const answered = await api.as({ sub: 'bob' }, 'get', '/shelf/1/own');
    expect([answered.status, answered.text]).to.deep.equal([200, 'mine']);
    expect(trailersOf(answered)).to.deep.equal({ 'x-title': 'mine' });
  });
});
