/** What a handler gives writeHead() must not replace what tells caches that a list is the caller's own. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { ApiController, BasePermission, IsSubOwner } from 'axioms-routing-controllers';
import { allObjects, matching } from 'axioms-routing-controllers/filters';
import { Api } from '../api';

const notes = [{ user: 'alice' }, { user: 'bob' }];

class Everything extends BasePermission {
  override objectFilter() {
    return allObjects;
  }
}

abstract class ListsController extends ApiController {
  protected async own(): Promise<string> {
    return JSON.stringify(matching(await this.authorizedFilter(), notes));
  }
}

@JsonController('/own')
class OwnController extends ListsController {
  override permissionClasses = [IsSubOwner];
  @Get('/object') async object() {
    const own = await this.own();
    return this.response.writeHead(200, { vary: 'Accept-Encoding', 'X-Total': '1' }).end(own);
  }
  @Get('/reason') async reason() {
    const own = await this.own();
    return this.response.writeHead(200, 'Fine', { Vary: 'Accept-Encoding', 'Cache-Control': 'max-age=5' }).end(own);
  }
  @Get('/list') async list() {
    const own = await this.own();
    this.response.setHeader('Vary', 'Origin');
    return this.response.writeHead(200, ['Vary', 'Accept', 'Vary', 'Accept-Encoding']).end(own);
  }
  @Get('/pairs') async pairs() {
    const own = await this.own();
    return this.response
      .writeHead(200, [
        ['Vary', 'Accept-Encoding'],
        ['X-Total', '1'],
      ] as never)
      .end(own);
  }
  @Get('/none') async none() {
    const own = await this.own();
    return this.response.writeHead(200).end(own);
  }
  @Get('/error') async error() {
    await this.own();
    return this.response.writeHead(404, { Vary: 'Accept-Encoding' }).end();
  }
  @Get('/slow') async slow() {
    const own = await this.own();
    void this.checkObjectPermissions(notes[0]);
    return this.response.writeHead(200, { Vary: 'Accept-Encoding' }).end(own);
  }
}

@JsonController('/all')
class AllController extends ListsController {
  override permissionClasses = [Everything];
  @Get('/object') async object() {
    const own = await this.own();
    return this.response.writeHead(200, { Vary: 'Accept-Encoding' }).end(own);
  }
}

describe('regression: fields that a handler gave writeHead() removed the Vary of a filtered list', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [OwnController, AllController] });
  });
  after(() => api.close());

  for (const [path, status, vary, cacheControl] of [
    ['/own/object', 200, 'Accept-Encoding, Authorization', 'private'],
    ['/own/reason', 200, 'Accept-Encoding, Authorization', 'max-age=5'],
    ['/own/list', 200, 'Accept, Accept-Encoding, Authorization', 'private'],
    ['/own/pairs', 200, 'Accept-Encoding, Authorization', 'private'],
    ['/own/none', 200, 'Authorization', 'private'],
    ['/own/slow', 200, 'Accept-Encoding, Authorization', 'private'],
    ['/own/error', 404, 'Accept-Encoding', undefined],
    ['/all/object', 200, 'Accept-Encoding, Authorization', undefined],
  ] as const)
    it(`has Vary: ${vary} at ${path}`, async () => {
      const answer = await api.as({ sub: 'alice' }, 'get', path);
      const { vary: varied, 'cache-control': cached } = answer.headers as Readonly<Record<string, string>>;
      expect([answer.status, varied, cached]).to.deep.equal([status, vary, cacheControl]);
    });

  it('keeps the other fields', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/own/object')).headers).to.have.property('x-total', '1');
  });
});
