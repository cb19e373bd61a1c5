/** The filter of another controller says what that controller's GET would say to this caller, or the answer is an error. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Delete, Get, JsonController, Post, Put, UseBefore } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  ApiController,
  BaseAuthentication,
  BasePermission,
  HasValidAccessToken,
  IsAuthenticated,
  IsSubOwner,
  not,
  requireAccessToken,
  type ApiView,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import {
  allObjects,
  matches,
  noObjects,
  normalForm,
  whereEquals,
  type ObjectFilter,
} from 'axioms-routing-controllers/filters';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

const notes = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
];
const allowed = (filter: ObjectFilter): readonly object[] => notes.filter(note => matches(filter, note));

class EveryNote extends BasePermission {
  override objectFilter() {
    return allObjects;
  }
}

/** Takes only tokens of one client. */
class InternalTokens extends AccessTokenAuthentication {
  override async authenticate(request: Request) {
    const result = await super.authenticate(request);
    return result?.auth?.claims?.azp === 'internal' ? result : null;
  }
}

/** Also takes a header that anybody can send. */
class KioskTokens extends AccessTokenAuthentication {
  override async authenticate(request: Request) {
    if (request.get('X-Kiosk') === '1') return { user: { isAuthenticated: true, sub: 'alice' } };
    return super.authenticate(request);
  }
}

@JsonController('/internal')
class InternalController extends ApiController {
  override authenticationClasses = [InternalTokens];
  override permissionClasses = [IsAuthenticated, EveryNote];
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/guarded')
@UseBefore(requireAccessToken({ scopes: ['note:read'] }))
class GuardedController extends ApiController {
  override permissionClasses = [EveryNote];
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/drafts')
class DraftController extends ApiController {
  override getObject() {
    return notes[1];
  }
  @Put('/:id') @permissionClasses([IsSubOwner]) update() {
    return {};
  }
  @Delete('/:id') @permissionClasses([IsSubOwner]) remove() {
    return {};
  }
}

@JsonController('/searched')
class SearchedController extends ApiController {
  override listActions = ['search'];
  @Post('/search') @permissionClasses([IsSubOwner]) async search() {
    return allowed(await this.authorizedFilter());
  }
}

const others: Readonly<Record<string, new () => object>> = {
  InternalController,
  NoteController,
  GuardedController,
  DraftController,
  SearchedController,
};

abstract class AskingController extends ApiController {
  override permissionClasses = [IsAuthenticated];
  protected async included(): Promise<readonly object[]> {
    return allowed(await this.authorizedFilter(others[this.request.query.of as string]));
  }
}

@JsonController('/pages')
class PageController extends AskingController {
  override authenticationClasses = [HasValidAccessToken];
  @Get('/') list() {
    return this.included();
  }
  @Get('/dropped/:id') async one() {
    await this.authorizedFilter(NoteController);
    return { notes };
  }
  @Post('/dropped') async batch() {
    await this.authorizedFilter(NoteController);
    return notes;
  }
  @Get('/dropped-second') async second() {
    normalForm(await this.authorizedFilter(NoteController));
    await this.authorizedFilter(NoteController);
    return notes;
  }
}

@JsonController('/kiosk')
class KioskController extends AskingController {
  override authenticationClasses = [KioskTokens];
  @Get('/') list() {
    return this.included();
  }
}

describe("regression: the filter of another controller's rules", () => {
  const logger = new RecordingLogger();
  let api: Api;

  before(async () => {
    const controllers = [...Object.values(others), PageController, KioskController];
    api = await Api.start({ controllers, axioms: { logger } });
  });
  after(() => api.close());

  async function asked(path: string, method: 'get' | 'post' = 'get', claims: object = { sub: 'alice' }) {
    const answer = await api.as(claims, method, path);
    return [answer.status, answer.status === 200 ? (answer.body as unknown) : 'withheld'];
  }

  it('is that of the caller, whichever of our classes for access tokens the two controllers list', async () => {
    expect(await asked('/pages?of=NoteController')).to.deep.equal([200, [notes[0]]]);
  });

  it('allows nothing to a token that the other controller does not take', async () => {
    expect((await asked('/internal'))[0]).to.equal(401);
    expect(await asked('/pages?of=InternalController')).to.deep.equal([200, []]);
  });

  it('allows nothing to credentials that only the asking controller takes', async () => {
    for (const [path, status] of [
      ['/notes', 401],
      ['/kiosk?of=NoteController', 200],
    ] as const) {
      const answer = await api.with(null, 'get', path).set('X-Kiosk', '1');
      expect(answer.status, path).to.equal(status);
      if (status === 200) expect(answer.body).to.deep.equal([]);
    }
  });

  for (const [name, message] of [
    ['GuardedController', 'requireAccessToken() in @UseBefore is not asked here'],
    ['DraftController', 'the controller has no handler for GET'],
    ['SearchedController', 'the controller has no handler for GET'],
  ] as const)
    it(`is an error for ${name}: ${message}`, async () => {
      expect(await asked(`/pages?of=${name}`)).to.deep.equal([500, 'withheld']);
      expect(logger.text('error')).to.include(message);
    });

  it('was asked for and not used: nothing is sent, whatever the handler is about', async () => {
    expect(await asked('/pages/dropped/7')).to.deep.equal([500, 'withheld']);
    expect(await asked('/pages/dropped', 'post')).to.deep.equal([500, 'withheld']);
    expect(await asked('/pages/dropped-second')).to.deep.equal([500, 'withheld']);
  });
});

class FieldsOnly extends BasePermission {
  override objectFilter = () => allObjects;
  override hasObjectPermission = (_request: Request, _controller: ApiView, _object: unknown) => true;
}

class Stricter extends FieldsOnly {
  override hasObjectPermission = (request: Request, _controller: ApiView, object: unknown) =>
    (object as { user: string }).user === (request as AxiomsRequest).user?.sub;
}

class Bound extends BasePermission {
  constructor() {
    super();
    this.objectFilter = this.objectFilter.bind(this);
    this.hasObjectPermission = this.hasObjectPermission.bind(this);
  }
  override objectFilter() {
    return allObjects;
  }
  override hasObjectPermission() {
    return true;
  }
}

class StricterThanBound extends Bound {
  override hasObjectPermission() {
    return false;
  }
}

class AdminOrOwn extends BasePermission {
  override objectFilter(request: Request) {
    const { sub = '' } = (request as AxiomsRequest).user ?? {};
    return sub === 'admin' ? allObjects : whereEquals('user', sub);
  }
}

class ApiKeys extends BaseAuthentication {
  authenticate(request: Request) {
    const sub = request.get('X-Api-Key');
    return sub === undefined ? null : { user: { isAuthenticated: true, sub } };
  }
}

describe('regression: permission classes whose two object rules may differ', () => {
  for (const rule of [Stricter, StricterThanBound])
    it(`are refused where a field holds one of them: ${rule.name}`, async () => {
      @JsonController('/mixed')
      class MixedController extends ApiController {
        override permissionClasses = [IsAuthenticated, rule];
        @Get('/') async list() {
          return allowed(await this.authorizedFilter());
        }
      }
      const logger = new RecordingLogger();
      let told = '';
      try {
        const api = await Api.start({ controllers: [MixedController], axioms: { logger } });
        expect((await api.as({ sub: 'alice' }, 'get', '/mixed')).status).to.equal(500);
        told = logger.text('error');
        await api.close();
      } catch (error) {
        told = String(error);
      }
      expect(told).to.include('write both as methods');
    });
});

describe('regression: lists that were answered wrongly', () => {
  let api: Api;

  @JsonController('/keyed')
  class KeyedController extends ApiController {
    override authenticationClasses = [ApiKeys];
    override permissionClasses = [IsAuthenticated, AdminOrOwn];
    @Get('/') async list() {
      return allowed(await this.authorizedFilter());
    }
  }

  @JsonController('/reviews')
  class ReviewController extends ApiController {
    override permissionClasses = [IsAuthenticated, not(IsSubOwner)];
    @Get('/') async list() {
      return [...notes, { id: 3, user: 'mal\0lory' }].filter(matchesIn(await this.authorizedFilter()));
    }
  }

  @JsonController('/twice')
  class TwiceController extends ApiController {
    override permissionClasses = [IsSubOwner];
    override ownerAttribute = 'author';
    @Get('/') async list() {
      const written = await this.authorizedFilter();
      this.ownerAttribute = 'owner';
      const owned = await this.authorizedFilter();
      const all = [
        { id: 1, author: 'alice', owner: 'bob' },
        { id: 2, author: 'bob', owner: 'alice' },
        { id: 3, author: 'bob', owner: 'bob' },
      ];
      return this.request.query.all === '1' ? all : all.filter(one => matches(written, one) || matches(owned, one));
    }
  }

  class OfTeams extends BasePermission {
    override objectFilter(request: Request) {
      const teams = (request as AxiomsRequest).authJwt?.teams;
      return Array.isArray(teams) ? whereEquals('team', String(teams[0])) : noObjects;
    }
  }

  @JsonController('/page')
  class LinkedController extends ApiController {
    override permissionClasses = [IsAuthenticated, OfTeams];
    @Get('/') async list() {
      const filter = await this.authorizedFilter();
      return { items: [{ team: 'a' }].filter(matchesIn(filter)), links: [{ rel: 'self' }] };
    }
    @Get('/plain') async plain() {
      normalForm(await this.authorizedFilter());
      return [{ team: 'a' }];
    }
  }

  before(async () => {
    api = await Api.start({ controllers: [KeyedController, ReviewController, TwiceController, LinkedController] });
  });
  after(() => api.close());

  it('is private where a class of the app reads its credentials from a field of its own', async () => {
    for (const [key, expected] of [
      ['admin', notes],
      ['bob', [notes[1]]],
    ] as const) {
      const answer = await api.with(null, 'get', '/keyed').set('X-Api-Key', key);
      expect([answer.body, answer.headers['cache-control']], key).to.deep.equal([expected, 'private']);
    }
  });

  it("shows nobody's own objects below a not, whatever the subject is", async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/reviews')).body).to.have.length(2);
    const answer = await api.as({ sub: 'mal\0lory' }, 'get', '/reviews');
    expect([answer.status, answer.body]).to.deep.equal([
      403,
      { error: 'permission_denied', error_description: 'You do not have permission to perform this action' },
    ]);
  });

  it('may show what one of two filters allows, and nothing that neither does', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/twice')).body).to.have.length(2);
    expect((await api.as({ sub: 'alice' }, 'get', '/twice?all=1')).status).to.equal(500);
  });

  it('may have members beside an empty list, and no objects of nobody', async () => {
    expect((await api.as({ sub: 'alice', teams: ['a'] }, 'get', '/page')).body).to.deep.include({
      items: [{ team: 'a' }],
    });
    const answer = await api.as({ sub: 'alice' }, 'get', '/page');
    expect([answer.status, answer.body]).to.deep.equal([200, { items: [], links: [{ rel: 'self' }] }]);
    expect((await api.as({ sub: 'alice' }, 'get', '/page/plain')).status).to.equal(500);
  });
});

function matchesIn(filter: ObjectFilter): (object: object) => boolean {
  return object => matches(filter, object);
}
