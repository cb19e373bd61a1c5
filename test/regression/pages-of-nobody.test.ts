/** A page, an object whose members are arrays, shows nothing to a caller who may see nothing. */
import type { Request } from 'express';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  and,
  ApiController,
  BasePermission,
  IsAuthenticated,
  IsSubOwner,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { filterAnd, filterOr, matching, noObjects, whereEquals, whereIn } from 'axioms-routing-controllers/filters';
import { Api } from '../api';

const notes = [
  { id: 1, user: 'alice', author: 'alice', team: { id: 'blue' }, deletedAt: null },
  { id: 2, user: 'bob', author: 'bob', team: { id: 'red' }, deletedAt: new Date() },
];

function teamsOf(request: Request): readonly string[] {
  const teams = (request as AxiomsRequest).authJwt?.teams;
  return Array.isArray(teams) ? teams.map(String) : [];
}

class OfTeams extends BasePermission {
  override objectFilter(request: Request) {
    return whereIn('team.id', teamsOf(request));
  }
}

class OfTeamsOrAuthors extends BasePermission {
  override objectFilter(request: Request) {
    return filterOr(whereIn('team.id', teamsOf(request)), whereIn('author', []));
  }
}

class Kept extends BasePermission {
  override objectFilter() {
    return filterAnd(whereEquals('user', 'alice'), whereEquals('deletedAt', null));
  }
}

class Nothing extends BasePermission {
  override objectFilter() {
    return noObjects;
  }
}

/** Reads the filter, and loses it. */
abstract class PagesController extends ApiController {
  private async use(): Promise<void> {
    matching(await this.authorizedFilter(), []);
  }
  @Get('/') async page() {
    await this.use();
    return { items: notes, total: 2 };
  }
  @Get('/set') async set() {
    await this.use();
    return { items: new Set(notes) };
  }
  @Get('/links') async links() {
    await this.use();
    return { items: [], links: [{ rel: 'self' }] };
  }
  @Get('/array') async array() {
    await this.use();
    return [{ rel: 'self' }];
  }
}

function pages(path: string, ...rules: ApiController['permissionClasses'] & {}) {
  @JsonController(path)
  class PageController extends PagesController {
    override permissionClasses = rules;
  }
  return PageController;
}

@JsonController('/owned')
class OwnedController extends PagesController {
  override permissionClasses = [IsAuthenticated, IsSubOwner];
  override ownerOf() {
    return undefined as never;
  }
}

@JsonController('/deleted')
class DeletedController extends ApiController {
  override permissionClasses = [Kept];
  @Get('/') async list() {
    matching(await this.authorizedFilter(), []);
    return [{ user: 'bob', deletedAt: new Date() }];
  }
}

describe('regression: a page of objects was sent to a caller who may see nothing', () => {
  let api: Api;
  before(async () => {
    const controllers = [
      pages('/teams', OfTeams),
      pages('/both', and(IsAuthenticated, OfTeams)),
      pages('/either', OfTeamsOrAuthors),
      pages('/nothing', Nothing),
      OwnedController,
      DeletedController,
    ];
    api = await Api.start({ controllers });
  });
  after(() => api.close());

  const statusOf = async (path: string): Promise<number> => (await api.as({ sub: 'carol' }, 'get', path)).status;

  for (const path of ['/teams', '/both', '/either', '/owned'])
    it(`of ${path}, and what has none of its properties still is`, async () => {
      expect([await statusOf(path), await statusOf(`${path}/set`)]).to.deep.equal([500, 500]);
      expect(await statusOf(`${path}/links`)).to.equal(200);
      expect(await statusOf(`${path}/array`)).to.equal(500);
    });

  it('and is where the rule says of no property that it compares it', async () => {
    expect([await statusOf('/nothing'), await statusOf('/nothing/array')]).to.deep.equal([200, 500]);
  });

  it('as was an object that has a Date where its rule says null', async () => {
    expect(await statusOf('/deleted')).to.equal(500);
  });
});
