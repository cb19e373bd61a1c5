/** Lists under rules about objects: what reviewers made leak, and what was refused wrongly. */
import { expect } from 'chai';
import express from 'express';
import { Authorized, Get, JsonController, Post, UseInterceptor } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  ApiController,
  BasePermission,
  HasValidAccessToken,
  IsAuthenticated,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  SessionAuthentication,
  useExpressServer,
  type AxiomsServer,
  type ApiView,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import { allObjects, matches, normalForm, type ObjectFilter } from 'axioms-routing-controllers/filters';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { startError, startWarnings } from '../start-error';

const notes = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
];
const allowed = (filter: ObjectFilter): readonly object[] => notes.filter(note => matches(filter, note));

const flags = { ownersOnly: false, isSafe: true };

@JsonController('/flag')
class FlagController extends ApiController {
  override get permissionClasses(): readonly PermissionRule[] {
    return flags.ownersOnly ? [IsSubOwner] : [IsAuthenticated];
  }
  @Get('/') list() {
    return notes;
  }
}

@JsonController('/safe-flag')
class SafeFlagController extends ApiController {
  override permissionClasses = [IsSubOwnerOrSafeOnly];
  override get safeMethods() {
    return flags.isSafe ? ['GET'] : [];
  }
  @Get('/') list() {
    return notes;
  }
}

@JsonController('/loaded')
class LoadedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override listActions = ['both'];
  override objectActions = ['both'];
  override async getObject() {
    const filter = await this.authorizedFilter();
    return notes.find(note => note.user === this.request.params.user && matches(filter, note));
  }
  @Get('/:user/both') both() {
    return this.response.json(notes);
  }
  @Get('/:user/sub') sub() {
    return [{ text: 'bob' }];
  }
}

@JsonController('/by-action')
class ByActionController extends ApiController {
  override get permissionClasses(): readonly PermissionRule[] {
    return this.action === 'titles' ? [AllowAny] : [IsSubOwner];
  }
  @Get('/titles') titles() {
    return ['a title'];
  }
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/decorated')
class DecoratedController extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get('/') @permissionClasses([IsSubOwner]) async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/sessions')
class SessionController extends ApiController {
  override authenticationClasses = [SessionAuthentication];
  override permissionClasses = [IsSubOwner];
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@Authorized('admin')
@JsonController('/authorized')
class AuthorizedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/insisting')
class InsistingController extends ApiController {
  override authenticationClasses = [HasValidAccessToken];
  override permissionClasses = [AllowAny];
  @Get('/') list() {
    return notes;
  }
}

const others: Readonly<Record<string, new () => ApiController>> = {
  ByActionController,
  DecoratedController,
  SessionController,
  AuthorizedController,
  InsistingController,
};

@JsonController('/others')
class OthersController extends ApiController {
  override permissionClasses = [AllowAny];
  @Get('/') async list() {
    const { of } = this.request.query as { readonly of: string };
    return allowed(await this.authorizedFilter(others[of]));
  }
}

@JsonController('/renamed')
class RenamedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  #name = 'author';
  override get ownerAttribute() {
    return this.#name;
  }
  @Get('/') async list() {
    const first = await this.authorizedFilter();
    this.#name = 'owner';
    const second = await this.authorizedFilter();
    return [first, second].map(filter => normalForm(filter));
  }
}

@JsonController('/intercepted')
class InterceptedController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override getObject() {
    return { user: this.request.params.user };
  }
  @Get('/') @UseInterceptor(() => notes) async list() {
    normalForm(await this.authorizedFilter());
    return [];
  }
  @Get('/:user/notes') @UseInterceptor(() => notes) sub() {
    return {};
  }
  @Get('/:user/set') set() {
    return new Set(notes);
  }
}

class AsksItself extends BasePermission {
  override async objectFilter(_request: unknown, controller: ApiView) {
    await Promise.resolve();
    return controller.authorizedFilter();
  }
}

@JsonController('/itself')
class ItselfController extends ApiController {
  override permissionClasses = [AsksItself];
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
}

@JsonController('/thenable')
class ThenableController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override ownerOf({ user }: ApiView['request']) {
    const name = user?.sub;
    return {
      then: (resolve: (name: string | undefined) => void) => {
        resolve(name);
      },
    } as unknown as Promise<string>;
  }
  override getObject() {
    return { user: this.request.params.id };
  }
  @Get('/') async list() {
    return allowed(await this.authorizedFilter());
  }
  @Get('/:id') one() {
    return {};
  }
}

@JsonController('/switched')
class SwitchedController extends ApiController {
  override authenticationClasses = [SessionAuthentication];
  override permissionClasses = [IsSubOwner];
  override async ownerOf({ user }: ApiView['request']) {
    const name = user?.sub;
    await Promise.resolve();
    // The app signs in somebody else.
    if (name === 'alice') Object.assign(this.request, { user: { sub: 'bob' } });
    return name;
  }
  @Get('/') async list() {
    const rows = allowed(await this.authorizedFilter());
    // Of bob now, and nobody reads it.
    await this.authorizedFilter();
    return rows;
  }
}

@JsonController('/created')
class CreatedController extends ApiController {
  override permissionClasses = [IsSubOwnerOrSafeOnly];
  @Get('/') list() {
    return notes;
  }
  @Post('/') create() {
    return {};
  }
}

describe('regression: a list under a rule about objects', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    const controllers = [
      ...[FlagController, SafeFlagController, LoadedController, ByActionController, DecoratedController],
      ...[SessionController, AuthorizedController, OthersController, RenamedController, InterceptedController],
      ...[ItselfController, ThenableController, CreatedController, InsistingController, SwitchedController],
    ];
    api = await Api.start({ controllers, authorizationChecker: () => false, axioms: { logger } });
  });
  beforeEach(() => {
    Object.assign(flags, { ownersOnly: false, isSafe: true });
    logger.entries.splice(0);
  });
  after(() => api.close());

  const asAlice = async (path: string): Promise<readonly [status: number, body: unknown]> => {
    const { status, body } = (await api.as({ sub: 'alice' }, 'get', path)) as { status: number; body: unknown };
    return [status, status === 500 ? 'withheld' : body];
  };

  it('is withheld where its rules are not those of the start any more', async () => {
    expect((await asAlice('/flag'))[0]).to.equal(200);
    expect((await asAlice('/safe-flag'))[0]).to.equal(200);
    Object.assign(flags, { ownersOnly: true, isSafe: false });
    for (const path of ['/flag', '/safe-flag']) expect(await asAlice(path)).to.deep.equal([500, 'withheld']);
    expect(logger.text('error')).to.include('FlagController.list').and.include('SafeFlagController.list');
  });

  it('is withheld where only getObject() has used the filter', async () => {
    for (const path of ['/loaded/alice/both', '/loaded/alice/sub'])
      expect(await asAlice(path), path).to.deep.equal([500, 'withheld']);
    expect((await asAlice('/loaded/bob/both'))[0]).to.equal(404);
  });

  it("is filtered by the rules of the other controller's own lists", async () => {
    for (const of of ['ByActionController', 'DecoratedController'])
      expect(await asAlice(`/others?of=${of}`), of).to.deep.equal([200, [notes[0]]]);
    expect(await asAlice('/others?of=SessionController'), 'a caller by token').to.deep.equal([200, []]);
    expect(await asAlice('/others?of=AuthorizedController')).to.deep.equal([500, 'withheld']);
    expect(logger.text('error')).to.include("whose @Authorized() only the app's checker can decide");
    expect((await api.as(null, 'get', '/others?of=ByActionController')).body).to.deep.equal([]);
  });

  it('has nothing of a controller that insists on a token, for an anonymous caller', async () => {
    expect((await api.as(null, 'get', '/others?of=InsistingController')).body).to.deep.equal([]);
    expect((await asAlice('/others?of=InsistingController'))[1]).to.deep.equal(notes);
  });

  it('is withheld where the session has become another user while the filter was made', async () => {
    const app = express();
    app.use((request_, _response, next) => {
      Object.assign(request_, { user: { sub: 'alice' } });
      next();
    });
    useExpressServer(app, { controllers: [SwitchedController], axioms: { ...api.issuer.settings(), logger } });
    expect((await request(app).get('/switched')).status).to.equal(500);
    (app.locals.axioms as AxiomsServer).close();
  });

  it('is an error where the other controller is undefined', async () => {
    expect(await asAlice('/others?of=nobody')).to.deep.equal([500, 'withheld']);
    expect(logger.text('error')).to.include('something that is no controller class');
  });

  it('has the attribute that the controller names now', async () => {
    const [, filters] = await asAlice('/renamed');
    expect((filters as { property: string }[]).map(({ property }) => property)).to.deep.equal(['author', 'owner']);
  });

  it('is checked as an interceptor leaves it, and where it is a set', async () => {
    for (const path of ['/intercepted', '/intercepted/alice/notes', '/intercepted/alice/set'])
      expect(await asAlice(path), path).to.deep.equal([500, 'withheld']);
  });

  it('ends with an error where a filter asks for itself', async function () {
    this.timeout(30_000);
    expect(await asAlice('/itself')).to.deep.equal([500, 'withheld']);
    expect(logger.text('error')).to.include('objectFilter() may not call authorizedFilter()');
  });

  it('agrees with the object rule where ownerOf() returns what is only like a promise', async () => {
    expect(await asAlice('/thenable')).to.deep.equal([200, [notes[0]]]);
    expect((await asAlice('/thenable/alice'))[0]).to.equal(200);
    expect((await asAlice('/thenable/bob'))[0]).to.equal(403);
  });

  it('is refused to a subject that no database can hold', async () => {
    for (const sub of ['a\0b', 'a\ud800'])
      expect((await api.as({ sub }, 'get', '/by-action')).status, JSON.stringify(sub)).to.be.oneOf([403, 401]);
  });
});

describe('regression: a permission class with two object rules', () => {
  function listWith(rule: PermissionRule) {
    @JsonController('/two')
    class TwoController extends ApiController {
      override permissionClasses = [rule];
      override getObject() {
        return { user: 'bob' };
      }
      @Get('/:id') one() {
        return {};
      }
    }
    return TwoController;
  }

  class FilterInAField extends BasePermission {
    override objectFilter = (): ObjectFilter => allObjects;
  }
  class Stricter extends FilterInAField {
    override hasObjectPermission() {
      return false;
    }
  }
  class RuleInAField extends BasePermission {
    override hasObjectPermission = (): boolean => false;
    override objectFilter() {
      return allObjects;
    }
  }

  it('stops the start where one of them is a field, because nobody can tell which one is nearer', () => {
    for (const rule of [Stricter, RuleInAField])
      expect(startError(listWith(rule)), rule.name)
        .to.include(`${rule.name} has`)
        .and.include('write both as methods');
    expect(startWarnings(listWith(FilterInAField))).not.to.include('methods');
  });
});
