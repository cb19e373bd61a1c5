/** Leaks that are hard to see: `expectIsolation` finds each, and passes the same API without it. */
import 'reflect-metadata';
import { expect } from 'chai';
import { IsArray, IsIn, IsOptional, IsString } from 'class-validator';
import {
  BadRequestError,
  Body,
  Delete,
  Get,
  HeaderParam,
  JsonController,
  NotFoundError,
  Param,
  Post,
  QueryParam,
  QueryParams,
} from 'routing-controllers';
import {
  ApiController,
  CurrentObject,
  createExpressServer,
  IsAuthenticated,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { matches } from 'axioms-routing-controllers/filters';
import {
  expectIsolation,
  IsolationError,
  silentLogger,
  TestIssuer,
  type IsolationOptions,
  type IsolationReport,
} from 'axioms-routing-controllers/testing';

interface Note {
  readonly id: number;
  readonly user: string;
  balance: number;
  text: string;
}

class NewNote {
  @IsString() text!: string;
}

const notes: Note[] = [];
let lastId = 0;
let leaks = false;

/** Does the caller own the note, or does the API leak? */
function isSeen({ user }: Pick<Note, 'user'>, sub: string | undefined): boolean {
  return leaks || user === sub;
}

@JsonController('/notes')
class NoteController extends ApiController {
  override permissionClasses = [IsSubOwner];
  override getObject() {
    return notes.find(({ id }) => id === Number(this.request.params.id));
  }
  @Get('/') async list() {
    const filter = await this.authorizedFilter();
    return notes.filter(note => matches(filter, note));
  }
  @Get('/:id') one(@CurrentObject() note: Note) {
    return note;
  }
  @Post('/') create(@Body() { text }: NewNote) {
    const note = { id: ++lastId, user: this.request.user?.sub ?? '', text, balance: 1000 + lastId * 7919 };
    notes.push(note);
    return note;
  }
}

describe('expectIsolation, about leaks that are hard to see', function () {
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
    leaks = false;
  });

  const seed: IsolationOptions['seed'] = async ({ canary }, send) => {
    const created = await send('POST', '/notes', { text: canary });
    return { id: String(((await created.json()) as Note).id) };
  };

  async function reportOf(
    controllers: (new () => object)[],
    options: Partial<IsolationOptions> = {},
  ): Promise<IsolationReport> {
    const axioms = { ...issuer.settings(), logger: silentLogger };
    const app = issuer.attachTo(createExpressServer({ controllers: [NoteController, ...controllers], axioms }));
    const callers = { alice: issuer.token({ sub: 'alice' }), bob: issuer.token({ sub: 'bob' }) };
    try {
      return await expectIsolation(app, { callers, seed, ...options });
    } catch (error) {
      if (error instanceof IsolationError) return error.report;
      throw error;
    } finally {
      (app.locals.axioms as AxiomsServer).close();
    }
  }

  /** The routes that leak must be these, and none if the API does not leak. */
  async function expectFound(
    routes: readonly string[],
    controllers: (new () => object)[],
    options?: Partial<IsolationOptions>,
  ): Promise<void> {
    const isolated = await reportOf(controllers, options);
    expect(isolated).to.deep.include({ leaks: [], untested: [] });
    leaks = true;
    const found = await reportOf(controllers, options);
    expect([...new Set(found.leaks.map(({ route }) => route))]).to.have.members(routes);
  }

  @JsonController('/accounts')
  class AccountController extends ApiController {
    override permissionClasses = [IsAuthenticated];
    private balanceOf(asked: number): number {
      const note = notes.find(one => one.id === asked && isSeen(one, this.request.user?.sub));
      if (note === undefined) throw new NotFoundError();
      return note.balance;
    }
    @Get('/:id') withClock(@Param('id') id: number) {
      return { balance: this.balanceOf(id), asOf: process.hrtime.bigint().toString() };
    }
    @Get('/:id/viewed') withViewer(@Param('id') id: number) {
      return { balance: this.balanceOf(id), viewer: this.request.user?.sub };
    }
    @Get('/:id/plain') asText(@Param('id') id: number) {
      return this.response.type('text/plain').send(`${this.balanceOf(id)}`);
    }
    @Get('/:id/csv') asTextWithClock(@Param('id') id: number) {
      const lines = [process.hrtime.bigint(), 'balance', this.balanceOf(id)];
      return this.response.type('text/csv').send(`${lines.join('\n')}\n`);
    }
  }

  it('finds the number of another caller’s object beside a clock or the name of the caller', () =>
    expectFound(
      ['/:id', '/:id/viewed', '/:id/plain', '/:id/csv'].map(path => `GET /accounts${path}`),
      [AccountController],
    ));

  it('passes answers that repeat the id, the clock and what every object has', async () => {
    @JsonController('/summaries')
    class SummaryController extends ApiController {
      override permissionClasses = [IsAuthenticated];
      @Get('/:id') one(@Param('id') id: number) {
        return { id, kind: 'note', at: process.hrtime.bigint().toString() };
      }
      @Get('/:id/rights') rights(@Param('id') asked: number) {
        const note = notes.find(({ id }) => id === asked);
        if (note === undefined) throw new NotFoundError();
        const viewer = this.request.user?.sub;
        return {
          id: asked,
          viewer,
          canEdit: note.user === viewer,
          kind: 'note',
          at: process.hrtime.bigint().toString(),
        };
      }
      @Get('/:id/text') text(@Param('id') id: number) {
        return this.response.type('text/plain').send(`${process.hrtime.bigint()}\nnote ${id}\n`);
      }
      @Get('/:id/clock') clock(@Param('id') asked: number) {
        if (!notes.some(({ id }) => id === asked)) throw new NotFoundError();
        return this.response.type('text/plain').send(`${process.hrtime.bigint()}\n`);
      }
    }
    expect((await reportOf([SummaryController])).leaks).to.deep.equal([]);
  });

  class Search {
    @IsString() @IsOptional() text?: string;
    @IsIn(['mine', 'all']) @IsOptional() scope?: string;
  }

  @JsonController('/found')
  class SearchController extends ApiController {
    override permissionClasses = [IsAuthenticated];
    private get own(): readonly Note[] {
      return notes.filter(({ user }) => user === this.request.user?.sub);
    }
    @Get('/') byClass(@QueryParams() { text }: Search) {
      return text === undefined ? [] : notes.filter(note => note.text.includes(text) && this.isFound(note));
    }
    @Get('/scoped') scoped(@QueryParams() { scope = 'mine' }: Search) {
      return scope === 'all' ? notes.filter(note => this.isFound(note)) : this.own;
    }
    @Get('/flagged') flagged(@QueryParam('all') all: boolean, @QueryParam('text') text: string) {
      const found = all ? notes.filter(note => this.isFound(note)).length : 0;
      return { found: text ? 0 : found };
    }
    @Get('/default') byDefault(@QueryParam('mine') mine?: boolean) {
      return mine === false ? notes.filter(note => this.isFound(note)) : this.own;
    }
    private isFound(note: Note): boolean {
      return isSeen(note, this.request.user?.sub);
    }
  }

  it('finds objects of another caller by parameters of the query that are optional or in a class', () =>
    expectFound(['GET /found', 'GET /found/scoped', 'GET /found/flagged', 'GET /found/default'], [SearchController]));

  @JsonController('/sorted')
  class SortedController extends ApiController {
    override permissionClasses = [IsAuthenticated];
    @Get('/') sorted(@QueryParam('by') by?: string) {
      if (by !== undefined && by !== 'text') throw new BadRequestError();
      return by === undefined ? [] : notes.filter(note => isSeen(note, this.request.user?.sub));
    }
  }

  it('does not count a route as tested if the route refuses every value of a parameter', async () => {
    const { untested, exercised, leaks: found } = await reportOf([SortedController]);
    expect(found).to.deep.equal([]);
    expect(exercised).not.to.include('GET /sorted');
    expect(untested).to.deep.equal([
      {
        route: 'GET /sorted',
        reason:
          "every request with the query parameter 'by' was an error, such as 400: let seed() return a value for 'by'",
      },
    ]);
    expect((await reportOf([SortedController], { shared: ['GET /sorted'] })).untested).to.deep.equal([]);
  });

  it('sends the value that the seed returned for a parameter of the query', () =>
    expectFound(['GET /sorted'], [SortedController], {
      seed: async (...given) => ({ ...(await seed(...given)), by: 'text' }),
    }));

  it('does not count a route as tested if the class of its query has no decorators', async () => {
    @JsonController('/any')
    class AnyController {
      permissionClasses = [IsAuthenticated];
      @Get('/') any(@QueryParams() query: object) {
        return { query };
      }
    }
    const { untested } = await reportOf([AnyController]);
    expect(untested).to.have.length(1);
    expect(untested[0]).to.have.property('route', 'GET /any');
    expect(untested[0]).to.have.property('reason').that.includes('its parameters are unknown');
  });

  const drafts: Note[] = [];

  @JsonController('/drafts')
  class DraftController extends ApiController {
    override permissionClasses = [IsAuthenticated];
    private get sub() {
      return this.request.user?.sub;
    }
    @Get('/') list() {
      return drafts.filter(({ user }) => user === this.sub);
    }
    @Get('/export') export() {
      const own = drafts.filter(({ user }) => user === this.sub);
      return this.response.type('text/csv').send(own.map(({ id, text }) => `${id},${text}`).join('\n'));
    }
    @Post('/') create(@Body() { text }: NewNote) {
      const draft = { id: ++lastId, user: this.sub ?? '', text, balance: 0 };
      drafts.push(draft);
      return draft;
    }
    @Post('/rename') rename() {
      for (const draft of drafts) if (isSeen(draft, this.sub)) draft.balance++;
      return {};
    }
    @Delete('/') clear() {
      drafts.splice(0, drafts.length, ...drafts.filter(draft => !isSeen(draft, this.sub)));
      return {};
    }
  }

  /** Shows the latest post to everybody, and lets everybody write one. */
  @JsonController('/posts')
  class PostController extends ApiController {
    override permissionClasses = [IsSubOwnerOrSafeOnly];
    override notObjectActions = ['create'];
    static readonly posts: object[] = [];
    @Get('/latest') latest() {
      return PostController.posts.slice(-1);
    }
    @Post('/') create(@Body() { text }: NewNote) {
      const post = { user: this.request.user?.sub, text };
      PostController.posts.push(post);
      return post;
    }
  }

  const seedAll: IsolationOptions['seed'] = async (caller, send) => {
    await send('POST', '/drafts', { text: caller.canary });
    await send('POST', '/posts', { text: caller.canary });
    return await seed(caller, send);
  };

  it('finds what removes or changes objects of another caller that only lists show', () =>
    expectFound(['DELETE /drafts', 'POST /drafts/rename'], [DraftController, PostController], { seed: seedAll }));

  @JsonController('/report')
  class ReportController extends ApiController {
    override permissionClasses = [IsAuthenticated];
    @Get('/') report() {
      const seen = notes.filter(note => isSeen(note, this.request.user?.sub));
      return this.response.type('text/plain').send(`${process.hrtime.bigint()}: ${seen.length} notes, sorted`);
    }
    @Get('/balances') balances() {
      const seen = notes.filter(note => isSeen(note, this.request.user?.sub));
      const balances = seen.map(({ balance }) => balance).join();
      return this.response.type('text/plain').send(`${process.hrtime.bigint()}: the balances are ${balances}`);
    }
  }

  it('finds counts and numbers of objects of another caller in a text that also has a clock', () =>
    expectFound(['GET /report', 'GET /report/balances'], [ReportController]));

  it('does not count a route as tested if the number of words in its text changes with each request', async () => {
    let count = 0;
    const now = (): string => process.hrtime.bigint().toString();
    @JsonController('/wordy')
    class WordyController extends ApiController {
      override permissionClasses = [IsAuthenticated];
      @Get('/') text() {
        return this.response.type('text/plain').send(Array.from({ length: ++count }, now).join(' '));
      }
      @Get('/clock') clock() {
        return this.response.type('text/plain').send(now());
      }
    }
    const { leaks: found, untested } = await reportOf([WordyController]);
    expect(found).to.deep.equal([]);
    expect(untested.map(({ route }) => route)).to.deep.equal(['GET /wordy']);
    expect(untested[0]).to.have.property('reason').that.includes('a count in it is not seen');
  });

  class Ids {
    @IsArray() ids!: number[];
  }

  @JsonController('/current')
  class CurrentController extends ApiController {
    override permissionClasses = [IsAuthenticated];
    private withId(asked: number | undefined): Note | undefined {
      return notes.find(note => note.id === Number(asked) && isSeen(note, this.request.user?.sub));
    }
    @Get('/header') byHeader(@HeaderParam('X-Note') id: number) {
      return this.withId(id) ?? {};
    }
    @Get('/query') byQuery(@QueryParam('note') id?: string) {
      return this.withId(Number(id)) ?? {};
    }
    @Post('/clear') clear(@Body() { ids }: Ids) {
      for (const id of ids) Object.assign(this.withId(id) ?? {}, { text: '' });
      return { cleared: ids.length };
    }
  }

  it('finds what the id of another caller’s object in the query, a header field or the body shows or changes', () =>
    expectFound(['GET /current/header', 'GET /current/query', 'POST /current/clear'], [CurrentController]));

  /** Its rule opens every article, but not the notes beside them. */
  @JsonController('/articles')
  class ArticleController extends ApiController {
    override permissionClasses = [IsSubOwnerOrSafeOnly];
    @Get('/') list() {
      return { articles: [], latestNotes: notes.filter(note => isSeen(note, this.request.user?.sub)) };
    }
  }

  it('finds objects that their own controller refuses in a list whose rule allows every object', () =>
    expectFound(['GET /articles'], [ArticleController]));

  it('passes an open list of what another route shows, or of which the canary does not tell the kind', async () => {
    @JsonController('/public-notes')
    class PublicNoteController extends ApiController {
      override permissionClasses = [IsSubOwnerOrSafeOnly];
      override getObject() {
        return notes.find(({ id }) => id === Number(this.request.params.id));
      }
      @Get('/') list() {
        return notes;
      }
      @Get('/:id') one(@CurrentObject() note: Note) {
        return note;
      }
    }
    expect((await reportOf([PublicNoteController])).leaks).to.deep.equal([]);
    expect((await reportOf([DraftController, PostController], { seed: seedAll })).leaks).to.deep.equal([]);
  });
});
