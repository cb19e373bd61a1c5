/** `expectIsolation` over small APIs: one that isolates, and one for each way to leak. */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { IsString } from 'class-validator';
import { Body, Delete, Get, JsonController, NotFoundError, Param, Post, Put, QueryParam } from 'routing-controllers';
import {
  AllowAny,
  ApiController,
  CurrentObject,
  createExpressServer,
  HasAccessTokenRoles,
  ImproperlyConfigured,
  IsAuthenticated,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  or,
  type AxiomsServer,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { matches } from 'axioms-routing-controllers/filters';
import {
  expectIsolation,
  IsolationError,
  isolationJUnit,
  isolationTable,
  silentLogger,
  TestIssuer,
  type IsolationOptions,
  type IsolationReport,
} from 'axioms-routing-controllers/testing';

interface Note {
  readonly id: number;
  readonly user: string;
  text: string;
}

class NewNote {
  @IsString() text!: string;
}

/** The ways to leak, each a mistake that somebody makes. */
const mistakes = {
  'a list without a filter': 'GET /notes',
  'a count of everything': 'GET /notes/count',
  'a search without a filter': 'GET /notes/search',
  'a search by POST without a filter': 'POST /notes/search',
  'an object without its rule': 'GET /notes/:id',
  'a list below an object without a rule': 'GET /people/:name/notes',
  'an export as text': 'GET /notes/export',
  'an ETag of everything': 'GET /notes/tagged',
  'a cache without the caller in its key': 'GET /notes/cached',
  'included objects': 'GET /shelves',
  'a header field': 'GET /notes/header',
  'the status': 'GET /notes/status',
  'a change without the rule': 'PUT /notes/:id',
  'a removal without the rule': 'DELETE /notes/:id',
  'the removal of everything': 'DELETE /notes',
  'an effect of an action': 'POST /notes/:id/archive',
  'an error with the object': 'GET /notes/:id/error',
  'the nested id of another parent': 'GET /people/:name/notes/:id',
} as const;
type Mistake = keyof typeof mistakes;

const notes: Note[] = [];
let lastId = 0;
let made: Mistake | undefined;
let cached: unknown;

/** What the caller may see, or everything where the mistake is made. */
function seen(mistake: Mistake, user: string | undefined): readonly Note[] {
  return made === mistake ? notes : notes.filter(note => note.user === user);
}

class OwnNotes extends IsSubOwner {
  override hasObjectPermission(...asked: Parameters<IsSubOwner['hasObjectPermission']>): boolean | Promise<boolean> {
    return (asked[1] as NoteController).isWithoutRule || super.hasObjectPermission(...asked);
  }
}

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses: readonly PermissionRule[] = [OwnNotes];
  // The mistakes are to be found by the test kit, and not to be withheld.
  override unfilteredActions = [
    'list',
    'count',
    'search',
    'find',
    'export',
    'tagged',
    'cached',
    'header',
    'status',
    'removeAll',
  ];
  get isWithoutRule(): boolean {
    const mistake: Partial<Record<string, Mistake>> = {
      one: 'an object without its rule',
      update: 'a change without the rule',
      remove: 'a removal without the rule',
      archive: 'an effect of an action',
    };
    return made !== undefined && made === mistake[this.action];
  }
  override getObject() {
    if (this.action === 'error') return { user: this.request.user?.sub };
    return notes.find(({ id }) => id === Number(this.request.params.id));
  }
  get sub() {
    return this.request.user?.sub;
  }

  @Get() list() {
    return seen('a list without a filter', this.sub);
  }
  @Get('/count') count() {
    return { total: seen('a count of everything', this.sub).length, at: Date.now() };
  }
  @Get('/search') search(@QueryParam('q') q: string) {
    return { q, found: q ? seen('a search without a filter', this.sub).filter(({ text }) => text.includes(q)) : [] };
  }
  @Post('/search') find(@Body() { text: asked }: NewNote) {
    const found = seen('a search by POST without a filter', this.sub).filter(({ text }) => text.includes(asked));
    return { asked, found: found.length };
  }
  @Get('/export') export() {
    const lines = seen('an export as text', this.sub).map(({ id, text }) => `${id},"${text}"`);
    return this.response.type('text/csv').send(lines.join('\r\n'));
  }
  @Get('/tagged') tagged() {
    const tag = createHash('sha256')
      .update(JSON.stringify(seen('an ETag of everything', this.sub)))
      .digest('hex');
    return this.response.set('ETag', `"${tag}"`).json([]);
  }
  @Get('/cached') cached() {
    if (made !== 'a cache without the caller in its key') return notes.filter(({ user }) => user === this.sub);
    return (cached ??= notes.filter(({ user }) => user === this.sub));
  }
  @Get('/header') header() {
    return this.response.set('X-Latest', seen('a header field', this.sub).at(-1)?.text ?? '').json([]);
  }
  @Get('/status') status() {
    this.response.status(seen('the status', this.sub).length % 2 === 0 ? 200 : 202);
    return {};
  }
  @Get('/:id') one(@CurrentObject() note: Note) {
    return note;
  }
  @Get('/:id/error') error(@Param('id') id: number) {
    const note = notes.find(one => one.id === id);
    if (note?.user === this.sub) return { state: 'good' };
    throw new NotFoundError(made === 'an error with the object' ? `not yours: ${note?.text ?? ''}` : 'not there');
  }
  @Post() create(@Body() { text }: NewNote) {
    const note = { id: ++lastId, user: this.sub ?? '', text };
    notes.push(note);
    return note;
  }
  @Put('/:id') update(@CurrentObject() note: Note, @Body() { text }: NewNote) {
    note.text = text;
    return { state: 'kept' };
  }
  @Post('/:id/archive') archive(@CurrentObject() note: Note) {
    note.text = 'archived';
    return { state: 'archived' };
  }
  @Delete('/:id') remove(@CurrentObject() note: Note) {
    notes.splice(notes.indexOf(note), 1);
    return { state: 'removed' };
  }
  @Delete() removeAll() {
    const gone = new Set(seen('the removal of everything', this.sub));
    const kept = notes.filter(note => !gone.has(note));
    notes.splice(0, notes.length, ...kept);
    return { state: 'removed' };
  }
}

@JsonController('/people')
class PersonController extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get('/:name/notes') ofPerson(@Param('name') name: string) {
    const isOpen = made === 'a list below an object without a rule';
    return notes.filter(({ user }) => user === name && (isOpen || user === this.request.user?.sub));
  }
  @Get('/:name/notes/:id') noteOfPerson(@Param('name') name: string, @Param('id') id: number) {
    if (name !== this.request.user?.sub) throw new NotFoundError();
    const isOpen = made === 'the nested id of another parent';
    const note = notes.find(one => one.id === id && (isOpen || one.user === name));
    if (note === undefined) throw new NotFoundError();
    return note;
  }
}

@JsonController('/shelves')
class ShelfController extends ApiController {
  override permissionClasses = [IsAuthenticated];
  @Get() list() {
    const included = notes.filter(({ user }) => made === 'included objects' || user === this.request.user?.sub);
    return [{ name: 'first', notes: included }];
  }
}

describe('expectIsolation', function () {
  this.timeout(60_000);
  const { NODE_ENV } = process.env;
  let issuer: TestIssuer;
  before(() => {
    issuer = new TestIssuer();
    process.env.NODE_ENV = 'test';
  });
  after(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  });
  beforeEach(() => {
    notes.length = 0;
    made = cached = undefined;
  });

  const seed: IsolationOptions['seed'] = async ({ name, canary }, send) => {
    const created = await send('POST', '/notes', { text: canary });
    return { id: String(((await created.json()) as Note).id), name };
  };

  async function tested(
    controllers: (new () => object)[],
    options: Partial<IsolationOptions> = { seed },
  ): Promise<IsolationReport> {
    const app = issuer.attachTo(
      createExpressServer({ controllers, axioms: { ...issuer.settings(), logger: silentLogger } }),
    );
    const callers = { alice: issuer.token({ sub: 'alice' }), bob: issuer.token({ sub: 'bob' }) };
    try {
      return await expectIsolation(app, { callers, ...options });
    } finally {
      (app.locals.axioms as AxiomsServer).close();
    }
  }

  async function reportOf(...given: Parameters<typeof tested>): Promise<IsolationReport> {
    try {
      return await tested(...given);
    } catch (error) {
      if (error instanceof IsolationError) return error.report;
      throw error;
    }
  }

  const all = [NoteController, PersonController, ShelfController];

  it('resolves with what was tested where nothing leaks', async () => {
    const report = await tested(all);
    expect(report.leaks).to.deep.equal([]);
    expect(report.exercised).to.deep.equal(report.routes);
    expect(report.routes).to.include.members(['GET /notes', 'DELETE /notes/:id', 'GET /people/:name/notes']);
    expect(report.ignored).to.deep.equal([]);
  });

  for (const [mistake, route] of Object.entries(mistakes))
    it(`finds ${mistake}`, async () => {
      made = mistake as Mistake;
      const { leaks } = await reportOf(all);
      expect(leaks.map(leak => leak.route)).to.include(route);
      expect([...new Set(leaks.map(leak => leak.route))], JSON.stringify(leaks)).to.have.length.at.most(2);
    });

  it('uses the own POST routes of the app where there is no seed', async () => {
    expect((await tested([NoteController], {})).exercised).to.include('GET /notes/:id');
    made = 'an object without its rule';
    expect((await reportOf([NoteController], {})).leaks.map(({ route }) => route)).to.include('GET /notes/:id');
  });

  it('excuses what is shared, and what the rule itself allows', async () => {
    @JsonController('/articles')
    class ArticleController extends NoteController {
      override permissionClasses: readonly PermissionRule[] = [IsSubOwnerOrSafeOnly];
      override unfilteredActions = [];
      @Get() override list() {
        return notes;
      }
      @Get('/:id') override one() {
        return this.getObject() as Note;
      }
    }
    @JsonController('/board')
    class BoardController {
      permissionClasses = [AllowAny];
      @Get() list() {
        return notes;
      }
    }
    const options = { seed, ignore: ['GET /articles/:id/error'] };
    const open = ['GET /articles/count', 'GET /articles/status'];
    const { leaks } = await reportOf([NoteController, ArticleController, BoardController], options);
    expect(leaks.filter(({ route }) => /(?:\/articles|:id)$/.test(route))).to.deep.equal([]);
    expect(leaks.map(({ route }) => route)).to.include('GET /board');
    const shared = await reportOf([NoteController, BoardController], {
      seed,
      shared: ['GET /board/', ...open.slice(2)],
    });
    expect(shared.leaks).to.deep.equal([]);
  });

  it('excuses a caller if a role allows everything', async () => {
    @JsonController('/files')
    class FileController extends ApiController {
      override permissionClasses: readonly PermissionRule[] = [or(HasAccessTokenRoles, IsSubOwner)];
      override accessTokenRoles = ['admin'];
      override getObject() {
        return notes.find(({ id }) => id === Number(this.request.params.id));
      }
      @Get() async list() {
        const filter = await this.authorizedFilter();
        return notes.filter(note => matches(filter, note));
      }
      @Get('/:id') one(@CurrentObject() note: Note) {
        return note;
      }
    }
    const callers = {
      root: issuer.token({ sub: 'root', roles: ['admin'] }),
      bob: issuer.token({ sub: 'bob' }),
    };
    expect((await tested([NoteController, FileController], { seed, callers })).leaks).to.deep.equal([]);
  });

  it('rejects where a route was not tested, with the reason, unless it is ignored', async () => {
    @JsonController('/odd')
    class OddController {
      permissionClasses = [HasAccessTokenRoles];
      accessTokenRoles = ['nobody'];
      @Get('/closed') closed() {
        return {};
      }
      @Get('/of/:missing') missing() {
        return {};
      }
      @Get(/\/pattern\/\d+/) pattern() {
        return {};
      }
    }
    const { untested } = await reportOf([NoteController, OddController]);
    expect(untested.map(({ route, reason }) => [route.replace(/\(.*/, '…'), reason])).to.deep.include.members([
      ['GET /odd/closed', "every answer to a caller's own request was an error, such as 403"],
      ['GET /odd/of/:missing', 'seed() returned no value for its parameters'],
    ]);
    expect(untested).to.have.length(3);
    const ignore = untested.map(({ route }) => route);
    expect((await tested([NoteController, OddController], { seed, ignore })).ignored).to.deep.equal(ignore);
  });

  it('writes the report as a table and as JUnit, and in the error', async () => {
    made = 'a list without a filter';
    const error: unknown = await tested([NoteController], { seed, ignore: ['DELETE /notes'] }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(IsolationError);
    const { report, message } = error as IsolationError;
    expect(message).to.include(isolationTable(report)).and.include('leaks, and 0 routes that were not tested');
    expect(isolationTable(report)).to.match(/GET \/notes +LEAK: shows bob's object, asked by alice \(body\)/);
    expect(isolationTable(report))
      .to.match(/DELETE \/notes +ignored/)
      .and.to.match(/GET \/notes\/:id +isolated/);
    expect(isolationJUnit(report))
      .to.match(/^<\?xml version="1\.0".*\n<testsuite name="isolation" tests="\d+" failures="1" skipped="1">/)
      .and.include('<testcase classname="isolation" name="GET /notes"><failure message="LEAK: shows')
      .and.include('<testcase classname="isolation" name="DELETE /notes"><skipped/></testcase>');
    expect(`${message}${isolationJUnit(report)}`).not.to.include('eyJ');
  });

  it('starts only in a test environment, with two callers, and with routes that exist', async () => {
    try {
      process.env.NODE_ENV = 'development';
      const refused: unknown = await tested([NoteController]).catch((thrown: unknown) => thrown);
      expect(refused)
        .to.be.instanceOf(ImproperlyConfigured)
        .with.property('message')
        .that.includes('destructive: true');
      expect(notes).to.deep.equal([]);
      expect((await tested([NoteController], { seed, destructive: true })).leaks).to.deep.equal([]);
    } finally {
      process.env.NODE_ENV = 'test';
    }
    for (const options of [{ callers: { alice: 'x' } }, { shared: ['GET /nowhere'] }, { ignore: ['GET notes'] }]) {
      const error: unknown = await tested([NoteController], options).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(RangeError);
    }
  });
});
