/** `authorizedFilter()` over HTTP: what it allows, and which lists are withheld without it. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import session from 'express-session';
import express from 'express';
import request from 'supertest';
import {
  All,
  Delete,
  Get,
  Head,
  HeaderParam,
  JsonController,
  Param,
  Post,
  Put,
  Redirect,
  Header,
} from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  ApiController,
  BasePermission,
  HasAccessTokenRoles,
  IsAuthenticated,
  IsSafeOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  SessionAuthentication,
  and,
  not,
  or,
  useExpressServer,
  type ApiView,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { allowAny, permissionClasses } from 'axioms-routing-controllers/decorators';
import {
  filterAnd,
  matches,
  matching,
  normalForm,
  whereEquals,
  type ObjectFilter,
} from 'axioms-routing-controllers/filters';
import { toSql } from 'axioms-routing-controllers/filters/sql';
import { Api, type Method } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { startError, startWarnings } from '../start-error';

interface Note {
  readonly id: number;
  readonly user: string | null;
}

const notes: readonly Note[] = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
  { id: 3, user: null },
  { id: 4, user: 'Alice' },
];

function allowed(filter: ObjectFilter): readonly Note[] {
  return notes.filter(note => matches(filter, note));
}

const logger = new RecordingLogger();

/** The error of the answer, and what the log says of it. */
async function withheld(sent: PromiseLike<request.Response>): Promise<string> {
  logger.entries.splice(0);
  const { status, text, headers } = await sent;
  expect(status).to.equal(500);
  expect((text as string | undefined) ?? '').not.to.include('bob');
  expect(JSON.parse(text || '{"error":"server_error"}')).to.have.property('error', 'server_error');
  expect(headers).not.to.have.property('x-secret');
  return logger.text('error');
}

describe('authorizedFilter()', () => {
  @JsonController('/notes')
  class NoteController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [or(HasAccessTokenRoles, IsSubOwner)];
    override accessTokenRoles = ['admin'];

    @Get('/') async list() {
      return allowed(await this.authorizedFilter());
    }
    @Get('/filter') async filter() {
      const filter = await this.authorizedFilter();
      normalForm(filter);
      return filter;
    }
    @Get('/empty') async empty() {
      return matching(await this.authorizedFilter(), new Set<Note>());
    }
  }

  @JsonController('/plain')
  class PlainController {
    permissionClasses = [IsSubOwner];
    declare authorizedFilter: ApiView['authorizedFilter'];
    declare request: ApiView['request'];
    ownerOf({ user }: ApiView['request']) {
      return Promise.resolve(user?.sub === 'carol' ? undefined : `name of ${user?.sub ?? ''}`);
    }
    ownerIssuerAttribute = 'team.issuer';
    ownerAttribute = 'author.name';
    @Get('/') async list() {
      const filter = await this.authorizedFilter();
      normalForm(filter);
      return filter;
    }
  }

  @JsonController('/shelves')
  class ShelfController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [AllowAny];
    @Get('/') async list() {
      return { ofNotes: allowed(await this.authorizedFilter(NoteController)) };
    }
    @Post('/') async create() {
      return { ofNotes: allowed(await this.authorizedFilter(NoteController)) };
    }
    @Get('/ignored') async ignored() {
      await this.authorizedFilter(NoteController);
      return notes;
    }
    @Get('/mixed') async mixed() {
      const [own, other] = await Promise.all([this.authorizedFilter(), this.authorizedFilter(NoteController)]);
      return { own: own.kind, ofNotes: allowed(other) };
    }
    @Get('/stranger') async stranger() {
      return allowed(await this.authorizedFilter(StrangerController));
    }
  }

  @JsonController('/never-served')
  class StrangerController {
    @Get('/') list() {
      return [];
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NoteController, PlainController, ShelfController], axioms: { logger } });
  });
  after(() => api.close());

  const idsOf = async (claims: object | null, path: string): Promise<unknown> => {
    const response = await api.as(claims, 'get', path);
    return response.status === 200 ? (response.body as readonly Note[]).map(({ id }) => id) : response.status;
  };

  it('selects what the rules allow the caller, and everything where a role does', async () => {
    expect(await idsOf({ sub: 'alice' }, '/notes')).to.deep.equal([1]);
    expect(await idsOf({ sub: 'bob' }, '/notes')).to.deep.equal([2]);
    expect(await idsOf({ sub: 'zoe' }, '/notes')).to.deep.equal([]);
    expect(await idsOf({ sub: 'zoe', roles: ['admin'] }, '/notes')).to.deep.equal([1, 2, 3, 4]);
    expect(await idsOf(null, '/notes')).to.equal(401);
  });

  it('counts as used by matching(), also if there is nothing to select from', async () => {
    expect(await idsOf({ sub: 'alice' }, '/notes/empty')).to.deep.equal([]);
  });

  it('is plain JSON of the owner, also by ownerOf() and of an issuer, over a relation', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/notes/filter')).body).to.deep.equal({
      kind: 'equals',
      property: 'user',
      value: 'alice',
    });
    expect((await api.as({ sub: 'alice' }, 'get', '/plain')).body).to.deep.equal({
      kind: 'and',
      of: [
        { kind: 'equals', property: 'author.name', value: 'name of alice' },
        { kind: 'equals', property: 'team.issuer', value: api.issuer.url },
      ],
    });
    expect((await api.as({ sub: 'carol' }, 'get', '/plain')).body).to.deep.equal({ kind: 'none' });
  });

  it('is that of another controller for GET, also for a POST and for nobody', async () => {
    for (const method of ['get', 'post'] as const) {
      expect((await api.as({ sub: 'alice' }, method, '/shelves')).body).to.deep.equal({ ofNotes: [notes[0]] });
      expect((await api.as({ sub: 'zoe', roles: ['admin'] }, method, '/shelves')).body).to.deep.equal({
        ofNotes: notes,
      });
      expect((await api.as(null, method, '/shelves')).body).to.deep.equal({ ofNotes: [] });
    }
    expect((await api.as({ sub: 'bob' }, 'get', '/shelves/mixed')).body).to.deep.equal({
      own: 'all',
      ofNotes: [notes[1]],
    });
  });

  it('for another controller withholds the list if it is not used', async () => {
    expect(await withheld(api.as({ sub: 'alice' }, 'get', '/shelves/ignored'))).to.include('ShelfController.ignored');
    expect(await withheld(api.as(null, 'get', '/shelves/ignored'))).to.include('ShelfController.ignored');
  });

  it('of a controller that the server does not have is an error', async () => {
    expect(await withheld(api.as({}, 'get', '/shelves/stranger'))).to.include('authorizedFilter(StrangerController)');
  });

  it('outside of a request rejects', async () => {
    const error: unknown = await new NoteController().authorizedFilter().catch((thrown: unknown) => thrown);
    expect(String(error)).to.include('outside of a request');
  });

  it('is a method of every controller, and no controller may have its own', () => {
    @JsonController('/own')
    class OwnController {
      authorizedFilter() {
        return { kind: 'all' };
      }
      @Get('/') list() {
        return [];
      }
    }
    @JsonController('/field')
    class FieldController {
      authorizedFilter?: unknown = undefined;
      @Get('/') list() {
        return [];
      }
    }
    expect(startError(OwnController)).to.include("OwnController has a member 'authorizedFilter' of its own");
    expect(startError(FieldController)).to.include("FieldController has a member 'authorizedFilter' of its own");
  });
});

describe('a list under a rule about objects', () => {
  @JsonController('/lists')
  class ListController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwner];
    override listActions = ['search', 'ofUser', 'bulk'];
    override unfilteredActions = ['titles'];

    @Get('/') list() {
      return notes;
    }
    @Get('/asked') async asked() {
      await this.authorizedFilter();
      return notes;
    }
    @Get('/kind') async kind() {
      const { kind } = await this.authorizedFilter();
      return { kind, text: JSON.stringify(await this.authorizedFilter()) };
    }
    @Get('/used') async used() {
      toSql(await this.authorizedFilter(), { dialect: 'sqlite', columns: { user: { column: 'user', type: 'text' } } });
      return [];
    }
    @Get('/joined') async joined() {
      filterAnd(await this.authorizedFilter(), whereEquals('id', 1));
      return [];
    }
    @Get('/wrapped') wrapped() {
      return { items: notes, total: notes.length };
    }
    @Get('/count') count() {
      return { total: notes.length };
    }
    @Get('/stream') stream() {
      return Readable.from(['[{"user":"bob"}]']);
    }
    @Get('/by-hand') byHand() {
      this.response.setHeader('X-Secret', 'bob');
      return this.response.json(notes);
    }
    @Get('/piecewise') piecewise() {
      this.response.write('[{"user":');
      this.response.end('"bob"}]');
      return this.response;
    }
    @Get('/redirect') @Redirect('/notes/of/bob') redirect() {
      return undefined;
    }
    @Get('/fresh') fresh() {
      const tag = `"${createHash('sha256').update(JSON.stringify(notes)).digest('hex')}"`;
      return this.response.set('ETag', tag).status(304).end();
    }
    @Get('/status') status() {
      this.response.status(404);
      return { error: 'not_found' };
    }
    @Head('/exists') exists() {
      this.response.setHeader('X-Secret', 'bob');
      return this.response.end();
    }
    @Post('/search') search() {
      return notes;
    }
    @Get('/of/:user') ofUser(@Param('user') user: string) {
      return notes.filter(note => note.user === user);
    }
    @Delete('/bulk') bulk() {
      return { removed: notes.length };
    }
    @Get('/titles') titles() {
      return ['a title'];
    }
    @Post('/') create() {
      return { id: 9 };
    }
  }

  @JsonController('/one')
  class OneController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwner];
    override getObject() {
      return { user: this.request.params.user };
    }
    @Get('/:user/notes') below() {
      return notes;
    }
    @Get('/:user/wrapped') wrapped() {
      return { tags: ['a'], notes: [{ id: 1 }] };
    }
    @Get('/:user') one() {
      return { user: 'alice' };
    }
    @Get('/:user/filtered') async filtered() {
      return allowed(await this.authorizedFilter());
    }
  }

  @JsonController('/checked')
  class CheckedController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwner];
    @Get('/widened') async widened() {
      allowed(await this.authorizedFilter());
      return notes;
    }
    @Get('/page') async page() {
      allowed(await this.authorizedFilter());
      return { items: notes, total: notes.length };
    }
    @Get('/counted') async counted() {
      allowed(await this.authorizedFilter());
      return [notes, notes.length];
    }
    @Get('/shapes') async shapes() {
      allowed(await this.authorizedFilter());
      return [{ id: 2 }, { user: { name: 'bob' } }, 'bob', null, { user: 'alice' }];
    }
    @Get('/late') async late() {
      const rows = notes.slice(0, 1);
      allowed(await this.authorizedFilter());
      return rows;
    }
  }

  @JsonController('/anything')
  class AnythingController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwner];
    @All('/') serve() {
      return notes;
    }
  }

  @JsonController('/safe')
  class SafeController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [IsSubOwnerOrSafeOnly];
    @Get('/') list() {
      return notes;
    }
    @Get('/open') @allowAny() open() {
      return notes;
    }
    @Get('/or') @permissionClasses([or(IsSafeOnly, IsSubOwner)]) or() {
      return notes;
    }
    @Get('/strict') @permissionClasses([IsSubOwner]) strict() {
      return notes;
    }
    @Get('/negated') @permissionClasses([IsAuthenticated, not(IsSubOwner)]) negated() {
      return notes;
    }
    @Get('/both') @permissionClasses([and(IsSubOwnerOrSafeOnly, IsSubOwner)]) both() {
      return notes;
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({
      controllers: [ListController, OneController, CheckedController, AnythingController, SafeController],
      axioms: { logger },
    });
  });
  after(() => api.close());

  const shapes: readonly (readonly [Method, string])[] = [
    ['get', '/lists'],
    ['head', '/lists'],
    ['get', '/lists/asked'],
    ['get', '/lists/kind'],
    ['get', '/lists/wrapped'],
    ['get', '/lists/count'],
    ['get', '/lists/stream'],
    ['get', '/lists/by-hand'],
    ['get', '/lists/piecewise'],
    ['get', '/lists/redirect'],
    ['get', '/lists/fresh'],
    ['head', '/lists/exists'],
    ['post', '/lists/search'],
    ['get', '/lists/of/bob'],
    ['delete', '/lists/bulk'],
    ['get', '/one/alice/notes'],
    ['get', '/anything'],
    ['post', '/anything'],
    ['options', '/anything'],
    ['get', '/safe/strict'],
    ['get', '/safe/negated'],
    ['get', '/safe/both'],
    ['get', '/checked/widened'],
    ['get', '/checked/page'],
    ['get', '/checked/counted'],
  ];
  for (const [method, path] of shapes)
    it(`is withheld: ${method.toUpperCase()} ${path}`, async () => {
      const said = await withheld(api.as({ sub: 'alice' }, method, path));
      expect(said).to.match(/\w+Controller\.\w+ (?:answers a list|is about one object and|returned an object)/);
      expect((await api.as(null, method, path)).status).to.equal(401);
    });

  for (const [method, path] of [
    ['get', '/lists/used'],
    ['get', '/lists/joined'],
    ['get', '/lists/titles'],
    ['post', '/lists'],
    ['get', '/one/alice'],
    ['get', '/one/alice/wrapped'],
    ['get', '/one/alice/filtered'],
    ['get', '/checked/shapes'],
    ['get', '/checked/late'],
    ['get', '/safe'],
    ['get', '/safe/open'],
    ['get', '/safe/or'],
  ] as const)
    it(`is answered: ${method.toUpperCase()} ${path}`, async () => {
      expect((await api.as({ sub: 'alice' }, method, path)).status).to.equal(200);
    });

  it('keeps an error that the handler answers', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/lists/status')).status).to.equal(404);
  });

  it('is still refused to the caller of an object that is not theirs', async () => {
    expect((await api.as({ sub: 'alice' }, 'get', '/one/bob/notes')).status).to.equal(403);
  });
});

describe('the head of a filtered list', () => {
  @JsonController('/cached')
  class CachedController extends ApiController {
    override permissionClasses: readonly PermissionRule[] = [or(HasAccessTokenRoles, IsSubOwner)];
    override authenticationClasses = [AccessTokenAuthentication, SessionAuthentication];
    override accessTokenRoles = ['admin'];
    @Get('/') async list() {
      return allowed(await this.authorizedFilter());
    }
    @Get('/own') @Header('Cache-Control', 'no-store') async own() {
      return allowed(await this.authorizedFilter());
    }
    @Get('/by-hand') async byHand(@HeaderParam('x-any') _any: string) {
      const found = allowed(await this.authorizedFilter());
      this.response.writeHead(200, { 'Cache-Control': 'private, max-age=60', 'Content-Type': 'application/json' });
      this.response.end(JSON.stringify(found));
      return this.response;
    }
    @Get('/error') async error() {
      allowed(await this.authorizedFilter());
      return this.response.status(404).json({});
    }
  }

  @JsonController('/tokens')
  class TokenController extends ApiController {
    override permissionClasses = [IsSubOwner];
    @Get('/') async list() {
      return allowed(await this.authorizedFilter());
    }
  }

  let issuer: TestIssuer;
  let app: express.Express;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.use(session({ secret: 'a secret of the test', resave: false, saveUninitialized: false }));
    useExpressServer(app, { controllers: [CachedController, TokenController], axioms: issuer.settings() });
  });
  after(async () => {
    (app.locals.axioms as { close(): void }).close();
    await issuer.close();
  });

  const headOf = async (path: string, claims: object = { sub: 'alice' }): Promise<readonly (string | undefined)[]> => {
    const { headers } = await request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token(claims)}`);
    const { 'cache-control': control, vary } = headers as Record<string, string | undefined>;
    return [control, vary];
  };

  it('is private, and varies with what authenticates', async () => {
    expect(await headOf('/tokens')).to.deep.equal(['private', 'Authorization']);
    expect(await headOf('/cached')).to.deep.equal(['private', 'Authorization, Cookie']);
  });

  it('keeps what the handler has set', async () => {
    expect(await headOf('/cached/own')).to.deep.equal(['no-store', 'Authorization, Cookie']);
    expect(await headOf('/cached/by-hand')).to.deep.equal(['private, max-age=60', 'Authorization, Cookie']);
  });

  it('only varies where the caller may see everything, or where an error is answered', async () => {
    expect(await headOf('/cached', { sub: 'root', roles: ['admin'] })).to.deep.equal([
      undefined,
      'Authorization, Cookie',
    ]);
    expect(await headOf('/cached/error')).to.deep.equal([undefined, 'Cookie']);
  });
});

describe('the start of lists', () => {
  class IsEditor extends BasePermission {
    override hasObjectPermission(_request: unknown, _controller: unknown, object: unknown) {
      return (object as Note).user === 'editor';
    }
  }

  function listed(members: object, rules: readonly PermissionRule[] = [IsSubOwner]) {
    @JsonController('/listed')
    class ListedController extends ApiController {
      override permissionClasses = rules;
      constructor() {
        super();
        Object.assign(this, members);
      }
      override getObject() {
        return { user: 'alice' };
      }
      @Get('/') list() {
        return [];
      }
      @Post('/') create() {
        return {};
      }
      @Post('/search') search() {
        return [];
      }
      @Get('/:id') one() {
        return {};
      }
      @Get('/:id/notes') notes() {
        return [];
      }
      @Put('/:id') update() {
        return {};
      }
    }
    return ListedController;
  }

  it('refuses a handler in lists that contradict each other, and a name that is no handler', () => {
    for (const [one, other] of [
      ['listActions', 'unfilteredActions'],
      ['objectActions', 'unfilteredActions'],
      ['objectActions', 'notObjectActions'],
    ] as const)
      expect(startError(listed({ [one]: ['search'], [other]: ['search'] }))).to.include(
        `ListedController names 'search' in ${one} and in ${other}`,
      );
    expect(startError(listed({ listActions: ['find'] }))).to.include("listActions names 'find', which is no handler");
    expect(startError(listed({ unfilteredActions: ['find'] }))).to.include("unfilteredActions names 'find'");
    expect(startError(listed({ listAction: ['search'] }))).to.include('did you mean listActions');
  });

  it('warns of other methods and of paths that go on behind the object, and names both lists', () => {
    const warned = startWarnings(listed({}));
    expect(warned).to.match(/ListedController\.search may answer lists.*listActions.*unfilteredActions/);
    expect(warned).to.match(/ListedController\.notes is about one object, and its path goes on.*listActions/);
    expect(warned).not.to.match(/\.(?:create|one|update|list) (?:may|is about)/);
  });

  it('says nothing of handlers that a list names, and where the rule does not matter', () => {
    for (const members of [
      { listActions: ['search', 'notes'] },
      { unfilteredActions: ['search', 'notes'] },
      { objectActions: ['search', 'notes', 'one', 'update'] },
    ])
      expect(startWarnings(listed(members)), JSON.stringify(members)).not.to.match(/may answer|goes on/);
    expect(startWarnings(listed({}, [IsAuthenticated]))).to.equal('');
  });

  it('reports a rule without a filter, with the lists that it makes unusable', () => {
    expect(startWarnings(listed({}, [IsEditor]))).to.match(
      /ListedController\.list answers a list, and IsEditor has a rule/,
    );
    expect(startWarnings(listed({ unfilteredActions: ['list'] }, [IsEditor]))).not.to.include('answers a list, and');
  });
});
