/** A handler may describe an object in the head of the response before it checks it: a refusal must not send that. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { NextFunction, Request, Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import { ApiController, IsAuthenticated, IsSubOwner, PermissionDenied } from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';
import { Api } from '../api';
import { expectRefusal } from '../refusals';

const secret = 'SECRET';
const other = { user: 'alice', title: secret };

function inFront(_request: Request, response: Response, next: NextFunction): void {
  response.set('X-In-Front', 'yes');
  next();
}

class ShelfController extends ApiController {
  override permissionClasses: object[] = [IsAuthenticated, IsSubOwner];

  protected describe(): void {
    this.response.status(206).set('X-Title', secret).cookie('title', secret).append('X-In-Front', secret);
    this.response.statusMessage = secret;
  }
}

@JsonController('/loaded')
@UseBefore(inFront)
class LoadedController extends ShelfController {
  override getObject() {
    return { user: 'bob' };
  }
  @Get('/:id/awaited') async awaited() {
    this.describe();
    await this.checkObjectPermissions(other);
    return other;
  }
  @Get('/:id/later') async later() {
    this.describe();
    await wait(5);
    await this.checkObjectPermissions(other);
    return other;
  }
  @Get('/:id/forgotten') forgotten() {
    this.describe();
    void this.checkObjectPermissions(other);
    return other;
  }
  @Get('/:id/listed') async listed() {
    this.describe();
    matching(await this.authorizedFilter(), []);
    return [other];
  }
  @Get('/:id/array') array() {
    this.describe();
    return [other];
  }
  @Get('/') async filtered() {
    this.describe();
    matching(await this.authorizedFilter(), []);
    return [other];
  }
  @Get('/:id/allowed') async allowed() {
    this.response.set('X-Title', 'mine');
    await this.checkObjectPermissions({ user: 'bob' });
    return {};
  }
}

@JsonController('/own')
@UseBefore(inFront)
class OwnController extends ShelfController {
  override permissionClasses = [IsAuthenticated];
  override checkObjectPermissions(): Promise<void> {
    return Promise.reject(new PermissionDenied());
  }
  @Get('/') async show() {
    this.describe();
    await this.checkObjectPermissions();
    return other;
  }
}

describe('regression: what a handler sets on the response in front of a check', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [LoadedController, OwnController] });
  });
  after(() => api.close());

  for (const [path, error] of [
    ['/loaded/1/awaited', 'permission_denied'],
    ['/loaded/1/later', 'permission_denied'],
    ['/loaded/1/forgotten', 'permission_denied'],
    ['/loaded/1/listed', 'server_error'],
    ['/loaded/1/array', 'server_error'],
    ['/loaded', 'server_error'],
    ['/own', 'permission_denied'],
  ] as const)
    it(`is not sent with its refusal: ${path}`, async () => {
      const refused = await api.as({ sub: 'bob' }, 'get', path);
      expectRefusal(refused, error);
      const { res } = refused as unknown as { res: { statusMessage: string } };
      expect(JSON.stringify([refused.headers, res.statusMessage])).not.to.include(secret);
      expect(refused.headers).to.include({ 'x-in-front': 'yes' });
    });

  it('is sent where the check passes', async () => {
    const answered = await api.as({ sub: 'bob' }, 'get', '/loaded/1/allowed');
    expect([answered.status, answered.headers['x-title']]).to.deep.equal([200, 'mine']);
  });
});
