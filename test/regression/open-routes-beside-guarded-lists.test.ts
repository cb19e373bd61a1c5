/** A handler that is open to more callers does not speak for the lists of its controller: each handler for GET counts. */
import { expect } from 'chai';
import type { Request } from 'express';
import { All, Authorized, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  ApiController,
  BasePermission,
  HasAccessTokenScopes,
  IsAuthenticated,
  IsSubOwner,
  requireAccessToken,
} from 'axioms-routing-controllers';
import { allowAny, hasRequiredScopes, permissionClasses } from 'axioms-routing-controllers/decorators';
import { matches, normalForm, whereEquals } from 'axioms-routing-controllers/filters';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

const notes = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
];

/** Takes only tokens of one client. */
class InternalTokens extends AccessTokenAuthentication {
  override async authenticate(request: Request) {
    const result = await super.authenticate(request);
    return result?.auth?.claims?.azp === 'internal' ? result : null;
  }
}

class FirstNote extends BasePermission {
  override objectFilter() {
    return whereEquals('id', 1);
  }
}

@JsonController('/open-status')
class OpenStatus extends ApiController {
  override permissionClasses = [HasAccessTokenScopes];
  override accessTokenScopes = ['admin'];
  @Get('/status') @allowAny() status() {
    return {};
  }
  @Get('/') list() {
    return notes;
  }
}

@JsonController('/decorated-list')
class DecoratedList extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get('/status') status() {
    return {};
  }
  @Get('/') @hasRequiredScopes('admin') list() {
    return notes;
  }
}

@JsonController('/scopes-by-action')
class ScopesByAction extends ApiController {
  override permissionClasses = [HasAccessTokenScopes];
  override get accessTokenScopes() {
    return this.action === 'status' ? ['openid'] : ['admin'];
  }
  @Get('/status') status() {
    return {};
  }
  @Get('/') list() {
    return notes;
  }
}

@JsonController('/open-list')
class GuardedObjects extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get('/') list() {
    return [];
  }
  @Get('/:id') @hasRequiredScopes('admin') one() {
    return notes[0];
  }
}

@JsonController('/guarded-owned')
class GuardedOwnedObjects extends ApiController {
  override permissionClasses = [IsSubOwner];
  override getObject() {
    return notes[0];
  }
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
  @Get('/:id') @hasRequiredScopes('admin') one() {
    return notes[0];
  }
}

@JsonController('/own-profile')
class OwnProfile extends ApiController {
  override permissionClasses = [IsAuthenticated];
  override unfilteredActions = ['profile'];
  @Get('/profile') @permissionClasses([IsSubOwner]) profile() {
    return {};
  }
  @Get('/') @hasRequiredScopes('admin') list() {
    return notes;
  }
}

@JsonController('/unfiltered')
class UnfilteredList extends ApiController {
  override permissionClasses = [HasAccessTokenScopes];
  override accessTokenScopes = ['admin'];
  override unfilteredActions = ['list'];
  @Get('/status') @allowAny() status() {
    return {};
  }
  @All('/') list() {
    return notes;
  }
}

@JsonController('/internal-list')
class InternalList extends ApiController {
  override get authenticationClasses() {
    return [this.action === 'list' ? InternalTokens : AccessTokenAuthentication];
  }
  override permissionClasses = [IsAuthenticated];
  @Get('/status') status() {
    return {};
  }
  @Get('/') list() {
    return notes;
  }
}

@JsonController('/signed-in-list')
class SignedInList extends ApiController {
  override permissionClasses = [AllowAny];
  @Get('/status') status() {
    return {};
  }
  @Get('/') @Authorized() list() {
    return notes;
  }
}

@JsonController('/roles-of-list')
class RolesOfList extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get('/status') status() {
    return {};
  }
  @Get('/') @Authorized('admin') list() {
    return notes;
  }
}

@JsonController('/guard-of-list')
class GuardOfList extends ApiController {
  override permissionClasses = [AllowAny];
  @Get('/status') status() {
    return {};
  }
  @Get('/') @UseBefore(requireAccessToken({ scopes: ['admin'] })) list() {
    return notes;
  }
}

@JsonController('/guard-of-object')
class GuardOfObject extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
  @Get('/:id/history') @permissionClasses([AllowAny]) @UseBefore(requireAccessToken({ scopes: ['admin'] })) history() {
    return [];
  }
}

@JsonController('/agreeing')
class Agreeing extends ApiController {
  override permissionClasses = [IsSubOwner];
  @Get('/status') @allowAny() status() {
    return {};
  }
  @Get('/') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
  @Get('/all') async all() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
  @Post('/') @hasRequiredScopes('admin') create() {
    return {};
  }
}

@JsonController('/two-rules')
class TwoRules extends Agreeing {
  @Get('/first') @permissionClasses([FirstNote]) async first() {
    return notes.filter(matchesIn(await this.authorizedFilter()));
  }
}

const others: Readonly<Record<string, new () => object>> = {
  OpenStatus,
  DecoratedList,
  ScopesByAction,
  GuardedObjects,
  GuardedOwnedObjects,
  OwnProfile,
  UnfilteredList,
  InternalList,
  SignedInList,
  RolesOfList,
  GuardOfList,
  GuardOfObject,
  Agreeing,
  TwoRules,
};

@JsonController('/asking')
class AskingController extends ApiController {
  override permissionClasses = [AllowAny];
  @Get('/notes') async list() {
    return notes.filter(matchesIn(await this.authorizedFilter(others[this.request.query.of as string])));
  }
  @Get('/filter') async filter() {
    const filter = await this.authorizedFilter(others[this.request.query.of as string]);
    normalForm(filter);
    return filter;
  }
}

function matchesIn(filter: Parameters<typeof matches>[0]): (object: object) => boolean {
  return object => matches(filter, object);
}

describe('regression: the filter of a controller that has a handler with looser rules', () => {
  const logger = new RecordingLogger();
  let api: Api;

  before(async () => {
    const controllers = [...Object.values(others), AskingController];
    api = await Api.start({ controllers, axioms: { logger } });
  });
  after(() => api.close());

  const mallory = { sub: 'mallory', scope: 'openid', roles: [] };

  async function allowed(of: string, claims: object | null): Promise<unknown> {
    const answer = await api.as(claims, 'get', `/asking/notes?of=${of}`);
    return answer.status === 200 ? (answer.body as readonly { id: number }[]).map(({ id }) => id) : answer.status;
  }

  for (const of of ['OpenStatus', 'DecoratedList', 'ScopesByAction', 'GuardedObjects', 'UnfilteredList'])
    it(`allows only what each handler for GET allows: ${of}`, async () => {
      expect(await allowed(of, mallory)).to.deep.equal([]);
      expect(await allowed(of, { ...mallory, scope: 'openid admin' })).to.deep.equal([1, 2]);
    });

  for (const of of ['GuardedOwnedObjects', 'OwnProfile'])
    it(`allows the own objects only with the scope of the handler that is not about objects alone: ${of}`, async () => {
      expect(await allowed(of, { ...mallory, sub: 'alice' })).to.deep.equal([]);
      expect(await allowed(of, { ...mallory, sub: 'alice', scope: 'admin' })).to.deep.equal([1]);
    });

  it('allows nothing to credentials that the list does not take', async () => {
    expect(await allowed('InternalList', mallory)).to.deep.equal([]);
  });

  it('allows nothing to an anonymous caller where the list has @Authorized()', async () => {
    expect(await allowed('SignedInList', null)).to.deep.equal([]);
    expect(await allowed('SignedInList', mallory)).to.deep.equal([1, 2]);
  });

  for (const [of, place, message] of [
    ['RolesOfList', 'RolesOfList.list', "@Authorized() only the app's checker can decide"],
    ['GuardOfList', 'GuardOfList.list', 'requireAccessToken() in @UseBefore is not asked here'],
    ['GuardOfObject', 'GuardOfObject.history', 'requireAccessToken() in @UseBefore is not asked here'],
  ] as const)
    it(`is an error where something else guards one handler for GET: ${of}`, async () => {
      logger.entries.splice(0);
      expect(await allowed(of, mallory)).to.equal(500);
      expect(logger.text('error')).to.include(`${message}: use permission classes at ${place}`);
    });

  it('compares once where the handlers agree, whatever the handlers for other methods say', async () => {
    const answer = await api.as({ sub: 'alice' }, 'get', '/asking/filter?of=Agreeing');
    expect(answer.body).to.deep.equal({ kind: 'equals', property: 'user', value: 'alice' });
  });

  it('joins the rules about objects where they differ', async () => {
    expect(await allowed('TwoRules', { sub: 'alice' })).to.deep.equal([1]);
    expect(await allowed('TwoRules', { sub: 'bob' })).to.deep.equal([]);
  });

  it('names the handler that refuses once in the log', async () => {
    @JsonController('/logged')
    class Logged extends GuardedOwnedObjects {}
    @JsonController('/asking-logged')
    class AskingLogged extends ApiController {
      override permissionClasses = [AllowAny];
      @Get('/') async list() {
        return notes.filter(matchesIn(await this.authorizedFilter(Logged)));
      }
    }
    const own = new RecordingLogger();
    const server = await Api.start({ controllers: [Logged, AskingLogged], axioms: { logger: own } });
    own.entries.splice(0);
    for (let times = 0; times < 2; times++) await server.as({ sub: 'alice' }, 'get', '/asking-logged');
    await server.close();
    expect(own.text('info').match(/Logged\.one/g)).to.have.length(1);
  });
});
