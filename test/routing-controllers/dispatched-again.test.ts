import { once } from 'node:events';
import { expect } from 'chai';
import express, { type Application, type Request, type Response } from 'express';
import { Body, Get, JsonController, Post, Res, UseBefore } from 'routing-controllers';
import {
  AllowAny,
  ApiController,
  BaseAuthentication,
  BasePermission,
  HasAccessTokenScopes,
  IsAuthenticated,
  IsSubOwner,
  and,
  requireAccessToken,
  useExpressServer,
  type ApiView,
  type AuthenticationResult,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { bearer, demanding, notAuthenticated } from '../refusals';
import { OneConnection } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];

function dispatch(request: ApiView['request'], response: Response, url: string, method = request.method): void {
  Object.assign(request, { url, method });
  // Express 4 would keep the query of the first URL.
  Reflect.deleteProperty(request, 'query');
  const app = (request as unknown as Request).app as Application & { handle(...given: unknown[]): void };
  app.handle(request, response);
}

@JsonController('/old')
class OldController {
  permissionClasses = [AllowAny];
  declare request: ApiView['request'];
  declare response: ApiView['response'];

  @Get('/response') returns(@Res() response: Response) {
    ran.push('old');
    dispatch(this.request, response, this.target);
    return response;
  }
  @Get('/nothing') returnsNothing(): void {
    ran.push('old');
    dispatch(this.request, this.response, this.target);
  }
  @Get('/later') async returnsNothingLater(): Promise<void> {
    await Promise.resolve();
    dispatch(this.request, this.response, this.target);
    await new Promise(resolve => setImmediate(resolve));
  }
  @Post('/body') withBody(@Body({ validate: false }) _body: object, @Res() response: Response) {
    dispatch(this.request, response, '/new/body');
    return response;
  }
  @Get('/method') withMethod(@Res() response: Response) {
    dispatch(this.request, response, '/new/posted', 'POST');
    return response;
  }
  @Get('/middleware')
  @UseBefore((request: Request, response: Response) => {
    dispatch(request as ApiView['request'], response, '/new/open');
  })
  byMiddleware() {
    ran.push('old');
    return {};
  }

  private get target() {
    return this.request.query.to as string;
  }
}

@JsonController('/new')
class NewController {
  permissionClasses: readonly object[] = [HasAccessTokenScopes];
  accessTokenScopes = ['new'];
  declare request: ApiView['request'];

  @Get('/scoped') scoped() {
    return this.handled();
  }
  @Post('/posted') posted() {
    return this.handled();
  }
  @Post('/body') body(@Body({ validate: false }) body: object) {
    return { ...this.handled(), body };
  }

  protected handled() {
    ran.push('new');
    return { sub: this.request.authJwt?.sub };
  }
}

@JsonController('/new')
class OpenController {
  permissionClasses = [AllowAny];
  declare response: ApiView['response'];
  @Get('/by-hand') async byHand() {
    await new Promise(resolve => setTimeout(resolve, 5));
    ran.push('new');
    return this.response.json({ ok: true });
  }
  @Get('/by-hand-at-once') byHandAtOnce() {
    this.response.json({ ok: true });
  }
  @Get('/open') async open() {
    await new Promise(resolve => setImmediate(resolve));
    ran.push('new');
    return { ok: true };
  }
}

/** What a handler answers by hand after it has dispatched its request. */
const byHand: Readonly<Record<string, (response: Response) => unknown>> = {
  'at once': response => {
    response.end('SECRET');
  },
  'at once, with its header first': response => {
    response.writeHead(200, { 'X-Secret': 'SECRET' });
    return response.end('SECRET');
  },
  later: async response => {
    await new Promise(resolve => setImmediate(resolve));
    response.json({ secret: 'SECRET' });
  },
  'in the background': response => {
    setImmediate(() => response.json({ secret: 'SECRET' }));
    return response;
  },
  'in the background, and returns nothing': response => {
    setImmediate(() => response.json({ secret: 'SECRET' }));
  },
};

@JsonController('/owned')
class OwnedController {
  permissionClasses = [IsSubOwner];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];

  @Get('/alias/:id') alias(@Res() response: Response) {
    dispatch(this.request, response, this.request.query.to as string);
    return response;
  }
  @Get('/alias-and-more/:id') aliasAndMore() {
    dispatch(this.request, this.response, '/new/open');
    return { secret: true };
  }
  @Get('/alias-and-waits/:id') async aliasAndWaits() {
    const sent = once(this.response, 'finish');
    dispatch(this.request, this.response, this.request.query.to as string);
    await sent;
    return this.response;
  }
  @Get('/by-hand/:way') byHand() {
    const answer = Object.values(byHand)[Number(this.request.params.way)]!;
    dispatch(this.request, this.response, '/new/by-hand');
    return answer(this.response);
  }
  @Get('/late/:id') async late(): Promise<void> {
    dispatch(this.request, this.response, '/new/open');
    const watched = {
      get user() {
        ran.push('a rule has read the object');
        return 'alice';
      },
    };
    await this.checkObjectPermissions(watched).then(
      () => ran.push('late check passed'),
      () => ran.push('late check refused'),
    );
  }
  @Get('/:id') async retrieve() {
    await this.checkObjectPermissions({ user: this.request.params.id });
    return { id: this.request.params.id };
  }
  @Get('/unchecked/:id') unchecked() {
    return { secret: true };
  }
}

interface Signal {
  readonly given: Promise<void>;
  give(): void;
}

function signal(): Signal {
  let give = (): void => undefined;
  const given = new Promise<void>(resolve => (give = resolve));
  return { given, give };
}

let newRouteRuns = signal();
let checkIsOver = signal();

class Slow extends BasePermission {
  override async hasObjectPermission(): Promise<boolean> {
    await newRouteRuns.given;
    return true;
  }
}

class ApiKey extends BaseAuthentication {
  override readonly isToken = false;
  override readonly authorizationSchemes = [];
  override authenticate(): AuthenticationResult {
    return { user: { isAuthenticated: true, sub: 'bob' } };
  }
}

abstract class CheckingController extends ApiController {
  @Get('/:id') async one(): Promise<void> {
    const checked = this.checkObjectPermissions({ user: 'bob' });
    dispatch(this.request, this.response, '/keyed');
    await checked.then(
      () => ran.push('check passed'),
      (error: unknown) => ran.push(`check refused by ${(error as Error).name}`),
    );
    checkIsOver.give();
  }
}

@JsonController('/listed')
class ListedController extends CheckingController {
  override permissionClasses = [Slow, IsSubOwner];
}

@JsonController('/composed')
class ComposedController extends CheckingController {
  override permissionClasses = [and(Slow, IsSubOwner)];
}

@JsonController('/slow-last')
class SlowLastController extends CheckingController {
  override permissionClasses = [Slow];
}

@JsonController('/keyed')
class KeyedController {
  authenticationClasses = [ApiKey];
  permissionClasses = [IsAuthenticated];
  declare request: ApiView['request'];
  @Get('/') async list() {
    newRouteRuns.give();
    await checkIsOver.given;
    return { sub: this.request.user?.sub };
  }
}

describe('a request that is dispatched again', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    const controllers = [
      OldController,
      NewController,
      OpenController,
      OwnedController,
      ListedController,
      ComposedController,
      SlowLastController,
      KeyedController,
    ];
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger } });
    app.get('/plain', requireAccessToken({ scopes: ['plain'] }), (_request, response: Response) => {
      ran.push('plain');
      response.json({ plain: true });
    });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    [newRouteRuns, checkIsOver] = [signal(), signal()];
    ran.length = logger.entries.length = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const ask = async (path: string, claims: object | null = {}, method = 'GET', body?: string) => {
    const headers = {
      ...(claims === null ? {} : { Authorization: `Bearer ${issuer.token(claims)}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }),
    };
    return connection.send(path, { method, headers, ...(body === undefined ? {} : { body }) });
  };
  const answerOf = async (...given: Parameters<typeof ask>) => {
    const { status, text } = await ask(...given);
    return [status, JSON.parse(text)] as const;
  };

  for (const way of ['response', 'nothing', 'later']) {
    it(`is answered by the new route where its handler waits and the old one gives back ${way}`, async () => {
      for (const claims of [null, {}, {}])
        expect(await answerOf(`/old/${way}?to=/new/open`, claims)).to.deep.equal([200, { ok: true }]);
    });

    it(`is asked the rules of the new route where the old handler gives back ${way}`, async () => {
      const path = `/old/${way}?to=/new/scoped`;
      const [anonymous, refused] = [await ask(path, null), await ask(path, { scope: 'old' })];
      expect([anonymous.status, anonymous.headers['www-authenticate']]).to.deep.equal([
        401,
        demanding(notAuthenticated, 'new').challenges?.[0],
      ]);
      expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([
        403,
        bearer('insufficient_scope', 'The access token does not have the scope that this request needs', 'new'),
      ]);
      expect(ran).not.to.include('new');
      expect(await answerOf(path, { scope: 'new' })).to.deep.equal([200, { sub: 'alice' }]);
      expect(await answerOf(path, { scope: 'new' })).to.deep.equal([200, { sub: 'alice' }]);
    });

    it(`is asked the rules of a plain route where the old handler gives back ${way}`, async () => {
      expect((await ask(`/old/${way}?to=/plain`, { scope: 'old' })).status).to.equal(403);
      expect(ran).not.to.include('plain');
      expect(await answerOf(`/old/${way}?to=/plain`, { scope: 'plain' })).to.deep.equal([200, { plain: true }]);
    });
  }

  it('keeps its body, and takes the method that it has then', async () => {
    expect(await answerOf('/old/body', { scope: 'new' }, 'POST', '{"a":1}')).to.deep.equal([
      200,
      { sub: 'alice', body: { a: 1 } },
    ]);
    expect((await ask('/old/body', {}, 'POST', '{"a":1}')).status).to.equal(403);
    expect(await answerOf('/old/method', { scope: 'new' })).to.deep.equal([200, { sub: 'alice' }]);
  });

  it('by a middleware in front of the handler is answered by the new route', async () => {
    expect(await answerOf('/old/middleware')).to.deep.equal([200, { ok: true }]);
    expect(ran).to.deep.equal(['new']);
  });

  it('is held to the object rule of the new route, and not to that of the old one', async () => {
    expect(await answerOf('/owned/alias/x?to=/owned/alice')).to.deep.equal([200, { id: 'alice' }]);
    expect((await answerOf('/owned/alias/x?to=/owned/bob'))[0]).to.equal(403);
    expect(await answerOf('/owned/alias/x?to=/new/open')).to.deep.equal([200, { ok: true }]);
    expect((await answerOf('/owned/alias/x?to=/owned/unchecked/alice'))[0]).to.equal(500);
  });

  // Regression: the object rule of the old handler was lifted as soon as the new route was permitted.
  for (const [way, name] of Object.keys(byHand).entries())
    it(`holds back what the old handler answers by hand: ${name}`, async () => {
      const { status, text, headers } = await ask(`/owned/by-hand/${way}`);
      expect([status, text.includes('SECRET'), headers['x-secret']]).to.deep.equal([500, false, undefined]);
      expect(logger.text('error')).to.include('its object rule was never asked');
    });

  it('is answered by hand by the new route, also while others are, and while the old handler waits for that', async () => {
    for (const to of ['/new/by-hand', '/new/by-hand-at-once', '/owned/alias/y?to=/new/by-hand'])
      for (const alias of ['alias', 'alias-and-waits']) {
        const path = `/owned/${alias}/x?to=${encodeURIComponent(to)}`;
        expect(await answerOf(path), path).to.deep.equal([200, { ok: true }]);
      }
    const others = await Promise.all([OneConnection.open(app), OneConnection.open(app)]);
    const headers = { Authorization: `Bearer ${issuer.token()}` };
    const paths = ['/owned/alias/x?to=/new/by-hand-at-once', '/owned/alias/x?to=/new/by-hand'];
    const replies = await Promise.all(others.map((other, index) => other.send(paths[index]!, { headers })));
    expect(replies.map(({ status }) => status)).to.deep.equal([200, 200]);
    await Promise.all(others.map(other => other.close()));
  });

  // Before Node 24 a storage in use makes Node number every promise.
  it('leaves no promise of the process slower than before', async () => {
    const before = Object.getOwnPropertySymbols(Promise.resolve());
    await answerOf('/owned/alias/x?to=/new/by-hand');
    await new Promise(resolve => setTimeout(resolve, 5));
    expect(Object.getOwnPropertySymbols(Promise.resolve())).to.deep.equal(before);
  });

  // Regression: the check went by the caller that the new route had let in.
  it('lets the old handler check no object any more', async () => {
    expect((await answerOf('/owned/late/x'))[0]).to.equal(500);
    expect(ran).not.to.include('late check passed').and.not.to.include('a rule has read the object');
  });

  // Regression: the rules that were left went by the caller that the new route had let in.
  for (const path of ['/listed/x', '/composed/x', '/slow-last/x'])
    it(`lets no check of an object at ${path} pass that had begun before`, async () => {
      await ask(path);
      expect(ran).to.deep.equal(['check refused by ImproperlyConfigured']);
    });

  it('is answered once, by the new route, where the old handler gives back a value, too', async () => {
    expect(await answerOf('/owned/alias-and-more/x')).to.deep.equal([200, { ok: true }]);
  });

  it('keeps the connection, and is logged as no error', async () => {
    for (const to of ['/new/open', '/new/scoped', '/plain']) {
      await ask(`/old/response?to=${to}`);
      await ask(`/old/nothing?to=${to}`);
    }
    expect(connection.connections).to.equal(1);
    expect(logger.text('error', 'warn')).to.equal('');
  });
});
