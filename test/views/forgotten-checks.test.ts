import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import {
  ForbiddenError,
  Get,
  JsonController,
  Put,
  Res,
  UseAfter,
  UseInterceptor,
  type Action,
} from 'routing-controllers';
import {
  ApiController,
  BasePermission,
  IsAuthenticated,
  PermissionDenied,
  useExpressServer,
  type ApiView,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { permissionDenied } from '../refusals';
import { OneConnection, type Reply } from '../routing-controllers/one-connection';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

const folder = mkdtempSync(join(tmpdir(), 'forgotten-'));
const file = join(folder, 'file.txt');
writeFileSync(file, 'secret');
after(() => {
  rmSync(folder, { recursive: true });
});

/** What ran that a refusal must prevent. */
const effects: string[] = [];

interface Thing {
  readonly owner: string;
  /** Turns of the event loop that its rule takes. */
  readonly turns: number;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
}

class Owner extends BasePermission {
  override async hasObjectPermission({ user }: Request, _controller: ApiView, thing: unknown) {
    const { owner, turns: count } = thing as Thing;
    await turns(count);
    if (owner === 'broken') throw new Error('secret');
    if (owner === 'forbidden') throw new ForbiddenError('Not this one');
    return user?.sub === owner;
  }
}

interface Handling {
  readonly response: Response;
  readonly thing: Thing;
  check(thing?: Thing): Promise<void>;
}

const mine: Thing = { owner: 'alice', turns: 1 };
const secret = { secret: true };

/** Handlers that wait for no check. */
const forgetful: Readonly<Record<string, (handling: Handling) => unknown>> = {
  'returns a value': ({ check }) => {
    void check();
    return secret;
  },
  'returns a value later': async ({ check }) => {
    void check();
    await turns(1);
    return secret;
  },
  'returns a value after the check has ended': async ({ check }) => {
    void check();
    await turns(12);
    return secret;
  },
  'returns null': ({ check }) => {
    void check();
    return null;
  },
  'returns a stream': ({ check }) => {
    void check();
    return Readable.from(['secret'], { objectMode: false });
  },
  'sends json': ({ check, response }) => {
    void check();
    response.json(secret);
  },
  'sends json, and returns the response': ({ check, response }) => {
    void check();
    return response.json(secret);
  },
  'sends json twice': ({ check, response }) => {
    void check();
    response.json(secret);
    return response.status(201).json({ secret: 'and more' });
  },
  'sends json later': async ({ check, response }) => {
    void check();
    await turns(1);
    response.status(201).json(secret);
  },
  'sends json in the background': ({ check, response }) => {
    void check();
    setImmediate(() => response.json(secret));
    return response;
  },
  'sends json once the check has passed': ({ check, response }) => {
    void check().then(() => response.json(secret));
    return response;
  },
  'sends a file': ({ check, response }) => {
    void check();
    response.sendFile(file);
    return response;
  },
  'writes in pieces': ({ check, response }) => {
    void check();
    response.writeHead(200, { 'X-Secret': 'secret' });
    response.write('sec');
    return response.end('ret');
  },
  'waits for what it writes': async ({ check, response }) => {
    void check();
    await new Promise(resolve => response.write('sec', resolve));
    await new Promise<void>(resolve => {
      response.end('ret', resolve);
    });
    return response;
  },
  'pipes a stream': ({ check, response }) => {
    void check();
    return Readable.from(['sec', 'ret'], { objectMode: false }).pipe(response);
  },
  redirects: ({ check, response }) => {
    void check();
    response.redirect('/secret');
    return response;
  },
  'answers an error by hand': ({ check, response }) => {
    void check();
    return response.status(404).json(secret);
  },
  'checks several': ({ check, thing }) => {
    void check(mine);
    void check(thing);
    void check({ ...mine, turns: 3 });
    return secret;
  },
  'checks all of them at once': ({ check, thing }) => {
    void Promise.all([check(mine), check(thing), check(thing)]);
    return secret;
  },
  'checks in a loop that nobody waits for': ({ check, thing }) => {
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    [mine, thing].forEach(async one => {
      await check(one);
      effects.push(one.owner);
    });
    return secret;
  },
  'checks in a method that nobody waits for': ({ check, thing }) => {
    const publish = async (): Promise<void> => {
      try {
        await check(thing);
        effects.push(thing.owner);
      } finally {
        effects.push('alice');
      }
    };
    void publish();
    return secret;
  },
  'handles the refusal in a method that nobody waits for': ({ check, thing }) => {
    const publish = async (): Promise<void> => {
      await check(thing);
      effects.push(thing.owner);
    };
    void publish().catch(() => undefined);
    return secret;
  },
  'checks one after the other': ({ check, thing }) => {
    void (async () => {
      for (const one of [mine, thing, mine]) await check(one);
    })();
    return secret;
  },
  'goes on after the check': ({ check, thing }) => {
    void check().then(() => effects.push(thing.owner));
    return secret;
  },
  'goes on after the check, while it does something else': async ({ check, thing }) => {
    void check().then(() => effects.push(thing.owner));
    await turns(12);
    return secret;
  },
  'tidies up after the check': async ({ check }) => {
    void check().finally(() => undefined);
    await turns(12);
    return secret;
  },
  'goes on after it has tidied up': async ({ check, thing }) => {
    await check().finally(() => undefined);
    effects.push(thing.owner);
    return secret;
  },
  'goes on in two ways, one of which handles the refusal': async ({ check, thing }) => {
    const checked = check();
    void checked.then(() => effects.push(thing.owner));
    await turns(1);
    await checked;
    return secret;
  },
  'waits for all of them by the class of a check': async ({ check, thing }) => {
    const checked = check();
    await (checked.constructor as PromiseConstructor).all([checked, check(thing), check(mine)]);
    effects.push(thing.owner);
    return secret;
  },
  'waits for another one': async ({ check }) => {
    void check();
    await check(mine);
    return secret;
  },
};

/** Handlers that throw while a check runs. */
const failing: Readonly<Record<string, readonly [status: number, how: (handling: Handling) => unknown]>> = {
  'throws an error': [
    500,
    ({ check }) => {
      void check();
      throw new Error('secret');
    },
  ],
  'throws a refusal of its own': [
    404,
    async ({ check }) => {
      void check();
      await turns(1);
      throw Object.assign(new Error('secret'), { expose: true, status: 404 });
    },
  ],
};

const ways = { ...forgetful, ...Object.fromEntries(Object.entries(failing).map(([name, [, how]]) => [name, how])) };

function note(_request: unknown, _response: unknown, next: () => void): void {
  next();
}

function seen(_action: Action, content: unknown): unknown {
  return content;
}

@JsonController('/alone')
class AloneController {
  permissionClasses: readonly object[] = [Owner];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: (object: unknown) => Promise<void>;

  @Get('/:name') @UseAfter(note) retrieve() {
    return this.forget();
  }
  @Put('/:name') update() {
    return this.forget();
  }

  protected forget(): unknown {
    const { owner = 'alice', turns: count = '0' } = this.request.query as Record<string, string>;
    const thing: Thing = { owner, turns: Number(count) };
    const check = (one = thing): Promise<void> => this.checkObjectPermissions(one);
    return ways[this.request.params.name as string]!({ response: this.response, thing, check });
  }
}

@JsonController('/intercepted')
class InterceptedController extends AloneController {
  @Get('/:name') @UseInterceptor(seen) override retrieve(@Res() _response?: Response) {
    return this.forget();
  }
}

@JsonController('/twice-intercepted')
class TwiceInterceptedController extends AloneController {
  @Get('/:name') @UseInterceptor(seen) @UseInterceptor(seen) override retrieve() {
    return this.forget();
  }
}

@JsonController('/own')
class OwnCheckController extends ApiController {
  override permissionClasses = [IsAuthenticated];

  override async checkObjectPermissions(object: unknown): Promise<void> {
    await super.checkObjectPermissions(object);
    if ((object as Thing).owner !== 'alice') throw new PermissionDenied();
  }

  @Get('/:name') retrieve() {
    const { owner = 'alice', turns: count = '0' } = this.request.query as Record<string, string>;
    const thing: Thing = { owner, turns: Number(count) };
    const check = (one = thing): Promise<void> => this.checkObjectPermissions(one);
    return ways[this.request.params.name as string]!({ response: this.response, thing, check });
  }
}

/** Handlers that wait, or that began to answer before. */
@JsonController('/careful')
class CarefulController {
  objectActions = ['caught', 'late', 'later', 'unfinished', 'background', 'stored', 'ownError', 'past'];
  permissionClasses = [Owner];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];

  @Get('/caught') async caught() {
    await this.checkObjectPermissions(mine);
    const checks = [this.thing, mine].map(one =>
      this.checkObjectPermissions(one).then(
        () => one.owner,
        (error: unknown) => (error instanceof PermissionDenied ? 'refused' : 'failed'),
      ),
    );
    return { found: await Promise.all(checks) };
  }
  @Get('/late') late() {
    this.response.json({ sent: true });
    void this.checkObjectPermissions(this.thing);
  }
  @Get('/later') async later() {
    await this.checkObjectPermissions(mine);
    this.response.json({ sent: true });
    await this.checkObjectPermissions(this.thing);
  }
  @Get('/unfinished') async unfinished() {
    await this.checkObjectPermissions(mine);
    this.response.write('begun');
    void this.checkObjectPermissions(this.thing);
    return this.response;
  }
  @Get('/background') async background() {
    await this.checkObjectPermissions(mine);
    const { thing } = this;
    setImmediate(() => {
      void Promise.all([this.checkObjectPermissions(thing)]).then(() => effects.push(thing.owner));
    });
    return { sent: true };
  }
  @Get('/stored') async stored() {
    const check = this.checkObjectPermissions(this.thing);
    await turns(12);
    await check;
    return secret;
  }
  @Get('/own-error') async ownError() {
    void this.checkObjectPermissions(mine).then(() => {
      throw new Error('of the handler');
    });
    await turns(4);
    return {};
  }
  @Get('/past') past() {
    void this.checkObjectPermissions(this.thing);
    ServerResponse.prototype.end.call(this.response, 'secret', 'utf8');
  }

  private get thing(): Thing {
    const { owner = 'alice', turns: count = '0' } = this.request.query as Record<string, string>;
    return { owner, turns: Number(count) };
  }
}

describe('a check of an object that a handler does not wait for', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    const intercepted = [InterceptedController, TwiceInterceptedController];
    const controllers = [AloneController, ...intercepted, OwnCheckController, CarefulController];
    useExpressServer(app, { controllers, development: false, axioms: { ...issuer.settings(), logger } });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    effects.length = logger.entries.length = connection.connections = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const send = (path: string, query: Record<string, unknown> = {}, method = 'GET'): Promise<Reply> =>
    connection.send(`${encodeURI(path)}?${new URLSearchParams(query as Record<string, string>).toString()}`, {
      method,
      headers: { Authorization: `Bearer ${issuer.token()}` },
    });

  function expectDenied({ status, headers, text }: Reply): void {
    const { error, description } = permissionDenied;
    expect([status, text]).to.deep.equal([403, JSON.stringify({ error, error_description: description })]);
    expect(headers).not.to.have.property('www-authenticate');
    expect(headers).not.to.have.property('x-secret');
  }

  for (const name of Object.keys(forgetful))
    describe(`and that ${name}`, () => {
      for (const controller of ['alone', 'intercepted', 'twice-intercepted', 'own'])
        for (const count of [0, 1, 5]) {
          it(`is refused by a rule that takes ${count} turns, and nothing leaves: /${controller}`, async () => {
            expectDenied(await send(`/${controller}/${name}`, { owner: 'bob', turns: count }));
            await turns(10);
            expect(effects.filter(one => one !== 'alice')).to.deep.equal([]);
            expect(logger.text('error')).to.equal('');
            expect(connection.connections).to.be.at.most(1);
          });

          it(`is answered once a rule that takes ${count} turns allows it: /${controller}`, async () => {
            const reply = await send(`/${controller}/${name}`, { turns: count });
            const expected = name.includes('null') ? 204 : name.includes('redirects') ? 302 : undefined;
            expect(reply.status).to.equal(
              expected ?? (name.includes('by hand') ? 404 : name === 'sends json later' ? 201 : 200),
            );
            expect(reply.text + JSON.stringify(reply.headers)).to.match(name.includes('null') ? /^/ : /secret/);
            expect(logger.text('error')).to.equal('');
            expect((await send('/alone/returns a value')).text).to.equal('{"secret":true}');
            expect(connection.connections).to.be.at.most(1);
          });
        }

      it('is a 500 without a text where the rule fails, and keeps the text of an HttpError', async () => {
        const failed = await send(`/alone/${name}`, { owner: 'broken', turns: 1 });
        expect([failed.status, failed.text.includes('"server_error"'), failed.text.includes('secret')]).to.deep.equal([
          500,
          true,
          false,
        ]);
        const refused = await send(`/alone/${name}`, { owner: 'forbidden', turns: 1 });
        expect([refused.status, refused.text.includes('Not this one')]).to.deep.equal([403, true]);
      });

      it('is refused for HEAD and for PUT', async () => {
        const head = await send(`/alone/${name}`, { owner: 'bob', turns: 1 }, 'HEAD');
        expect([head.status, head.text]).to.deep.equal([403, '']);
        expectDenied(await send(`/alone/${name}`, { owner: 'bob', turns: 1 }, 'PUT'));
      });
    });

  for (const [name, [status]] of Object.entries(failing))
    it(`is refused where the handler ${name}, which is its answer otherwise`, async () => {
      for (const controller of ['alone', 'intercepted']) {
        expectDenied(await send(`/${controller}/${name}`, { owner: 'bob', turns: 4 }));
        // What the handler threw is not lost.
        expect(logger.text('error').includes('secret')).to.equal(status === 500);
        expect((await send(`/${controller}/${name}`, { turns: 4 })).status).to.equal(status);
      }
    });

  it('regression: ends no connection over a file that is sent once the refusal has been', async () => {
    for (let time = 0; time < 60; time++)
      expectDenied(await send('/alone/sends a file', { owner: 'bob', turns: time % 3 }));
    expect(connection.connections).to.be.at.most(1);
  });

  it('may be caught by a handler that waits, whose answer then counts', async () => {
    for (const count of [0, 2]) {
      const found = async (owner: string) => (await send('/careful/caught', { owner, turns: count })).text;
      expect(await found('alice')).to.equal('{"found":["alice","alice"]}');
      expect(await found('bob')).to.equal('{"found":["refused","alice"]}');
      expect(await found('broken')).to.equal('{"found":["failed","alice"]}');
    }
    expectDenied(await send('/careful/stored', { owner: 'bob' }));
    expect((await send('/careful/stored')).text).to.equal('{"secret":true}');
  });

  it('is logged, and ends nothing, where the answer had been sent before', async () => {
    for (const path of ['later', 'background'])
      for (const count of [0, 3]) {
        logger.entries.length = 0;
        const reply = await send(`/careful/${path}`, { owner: 'bob', turns: count });
        await turns(15);
        expect([reply.status, reply.text, effects.length]).to.deep.equal([200, '{"sent":true}', 0]);
        expect(logger.entries.filter(({ level }) => level === 'error')).to.have.length(1);
      }
    expect(connection.connections).to.be.at.most(1);
  });

  it('is a 500 where the answer was sent before any rule had been asked', async () => {
    expect((await send('/careful/late')).status).to.equal(500);
  });

  it('breaks off an answer that had begun', async () => {
    const code = await send('/careful/unfinished', { owner: 'bob', turns: 2 }).catch(
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
    expect(code).to.equal('ECONNRESET');
    expect(logger.text('error')).to.include('Await this.checkObjectPermissions()');
  });

  it('lets nothing leave that is written past the methods of the response meanwhile', async () => {
    for (const owner of ['alice', 'bob']) {
      const code = await send('/careful/past', { owner, turns: 2 }).catch(
        (error: unknown) => (error as NodeJS.ErrnoException).code,
      );
      expect(code, owner).to.equal('ECONNRESET');
    }
  });
});

describe('a refusal that a handler does not wait for, with defaultErrorHandler: false', () => {
  forbidStrayErrors();

  for (const pause of [1, 30])
    it(`reaches the app's own error middleware, which takes ${pause} turns to answer, and no answer of the handler`, () =>
      expectRefused(pause));

  async function expectRefused(pause: number): Promise<void> {
    const issuer = await TestIssuer.start();
    const app = express().set('env', 'test');
    const axioms = { ...issuer.settings(), logger: new RecordingLogger() };
    useExpressServer(app, { controllers: [AloneController], defaultErrorHandler: false, axioms });
    app.use((error: { httpCode?: number }, _request: Request, response: Response, _next: NextFunction) => {
      // Where the handler has written meanwhile, the refusal is sent already.
      void turns(pause).then(() => {
        if (!response.headersSent) response.status(error.httpCode ?? 599).json({ own: true });
      });
    });
    const connection = await OneConnection.open(app);
    const headers = { Authorization: `Bearer ${issuer.token()}` };
    for (const name of Object.keys(forgetful))
      for (const count of [0, 3]) {
        const { status, text } = await connection.send(encodeURI(`/alone/${name}?owner=bob&turns=${count}`), {
          headers,
        });
        expect([status, text.includes('secret')], name).to.deep.equal([403, false]);
        const allowed = await connection.send(encodeURI(`/alone/${name}?turns=${count}`), { headers });
        expect(allowed.status, name).to.be.below(405);
      }
    expect(connection.connections).to.equal(1);
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  }
});

describe("an error of the handler's own after a check", () => {
  it('is reported as any other that nobody handles', async () => {
    const issuer = await TestIssuer.start();
    const app = express().set('env', 'test');
    const settings = { ...issuer.settings(), logger: new RecordingLogger() };
    useExpressServer(app, { controllers: [CarefulController], axioms: settings });
    const connection = await OneConnection.open(app);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const strays: string[] = [];
    process.on('unhandledRejection', (error: Error) => strays.push(error.message));
    await connection.send('/careful/own-error', { headers: { Authorization: `Bearer ${issuer.token()}` } });
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
    expect(strays).to.deep.equal(['of the handler']);
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });
});
